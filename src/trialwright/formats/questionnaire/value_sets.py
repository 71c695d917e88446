"""Value sets that a file brings along: their codes, where it lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trialwright.formats.json_cursor import Cursor
from trialwright.formats.questionnaire import addresses as at
from trialwright.formats.questionnaire.document import Coding, Texts, ValueSet

DEEPEST = 50
_Codes = Mapping[str, tuple[Coding, ...]]


def value_sets(parts: Sequence[Cursor]) -> tuple[ValueSet, ...]:
    """All value sets among contained resources (or entries of a Bundle), with the codes of code systems beside them."""
    systems = {
        part.text("url"): tuple(_concepts(part, part.text("url"), 0))
        for part in parts
        if part.text("resourceType") == "CodeSystem"
    }
    found = []
    for part in parts:
        if part.text("resourceType") != "ValueSet":
            continue
        url, name = part.text("url"), part.text("id")
        names = [f"#{name}", f"ValueSet/{name}", name] if name else []
        names += [url, f"{url}|{part.text('version')}"] if url else []
        codings = tuple(dict.fromkeys(_codings(part, systems)))
        found.append(ValueSet(tuple(names), codings))
    return tuple(found)


def _codings(part: Cursor, systems: _Codes) -> Iterator[Coding]:
    """Its expansion, else what it composes; nothing where a part of it is kept elsewhere or excluded."""
    expansion = part.one("expansion")
    if expansion is not None and expansion.data.get("contains"):
        yield from _contains(expansion, 0)
        return
    compose = part.one("compose")
    includes = list(compose.all("include")) if compose else []
    if compose is None or "exclude" in compose.data:
        return
    whole: list[Coding] = []
    for include in includes:
        system = include.text("system")
        listed = [found for one in include.all("concept") if (found := _coding(one, system))]
        if not listed and ("filter" in include.data or "valueSet" in include.data or system not in systems):
            return
        whole += listed or systems[system]
    yield from whole


def _coding(part: Cursor, system: str) -> Coding | None:
    code = part.text("code")
    return Coding(system, code, _label(part), score_of(part)) if code else None


def score_of(*parts: Cursor | None) -> str:
    """The number that an answer stands for, by an extension of any of these; "" where none says one."""
    for part in filter(None, parts):
        for extension in part.all("extension") if "extension" in part.data else ():
            if extension.data.get("url") in at.SCORES:
                return next((said for name in ("valueDecimal", "valueInteger") if (said := extension.number(name))), "")
    return ""


def _label(part: Cursor) -> Texts:
    """The display with its designations in other languages (and translations by extension)."""
    display = part.text("display")
    said = [("", display)] if display else []
    designated = [(one.text("language"), one.text("value")) for one in part.all("designation")]
    said += [(language, text) for language, text in designated if language and text]
    beside = part.one("_display") if "_display" in part.data else None
    for extension in beside.all("extension") if beside else ():
        if extension.data.get("url") == at.TRANSLATION:
            inner = {one.text("url"): one for one in extension.all("extension")}
            if "lang" in inner and "content" in inner:
                said.append((inner["lang"].text("valueCode"), inner["content"].text("valueString")))
    return tuple(said)


def _contains(part: Cursor, depth: int) -> Iterator[Coding]:
    for one in part.all("contains"):
        found = _coding(one, one.text("system"))
        if found and not one.flag("abstract") and not one.flag("inactive"):
            yield found
        if depth < DEEPEST:
            yield from _contains(one, depth + 1)


def _concepts(part: Cursor, system: str, depth: int) -> Iterator[Coding]:
    for one in part.all("concept"):
        found = _coding(one, system)
        if found:
            yield found
        if depth < DEEPEST:
            yield from _concepts(one, system, depth + 1)
