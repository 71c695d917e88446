"""The history of every value as ODM transactions: whole, in order, playing to what stands; on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import run_program
from lxml import etree

from trialwright.formats.odm import read, settled
from trialwright.formats.odm.document import Document, GroupData
from trialwright.kernel.errors import InputError, Refused
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.conduct.actions import Person

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
KINDS = ("odm1.3", "odm2.0")
SECRET = "Jane Doe of Elm Street"
Place = tuple[str, ...]


@pytest.fixture
def tiny(tiny: Study) -> Iterator[Study]:
    """The systolic pressure is blinded."""
    items = tuple(item.model_copy(update={"blinded": item.id == "systolic"}) for item in tiny.items)
    return tiny.model_copy(update={"items": items})  # type: ignore[return-value]  # a fixture


@pytest.fixture
def amended(tiny: Study) -> Study:
    """Version 2.0 asks neither for height nor for the body mass index."""
    data = tiny.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    vitals = next(form for form in data["forms"] if form["id"] == "vitals")
    fields = vitals["groups"][0]["fields"]
    fields[:] = [field for field in fields if field["item"] not in ("height", "bmi")]
    data["items"] = [item for item in data["items"] if item["id"] != "bmi"]
    return Study.model_validate(data)


@pytest.fixture
def subject(desk: Any) -> str:
    """Somebody with values that were changed, emptied, judged anew and redacted, and rows that went."""
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    name = str(desk.screened())
    do: dict[str, Any] = {"by": desk.investigator, "at": AT + dt.timedelta(hours=1)}
    visit: dict[str, Any] = {"visit": "screening", **do}
    again: dict[str, Any] = {"reason": "Misread", **do}

    def save(form: str, *entries: Entry, **more: Any) -> None:
        actions.save_form(desk.study, name, form, list(entries), **more)

    save("lab", Entry("creatinine", "80", "umol/L", low=45.0, high=84.5, when="2026-03-01"), **visit)
    save("lab", Entry("creatinine", "0.9", "mg/dL", when="2026-03-01"), **visit, reason="Misread")
    save("lab", Entry("creatinine", "", null_reason="not_done"), **visit, reason="Not drawn")
    save("vitals", Entry("height", "170"), Entry("systolic", "131.75"), **visit, reason="131.75 it was")
    save("vitals", Entry("height", ""), **visit, reason="Wrong patient")
    save("vitals", Entry("height", "171"), **visit, reason="Right patient")
    save("person", Entry("unfit", "yes"), **visit, reason="Thought again")
    save("events", Entry("term", SECRET, row=1), Entry("started", "2026-03-01", row=1), **do)
    save("events", Entry("term", "Cough", row=2), Entry("started", "2026-03-02", row=2), **do)
    save("events", Entry("term", "", row=2), Entry("started", "", row=2), **again)
    actions.redact_value(desk.study, name, "events", "term", row=1, reason="A name", by=desk.data_manager, at=do["at"])
    return name


def export(desk: Any, kind: str, by: Person, folder: Path, **asked: str) -> bytes:
    from trialwright.conduct.export.run import export as make

    file = folder / f"{kind}.out"
    make(kind, desk.study, asked, by, file, lambda done, total: None)
    return file.read_bytes()


def values(document: Document) -> dict[Place, tuple[Any, ...]]:
    """(subject, OIDs and repeat keys, item) -> (values, null, unit, version, user, number of the event)."""
    found: dict[Place, tuple[Any, ...]] = {}

    def go(place: Place, group: GroupData, version: str) -> None:
        here = (*place, group.oid, group.repeat)
        for item in group.items:
            audit = item.audit
            who = (audit.user, audit.source) if audit else ()
            assert (*here, item.oid) not in found
            found[*here, item.oid] = (item.values, item.null, item.unit, item.annotations, version, *who)
        for inner in group.groups:
            go(here, inner, version)

    for data in document.data:
        for subject in data.subjects:
            for event in subject.events:
                for group in event.groups:
                    go((subject.key, event.oid, event.repeat), group, data.version)
    return found


def transactions(content: bytes, item: str) -> list[tuple[Any, ...]]:
    """(what became of it, value, who, why) of one item, in the order of the file."""
    found = etree.fromstring(content).iterfind(f".//{{*}}ItemData[@ItemOID='{item}']")
    return [
        (
            each.get("TransactionType") or "",
            each.get("Value") or each.findtext("{*}Value") or "",
            each.xpath("string(*[local-name()='AuditRecord']/*[local-name()='UserRef']/@UserOID)"),
            each.findtext("{*}AuditRecord/{*}ReasonForChange") or "",
        )
        for each in found
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_stands_there_in_order_and_played_they_give_what_stands(
    desk: Any, subject: str, tmp_path: Path, shared: Path, kind: str
) -> None:
    other = desk.screened("02")
    content = export(desk, kind, desk.auditor, tmp_path, history="yes")
    document = read(content)
    assert (document.type, document.notes) == ("Transactional", ())
    if document.second:
        schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
        assert schema.validate(etree.fromstring(content)), schema.error_log
    assert transactions(content, "I.height") == [
        ("Insert", "170", "U.investigator", "blinded"),
        ("Remove", "", "U.investigator", "Wrong patient"),
        ("Insert", "171", "U.investigator", "Right patient"),
    ]
    assert transactions(content, "I.creatinine") == [
        ("Insert", "80", "U.investigator", ""),
        ("Update", "0.9", "U.investigator", "Misread"),
        ("Update", "", "U.investigator", "Not drawn"),
    ]
    snapshot = values(read(export(desk, kind, desk.auditor, tmp_path)))
    assert {place[0] for place in snapshot} == {subject, other}
    assert values(settled(document)) == snapshot


def test_what_was_redacted_is_a_tombstone_and_what_is_blinded_is_not_there(
    desk: Any, subject: str, tmp_path: Path
) -> None:
    from trialwright.conduct import actions

    safety = actions.add_person(desk.study, "safety", "Some safety", "safety", at=AT)
    for kind in KINDS:
        seen = [export(desk, kind, by, tmp_path, history="yes") for by in (desk.data_manager, safety)]
        assert [b"131.75" in content for content in seen] == [False, True], kind
        assert not any(SECRET.encode() in content for content in seen)
        first = next(iter(etree.fromstring(seen[0]).iterfind(".//{*}ItemData[@ItemOID='I.term']")))
        assert (first.get("IsNull"), first.get("Value")) == ("Yes", None)
        assert '"null_reason": "redacted"' in etree.tostring(first, encoding="unicode")


def test_a_judgement_given_anew_is_signed_anew(desk: Any, subject: str, tmp_path: Path) -> None:
    given = etree.fromstring(export(desk, "odm1.3", desk.auditor, tmp_path, history="yes")).iterfind(
        ".//{*}ItemData[@ItemOID='I.unfit']"
    )
    assert [
        (each.get("TransactionType"), each.get("Value"), each.findtext("{*}Signature/{*}DateTimeStamp"))
        for each in given
    ] == [("Insert", "false", "2026-03-02T09:00:00+08:00"), ("Update", "true", "2026-03-02T10:00:00+08:00")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_whose_field_went_with_a_migration_is_told_under_the_version_that_has_it(
    desk: Any, subject: str, tmp_path: Path, amended: Study, kind: str
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    manage: dict[str, Any] = {"by": desk.data_manager, "at": AT + dt.timedelta(hours=2)}
    actions.publish_version(desk.study, amended, note="Shorter", **manage)
    actions.approve_version(desk.study, "01", "2.0", at=manage["at"], by=actions.INSTALLER)
    actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
    weight = {"visit": "screening", "reason": "Again", "by": desk.investigator, "at": manage["at"]}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "62")], **weight)
    snapshot = read(export(desk, kind, desk.auditor, tmp_path))
    history = read(export(desk, kind, desk.auditor, tmp_path, history="yes"))
    for document in (snapshot, history):
        assert [version.oid for version in document.studies[0].versions] == ["MDV.1.0", "MDV.2.0"]
    stands = {place[-1]: each for place, each in values(snapshot).items() if place[-1] in ("I.height", "I.weight")}
    assert {item: (each[0], each[4]) for item, each in stands.items()} == {
        "I.height": (("171",), "MDV.1.0"), "I.weight": (("62",), "MDV.2.0"),
    }  # fmt: skip
    assert [data.version for data in history.data] == ["MDV.1.0", "MDV.2.0"]
    assert {place: each[:4] for place, each in values(settled(history)).items()} == {
        place: each[:4] for place, each in values(snapshot).items()
    }
    quick, plain = _both_ways(desk, "2.0" if snapshot.second else "1.3.2")
    assert quick == plain


def _both_ways(desk: Any, version: str) -> list[bytes]:
    from trialwright.conduct.export.odm import Exporter
    from trialwright.conduct.export.reading import scope
    from trialwright.formats.odm import write

    exporter = Exporter(scope(desk.study, desk.auditor), version)
    made = [write(exporter.document(lambda more: None, plain=plain)) for plain in (False, True)]
    return [etree.tostring(etree.fromstring(content), method="c14n") for content in made]


# --- Who gets it, and how ---------------------------------------------------------------------------------------------


def test_the_history_is_for_who_may_read_the_audit_trail(desk: Any, subject: str, tmp_path: Path) -> None:
    from trialwright.conduct import actions

    other = desk.screened("02")
    with pytest.raises(Refused, match="audit trail"):
        export(desk, "odm1.3", desk.sponsor, tmp_path, history="yes")
    actions.add_person(desk.study, "two", "Some two", "sponsor", at=AT)
    both = actions.add_person(desk.study, "two", "Some two", "auditor", site="02", at=AT)
    assert {place[0] for place in values(read(export(desk, "odm1.3", both, tmp_path)))} == {subject, other}
    document = settled(read(export(desk, "odm1.3", both, tmp_path, history="yes")))
    assert {place[0] for place in values(document)} == {other}


def test_only_odm_has_a_history_and_its_file_says_so(desk: Any, subject: str, tmp_path: Path) -> None:
    from trialwright.conduct import actions

    with pytest.raises(InputError, match="no history"):
        export(desk, "csv", desk.auditor, tmp_path, history="yes")
    number = actions.start_job(desk.study, "odm2.0", {"history": "yes", "subject": subject}, desk.auditor)
    assert actions.work_once()
    assert actions.result_of(desk.study, number, desk.auditor).name == f"tiny-{subject}-history.odm20.xml"


def test_the_same_history_gives_the_same_bytes(desk: Any, subject: str, tmp_path: Path) -> None:
    for kind in KINDS:
        once = export(desk, kind, desk.auditor, tmp_path, history="yes")
        assert export(desk, kind, desk.auditor, tmp_path, history="yes") == once


def test_the_history_of_a_rehearsed_trial_is_read_back_as_what_stands(rehearsal: Path, tmp_path: Path) -> None:
    from trialwright.conduct.exchange import bring_in

    for kind in KINDS:
        brought = []
        for more in ([], ["--history"]):
            out = tmp_path / f"{kind}{len(more)}.xml"
            done = run_program("conduct", "export", str(rehearsal), "--format", kind, *more, "--out", str(out))
            assert done.returncode == 0, done.stderr
            brought.append(bring_in(read(out.read_bytes(), "data.xml")))
        snapshot, history = (
            {
                (v.subject, v.visit, v.repeat, v.form, v.group, v.row, v.item):
                (v.value, v.unit, v.null_reason, v.when, v.low, v.high)
                for v in each.captured.values if v.item
            }
            for each in brought
        )  # fmt: skip
        assert history == snapshot
        assert len(history) > 10_000
        assert [person.subject for person in brought[1].captured.people] == [
            person.subject for person in brought[0].captured.people
        ]
