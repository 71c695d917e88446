"""Writes the definition of a study as ODM 1.3.2 or 2.0: one document, two dialects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from trialwright.formats.odm.document import (
    FORM,
    Alias,
    CodeList,
    Coding,
    EventDef,
    Expression,
    Foreign,
    GroupDef,
    ItemDef,
    More,
    Part,
    RangeCheck,
    Ref,
    Rule,
    Study,
    Texts,
    Version,
)
from trialwright.formats.odm.xml import XML_LANG

SPACES = {False: "http://www.cdisc.org/ns/odm/v1.3", True: "http://www.cdisc.org/ns/odm/v2.0"}
PLAN = "SEG.PLAN"
"""OID of the group of events that stands for the protocol's plan in 2.0."""
ATTRIBUTE = "attribute:"
"""Context of an alias that carries an attribute for which 2.0 has no place."""
_KNOWN = {
    "ODM": {"Granularity", "Context", "PriorFileOID", "AsOfDateTime", "Originator"},
    "ItemGroupDef": {"Domain", "Structure", "DatasetName", "Purpose", "IsReferenceData", "StandardOID", "CommentOID"},
    "StudyEventDef": {"Category", "CommentOID"},
    "ItemDef": {"DisplayFormat", "VariableSet", "CommentOID"},
    "ItemRef": {"KeySequence", "Role", "RoleCodeListOID", "Core", "Repeat", "Other", "PreSpecifiedValue"},
    "Query": {"Target"},
    "AuditRecord": {"EditPoint", "UsedMethod"},
    "CodeListItem": {"Rank", "OrderNumber", "ExtendedValue", "Other", "CommentOID"},
    "SubjectData": {"TransactionType"},
    "StudyEventData": {"TransactionType"},
    "ItemGroupData": {"TransactionType", "ItemGroupDataSeq"},
    "ItemData": {"TransactionType"},
    "Annotation": {"TransactionType"},
}
"""Attributes beyond ours that 2.0 has."""
_LIST_TYPES = {"integer": "integer", "float": "decimal", "double": "decimal", "decimal": "decimal", "string": "string"}


