"""Truths: and, or, not, counting, comparison, membership, choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trialwright.kernel import truth as kleene
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import nearest
from trialwright.kernel.texts import JOINT
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context
from trialwright.logic.evaluate import number_of, truth_of, value_of
from trialwright.logic.nodes import TRUTH, Call, Kind, Literal, Node
from trialwright.logic.operators.base import Mismatch, Operator, Speaker, comparable, count, number, say, want, whole
from trialwright.logic.values import Value, date_less, date_same, less, same


def _truths(args: Sequence[Node], names: Sequence[str]) -> Kind:
    for index in range(len(args)):
        want(args, index, "truth")
    return TRUTH


def _joined(function: Callable[[list[Truth]], Truth]) -> Callable[[Call, Context], Truth]:
    return lambda call, context: function([truth_of(arg, context) for arg in call.args])


def _not(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 1)
    return _truths(args, names)


def _say_not(call: Call, speaker: Speaker) -> str:
    said = speaker.say(call.args[0])
    return f"并非（{said}）" if speaker.lang == "zh" else f"not ({said})"


def _between(joint_en: str, joint_zh: str) -> Callable[[Call, Speaker], str]:
    def saying(call: Call, speaker: Speaker) -> str:
        return (joint_zh if speaker.lang == "zh" else joint_en).join(speaker.inner(arg) for arg in call.args)

    return saying


def _counted(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2, 0)
    k = whole(args, 0)
    if not 0 <= k <= len(args) - 1:
        raise Mismatch(f"{k} of {len(args) - 1} is impossible", 0)
    for index in range(1, len(args)):
        want(args, index, "truth")
    return TRUTH


def _at_least(call: Call, context: Context) -> Truth:
    return kleene.at_least(number(call.args[0]), (truth_of(arg, context) for arg in call.args[1:]))


def _at_most(call: Call, context: Context) -> Truth:
    return kleene.at_least(number(call.args[0]) + 1, (truth_of(arg, context) for arg in call.args[1:])).negate()


def _exactly(call: Call, context: Context) -> Truth:
    return kleene.all_of((_at_least(call, context), _at_most(call, context)))


def _tally(en: str, zh: str) -> Callable[[Call, Speaker], str]:
    def saying(call: Call, speaker: Speaker) -> str:
        k, parts = number(call.args[0]), [speaker.inner(arg) for arg in call.args[1:]]
        if speaker.lang == "zh":
            return f"{zh.format(k=k)}：{'；'.join(parts)}"
        return f"{en.format(k=k)} of these {len(parts)}: {'; '.join(parts)}"

    return saying


_ORDER: dict[str, Callable[[Truth, Truth], Truth]] = {
    # (is less, is greater) -> answer; "not less" is >=, "not greater" is <=.
    "<": lambda lt, gt: lt,
    ">": lambda lt, gt: gt,
    ">=": lambda lt, gt: lt.negate(),
    "<=": lambda lt, gt: gt.negate(),
}


def _compared(symbol: str) -> Callable[[Sequence[Node], Sequence[str]], Kind]:
    def typing(args: Sequence[Node], names: Sequence[str]) -> Kind:
        a, b = args
        kinds = {a.kind.name, b.kind.name}
        if kinds == {"number"}:
            comparable(a, b, 1)
        elif kinds <= {"date", "event"}:
            pass
        elif symbol in ("==", "!=") and kinds in ({"code"}, {"truth"}, {"code", "event"}):
            _known_code(a, b, 1)
            _known_code(b, a, 0)
        else:
            hint = f"'{symbol}' compares numbers and dates." if symbol not in ("==", "!=") else ""
            raise Mismatch(
                f"a value of kind {a.kind.name} cannot be compared so with one of kind {b.kind.name}", 1, hint
            )
        return TRUTH

    return typing


def _known_code(holder: Node, literal: Node, index: int) -> None:
    """A text constant must be one of the codes that the other side can have."""
    codes = ("none", "current") if holder.kind.name == "event" else holder.kind.codes
    if codes and isinstance(literal, Literal) and literal.value not in codes:
        raise Mismatch(f"'{literal.value}' is not one of its codes", index, nearest(str(literal.value), codes))


def _compare(symbol: str) -> Callable[[Call, Context], Truth]:
    def evaluate(call: Call, context: Context) -> Truth:
        a, b = call.args
        if a.kind.name == "number":
            left = number_of(a, context)
            right = number_of(b, context, a.kind.unit, a.kind.molar_mass)
            if symbol in ("==", "!="):
                return same(left, right) if symbol == "==" else same(left, right).negate()
            return _ORDER[symbol](less(left, right), less(right, left))
        return _compare_others(symbol, value_of(a, context), value_of(b, context), a.kind.timed and b.kind.timed)

    return evaluate


def _compare_others(symbol: str, a: Value, b: Value, timed: bool) -> Truth:
    if isinstance(a, PartialDate) and isinstance(b, PartialDate):
        if symbol in ("==", "!="):
            answer = date_same(a, b, timed=timed)
            return answer if symbol == "==" else answer.negate()
        return _date_order(symbol, a, b, timed)
    if a is None or b is None or Truth.UNKNOWN in (a, b) or symbol not in ("==", "!="):
        return Truth.UNKNOWN
    return Truth.of((a == b) == (symbol == "=="))


def _date_order(symbol: str, a: PartialDate, b: PartialDate, timed: bool) -> Truth:
    if symbol in ("<", ">="):
        answer = date_less(a, b, timed=timed)
        return answer if symbol == "<" else answer.negate()
    answer = date_less(b, a, timed=timed)
    return answer if symbol == ">" else answer.negate()


def _listed(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2, 0)
    want(args, 0, "code")
    for index in range(1, len(args)):
        if not isinstance(args[index], Literal):
            raise Mismatch("a list holds only texts in quotes", index)
        want(args, index, "code")
        _known_code(args[0], args[index], index)
    return TRUTH


def _in(call: Call, context: Context) -> Truth:
    found = value_of(call.args[0], context)
    if not isinstance(found, str):
        return Truth.UNKNOWN
    return Truth.of(found in {arg.value for arg in call.args[1:] if isinstance(arg, Literal)})


def _say_in(call: Call, speaker: Speaker) -> str:
    first, *rest = (speaker.inner(arg) for arg in call.args)
    return f"{first}为{'或'.join(rest)}" if speaker.lang == "zh" else f"{first} is {' or '.join(rest)}"


def _including(args: Sequence[Node], names: Sequence[str]) -> Kind:
    count(args, 2)
    want(args, 0, "codes")
    if not isinstance(want(args, 1, "code"), Literal):
        raise Mismatch("this must be a code in quotes", 1)
    _known_code(args[0], args[1], 1)
    return TRUTH


def _includes(call: Call, context: Context) -> Truth:
    found = value_of(call.args[0], context)
    wanted = call.args[1]
    assert isinstance(wanted, Literal)
    return Truth.of(wanted.value in found.split(JOINT)) if isinstance(found, str) else Truth.UNKNOWN


def _spanned(args: Sequence[Node], names: Sequence[str]) -> Kind:
    for symbol, index in ((">=", 1), ("<=", 2)):
        try:
            _compared(symbol)([args[0], args[index]], ["", ""])
        except Mismatch as error:
            raise Mismatch(error.what, index, error.hint) from None
    return TRUTH


def _in_span(call: Call, context: Context) -> Truth:
    """Not below the one end and not above the other; both ends belong to it."""
    value, low, high = call.args
    pairs = ((">=", low), ("<=", high))
    return kleene.all_of([_compare(symbol)(Call(symbol, (value, end), TRUTH), context) for symbol, end in pairs])


def _conditional(args: Sequence[Node], names: Sequence[str]) -> Kind:
    want(args, 0, "truth")
    yes, no = args[1], args[2]
    if yes.kind.name != no.kind.name:
        raise Mismatch(f"'then' gives {yes.kind.name} and 'else' gives {no.kind.name}", 2)
    if yes.kind.name == "number" and yes.kind != no.kind:
        if yes.kind.unit != no.kind.unit:
            raise Mismatch("'then' and 'else' must have the same unit", 2)
        return Kind("number", yes.kind.unit)
    return yes.kind if yes.kind == no.kind else Kind(yes.kind.name)


def _if(call: Call, context: Context) -> Value:
    condition, yes, no = call.args
    match truth_of(condition, context):
        case Truth.TRUE:
            return value_of(yes, context)
        case Truth.FALSE:
            return value_of(no, context)
    first, second = value_of(yes, context), value_of(no, context)
    if first == second:
        return first
    return Truth.UNKNOWN if call.kind.name == "truth" else None


_WORDS = {
    "<": ("{0} below {1}", "{0}低于{1}"),
    "<=": ("{0} at most {1}", "{0}不高于{1}"),
    ">": ("{0} above {1}", "{0}高于{1}"),
    ">=": ("{0} at least {1}", "{0}不低于{1}"),
    "==": ("{0} is {1}", "{0}为{1}"),
    "!=": ("{0} is not {1}", "{0}不为{1}"),
}

_COMPARISONS = tuple(
    Operator(
        symbol,
        f"Compares numbers with units, or days: `{symbol}`.",
        f"ferritin {symbol} 500 ug/L",
        _compared(symbol),
        _compare(symbol),
        say(*_WORDS[symbol]),
        infix=symbol,
        level=4,
    )
    for symbol in ("<", "<=", ">", ">=", "==", "!=")
)

TRUTHS: tuple[Operator, ...] = (
    Operator(
        "or",
        "True once one part is true.",
        "a or b",
        _truths,
        _joined(kleene.any_of),
        _between(", or ", "，或"),
        "or",
        1,
        connective=True,
    ),
    Operator(
        "and",
        "True when all parts are true.",
        "a and b",
        _truths,
        _joined(kleene.all_of),
        _between(" and ", "，且"),
        "and",
        2,
        connective=True,
    ),
    Operator(
        "not",
        "Turns true and false; unknown stays.",
        "not a",
        _not,
        lambda call, context: truth_of(call.args[0], context).negate(),
        _say_not,
        "not",
        3,
        connective=True,
    ),
    *_COMPARISONS,
    Operator("in", "One of several codes.", 'sex in ("female", "male")', _listed, _in, _say_in, "in", 4),
    Operator(
        "includes",
        "Whether a code is among those that were chosen.",
        'includes(symptoms, "fever")',
        _including,
        _includes,
        say("{0} includes {1}", "{0}包括{1}"),
    ),
    Operator(
        "between",
        "Whether a number or a day lies in an interval; both ends belong to it.",
        "ferritin in [500 ug/L, 2000 ug/L]",
        _spanned,
        _in_span,
        say("{0} from {1} to {2}", "{0}在{1}至{2}之间（含两端）"),
        infix="in",
        level=4,
    ),
    Operator(
        "at_least",
        "True once k are true, false once k cannot be reached.",
        "at_least(2, a, b, c)",
        _counted,
        _at_least,
        _tally("at least {k}", "至少符合{k}项"),
        connective=True,
    ),
    Operator(
        "at_most",
        "True once no more than k can be true.",
        "at_most(1, a, b, c)",
        _counted,
        _at_most,
        _tally("at most {k}", "至多符合{k}项"),
        connective=True,
    ),
    Operator(
        "exactly",
        "True when k are true and the others false.",
        "exactly(1, a, b)",
        _counted,
        _exactly,
        _tally("exactly {k}", "恰好符合{k}项"),
        connective=True,
    ),
    Operator(
        "if",
        "Chooses by a condition; while that is unknown, known only where both ways agree.",
        'if sex == "female" then 12 else 13',
        _conditional,
        _if,
        say("if {0}, then {1}, else {2}", "若{0}，则{1}，否则{2}"),
        connective=True,
    ),
)
