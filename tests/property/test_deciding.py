"""How far an open question is from an answer, against a search through all answers."""

from __future__ import annotations

import datetime as dt
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.truth import Truth
from trialwright.logic import build, evaluate, explain
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
ITEMS = [item.id for item in STUDY.items if item.type == "boolean"][:5]


@st.composite
def expressions(draw: st.DrawFn, items: tuple[str, ...] = tuple(ITEMS)) -> str:
    """Each item stands once."""
    if len(items) == 1:
        return draw(st.sampled_from(["{}", "not ({})"])).format(items[0])
    cut = draw(st.integers(1, len(items) - 1))
    left, right = draw(expressions(items[:cut])), draw(expressions(items[cut:]))
    if len(items) == 3:
        k = draw(st.integers(1, 3))
        return f"{draw(st.sampled_from(['at_least', 'at_most']))}({min(k, 2)}, {left}, {right})"
    return draw(st.sampled_from(["({} and {})", "({} or {})", "not ({} and {})", "not ({} or {})"])).format(left, right)


def patient(known: dict[str, bool]) -> Patient:
    facts = tuple(Fact(item, value) for item, value in known.items())
    return Patient("P", dt.date(2026, 3, 15), None, None, facts)


@given(expressions(), st.dictionaries(st.sampled_from(ITEMS), st.booleans(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_an_item_decides_alone_or_with_as_many_others_as_said(text: str, known: dict[str, bool]) -> None:
    expr = build(text, STUDY.scope)
    open_ = [item for item in ITEMS if item not in known]
    if evaluate(expr, patient(known)) is not Truth.UNKNOWN:
        assert explain(expr, patient(known)).missing == ()
        return

    def answers(names: tuple[str, ...]) -> set[object]:
        tries = product((True, False), repeat=len(names))
        return {evaluate(expr, patient({**known, **dict(zip(names, values, strict=True))})) for values in tries}

    found = {m.ref.id: m for m in explain(expr, patient(known)).missing}
    for item in open_:
        alone = answers((item,)) - {Truth.UNKNOWN}
        assert found[item].decides == alone if item in found else not alone
        if item in found:
            rest = [other for other in open_ if other != item]
            need = next(
                n for n in range(5) if any(answers((item, *s)) - {Truth.UNKNOWN} for s in combinations(rest, n))
            )
            assert found[item].others == need
