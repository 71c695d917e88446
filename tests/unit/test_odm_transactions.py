"""A transactional file of whatever system is read as what stands after its last transaction."""

from __future__ import annotations

import pytest

from trialwright.formats.odm import read, settled
from trialwright.formats.odm.document import Document

FRAME = """<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2" FileType="{kind}" FileOID="f"
 CreationDateTime="2026-03-02T10:00:00+00:00">{data}</ODM>"""
ITEM = '<ItemData ItemOID="{item}"{how} Value="{value}"/>'


def item(name: str, value: str = "", how: str = "") -> str:
    return ITEM.format(item=name, value=value, how=f' TransactionType="{how}"' if how else "")


def row(number: int, *items: str, how: str = "") -> str:
    said = f' TransactionType="{how}"' if how else ""
    return f'<ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="{number}"{said}>{"".join(items)}</ItemGroupData>'


def subject(*groups: str, key: str = "1", how: str = "", version: str = "V1") -> str:
    said = f' TransactionType="{how}"' if how else ""
    held = f'<StudyEventData StudyEventOID="E"><FormData FormOID="F">{"".join(groups)}</FormData></StudyEventData>'
    inner = f'<SubjectData SubjectKey="{key}"{said}>{held if groups else ""}</SubjectData>'
    return f'<ClinicalData StudyOID="S" MetaDataVersionOID="{version}">{inner}</ClinicalData>'


def played(*data: str, kind: str = "Transactional") -> Document:
    return settled(read(FRAME.format(kind=kind, data="".join(data)).encode(), "log.xml"))


def values(document: Document) -> list[tuple[str, str, str, str, str]]:
    """(version, subject, row, item, value) of all that stands."""
    return [
        (data.version, who.key, group.repeat, each.oid, each.values[0])
        for data in document.data
        for who in data.subjects
        for event in who.events
        for form in event.groups
        for group in form.groups
        for each in group.items
    ]


def test_of_each_value_the_last_state_stands_and_what_was_removed_is_gone() -> None:
    document = played(
        subject(row(1, item("a", "1", "Insert"), item("b", "2", "Insert")), how="Insert"),
        subject(row(1, item("a", "3", "Update"), item("b", how="Remove"), how="Context"), how="Context"),
        subject(row(2, item("a", "9", "Upsert"), how="Upsert"), how="Context"),
    )
    assert values(document) == [("V1", "1", "1", "a", "3"), ("V1", "1", "2", "a", "9")]
    assert document.type == "Snapshot"
    assert not any("TransactionType" in str(part.more) for data in document.data for part in data.subjects)
    assert document.notes[-1] == "log.xml: 5 transactions were played; of each value the last state is taken."


def test_who_says_nothing_does_as_the_part_around_it() -> None:
    begun = subject(row(1, item("a", "1")), row(2, item("a", "2")), how="Insert")
    assert values(played(begun, subject(row(1, item("a"), how="Remove"), how="Context"))) == [
        ("V1", "1", "2", "a", "2")
    ]
    assert values(played(begun, subject(how="Remove"))) == []


@pytest.mark.parametrize("removed", [row(1, how="Remove"), row(1, item("a", how="Remove"), how="Context")])
def test_a_row_that_is_removed_leaves_nothing_and_can_come_again(removed: str) -> None:
    begun = subject(row(1, item("a", "1"), how="Insert"), how="Insert")
    gone = played(begun, subject(removed, how="Context"))
    assert [who.events for who in gone.data[0].subjects] == [()]
    again = played(begun, subject(removed, how="Context"), subject(row(1, item("b", "7"), how="Insert"), how="Context"))
    assert values(again) == [("V1", "1", "1", "b", "7")]


def test_a_value_stands_under_the_version_that_told_it_last() -> None:
    document = played(
        subject(row(1, item("a", "1"), item("b", "2")), how="Insert"),
        subject(row(1, item("a", "5", "Update"), how="Context"), how="Context", version="V2"),
    )
    assert values(document) == [("V1", "1", "1", "b", "2"), ("V2", "1", "1", "a", "5")]


def test_a_snapshot_is_left_as_it_is() -> None:
    begun = subject(row(1, item("a", "1", "Insert")), how="Insert")
    document = read(FRAME.format(kind="Snapshot", data=begun).encode())
    assert settled(document) is document
