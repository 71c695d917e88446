"""`trialwright record`: shows the registry record of a study, or reads a record file."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.record.options import Data

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.record.page import RecordPage
    from trialwright.record.shapes import Block, Grid, Section

MOST_COLUMNS = 4
"""Results of more groups than fit beside one another stand under letters, explained above the table."""


def command(
    study: Annotated[str, typer.Argument(help="A study, a record file, or a number in the data folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="The record as API v2 JSON.")] = False,
    lang: Annotated[str, typer.Option("--lang", help="Language of the page: en or zh.")] = "en",
    data: Data = "",
) -> None:
    """Show the registry record of a study, results included when they are posted.

    Example: trialwright record nct07208058
    """
    from trialwright.cli.record.options import kept
    from trialwright.formats.ctgov import is_record_file, read_record, to_json
    from trialwright.kernel.errors import UnknownName
    from trialwright.record.page import page_of, page_of_study
    from trialwright.study.load import built_in_studies, load_study

    if lang not in ("en", "zh"):
        raise UnknownName("language", lang, ("en", "zh"))
    if study.lower() not in built_in_studies() and is_record_file(study):
        page = page_of(read_record(study), lang)
    elif (found := kept(study, data)) is not None:
        page = page_of(found, lang)
    else:
        page = page_of_study(load_study(study), lang)
    if as_json:
        typer.echo(to_json(page.record.data), nl=False)
    else:
        _show(page)


def _show(page: RecordPage) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    console.print(Text(page.title, style="bold"))
    console.print(Text(f"{page.id} · {' · '.join(page.chips)}", style="cyan"))
    for section in page.sections:
        _section(console, section, depth=0)


def _section(console: Console, section: Section, depth: int) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(section.title, style="bold underline" if depth == 0 else "bold"))
    for block in section.blocks:
        _block(console, block)
    for part in section.parts:
        _section(console, part, depth + 1)


def _block(console: Console, block: Block) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from trialwright.record.shapes import Bullets, Facts, Grid, Links, Prose

    match block:
        case Prose():
            for paragraph in block.paragraphs:
                console.print(Padding(Text(paragraph), (0, 0, 0, 2)))
        case Facts():
            table = Table(box=None, show_header=False, padding=(0, 2))
            for name, value in block.entries:
                table.add_row(Text(name, style="dim"), Text(value))
            console.print(table)
        case Bullets():
            if block.title:
                console.print(Text(f"  {block.title}", style="italic"))
            for entry in block.entries:
                first, *rest = entry.split("\n")
                console.print(Padding(Text(f"• {first}"), (0, 0, 0, 2)))
                for line in rest:
                    console.print(Padding(Text(f"- {line}"), (0, 0, 0, 6)))
        case Links():
            for text, address in block.entries:
                console.print(Padding(Text(f"• {text} {address}".rstrip()), (0, 0, 0, 2)))
        case Grid():
            _grid(console, block)


def _grid(console: Console, grid: Grid) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = grid.columns
    if grid.indents and len(columns) > MOST_COLUMNS:
        letters = [ascii_uppercase[n] if n < len(ascii_uppercase) else str(n + 1) for n in range(len(columns) - 1)]
        for letter, column in zip(letters, columns[1:], strict=True):
            console.print(Text(f"  {letter}: {column}", style="dim"))
        columns = (columns[0], *letters)
    table = Table(title=grid.title or None, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for number, column in enumerate(columns):
        table.add_column(Text(column), overflow="fold", min_width=24 if grid.indents and not number else None)
    indents = grid.indents or (0,) * len(grid.rows)
    for indent, (first, *rest) in zip(indents, grid.rows, strict=True):
        table.add_row(Text("  " * indent + first), *(Text(cell) for cell in rest))
    console.print(table)
    if grid.note:
        console.print(Text(f"  {grid.note}", style="dim"))
