"""CDISC ODM 1.3 and 2.0: files as frozen documents, and back."""

from trialwright.formats.odm.document import Document
from trialwright.formats.odm.read import read
from trialwright.formats.odm.transactions import settled
from trialwright.formats.odm.write import VERSIONS, write, write_to

__all__ = ["VERSIONS", "Document", "read", "settled", "write", "write_to"]
