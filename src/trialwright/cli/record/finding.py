"""`trialwright record search`, `related`, `match` and `history`: what the kept records answer."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.record.options import AsJson, Data, opened

if TYPE_CHECKING:
    from trialwright.record.library import Library
    from trialwright.record.match.note import Note
    from trialwright.record.search.request import SearchAnswer

_FILES = (".txt", ".json", ".yaml", ".csv", ".gz")
"""Ends of a single word that can only be meant as the name of a file."""
SORTS = ("relevance", "updated", "start", "first_posted", "enrolment", "nct_id")


def search(
    query: Annotated[str, typer.Argument(help="Words, phrases, AND, OR, NOT, AREA[...]; empty: every study.")] = "",
    data: Data = "",
    *,
    status: Annotated[list[str] | None, typer.Option(help="RECRUITING, COMPLETED, ...; may be repeated.")] = None,
    phase: Annotated[list[str] | None, typer.Option(help="PHASE1, PHASE2, ...; may be repeated.")] = None,
    study_type: Annotated[
        list[str] | None, typer.Option("--type", help="INTERVENTIONAL, ...; may be repeated.")
    ] = None,
    sex: Annotated[str, typer.Option(help="A patient's sex: female or male.")] = "",
    age: Annotated[str, typer.Option(help="A patient's age with its unit: '58 years', '6 months'.")] = "",
    condition: Annotated[str, typer.Option(help="Words of the condition.")] = "",
    intervention: Annotated[str, typer.Option(help="Words of the intervention.")] = "",
    country: Annotated[str, typer.Option(help="Country of a site.")] = "",
    city: Annotated[str, typer.Option(help="City of a site.")] = "",
    sponsor: Annotated[str, typer.Option(help="Words of the sponsor's name.")] = "",
    results: Annotated[bool | None, typer.Option("--results/--no-results", help="With or without results.")] = None,
    sort: Annotated[str, typer.Option(help=", ".join(SORTS))] = "relevance",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 20,
    cursor: Annotated[str, typer.Option(help="What the page before gave as `next`.")] = "",
    as_json: AsJson = False,
) -> None:
    """Find studies by words and filters. The number found is exact.

    Example: trialwright record search "macrophage activation" --status RECRUITING --age "58 years" --data registry
    """
    from trialwright.kernel.errors import UnknownName
    from trialwright.record.age import patient_years
    from trialwright.record.query.parse import parse
    from trialwright.record.search.request import Filters, SearchRequest

    if sort not in SORTS:
        raise UnknownName("order", sort, SORTS)
    filters = Filters(
        status=_capitals(status),
        phase=_capitals(phase),
        study_type=_capitals(study_type),
        sex=_sex(sex),
        age_years=patient_years(age) if age else None,
        condition=condition,
        intervention=intervention,
        country=country,
        city=city,
        sponsor=sponsor,
        results=results,
    )
    request = SearchRequest(parse(query), filters, sort, size=count, cursor=cursor)  # type: ignore[arg-type]  # checked above
    with opened(data) as library:
        answer = library.search(request)
        if as_json:
            typer.echo(_answer_json(library, answer))
        else:
            _show_answer(library, answer)


def _capitals(values: list[str] | None) -> tuple[str, ...]:
    return tuple(value.upper() for value in values or ())


def _sex(text: str) -> str:
    from trialwright.kernel.errors import UnknownName

    if text.upper() not in ("", "FEMALE", "MALE"):
        raise UnknownName("sex of a patient", text, ("female", "male"))
    return text.upper()


def _answer_json(library: Library, answer: SearchAnswer) -> str:
    cards = {card.nct_id: card for card in library.store.cards([hit.nct_id for hit in answer.hits])}
    hits = [{**asdict(cards[h.nct_id]), "score": h.score, "matched": h.matched} for h in answer.hits]
    return json.dumps({"total": answer.total, "next": answer.next, "studies": hits}, ensure_ascii=False, indent=2)


def _show_answer(library: Library, answer: SearchAnswer) -> None:
    typer.echo(f"{answer.total:,} stud{'y' if answer.total == 1 else 'ies'}" + (":" if answer.hits else "."))
    _list(library, [(hit.nct_id, "") for hit in answer.hits])
    if answer.next:
        typer.echo(f"The next ones: add --cursor {answer.next}")


def _list(library: Library, rows: list[tuple[str, str]]) -> None:
    """Studies one below the other: number and title, what they are, and why they are shown."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from trialwright.record.words import word, words

    console = Console(highlight=False, markup=False)
    cards = {card.nct_id: card for card in library.store.cards([nct_id for nct_id, _ in rows])}
    for nct_id, reason in rows:
        card = cards[nct_id]
        sites = f"{card.sites:,} site{'' if card.sites == 1 else 's'}"
        facts = (word(card.status), words(card.phases), ", ".join(card.conditions), sites)
        console.print(Text.assemble((nct_id, "bold"), "  ", card.title))
        console.print(Padding(Text(" · ".join(filter(None, facts)), style="dim"), (0, 0, 0, 13)))
        if reason:
            console.print(Padding(Text(reason), (0, 0, 0, 13)))


