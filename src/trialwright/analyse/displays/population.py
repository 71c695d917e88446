"""Who was studied and what they received: demography, baseline values and exposure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trialwright.analyse.adam.names import AGE_GROUPS
from trialwright.analyse.displays import words
from trialwright.analyse.displays.data import Data, Subject
from trialwright.evidence.results import Display, Measure, Row, Stat, Table
from trialwright.science.stats.summary import Summary, summarise
from trialwright.study.items import Item

SEXES = (("F", "Female"), ("M", "Male"), ("U", "Not known"))
_WORDS = ("< 18 years", "18 to 64 years", "\u2265 65 years")
AGES = tuple((low, high, word) for (low, high, _), word in zip(AGE_GROUPS, _WORDS, strict=True))
REGISTRY_AGES = ((0, 19, "<=18 years"), (19, 65, "Between 18 and 65 years"), (65, 200, ">=65 years"))
"""The registry's own classes: who is 18 belongs to the first, who is 65 to the last."""


def baseline_measures(data: Data) -> tuple[Measure, ...]:
    """The registry's baseline measures over all enrolled subjects."""
    subjects, n = data.enrolled, len(data.enrolled)
    ages = summarise([float(s.age) for s in subjects if s.age is not None])
    age = Stat("", ages.mean, spread=ages.sd, n=ages.n)
    measures = [
        Measure("Age, Continuous", "years", "MEAN", "STANDARD_DEVIATION", (age,)),
        _counted("Age, Categorical", "Age, Customized", [(w, _aged(subjects, a, b)) for a, b, w in REGISTRY_AGES], n),
        _counted("Sex: Female, Male", "Sex/Gender, Customized", [(w, _of_sex(subjects, c)) for c, w in SEXES[:2]], n),
        Measure("Region of Enrollment", "participants", "NUMBER", "", _regions(data)),
    ]
    for item in _shown(data):
        found = _baseline(data, item)
        if found.n:
            stat = Stat("", found.median, low=found.q1, high=found.q3, n=found.n)
            unit = words.unit(item) or "ratio"
            measures.append(Measure(item.label.en, unit, "MEDIAN", "INTER_QUARTILE_RANGE", (stat,)))
    return tuple(measures)


def _counted(title: str, otherwise: str, counts: Sequence[tuple[str, int]], n: int) -> Measure:
    """Counts of participants under the registry's own title; `otherwise` where some are in none of its categories."""
    stats = [Stat(word, count) for word, count in counts]
    missing = n - sum(count for _, count in counts)
    if missing:
        title, stats = otherwise, [*stats, Stat("Unknown", missing)]
    return Measure(title, "Participants", "COUNT_OF_PARTICIPANTS", "", tuple(stats))


def _aged(subjects: Sequence[Subject], low: int, high: int) -> int:
    return sum(s.age is not None and low <= s.age < high for s in subjects)


def _of_sex(subjects: Sequence[Subject], code: str) -> int:
    return sum(s.sex == code for s in subjects)


def _regions(data: Data) -> tuple[Stat, ...]:
    country = {site.id: site.country.en for site in data.study.registration.sites}
    names = sorted({country.get(s.site, "Unknown") for s in data.enrolled})
    count = {n: sum(country.get(s.site, "Unknown") == n for s in data.enrolled) for n in names}
    return tuple(Stat("", count[name], group=name) for name in names)


def _shown(data: Data) -> list[Item]:
    """Findings worth a baseline row: those of endpoints and of the dose, in the order of the data dictionary."""
    wanted = {e.item for e in data.study.endpoints.endpoints if e.measure == "continuous"}
    wanted |= {data.study.dosing.weight.item}
    return [i for i in data.study.items if i.id in wanted and i.sdtm is not None and i.sdtm.testcd]


def _baseline(data: Data, item: Item) -> Summary:
    enrolled = {s.key for s in data.enrolled}
    return summarise([r.value for r in data.readings(item) if r.base and r.subject in enrolled])


