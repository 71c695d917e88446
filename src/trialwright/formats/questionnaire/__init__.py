"""HL7 FHIR Questionnaire and QuestionnaireResponse (STU3 to R5, JSON): files as frozen documents, and back."""

from trialwright.formats.questionnaire.document import Document, Questionnaire, Response
from trialwright.formats.questionnaire.read import is_fhir, read
from trialwright.formats.questionnaire.write import RELEASES, write, write_response

__all__ = ["RELEASES", "Document", "Questionnaire", "Response", "is_fhir", "read", "write", "write_response"]