class Writer:
    """`second`: as 2.0. Attributes that are empty are left out."""

    def __init__(self, *, second: bool) -> None:
        self.second, self.space = second, SPACES[second]

    def tag(self, name: str) -> str:
        return f"{{{self.space}}}{name}"

    def add(
        self, parent: etree._Element, name: str, attributes: Mapping[str, str] | None = None, part: Part | None = None
    ) -> etree._Element:
        element = etree.SubElement(parent, self.tag(name))
        for key, value in (attributes or {}).items():
            if value:
                element.set(key, value)
        for key, value in self._more(name, part.more if part else ()):
            element.set(key, value)
        return element

    def _more(self, name: str, more: More) -> More:
        known = _KNOWN.get(name, set())
        return tuple(pair for pair in more if not self.second or pair[0] in known)

    def leaf(self, parent: etree._Element, name: str, text: str) -> None:
        if text:
            self.add(parent, name).text = text

    def texts(self, parent: etree._Element, name: str, texts: Texts, *, required: str = "") -> None:
        """Translated texts; `required` stands where there are none and the standard wants one."""
        said = texts or ((("en", required),) if required else ())
        if not said:
            return
        holder = self.add(parent, name)
        for lang, text in said:
            element = self.add(holder, "TranslatedText", {"Type": "text/plain"} if self.second else {})
            if lang:
                element.set(XML_LANG, lang)
            element.text = text

    def aliases(self, parent: etree._Element, name: str, aliases: Iterable[Alias], part: Part) -> None:
        found = list(aliases)
        if self.second:
            known = _KNOWN.get(name, set())
            found += [Alias(f"{ATTRIBUTE}{key}", value) for key, value in part.more if value and key not in known]
            found = list({alias.context: alias for alias in reversed(found)}.values())[::-1]
        for alias in found:
            self.add(parent, "Alias", {"Context": alias.context, "Name": alias.name})

    def codings(self, parent: etree._Element, codings: Iterable[Coding]) -> None:
        if self.second:
            for coding in codings:
                said = {"Code": coding.code, "System": coding.system, "Label": coding.label}
                self.add(parent, "Coding", said)

    def foreign(self, parent: etree._Element, parts: Iterable[Foreign]) -> None:
        """Elements of vendors: 1.3 leaves room for them, the schema of 2.0 does not."""
        if self.second:
            return
        for part in parts:
            element = etree.SubElement(parent, part.tag)
            for key, value in part.attributes:
                element.set(key, value)
            element.text = part.text or None
            self.foreign(element, part.children)

    # --- A study ------------------------------------------------------------------------------------------------------

    def study(self, root: etree._Element, study: Study) -> None:
        if self.second:
            names = {
                "OID": study.oid,
                "StudyName": study.name or study.oid,
                "ProtocolName": study.protocol or study.name,
            }
            element = self.add(root, "Study", names)
            if study.description:
                self.texts(element, "Description", (("en", study.description),))
        else:
            element = self.add(root, "Study", {"OID": study.oid}, study)
            about = self.add(element, "GlobalVariables")
            self.add(about, "StudyName").text = study.name
            self.add(about, "StudyDescription").text = study.description
            self.add(about, "ProtocolName").text = study.protocol
            self.foreign(about, study.foreign)
            if study.units:
                self._units(self.add(element, "BasicDefinitions"), study)
        for version in study.versions:
            self._version(element, version)

    def _units(self, parent: etree._Element, study: Study) -> None:
        for unit in study.units:
            element = self.add(parent, "MeasurementUnit", {"OID": unit.oid, "Name": unit.name}, unit)
            self.texts(element, "Symbol", unit.symbol, required=unit.name)
            self.aliases(element, "MeasurementUnit", unit.aliases, unit)

    def _version(self, parent: etree._Element, version: Version) -> None:
        names = {"OID": version.oid, "Name": version.name or version.oid}
        if not self.second and version.description:
            names["Description"] = version.description[0][1]
        element = self.add(parent, "MetaDataVersion", names, version)
        if self.second:
            self.texts(element, "Description", version.description)
        if version.include:
            study, included = version.include
            self.add(element, "Include", {"StudyOID": study, "MetaDataVersionOID": included})
        self._protocol(element, version)
        for event in version.events:
            self._event(element, event)
        forms = [group for group in version.groups if group.type == FORM]
        for group in (*forms, *(group for group in version.groups if group.type != FORM)):
            self._group(element, group)
        for item in version.items:
            self._item(element, item)
        for code_list in version.code_lists:
            self._code_list(element, code_list)
        for name, rules in (("ConditionDef", version.conditions), ("MethodDef", version.methods)):
            for rule in rules:
                self._rule(element, name, rule)
        self.foreign(element, version.foreign)

    def _protocol(self, parent: etree._Element, version: Version) -> None:
        if not (version.plan or version.protocol_aliases or version.protocol_description):
            return
        element = self.add(parent, "Protocol")
        self.texts(element, "Description", version.protocol_description)
        if self.second and version.plan:
            self.add(element, "StudyEventGroupRef", {"StudyEventGroupOID": PLAN, "Mandatory": "Yes"})
            group = self.add(parent, "StudyEventGroupDef", {"OID": PLAN, "Name": "Plan"})
            self._refs(group, version.plan, {"event": "StudyEvent"})
        else:
            self._refs(element, version.plan, {"event": "StudyEvent"})
        self.aliases(element, "Protocol", version.protocol_aliases, Part())

    def _refs(self, parent: etree._Element, refs: Iterable[Ref], names: Mapping[str, str]) -> None:
        for ref in refs:
            name = names[ref.kind]
            said = {
                f"{name}OID": ref.oid, "Mandatory": "Yes" if ref.mandatory else "No", "OrderNumber": ref.order,
                "CollectionExceptionConditionOID": ref.condition, "MethodOID": ref.method,
                "UnitsItemOID": ref.units if self.second else "",
            }  # fmt: skip
            self.add(parent, f"{name}Ref", said, ref)

    def _event(self, parent: etree._Element, event: EventDef) -> None:
        said = {
            "OID": event.oid, "Name": event.name, "Repeating": "Yes" if event.repeating else "No", "Type": event.type,
        }  # fmt: skip
        element = self.add(parent, "StudyEventDef", said, event)
        self.texts(element, "Description", event.description)
        self._refs(element, event.refs, {"group": "ItemGroup" if self.second else "Form"})
        self.aliases(element, "StudyEventDef", event.aliases, event)
        self.foreign(element, event.foreign)

    def _group(self, parent: etree._Element, group: GroupDef) -> None:
        name = "FormDef" if group.type == FORM and not self.second else "ItemGroupDef"
        repeating = ("No" if group.repeating == "No" else "Yes") if not self.second else group.repeating
        said = {
            "OID": group.oid,
            "Name": group.name,
            "Repeating": "Simple" if repeating == "Yes" and self.second else repeating,
        }
        if self.second:
            said["Type"] = group.type or "Section"
        element = self.add(parent, name, said, group)
        self.texts(element, "Description", group.description)
        self._refs(element, group.refs, {"group": "ItemGroup", "item": "Item"})
        self.codings(element, group.codings)
        self.aliases(element, "ItemGroupDef", group.aliases, group)
        self.foreign(element, group.foreign)

    def _item(self, parent: etree._Element, item: ItemDef) -> None:
        said = {"OID": item.oid, "Name": item.name, "DataType": item.data_type, "Length": item.length}
        if not self.second:
            said["SignificantDigits"] = item.digits
        element = self.add(parent, "ItemDef", said, item)
        self.texts(element, "Description", item.description)
        self.texts(element, "Question", item.question)
        if self.second:
            self.texts(element, "Prompt", item.prompt)
            self.texts(element, "CRFCompletionInstructions", item.instructions)
        else:
            for unit in item.units:
                self.add(element, "MeasurementUnitRef", {"MeasurementUnitOID": unit})
        for check in item.ranges:
            self._range(element, check)
        if item.code_list:
            self.add(element, "CodeListRef", {"CodeListOID": item.code_list})
        self.codings(element, item.codings)
        self.aliases(element, "ItemDef", item.aliases, item)
        self.foreign(element, item.foreign)

    def _range(self, parent: etree._Element, check: RangeCheck) -> None:
        element = self.add(parent, "RangeCheck", {"Comparator": check.comparator, "SoftHard": check.soft_hard}, check)
        for value in check.values:
            self.add(element, "CheckValue").text = value
        if not (self.second and check.values):
            self._expressions(element, check.expressions)
        if check.unit and not self.second:
            self.add(element, "MeasurementUnitRef", {"MeasurementUnitOID": check.unit})
        self.texts(element, "ErrorMessage", check.message)

    def _expressions(self, parent: etree._Element, expressions: Iterable[Expression]) -> None:
        for expression in expressions:
            element = self.add(parent, "FormalExpression", {"Context": expression.context})
            if self.second:
                self.add(element, "Code").text = expression.code
            else:
                element.text = expression.code

    def _code_list(self, parent: etree._Element, code_list: CodeList) -> None:
        kind = _LIST_TYPES.get(code_list.data_type, "text") if self.second else code_list.data_type
        names = {"OID": code_list.oid, "Name": code_list.name, "DataType": kind}
        element = self.add(parent, "CodeList", names, code_list)
        self.texts(element, "Description", code_list.description)
        for item in code_list.items:
            name = "CodeListItem" if item.decode or self.second else "EnumeratedItem"
            entry = self.add(element, name, part=item)
            entry.set("CodedValue", item.code)
            self.texts(entry, "Decode", item.decode)
            self.codings(entry, item.codings)
            self.aliases(entry, name, item.aliases, Part())
        if code_list.external and not self.second:
            dictionary, version = code_list.external
            self.add(element, "ExternalCodeList", {"Dictionary": dictionary, "Version": version})
        self.aliases(element, "CodeList", code_list.aliases, Part())

    def _rule(self, parent: etree._Element, name: str, rule: Rule) -> None:
        kind = "" if self.second and rule.type not in ("Computation", "Imputation", "Transpose") else rule.type
        element = self.add(parent, name, {"OID": rule.oid, "Name": rule.name, "Type": kind}, rule)
        self.texts(element, "Description", rule.description, required=rule.name)
        if self.second:
            self.add(element, "MethodSignature")
        self._expressions(element, rule.expressions)
        self.aliases(element, name, rule.aliases, Part())