def demography(data: Data, number: str) -> Display:
    """Demography, underlying conditions and baseline values of all enrolled subjects."""
    subjects = data.enrolled
    n = len(subjects)
    ages = summarise([float(s.age) for s in subjects if s.age is not None])
    women = _of_sex(subjects, "F")
    finding = (
        f"{words.subjects(n)} were enrolled, {women} ({words.percent(women, n)}) of them female; "
        f"median age {words.number(ages.median, 0)} years, {words.interval(ages.low, ages.high, 0)}."
    )
    rows = [Row("Age (years)"), *_summary_rows(ages, 0), Row("Age group")]
    rows += [Row(word, (words.share(_aged(subjects, low, high), n),), 1) for low, high, word in AGES]
    rows.append(Row("Sex"))
    rows += [
        Row(word, (words.share(count, n),), 1)
        for code, word in SEXES
        if (count := _of_sex(subjects, code)) or code != "U"
    ]
    rows += _history(data)
    for item in _shown(data):
        found = _baseline(data, item)
        rows += [Row(words.labelled(item)), *_summary_rows(found, words.decimals(item))]
    rows += [Row("Site"), *_sites(data)]
    return Display(
        "demography",
        number,
        "Demography and baseline",
        finding,
        f"Enrolled subjects (N = {n})",
        Table("Characteristic", (f"All (N = {n})",), tuple(rows)),
        None,
        ("Baseline is the last value before the first dose. SD: standard deviation.",),
        ("ADSL", "MH", "LB", "VS"),
    )


def _summary_rows(found: Summary, decimals: int) -> list[Row]:
    """n, mean with SD, median with quartiles, range; one decimal more for mean and SD."""
    spread = f"{words.number(found.mean, decimals + 1)} ({words.number(found.sd, decimals + 1)})"
    middle = f"{words.number(found.median, decimals)} ({words.interval(found.q1, found.q3, decimals)})"
    ends = words.interval(found.low, found.high, decimals)
    texts = [("n", str(found.n)), ("Mean (SD)", spread), ("Median (quartiles)", middle), ("Range", ends)]
    return [Row(label, (text,), 1) for label, text in (texts if found.n else texts[:1])]


def _history(data: Data) -> list[Row]:
    """Subjects by diagnosis, for each category of medical history that comes from a list of choices."""
    rows: list[Row] = []
    enrolled = {s.key for s in data.enrolled}
    for item in data.study.items:
        if item.type != "choice" or item.sdtm is None or (item.sdtm.domain, item.sdtm.variable) != ("MH", "MHTERM"):
            continue
        rows.append(Row(item.label.en))
        for choice in item.choices:
            term = (choice.submission or choice.code).upper()
            having = {r["USUBJID"] for r in data.rows("MH") if str(r.get("MHTERM")).upper() == term} & enrolled
            rows.append(Row(choice.label.en, (words.share(len(having), len(enrolled)),), 1))
    return rows


def _sites(data: Data) -> list[Row]:
    n = len(data.enrolled)
    counts = ((site, sum(s.site == site.id for s in data.enrolled)) for site in data.study.registration.sites)
    return [Row(f"{site.id} {site.name.en}", (words.share(count, n),), 1) for site, count in counts if count]


def exposure(data: Data, number: str) -> Display:
    """Doses given, mg, mg/kg against plan, lateness and changed infusions."""
    subjects = data.dosed()
    n, dosing = len(subjects), data.study.dosing
    unit = words.unit(data.study.item_by_id[dosing.dose_item])
    given = {s.key: _doses(data, s) for s in subjects}
    counts = summarise([float(len(d)) for d in given.values()])
    full = sum(len(d) >= dosing.doses for d in given.values())
    total = summarise([sum(mg for _, mg, _ in d) for d in given.values()])
    finding = (
        f"{full} of {n} subjects ({words.percent(full, n)}) received all {dosing.doses} doses; "
        f"the median total was {words.number(total.median, 0)} {unit}."
    )
    rows = [
        Row("Doses given"),
        *(
            Row(f"{k} of {dosing.doses}", (words.share(have, n),), 1)
            for k in range(dosing.doses, 0, -1)
            if (have := sum(len(d) == k for d in given.values()))
        ),
        Row("Median (range)", (_spread(counts, 0),), 1),
        Row(f"Total dose ({unit}), median (range)", (_spread(total, 0),)),
        *_per_kg(data, given),
        *_lateness(data, subjects),
        *_changed(data, n),
    ]
    return Display(
        "exposure",
        number,
        "Exposure to the study drug",
        finding,
        f"Subjects who received at least one dose (N = {n})",
        Table("Measure", (f"All (N = {n})",), tuple(rows)),
        None,
        (
            "Dose by weight: dose given over the weight last measured up to the day of the dose.",
            "Late: after the end of the visit's window, counted from the first dose.",
        ),
        ("ADSL", "EX", "VS"),
    )


