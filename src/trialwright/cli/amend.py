"""`trialwright conduct amend | approve | migrate`: a new version of a definition goes into conduct, site by site."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.opening import At, Data, opened
from trialwright.kernel.errors import Refused

if TYPE_CHECKING:
    from trialwright.conduct.actions import Person
    from trialwright.conduct.worklists import Impact
    from trialwright.study.versions import Difference

As = Annotated[
    str, typer.Option("--as", help="Username of who does it. Default: whoever runs the program on this machine.")
]
SHOWN = 20


def amend(
    folder: Annotated[str, typer.Argument(help="Folder of the new definition, with a new version in study.yaml.")],
    note: Annotated[str, typer.Option(help="What the new version is for; it stands in the history.")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="Show difference and impact; write nothing.")] = False,
    as_user: As = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    database: At = None,
    data: Data = None,
) -> None:
    """Publish a new version of a study in conduct: what differs, and what migrating the captured forms would lead to.

    Nothing changes at a site before the version is approved there: `trialwright conduct approve`.

    Example: trialwright conduct amend my_study_v2 --database data --dry
    """
    from trialwright.study.load import load_study
    from trialwright.study.versions import difference, incompatible

    new = load_study(folder)
    with opened(database, data) as kept:
        from trialwright.conduct import actions, worklists

        by = _person(new.id, as_user)
        old = actions.definition(new.id)
        wrong = tuple(incompatible(old, new))
        differs = difference(old, new)
        found = worklists.impact(new.id, new, by)
        if not dry and not wrong:
            _demand_kept(kept)
            actions.publish_version(new.id, new, note=note, by=by)
    if as_json:
        typer.echo(json.dumps(_plain(differs, found, wrong, published=not dry and not wrong), ensure_ascii=False))
    else:
        typer.echo("\n".join(_told(differs, found, wrong)))
    if wrong:
        raise typer.Exit(1)
    if not dry and not as_json:
        typer.echo(f"Version {new.version} is published. Next: trialwright conduct approve {new.id} SITE {new.version}")


def approve(
    study: Annotated[str, typer.Argument(help="Id of a study in conduct.")],
    site: Annotated[str, typer.Argument(help="Id of the site.")],
    version: Annotated[str, typer.Argument(help="A published version.")],
    on: Annotated[str, typer.Option(help="Day from which it is in force there (2026-03-15). Default: today.")] = "",
    as_user: As = "",
    database: At = None,
    data: Data = None,
) -> None:
    """Put a version into force at a site, from a day on. Captured forms stay under theirs until they are migrated.

    Example: trialwright conduct approve my_study 01 2.0 --on 2026-03-15 --database data
    """
    from trialwright.kernel.dates import PartialDate

    day = PartialDate.parse(on) if on else None
    if day is not None and not day.exact:
        raise Refused(f"'{on}' is not a whole day.", hint="Write 2026-03-15.")
    with opened(database, data) as kept:
        from trialwright.conduct import actions

        _demand_kept(kept)
        since = actions.approve_version(study, site, version, on=day.first if day else None, by=_person(study, as_user))
    state = "is in force" if since <= dt.datetime.now(dt.UTC).date() else "will be in force"
    typer.echo(f"Version {version} {state} at site {site} from {since} on.")


def migrate(
    study: Annotated[str, typer.Argument(help="Id of a study in conduct.")],
    site: Annotated[str, typer.Argument(help="Id of the site.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the history.")],
    as_user: Annotated[str, typer.Option("--as", help="Username of a data manager.")],
    database: At = None,
    data: Data = None,
) -> None:
    """Take all captured forms of a site to the version in force there, each as an event of its own.

    Example: trialwright conduct migrate my_study 01 --reason "Amendment 1" --as wang --database data
    """
    with opened(database, data) as kept:
        from trialwright.conduct import actions

        _demand_kept(kept)
        done = actions.migrate_all(study, site, reason=reason, by=_person(study, as_user))
    opens, closes = (sum(len(getattr(form, name)) for form in done.forms) for name in ("opened", "closed"))
    incomplete = sum(bool(form.missing) for form in done.forms)
    typer.echo(
        f"Site {site}: {len(done.forms)} forms go by version {done.version} now; {incomplete} of them are incomplete, "
        f"{opens} queries were raised, {closes} closed."
    )
    for sentence in done.refused:
        typer.echo(f"  {sentence}")


def _person(study: str, username: str) -> Person:
    from trialwright.conduct import actions

    return actions.person(study, username) if username else actions.INSTALLER


def _demand_kept(kept: bool) -> None:
    if not kept:
        raise Refused("A rehearsal stays as it was made.", hint="Try it with --dry, or on another database.")


def _told(differs: Difference, found: Impact, wrong: tuple[str, ...]) -> list[str]:
    lines = [f"{differs.study}: version {differs.new} against {differs.old}, {len(differs.changes)} changes."]
    lines += [f"  {change.sentence()}" for change in differs.changes]
    if wrong:
        return [*lines, f"It cannot follow {differs.old}:", *(f"  {sentence}" for sentence in wrong)]
    counts = found.counts()
    lines.append(
        f"{found.forms} captured forms of {found.subjects} subjects go by another version. Migrating them would change "
        f"{counts['forms']} forms of {counts['subjects']} subjects:"
    )
    words = {
        "incomplete": "complete forms become incomplete", "aside": "values have no field any more (kept, to be read)",
        "impossible": "values would not be taken now", "computed": "computed values come out otherwise",
        "opens": "queries would be raised", "closes": "queries would be closed",
        "signed": "forms lose their signatures",
        "gone": "forms are gone from the definition and stay as they are",
    }  # fmt: skip
    lines += [f"  {counts[name]:>6}  {what}" for name, what in words.items() if counts[name]]
    for line in found.lines[:SHOWN]:
        parts = [line.form, line.visit, *(f"asks {item}" for item in line.missing)]
        parts += [f"{item} not taken" for _, _, item in line.impossible]
        lines.append(f"  {line.subject}: {', '.join(part for part in parts if part)}")
    return lines + ([f"  and {len(found.lines) - SHOWN} more forms."] if len(found.lines) > SHOWN else [])


def _plain(differs: Difference, found: Impact, wrong: tuple[str, ...], *, published: bool) -> dict[str, Any]:
    from dataclasses import asdict

    changes = [
        {"kind": c.kind, "id": c.id, "what": c.what, "part": c.part, "en": c.sentence("en"), "zh": c.sentence("zh")}
        for c in differs.changes
    ]
    return {
        "study": differs.study, "old": differs.old, "new": differs.new, "published": published, "changes": changes,
        "cannot_follow": list(wrong), "impact": {**asdict(found), "counts": found.counts()},
    }  # fmt: skip
