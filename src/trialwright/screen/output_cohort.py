"""A screened cohort for people and programs: the verdicts counted, the funnel, and what the undetermined wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trialwright.screen import words
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.screen.cohort import CohortResult
    from trialwright.screen.sources_cohort import Batches

MOST = 10
"""How many missing items are shown."""
_TEXTS = {
    "patients": ("{0} patients: {1}", "{0}名患者：{1}"),
    "head": (
        ("", "removes alone", "removes in turn", "left", "unknown", "of these undetermined"),
        ("", "单独排除", "依次排除", "剩余", "未知", "其中未定"),
    ),
    "missing": ("What the undetermined wait for", "未定患者尚缺资料"),
    "more": ("and {0} more", "另有{0}项"),
    "rejected": ("{0} patients could not be read and are not counted", "{0}名患者无法读取，未计入"),
    "left_out": ("Left out, because it cannot be right", "因有误而未采用"),
    "rows": ("{0} rows of {1}: {2}", "{1}：{0}行，{2}"),
}


def cohort_document(study: Study, found: CohortResult, stream: Batches, lang: str = "en") -> dict[str, Any]:
    """The counts as plain data; the verdicts themselves are in the file of `--out`."""
    return {
        "study": study.id,
        "version": study.version,
        "patients": found.verdicts.height,
        "verdicts": found.totals,
        "funnel": found.funnel.to_dicts(),
        "missing": found.missing.to_dicts(),
        "left_out": found.left_out.to_dicts(),
        "rejected": [{"subject": r.subject, "where": r.where, "sentence": r.sentence} for r in stream.rejected],
        "notes": stream.report.lines(lang),
    }


def cohort_text(study: Study, found: CohortResult, stream: Batches, lang: str = "en") -> str:
    """The counts as lines. `stream`: where the patients came from, and who could not be read."""
    return "\n".join((*_lines(study, found, lang), *_unread(stream, lang)))


def _unread(stream: Batches, lang: str) -> Iterator[str]:
    if stream.rejected:
        yield ""
        yield _text("rejected", lang, f"{len(stream.rejected):,}")
        for one in stream.rejected[:MOST]:
            sentence = one.sentence if one.where in one.sentence else f"{one.where}: {one.sentence}"
            yield f"  {sentence}"
        if len(stream.rejected) > MOST:
            yield f"  {_text('more', lang, len(stream.rejected) - MOST)}"
    if notes := stream.report.lines(lang):
        yield ""
        yield from notes


def _text(key: str, lang: str, *parts: object) -> str:
    template = _TEXTS[key][lang.startswith("zh")]
    assert isinstance(template, str)
    return template.format(*parts)


def _lines(study: Study, found: CohortResult, lang: str) -> Iterator[str]:
    counted = [f"{words.text(state, lang)} {count:,}" for state, count in found.totals.items()]
    joint = "，" if lang.startswith("zh") else ", "
    yield _text("patients", lang, f"{found.verdicts.height:,}", joint.join(counted))
    yield ""
    yield from _funnel(study, found, lang)
    if found.missing.height:
        yield ""
        yield _text("missing", lang)
        for row in found.missing.head(MOST).iter_rows(named=True):
            yield f"  {row['patients']:>9,}  {study.item_by_id[row['item']].label.to(lang)}"
        if found.missing.height > MOST:
            yield f"  {_text('more', lang, found.missing.height - MOST)}"
    if found.left_out.height:
        yield ""
        yield _text("left_out", lang)
        for row in found.left_out.iter_rows(named=True):
            yield "  " + _text("rows", lang, f"{row['rows']:,}", row["item"], row["why"])


def _funnel(study: Study, found: CohortResult, lang: str) -> Iterator[str]:
    labels = {c.id: f"{c.id} {c.label.to(lang)}" for c in study.eligibility.criteria}
    head = list(_TEXTS["head"][lang.startswith("zh")])
    rows = [
        [
            labels[row["criterion"]],
            *(f"{row[key]:,}" for key in ("alone", "in_turn", "left", "unknown", "undetermined")),
        ]
        for row in found.funnel.iter_rows(named=True)
    ]
    first = max(words.columns(row[0]) for row in rows)
    for row in (head, *rows):
        cells = [
            " " * (max(words.columns(title), 7) - words.columns(cell)) + cell
            for title, cell in zip(head[1:], row[1:], strict=True)
        ]
        yield "  ".join((row[0] + " " * (first - words.columns(row[0])), *cells)).rstrip()
