"""`trialwright record sync`: records from the registry's own API into a data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from trialwright.cli.record.options import AsJson, Data, opened


def sync(
    *,
    data: Data = "",
    query: Annotated[str, typer.Option(help="Studies that match this, in the registry's query language.")] = "",
    ids: Annotated[str, typer.Option(help="These numbers, separated by commas.")] = "",
    since: Annotated[str, typer.Option(help="Studies updated since this day (2026-03-15).")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every study of the registry.")] = False,
    base: Annotated[str, typer.Option("--api", help="Another address of the API.")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring records from ClinicalTrials.gov into a data folder: at most one request a second.

    Run it again after an interruption: it goes on where it was.

    Example: trialwright record sync --query "macrophage activation syndrome" --data registry
    """
    import sys

    from trialwright.cli.progress import bar
    from trialwright.cli.record.keeping import catch_up, tell
    from trialwright.kernel.errors import InputError
    from trialwright.record.sync import OFFICIAL, Sync, Wanted

    wanted = Wanted(query, tuple(name for name in ids.split(",") if name.strip()), since)
    if not (query or wanted.ids or since or everything):
        raise InputError("It is not said which records.", hint="Add --query, --ids or --since; or --all.")
    with opened(data, write=True) as library:
        with bar("Bringing records", quiet=as_json) as advance:

            def progress(done: int, total: int) -> None:
                advance(done / max(total, 1), f"{done:,} of {total:,} records")

            def say(sentence: str) -> None:
                print(sentence, file=sys.stderr)

            synced = Sync(library.store, base or OFFICIAL, tell=say, progress=progress).run(wanted)
        indexed = catch_up(library, quiet=as_json)
        more = {"indexed": indexed, "records": library.store.size(), "unknown": synced.unknown}
        tell(synced.brought, more, as_json=as_json)
    if synced.unknown:
        raise InputError(
            f"The registry has no {', '.join(synced.unknown)}.", hint="Check the numbers; others are kept."
        )
    if synced.brought.bad:
        raise typer.Exit(2)
