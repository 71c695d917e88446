"""Records of ClinicalTrials.gov: API v2 JSON both ways, and the text of a registry portal's page."""

from trialwright.formats.ctgov.read import is_record_file, parse_record, read_record
from trialwright.formats.ctgov.record import StudyRecord
from trialwright.formats.ctgov.write import record_of, to_json

__all__ = ["StudyRecord", "is_record_file", "parse_record", "read_record", "record_of", "to_json"]
