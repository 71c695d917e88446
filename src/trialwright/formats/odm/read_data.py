"""Reads people, places and captured values of an ODM file, with audit records, signatures and annotations."""

from __future__ import annotations

from typing import Any

from trialwright.formats.odm.document import (
    AdminData,
    Annotation,
    Audit,
    ClinicalData,
    EventData,
    Flag,
    GroupData,
    ItemData,
    Location,
    Query,
    Signature,
    SignatureDef,
    SubjectData,
    User,
)
from trialwright.formats.odm.xml import Cursor

TYPED = (
    "Any", "String", "Integer", "Float", "Double", "Date", "Time", "Datetime", "Boolean", "HexBinary", "Base64Binary",
    "HexFloat", "Base64Float", "PartialDate", "PartialTime", "PartialDatetime", "DurationDatetime", "IntervalDatetime",
    "IncompleteDatetime", "IncompleteDate", "IncompleteTime", "URI",
)  # fmt: skip
_ITEMS = ("ItemData", *(f"ItemData{kind}" for kind in TYPED))


def _rest(cursor: Cursor) -> dict[str, Any]:
    more, foreign, line = cursor.rest()
    return {"more": more, "foreign": foreign, "line": line}


def admin(cursor: Cursor) -> AdminData:
    return AdminData(
        cursor.get("StudyOID"),
        tuple(_user(part) for part in cursor.all("User")),
        tuple(_location(part) for part in cursor.all("Location")),
        tuple(_signature_def(part) for part in cursor.all("SignatureDef")),
        **_rest(cursor),
    )


def _user(cursor: Cursor) -> User:
    first, last = cursor.words("FirstName"), cursor.words("LastName")
    return User(
        cursor.need("OID"), cursor.get("UserType"), cursor.words("LoginName") or cursor.words("UserName"),
        cursor.words("FullName"), first or cursor.words("GivenName"), last or cursor.words("FamilyName"),
        **_rest(cursor),
    )  # fmt: skip


def _location(cursor: Cursor) -> Location:
    oid, kind = cursor.need("OID"), cursor.get("LocationType") or cursor.get("Role")
    versions = tuple(
        (part.get("StudyOID"), part.get("MetaDataVersionOID"), part.get("EffectiveDate"))
        for part in cursor.all("MetaDataVersionRef")
    )
    return Location(oid, cursor.get("Name") or oid, kind, versions, **_rest(cursor))


def _signature_def(cursor: Cursor) -> SignatureDef:
    words = cursor.words("Meaning"), cursor.words("LegalReason")
    return SignatureDef(cursor.need("OID"), cursor.get("Methodology"), *words, **_rest(cursor))


def clinical(cursor: Cursor) -> ClinicalData:
    """ClinicalData, or ReferenceData, which has no subjects."""
    known = _Known(cursor)
    return ClinicalData(
        cursor.get("StudyOID"),
        cursor.get("MetaDataVersionOID"),
        tuple(known.subject(part) for part in cursor.all("SubjectData")),
        tuple(known.group(part) for part in cursor.all("ItemGroupData")),
        **_rest(cursor),
    )