_Dose = tuple[str, float, int | None]
"""Visit, mg, day from the first dose."""


def _doses(data: Data, subject: Subject) -> list[_Dose]:
    doses: list[_Dose] = []
    for row in data.rows("EX"):
        if row["USUBJID"] == subject.key and (row.get("EXDOSE") or 0) > 0:
            visit = data.visit_by_number.get(row.get("VISITNUM") or -1.0)
            study_day = row.get("EXSTDY")
            doses.append((visit.id if visit else "", float(row["EXDOSE"]), study_day and int(study_day) - 1))
    return doses


def dose_days(data: Data, subject: Subject) -> list[int]:
    """Days of the doses, counted from the first one (0)."""
    return [day for _, _, day in _doses(data, subject) if day is not None]


def _spread(found: Summary, decimals: int) -> str:
    return f"{words.number(found.median, decimals)} ({words.interval(found.low, found.high, decimals)})"


def _per_kg(data: Data, given: dict[str, list[_Dose]]) -> list[Row]:
    dosing = data.study.dosing
    item = data.study.item_by_id[dosing.weight.item]
    if item.sdtm is None or not item.sdtm.testcd:
        return []
    weights = _weights(data, item)
    rows = [Row(f"Dose by weight ({dosing.steps[0].unit}), median (range)")]
    for step in dosing.steps:
        visits = {v.id for v in data.study.schedule.visits if v.dose and step.first <= v.dose <= step.last}
        values = [
            mg / weight
            for key, doses in given.items()
            for visit, mg, day in doses
            if visit in visits and (weight := weights(key, day))
        ]
        label = f"Doses {step.first} to {step.last}, planned {step.per_kg:g} {step.unit}"
        rows.append(Row(label, (_spread(summarise(values), 2),), 1))
    return rows


def _weights(data: Data, item: Item) -> Callable[[str, int | None], float | None]:
    """The weight last measured up to a day of a subject."""
    readings = data.readings(item)
    by_subject: dict[str, list[tuple[float, float]]] = {}
    for r in readings:
        if r.value and r.day is not None:
            by_subject.setdefault(r.subject, []).append((r.day, r.value))

    def weight(subject: str, day: int | None) -> float | None:
        known = sorted(by_subject.get(subject, ()))
        before = [value for when, value in known if day is None or int(when) <= day]
        return before[-1] if before else None

    return weight


def _lateness(data: Data, subjects: Sequence[Subject]) -> list[Row]:
    late = [(s.key, visit) for s in subjects for visit, _, day in _doses(data, s) if _is_late(data, visit, day)]
    all_doses = sum(len(_doses(data, s)) for s in subjects)
    who = len({key for key, _ in late})
    return [
        Row("Doses given late", (f"{words.share(len(late), all_doses)} of {all_doses}",)),
        Row("Subjects with a late dose", (words.share(who, len(subjects)),), 1),
    ]


def _is_late(data: Data, visit_id: str, day: int | None) -> bool:
    visit = next((v for v in data.study.schedule.visits if v.id == visit_id), None)
    return visit is not None and day is not None and day > visit.offset + visit.window.after


def _changed(data: Data, n: int) -> list[Row]:
    """Changed infusions by reason."""
    changed = [r for r in data.rows("EX") if str(r.get("EXADJ") or "")]
    reasons = sorted({str(r["EXADJ"]) for r in changed})
    rows = [Row("Subjects with a changed infusion", (words.share(len({r["USUBJID"] for r in changed}), n),))]
    for reason in reasons:
        having = {r["USUBJID"] for r in changed if r["EXADJ"] == reason}
        rows.append(Row(reason.capitalize(), (words.share(len(having), n),), 1))
    return rows
