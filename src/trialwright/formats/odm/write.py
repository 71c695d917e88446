"""Writes an ODM document as 1.3.2 or 2.0, subject by subject, so that a large study never stands in memory twice."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import chain
from typing import Any, BinaryIO

from lxml import etree

from trialwright.formats.odm.document import (
    AdminData,
    Annotation,
    Audit,
    ClinicalData,
    Document,
    EventData,
    GroupData,
    ItemData,
    Noted,
    Query,
    Signature,
    SubjectData,
)
from trialwright.formats.odm.write_study import Writer

VERSIONS = ("1.3.2", "2.0")


def write(document: Document) -> bytes:
    """The whole file: UTF-8, the same document the same bytes. `document.version` chooses the dialect."""
    out = io.BytesIO()
    write_to(out, document)
    return out.getvalue()


def write_to(out: BinaryIO, document: Document, more: Iterable[ClinicalData] = ()) -> None:
    """As `write`, into an open file. Subjects are taken one by one from whatever gives them. `more`: data behind those
    of the document, each made when the one before is written.
    """
    writer = DataWriter(second=document.second)
    spaces: Any = {None: writer.space}
    about = {
        "FileType": document.type, "FileOID": document.oid, "CreationDateTime": document.created,
        "ODMVersion": "2.0" if document.second else document.version, "SourceSystem": document.system,
        "SourceSystemVersion": document.system_version,
        "Description": "" if document.second else document.description,
    }  # fmt: skip
    attributes = {key: value for key, value in (*about.items(), *writer._more("ODM", document.more)) if value}
    with etree.xmlfile(out, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element(writer.tag("ODM"), attributes, nsmap=spaces):
            file.write("\n")
            holder = writer.holder("ODM")
            if document.second and document.description:
                writer.texts(holder, "Description", (("en", document.description),))
            for study in document.studies:
                writer.study(holder, study)
            for admin in document.admin:
                writer.admin(holder, admin)
            for child in list(holder):
                etree.indent(child)
                file.write(child, "\n")
            for data in chain(document.data, more):
                _clinical(file, out, writer, data)


def _clinical(file: etree._IncrementalFileWriter, out: BinaryIO, writer: DataWriter, data: ClinicalData) -> None:
    names = {"StudyOID": data.study, "MetaDataVersionOID": data.version}
    with file.element(writer.tag("ClinicalData"), {**names, **dict(writer._more("ClinicalData", data.more))}):
        file.write("\n")
        for subject in data.subjects:
            holder = writer.holder("ClinicalData")
            writer.subject(holder, subject)
            file.write(holder[0], "\n")
        file.flush()
        for text in data.texts:
            out.write(text.encode())
        holder = writer.holder("ClinicalData")
        for group in data.groups:
            writer.group(holder, group)
        for child in list(holder):
            file.write(child, "\n")
    file.write("\n")


class DataWriter(Writer):
    """People, places and captured values."""

    def holder(self, name: str) -> etree._Element:
        """An element that is never written: what stands in it is."""
        spaces: Any = {None: self.space}  # the stubs know no default namespace
        return etree.Element(self.tag(name), nsmap=spaces)

    def admin(self, root: etree._Element, admin: AdminData) -> None:
        element = self.add(root, "AdminData", {"StudyOID": admin.study}, admin)
        login, first, last = (
            ("UserName", "GivenName", "FamilyName") if self.second else ("LoginName", "FirstName", "LastName")
        )
        for user in admin.users:
            person = self.add(element, "User", {"OID": user.oid, "UserType": user.type}, user)
            self.leaf(person, login, user.login)
            self.leaf(person, "FullName", user.full_name)
            self.leaf(person, first, user.first_name)
            self.leaf(person, last, user.last_name)
        for location in admin.locations:
            kind = "Role" if self.second else "LocationType"
            place = self.add(
                element, "Location", {"OID": location.oid, "Name": location.name, kind: location.type}, location
            )
            for study, version, day in location.versions:
                self.add(
                    place, "MetaDataVersionRef",
                    {"StudyOID": study, "MetaDataVersionOID": version, "EffectiveDate": day},
                )  # fmt: skip
        for known in admin.signatures:
            holder = self.add(element, "SignatureDef", {"OID": known.oid, "Methodology": known.methodology}, known)
            self.add(holder, "Meaning").text = known.meaning
            self.add(holder, "LegalReason").text = known.legal_reason

    def subject(self, parent: etree._Element, subject: SubjectData) -> None:
        element = self.add(parent, "SubjectData", {"SubjectKey": subject.key}, subject)
        if subject.investigator:
            self.add(element, "InvestigatorRef", {"UserOID": subject.investigator})
        if subject.site:
            self.add(element, "SiteRef", {"LocationOID": subject.site})
        self._noted_first(element, subject)
        for event in subject.events:
            self._event_data(element, event)
        for group in subject.groups:
            self.group(element, group)
        self._noted_last(element, subject)

    def _event_data(self, parent: etree._Element, event: EventData) -> None:
        names = {"StudyEventOID": event.oid, "StudyEventRepeatKey": event.repeat}
        element = self.add(parent, "StudyEventData", names, event)
        self._noted_first(element, event)
        for group in event.groups:
            self.group(element, group)
        self._noted_last(element, event)

    def group(self, parent: etree._Element, group: GroupData) -> None:
        kind = "Form" if group.form and not self.second else "ItemGroup"
        element = self.add(parent, f"{kind}Data", {f"{kind}OID": group.oid, f"{kind}RepeatKey": group.repeat}, group)
        self._noted_first(element, group)
        for inner in group.groups:
            self.group(element, inner)
        for item in group.items:
            self._item_data(element, item)
        self._noted_last(element, group)

    def _item_data(self, parent: etree._Element, item: ItemData) -> None:
        typed = item.type if not self.second else ""
        element = self.add(
            parent, f"ItemData{typed}", {"ItemOID": item.oid, "IsNull": "Yes" if item.null else ""}, item
        )
        if self.second:
            for value in item.values:
                self.add(element, "Value").text = value
        elif typed:
            element.text = item.values[0] if item.values else ""
        elif item.values:
            element.set("Value", item.values[0])
        self._noted_first(element, item)
        if item.unit and not self.second:
            self.add(element, "MeasurementUnitRef", {"MeasurementUnitOID": item.unit})
        self._noted_last(element, item)

    def _noted_first(self, element: etree._Element, part: Noted) -> None:
        """1.3 has audit record, signature and annotation before the content, except that annotations of a subject or
        event stand after them; 2.0 has all at the end, with the queries, which 1.3 does not know.
        """
        if not self.second:
            self._audit(element, part.audit)
            self._signature(element, part.signature)
            self._annotations(element, part.annotations)

    def _noted_last(self, element: etree._Element, part: Noted) -> None:
        if self.second:
            self._audit(element, part.audit)
            self._signature(element, part.signature)
            self._annotations(element, part.annotations)
            self._queries(element, part.queries)
        self.foreign(element, part.foreign)

    def _audit(self, parent: etree._Element, audit: Audit | None) -> None:
        if audit is None:
            return
        element = self.add(parent, "AuditRecord", {} if self.second else {"ID": audit.id}, audit)
        self.add(element, "UserRef", {"UserOID": audit.user})
        self.add(element, "LocationRef", {"LocationOID": audit.location})
        self.add(element, "DateTimeStamp").text = audit.at
        self.leaf(element, "ReasonForChange", audit.reason)
        self.leaf(element, "SourceID", audit.source)

    def _signature(self, parent: etree._Element, signature: Signature | None) -> None:
        if signature is None:
            return
        element = self.add(parent, "Signature", {"ID": signature.id}, signature)
        self.add(element, "UserRef", {"UserOID": signature.user})
        self.add(element, "LocationRef", {"LocationOID": signature.location})
        self.add(element, "SignatureRef", {"SignatureOID": signature.meaning})
        self.add(element, "DateTimeStamp").text = signature.at

    def _queries(self, parent: etree._Element, queries: tuple[Query, ...]) -> None:
        for query in queries:
            said = {
                "OID": query.oid, "Source": query.source, "Type": query.type, "State": query.state,
                "LastUpdateDatetime": query.updated, "Name": query.name,
            }  # fmt: skip
            element = self.add(parent, "Query", said, query)
            self.add(element, "Value").text = query.text
            for audit in query.audits:
                self._audit(element, audit)

    def _annotations(self, parent: etree._Element, annotations: tuple[Annotation, ...]) -> None:
        for annotation in annotations:
            element = self.add(parent, "Annotation", {"SeqNum": annotation.number}, annotation)
            if annotation.comment and self.second:
                self.texts(element, "Comment", (("en", annotation.comment),))
            else:
                self.leaf(element, "Comment", annotation.comment)
            for flag in annotation.flags:
                holder = self.add(element, "Flag")
                self.add(holder, "FlagValue", {"CodeListOID": flag.value_list}).text = flag.value
                if flag.type:
                    self.add(holder, "FlagType", {"CodeListOID": flag.type_list}).text = flag.type