class _Known:
    """Reads data; audit records and signatures that stand together at the end are found by their ids (1.3)."""

    def __init__(self, cursor: Cursor) -> None:
        together = [part for name in ("AuditRecords", "Signatures") for part in cursor.all(name)]
        self.audits = {a.id: a for part in together for a in map(_audit, part.all("AuditRecord")) if a.id}
        self.signatures = {s.id: s for part in together for s in map(_signature, part.all("Signature")) if s.id}

    def subject(self, cursor: Cursor) -> SubjectData:
        site, investigator = cursor.one("SiteRef"), cursor.one("InvestigatorRef")
        return SubjectData(
            cursor.need("SubjectKey"),
            site.get("LocationOID") if site else "",
            investigator.get("UserOID") if investigator else "",
            tuple(self.event(part) for part in cursor.all("StudyEventData")),
            tuple(self.group(part) for part in cursor.all("FormData", "ItemGroupData")),
            **self.noted(cursor),
        )

    def event(self, cursor: Cursor) -> EventData:
        oid, repeat = cursor.need("StudyEventOID"), cursor.get("StudyEventRepeatKey")
        groups = tuple(self.group(part) for part in cursor.all("FormData", "ItemGroupData"))
        return EventData(oid, repeat, groups, **self.noted(cursor))

    def group(self, cursor: Cursor) -> GroupData:
        form = cursor.name == "FormData"
        kind = "Form" if form else "ItemGroup"
        oid, repeat = cursor.need(f"{kind}OID"), cursor.get(f"{kind}RepeatKey")
        groups = tuple(self.group(part) for part in cursor.all("ItemGroupData"))
        items = tuple(self.item(part) for part in cursor.all(*_ITEMS))
        return GroupData(oid, repeat, form, groups, items, **self.noted(cursor))

    def item(self, cursor: Cursor) -> ItemData:
        oid, kind = cursor.need("ItemOID"), cursor.name.removeprefix("ItemData")
        unit = cursor.one("MeasurementUnitRef")
        written = [part.text() for part in cursor.all("Value")]
        plain = cursor.element.get("Value")
        cursor.get("Value")
        if plain is not None:
            written = [plain]
        elif kind:
            written = [(cursor.element.text or "").strip()]
        null = cursor.yes("IsNull")
        found = unit.get("MeasurementUnitOID") if unit else ""
        return ItemData(oid, () if null else tuple(written), null, found, kind, **self.noted(cursor))

    def noted(self, cursor: Cursor) -> dict[str, Any]:
        """Audit record, signature and annotations, and whatever else is on the part."""
        audit, signature = cursor.one("AuditRecord"), cursor.one("Signature")
        audits, signatures = cursor.get("AuditRecordID"), cursor.get("SignatureID")
        annotations = tuple(_annotation(part) for part in cursor.all("Annotation"))
        return {
            "audit": _audit(audit) if audit else self.audits.get(audits),
            "signature": _signature(signature) if signature else self.signatures.get(signatures),
            "annotations": annotations,
            "queries": tuple(_query(part) for part in cursor.all("Query")),
            **_rest(cursor),
        }


def _oid(cursor: Cursor, name: str, attribute: str) -> str:
    found = cursor.one(name)
    return found.get(attribute) if found else ""


def _audit(cursor: Cursor) -> Audit:
    return Audit(
        _oid(cursor, "UserRef", "UserOID"), _oid(cursor, "LocationRef", "LocationOID"), cursor.words("DateTimeStamp"),
        cursor.words("ReasonForChange"), cursor.words("SourceID"), cursor.get("ID"), **_rest(cursor),
    )  # fmt: skip


def _signature(cursor: Cursor) -> Signature:
    return Signature(
        _oid(cursor, "UserRef", "UserOID"), _oid(cursor, "LocationRef", "LocationOID"),
        _oid(cursor, "SignatureRef", "SignatureOID"), cursor.words("DateTimeStamp"), cursor.get("ID"), **_rest(cursor),
    )  # fmt: skip


def _query(cursor: Cursor) -> Query:
    return Query(
        cursor.get("OID"), cursor.get("Source"), cursor.get("State"), cursor.get("LastUpdateDatetime"),
        cursor.words("Value"), cursor.get("Type"), cursor.get("Name"),
        tuple(_audit(part) for part in cursor.all("AuditRecord")), **_rest(cursor),
    )  # fmt: skip


def _annotation(cursor: Cursor) -> Annotation:
    comment = cursor.one("Comment")
    said = " ".join(text for _, text in comment.texts()) or comment.text() if comment else ""
    flags = tuple(_flag(part) for part in cursor.all("Flag"))
    return Annotation(cursor.get("SeqNum", "1"), said, flags, **_rest(cursor))


def _flag(cursor: Cursor) -> Flag:
    value, kind = cursor.one("FlagValue"), cursor.one("FlagType")
    return Flag(
        value.text() if value else "", value.get("CodeListOID") if value else "", kind.text() if kind else "",
        kind.get("CodeListOID") if kind else "",
    )  # fmt: skip
