"""Texts too long for one variable: their rest goes into supplemental qualifiers (SUPPAE, SUPPCM, ...)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trialwright.analyse.spec import DatasetSpec, Record
from trialwright.evidence.dataset import Dataset

TEXT_BYTES = 200
"""What one variable of a version 5 transport file holds."""

Beyond = tuple[Record, str, str, list[str]]
"""A record with its fitting texts, the variable, its label, and the parts of the text after the first."""


def split_text(text: str) -> list[str]:
    """A text in parts that fit one variable, cut between words where that can be; [""] for an empty one."""
    rest = " ".join(text.split())
    parts = []
    while len(rest.encode()) > TEXT_BYTES:
        head = rest.encode()[:TEXT_BYTES].decode(errors="ignore")
        between_words = head.rpartition(" ")[0] if rest[len(head)] != " " else head
        part = between_words or head
        parts.append(part)
        rest = rest[len(part) :].lstrip()
    return [*parts, rest]


def split(records: Sequence[Record], spec: DatasetSpec) -> tuple[list[Record], list[Beyond]]:
    """Records whose texts fit, and what did not. Design data sets, which speak of no subject, stay as they are."""
    if all(v.name != "USUBJID" for v in spec.variables):
        return list(records), []
    texts = [(v.name, v.variable.label) for v in spec.variables if v.variable.kind == "text"]
    fitting: list[Record] = []
    beyond: list[Beyond] = []
    for record in records:
        kept = dict(record)
        fitting.append(kept)
        for name, label in texts:
            value = record.get(name) or ""
            if len(value) * 4 > TEXT_BYTES and len(value.encode()) > TEXT_BYTES:
                first, *rest = split_text(value)
                kept[name] = first
                beyond.append((kept, name, label, rest))
    return fitting, beyond


def located(beyond: Sequence[Beyond], parent: Dataset) -> Iterator[Record]:
    """Supplemental records, each with the sequence number that its record has in the parent."""
    sequence = f"{parent.name}SEQ" if f"{parent.name}SEQ" in parent.frame.columns else ""
    rows = parent.frame.to_dicts()
    taken: set[tuple[int, str]] = set()
    for record, name, label, parts in beyond:
        place = next(n for n, row in enumerate(rows) if (n, name) not in taken and _same(row, record, skip=sequence))
        taken.add((place, name))
        for number, part in enumerate(parts, 1):
            yield {
                "STUDYID": record["STUDYID"],
                "RDOMAIN": parent.name,
                "USUBJID": record["USUBJID"],
                "IDVAR": sequence,
                "IDVARVAL": str(rows[place][sequence]) if sequence else "",
                "QNAM": f"{name[:7]}{number}",
                "QLABEL": f"{label[:37]} {number}",
                "QVAL": part,
                "QORIG": "CRF",
            }


def _same(row: Record, record: Record, *, skip: str) -> bool:
    return all((record.get(name) or None) == (value or None) for name, value in row.items() if name != skip)
