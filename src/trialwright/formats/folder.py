"""Output folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trialwright.kernel.errors import OutputExists


@contextmanager
def whole_folder(out: Path, *, overwrite: bool, known_by: str) -> Iterator[Path]:
    """A temporary folder beside `out` that becomes `out` when the block ends well, and is removed when it does not.

    Raises OutputExists at once where `out` holds something already and `overwrite` is off, or where it does not hold
    the file `known_by`: what was not written by us is never replaced.
    """
    if out.exists() and not out.is_dir():
        raise OutputExists(f"{out} is a file.", hint="Name a folder.")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise OutputExists(f"{out} holds outputs already.", hint="Name another folder, or add --overwrite.")
    if out.is_dir() and any(out.iterdir()) and not (out / known_by).is_file():
        raise OutputExists(f"{out} holds something else (no {known_by}).", hint="Name another folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield made
        made.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_file(folder: Path, name: str, content: bytes) -> Path:
    """Write `folder/name`, making folders on the way."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