def related(
    nct_id: Annotated[str, typer.Argument(help="The number of a study.")],
    data: Data = "",
    count: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Studies that are like a study, closest first, each with the reasons.

    Example: trialwright record related NCT07208058 --data registry
    """
    with opened(data) as library:
        found = library.related(nct_id, count)
        _show_reasons(library, [(each.nct_id, each.score, each.reasons) for each in found], as_json=as_json)


def match(
    note: Annotated[
        str, typer.Argument(help="A patient in words, a file of words (.txt), or a facts file with --study.")
    ],
    data: Data = "",
    *,
    study: Annotated[str, typer.Option(help="The study whose items a facts file speaks of.")] = "",
    count: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Studies for a patient, best first, each with the reasons.

    Example: trialwright record match "58-year-old woman with macrophage activation syndrome" --data registry
    """
    patient = _patient(note, study)
    with opened(data) as library:
        found = library.match(patient, count)
        _show_reasons(library, [(each.nct_id, each.score, each.reasons) for each in found], as_json=as_json)


def _patient(note: str, study: str) -> str | Note:
    """The words themselves, those of a file, or the facts of one as a note."""
    from pathlib import Path

    from trialwright.formats.ctgov import is_record_file
    from trialwright.kernel.errors import InputError

    if not is_record_file(note):
        if len(note.split()) == 1 and note.strip().lower().endswith(_FILES):
            raise InputError(f"There is no file {note.strip()}.")
        return note
    if Path(note).suffix == ".txt":
        return Path(note).expanduser().read_text(encoding="utf-8", errors="replace")
    if not study:
        raise InputError(
            "Facts are named as a study names them.", where=note, hint="Add --study with its id or folder."
        )
    import datetime as dt

    from trialwright.record.match.facts import note_of
    from trialwright.screen.sources import read_patient
    from trialwright.study.load import load_study

    definition = load_study(study)
    facts, _ = read_patient(Path(note).expanduser(), definition, today=dt.date.today())
    return note_of(facts, definition)


def _show_reasons(library: Library, found: list[tuple[str, float, Any]], *, as_json: bool) -> None:
    if as_json:
        told = [
            {"nctId": nct_id, "score": score, "reasons": [{"kind": r.kind, "words": str(r.words)} for r in reasons]}
            for nct_id, score, reasons in found
        ]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    _list(library, [(nct_id, "; ".join(str(r.words) for r in reasons)) for nct_id, _, reasons in found])
    if not found:
        typer.echo("None was found.")


def history(
    nct_id: Annotated[str, typer.Argument(help="The number of a study.")],
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """What changed in a record, and when: every field with its old and its new value.

    Example: trialwright record history NCT07208058 --data registry
    """
    from trialwright.kernel.errors import UnknownName
    from trialwright.record.history import history as steps_of

    with opened(data) as library:
        steps = steps_of(library.store, nct_id)
    if not steps:
        raise UnknownName("record", nct_id, [])
    if as_json:
        told = [
            {
                "version": step.version.number,
                "updated": step.version.updated,
                "seen": step.version.seen.isoformat(),
                "changes": [asdict(change) for change in step.changes],
            }
            for step in steps
        ]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for step in steps:
        seen = f"{step.version.seen:%Y-%m-%d %H:%M} UTC"
        typer.echo(
            f"\nVersion {step.version.number}, last update {step.version.updated or 'not given'}, came in {seen}"
        )
        for change in step.changes:
            typer.echo(f"  {change.label}")
            typer.echo("\n".join(f"    - {line}" for line in change.old.splitlines()) or "    - (nothing)")
            typer.echo("\n".join(f"    + {line}" for line in change.new.splitlines()) or "    + (nothing)")
