"""CDISC Define-XML 2.1: what the data sets of a study hold, where each value comes from and how it was derived.

One document describes SDTM and ADaM together; each data set names its own standard. Lengths, code lists and value
level metadata are read from the data sets themselves, so that they cannot say anything else than the data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl
from lxml import etree

from trialwright import __version__
from trialwright.evidence.dataset import Dataset, Variable
from trialwright.formats import define_lists
from trialwright.formats.define_lists import CodeList
from trialwright.formats.oids import group_oid, item_oid, metadata_oid, study_oid
from trialwright.formats.sas import iso_kind
from trialwright.study.definition import Study

ODM = "http://www.cdisc.org/ns/odm/v1.3"
DEF = "http://www.cdisc.org/ns/def/v2.1"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
NAMESPACES: dict[str | None, str] = {None: ODM, "def": DEF, "xlink": XLINK}

STANDARDS = {
    "SDTM": ("STD.SDTMIG", "SDTMIG", "IG", "3.4"),
    "ADaM": ("STD.ADAMIG", "ADaMIG", "IG", "1.3"),
}
TERMINOLOGY = ("STD.CT", "CDISC/NCI", "CT", "2024-09-27")
SOURCES = {"Collected": "Investigator"}
VALUE_LEVEL = (("--TESTCD", "--ORRES"), ("PARAMCD", "AVAL"))
"""(variable that names the test, variable whose metadata depends on it)."""

Node = etree._Element
Part = dict[str, str] | str | etree._Element
"""What an element is made of: its attributes, its text, a child."""


def write(datasets: Iterable[Dataset], study: Study, *, created: dt.datetime) -> bytes:
    """The document as UTF-8 XML. Data sets lie beside it as `sdtm/NAME.xpt` and `adam/NAME.xpt`, in lower case."""
    present = list(datasets)
    lists = define_lists.collect(present)
    root = _odm(
        "ODM",
        {
            f"{{{DEF}}}Context": "Other",
            "FileType": "Snapshot",
            "FileOID": f"{study_oid(study)}.DEFINE",
            "ODMVersion": "1.3.2",
            "CreationDateTime": created.isoformat(timespec="seconds"),
            "AsOfDateTime": created.isoformat(timespec="seconds"),
            "Originator": study.registration.sponsor.name,
            "SourceSystem": "Trialwright",
            "SourceSystemVersion": __version__,
        },
        _odm("Study", {"OID": study_oid(study)}, _global_variables(study), _metadata(present, study, lists)),
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _odm(name: str, *parts: Part) -> Node:
    return _element(f"{{{ODM}}}{name}", parts)


def _def(name: str, *parts: Part) -> Node:
    return _element(f"{{{DEF}}}{name}", parts)


def _element(tag: str, parts: Iterable[Part]) -> Node:
    node = etree.Element(tag, nsmap=NAMESPACES)  # type: ignore[arg-type]  # the stubs know no default namespace
    for part in parts:
        if isinstance(part, str):
            node.text = part
        elif isinstance(part, dict):
            for name, value in part.items():
                node.set(name, value)
        else:
            node.append(part)
    return node


def _global_variables(study: Study) -> Node:
    identity = study.registration.identity
    return _odm(
        "GlobalVariables",
        _odm("StudyName", identity.org_study_id),
        _odm("StudyDescription", str(identity.official_title)),
        _odm("ProtocolName", identity.org_study_id),
    )


def _metadata(datasets: Sequence[Dataset], study: Study, lists: dict[str, CodeList]) -> Node:
    node = _odm(
        "MetaDataVersion",
        {
            "OID": metadata_oid(study),
            "Name": f"{study.registration.identity.org_study_id}, data definitions",
            "Description": f"Data definitions of {study.registration.identity.brief_title}",
            f"{{{DEF}}}DefineVersion": "2.1.0",
        },
    )
    node.append(_standards(datasets))
    levels = [level for dataset in datasets if (level := _value_level(dataset))]
    node.extend(value_list for level in levels for value_list in level[:1])
    node.extend(clause for level in levels for clause in level[1:])
    node.extend(_group(dataset) for dataset in datasets)
    for dataset in datasets:
        node.extend(_item(dataset, variable, lists) for variable in dataset.variables)
        node.extend(_value_items(dataset))
    node.extend(_code_list(code_list) for code_list in lists.values())
    node.extend(_method(dataset, variable) for dataset in datasets for variable in dataset.variables if variable.method)
    return node


def _standards(datasets: Sequence[Dataset]) -> Node:
    used = [STANDARDS[name] for name in STANDARDS if any(d.standard == name for d in datasets)]
    nodes = [_standard(*standard) for standard in used]
    return _def("Standards", *nodes, _standard(*TERMINOLOGY, PublishingSet="SDTM"))


def _standard(oid: str, name: str, kind: str, version: str, **more: str) -> Node:
    return _def("Standard", {"OID": oid, "Name": name, "Type": kind, "Version": version, "Status": "Final", **more})


def _group(dataset: Dataset) -> Node:
    reference = "USUBJID" not in dataset.frame.columns
    once = dataset.keys[-1] == "USUBJID"
    leaf = f"LF.{dataset.name.upper()}"
    group = _odm(
        "ItemGroupDef",
        {
            "OID": group_oid(dataset),
            "Name": dataset.name.upper(),
            "SASDatasetName": dataset.name.upper(),
            "Repeating": "No" if once else "Yes",
            "IsReferenceData": "Yes" if reference else "No",
            "Purpose": "Tabulation" if dataset.standard == "SDTM" else "Analysis",
            f"{{{DEF}}}Structure": dataset.structure,
            f"{{{DEF}}}StandardOID": STANDARDS[dataset.standard][0],
            f"{{{DEF}}}ArchiveLocationID": leaf,
        },
        _description(dataset.label),
    )
    if dataset.standard == "SDTM":
        group.set("Domain", dataset.name.upper())
    group.extend(_item_ref(dataset, variable, order) for order, variable in enumerate(dataset.variables, 1))
    group.append(_def("Class", {"Name": dataset.dataset_class}))
    href = f"{dataset.standard.lower()}/{dataset.name.lower()}.xpt"
    group.append(_def("leaf", {"ID": leaf, f"{{{XLINK}}}href": href}, _def("title", href.rpartition("/")[2])))
    return group


def _item_ref(dataset: Dataset, variable: Variable, order: int) -> Node:
    key = variable.name in dataset.keys
    reference = _odm(
        "ItemRef",
        {
            "ItemOID": item_oid(dataset, variable.name),
            "OrderNumber": str(order),
            "Mandatory": "Yes" if key else "No",
        },
    )
    if key:
        reference.set("KeySequence", str(dataset.keys.index(variable.name) + 1))
    if variable.method:
        reference.set("MethodOID", _method_oid(dataset, variable))
    return reference


def _item(dataset: Dataset, variable: Variable, lists: dict[str, CodeList]) -> Node:
    item = _odm(
        "ItemDef",
        {"OID": item_oid(dataset, variable.name), "Name": variable.name, "SASFieldName": variable.name},
        _description(variable.label),
    )
    _set_type(item, variable, dataset.frame[variable.name])
    if variable.display_format:
        item.set(f"{{{DEF}}}DisplayFormat", variable.display_format)
    name = define_lists.name_of(dataset, variable)
    if name in lists:
        item.append(_odm("CodeListRef", {"CodeListOID": lists[name].oid}))
    if variable.origin:
        item.append(_origin(variable.origin))
    if variable.name == _value_variable(dataset) and not dataset.frame.is_empty():
        item.append(_def("ValueListRef", {"ValueListOID": _value_list_oid(dataset)}))
    return item


def _origin(origin: str) -> Node:
    return _def("Origin", {"Type": origin, "Source": SOURCES.get(origin, "Sponsor")})


def _set_type(item: Node, variable: Variable, column: pl.Series) -> None:
    """DataType, with a length where the type has one."""
    if column.dtype == pl.String:
        kind: str = iso_kind(column) if variable.kind in ("date", "datetime") else "text"
    else:
        kind = variable.kind if variable.kind == "float" else "integer"
    item.set("DataType", kind)
    if kind == "text":
        item.set("Length", str(max(define_lists.text_length(column), 1)))
    elif kind in ("integer", "float"):
        item.set("Length", "8")
    if kind == "float":
        item.set("SignificantDigits", str(_decimals(column)))


def _decimals(column: pl.Series) -> int:
    """Most decimal places of any value, at most 8."""
    texts = (f"{value:.8f}".rstrip("0") for value in column.drop_nulls().unique().to_list())
    return max((len(text.partition(".")[2]) for text in texts), default=0)


def _description(text: str) -> Node:
    return _odm("Description", _odm("TranslatedText", {f"{{{XML}}}lang": "en"}, text))


def _method_oid(dataset: Dataset, variable: Variable) -> str:
    return f"MT.{dataset.name.upper()}.{variable.name}"


def _method(dataset: Dataset, variable: Variable) -> Node:
    return _odm(
        "MethodDef",
        {
            "OID": _method_oid(dataset, variable),
            "Name": f"Algorithm of {dataset.name.upper()}.{variable.name}",
            "Type": "Computation",
        },
        _description(variable.method),
    )


def _code_list(code_list: CodeList) -> Node:
    node = _odm("CodeList", {"OID": code_list.oid, "Name": code_list.name, "DataType": "text"})
    if code_list.nci:
        node.set(f"{{{DEF}}}StandardOID", TERMINOLOGY[0])
    else:
        node.set(f"{{{DEF}}}IsNonStandard", "Yes")
    for order, (term, decode) in enumerate(code_list.terms, 1):
        attributes = {"CodedValue": term, "OrderNumber": str(order)}
        if code_list.decoded:
            text = _odm("TranslatedText", {f"{{{XML}}}lang": "en"}, decode)
            node.append(_odm("CodeListItem", attributes, _odm("Decode", text)))
        else:
            node.append(_odm("EnumeratedItem", attributes))
    if code_list.nci:
        node.append(_odm("Alias", {"Context": "nci:ExtCodeID", "Name": code_list.nci}))
    return node


# ── Value level: the result of each test has its own type and length ──────────────────────────────────────────────


def _pair(dataset: Dataset) -> tuple[str, str] | None:
    """(variable that names the test, its result variable), if the data set has such a pair."""
    names = set(dataset.frame.columns)
    for code, value in VALUE_LEVEL:
        pair = (code.replace("--", dataset.name.upper()), value.replace("--", dataset.name.upper()))
        if names.issuperset(pair):
            return pair
    return None


def _value_variable(dataset: Dataset) -> str:
    pair = _pair(dataset)
    return pair[1] if pair else ""


def _value_list_oid(dataset: Dataset) -> str:
    return f"VL.{dataset.name.upper()}.{_value_variable(dataset)}"


def _codes(dataset: Dataset, variable: str) -> list[str]:
    return sorted(dataset.frame[variable].drop_nulls().unique().to_list())


def _value_level(dataset: Dataset) -> list[Node]:
    """The value list, then the where-clauses that it refers to; nothing where no test is named."""
    pair = _pair(dataset)
    if pair is None or dataset.frame.is_empty():
        return []
    by, variable = pair
    value_list = _def("ValueListDef", {"OID": _value_list_oid(dataset)})
    clauses = []
    for order, code in enumerate(_codes(dataset, by), 1):
        clause = f"WC.{dataset.name.upper()}.{by}.{code}"
        reference = {"ItemOID": item_oid(dataset, variable, code), "OrderNumber": str(order), "Mandatory": "No"}
        value_list.append(_odm("ItemRef", reference, _def("WhereClauseRef", {"WhereClauseOID": clause})))
        check = {"Comparator": "EQ", "SoftHard": "Soft", f"{{{DEF}}}ItemOID": item_oid(dataset, by)}
        clauses.append(_def("WhereClauseDef", {"OID": clause}, _odm("RangeCheck", check, _odm("CheckValue", code))))
    return [value_list, *clauses]


def _value_items(dataset: Dataset) -> list[Node]:
    pair = _pair(dataset)
    if pair is None or dataset.frame.is_empty():
        return []
    by, name = pair
    variable = next(v for v in dataset.variables if v.name == name)
    parts = dataset.frame.select(by, name).partition_by(by, as_dict=True)
    items = []
    for code in _codes(dataset, by):
        item = _odm("ItemDef", {"OID": item_oid(dataset, name, code), "Name": name, "SASFieldName": name})
        _set_type(item, variable, parts[(code,)][name])
        item.append(_origin(variable.origin or "Derived"))
        items.append(item)
    return items
