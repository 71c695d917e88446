"""Trial design, from the definition alone: arms (TA), elements (TE), visits (TV), criteria (TI), summary (TS)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from trialwright.analyse.sdtm.context import planned_day
from trialwright.analyse.sdtm.supplemental import split_text
from trialwright.analyse.spec import Record
from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion
from trialwright.study.identity import Arm
from trialwright.study.schedule import Visit


def arm_code(arm: Arm) -> str:
    """ARMCD: at most 20 characters."""
    return arm.id.upper().replace("_", "-")[:20]


def criterion_text(criterion: Criterion) -> str:
    """The criterion in words, or its short name where the words do not fit one variable."""
    parts = split_text(str(criterion.text))
    return parts[0] if len(parts) == 1 else str(criterion.label)


def _base(study: Study, domain: str) -> Record:
    return {"STUDYID": study.registration.identity.org_study_id, "DOMAIN": domain}


def arms(study: Study) -> Iterator[Record]:
    for arm in study.registration.arms:
        for order, epoch in enumerate(study.schedule.epochs, 1):
            yield _base(study, "TA") | {
                "ARMCD": arm_code(arm),
                "ARM": str(arm.label),
                "TAETORD": order,
                "ETCD": epoch.element_code,
                "ELEMENT": epoch.element,
                "TABRANCH": "Enrolled" if epoch.id == "SCREENING" else "",
                "EPOCH": epoch.id,
            }


def elements(study: Study) -> Iterator[Record]:
    for epoch in study.schedule.epochs:
        yield _base(study, "TE") | {
            "ETCD": epoch.element_code,
            "ELEMENT": epoch.element,
            "TESTRL": str(epoch.starts),
            "TEENRL": str(epoch.ends),
        }


def visits(study: Study) -> Iterator[Record]:
    for visit in study.schedule.planned():
        anchor = "the first dose" if visit.anchor == "first_dose" else "screening"
        yield _base(study, "TV") | {
            "VISITNUM": visit.number,
            "VISIT": visit.label.en.upper(),
            "VISITDY": planned_day(visit),
            "TVSTRL": _start_rule(visit, anchor),
        }


def _start_rule(visit: Visit, anchor: str) -> str:
    """When a visit begins, in words."""
    if visit.offset == 0:
        day = f"The day of {anchor}"
    else:
        day = f"{_days(abs(visit.offset))} {'after' if visit.offset > 0 else 'before'} {anchor}"
    before, after = visit.window.before, visit.window.after
    if not before and not after:
        return day
    return (
        f"{day}, from {_days(before)} before to {_days(after)} after it"
        if before
        else f"{day}, or up to {_days(after)} later"
    )


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def criteria(study: Study) -> Iterator[Record]:
    for criterion in study.eligibility.criteria:
        yield _base(study, "TI") | {
            "IETESTCD": criterion.id,
            "IETEST": criterion_text(criterion),
            "IECAT": criterion.kind.upper(),
            "TIVERS": study.version,
        }


def summary(study: Study, cut: dt.datetime, enrolled: int) -> Iterator[Record]:
    """One record for each value of each parameter; a long text goes on in TSVAL1 and TSVAL2.

    `enrolled`: subjects in the study until the cut.
    """
    parameters = [*_identity(study), *_design(study), *_population(study), *_treatment(study), *_outcomes(study)]
    parameters.append(("ACTSUB", "Actual Number of Subjects", [str(enrolled)]))
    parameters.append(("DCUTDTC", "Data Cutoff Date", [cut.date().isoformat()]))
    parameters.append(("DCUTDESC", "Data Cutoff Description", ["Cut of the snapshot"]))
    for code, label, values in parameters:
        for order, value in enumerate((v for v in values if v), 1):
            parts = split_text(value)
            yield _base(study, "TS") | {
                "TSSEQ": order,
                "TSPARMCD": code,
                "TSPARM": label,
                **dict(zip(("TSVAL", "TSVAL1", "TSVAL2"), parts, strict=False)),
            }


TRIAL_TYPES = {
    "efficacy": "EFFICACY",
    "safety": "SAFETY",
    "tolerability": "TOLERABILITY",
    "immunogenicity": "IMMUNOGENICITY",
    "pharmacokinetics": "PHARMACOKINETIC",
    "pharmacodynamics": "PHARMACODYNAMIC",
    "biomarker": "BIOMARKER",
}
"""TTYPE of what an endpoint is about."""
Parameter = tuple[str, str, Iterable[str]]


def _identity(study: Study) -> Iterator[Parameter]:
    registration = study.registration
    yield "TITLE", "Trial Title", [str(registration.identity.official_title)]
    yield "REGID", "Registry Identifier", [registration.identity.nct_id]
    yield "SPONSOR", "Clinical Study Sponsor", [registration.sponsor.name]
    yield "SSTDTC", "Study Start Date", [registration.status.start.isoformat()]
    yield "SENDTC", "Study End Date", [registration.status.completion.isoformat()]
    yield "FCNTRY", "Planned Country of Investigational Sites", sorted({str(s.country) for s in registration.sites})
    yield "SDTIGVER", "SDTM IG Version", ["3.4"]
    yield "SDTMVER", "SDTM Version", ["2.0"]


def _design(study: Study) -> Iterator[Parameter]:
    design = study.registration.design
    phases = {
        "PHASE1": "PHASE I TRIAL",
        "PHASE2": "PHASE II TRIAL",
        "PHASE3": "PHASE III TRIAL",
        "PHASE4": "PHASE IV TRIAL",
    }
    models = {"SINGLE_GROUP": "SINGLE GROUP"}
    masking = {"NONE": "OPEN LABEL", "SINGLE": "SINGLE BLIND", "DOUBLE": "DOUBLE BLIND"}
    yield "STYPE", "Study Type", [design.study_type]
    yield "TPHASE", "Trial Phase Classification", [phases.get(phase, phase) for phase in design.phases]
    yield "INTMODEL", "Intervention Model", [models.get(design.intervention_model, design.intervention_model)]
    yield "TBLIND", "Trial Blinding Schema", [masking.get(design.masking, design.masking)]
    yield "RANDOM", "Trial is Randomized", ["Y" if design.allocation == "RANDOMIZED" else "N"]
    yield "TINDTP", "Trial Intent Type", [design.primary_purpose]
    yield "NARMS", "Planned Number of Arms", [str(len(study.registration.arms))]
    yield "PLANSUB", "Planned Number of Subjects", [str(design.enrolment)]
    kinds = {"PLACEBO_COMPARATOR": "PLACEBO", "SHAM_COMPARATOR": "SHAM PROCEDURE", "ACTIVE_COMPARATOR": "ACTIVE"}
    controls = sorted({kinds[arm.kind] for arm in study.registration.arms if arm.kind in kinds})
    yield "TCNTRL", "Control Type", controls or ["NONE"]
    yield "TTYPE", "Trial Type", sorted({TRIAL_TYPES[e.aim] for e in study.endpoints.endpoints})
    last = max((v.offset for v in study.schedule.visits if v.anchor == "first_dose"), default=0)
    yield "LENGTH", "Trial Length", [f"P{last}D" if last else ""]
    yield "ADAPT", "Adaptive Design", ["N"]


def _population(study: Study) -> Iterator[Parameter]:
    design = study.registration.design
    sexes = {"ALL": "BOTH", "FEMALE": "F", "MALE": "M"}
    yield "INDIC", "Trial Disease/Condition Indication", [str(c) for c in study.registration.conditions]
    yield "AGEMIN", "Planned Minimum Age of Subjects", [f"P{design.min_age}Y" if design.min_age is not None else ""]
    yield "AGEMAX", "Planned Maximum Age of Subjects", [f"P{design.max_age}Y" if design.max_age is not None else ""]
    yield "SEXPOP", "Sex of Participants", [sexes.get(design.sex, design.sex)]
    yield "HLTSUBJI", "Healthy Subject Indicator", ["Y" if design.healthy_volunteers else "N"]


def _treatment(study: Study) -> Iterator[Parameter]:
    dosing = study.dosing
    given = next((i for i in study.registration.interventions if i.id == dosing.intervention), None)
    yield "INTTYPE", "Intervention Type", [given.kind.replace("_", " ") if given else ""]
    yield "TRT", "Investigational Therapy or Treatment", [dosing.treatment]
    yield "DOSE", "Dose per Administration", [f"{step.per_kg:g}" for step in dosing.steps]
    yield "DOSU", "Dose Units", [step.unit for step in dosing.steps]
    yield (
        "DOSFRQ",
        "Dosing Frequency",
        [f"EVERY {dosing.interval_days} DAYS" if dosing.interval_days != 7 else "EVERY WEEK"],
    )
    yield "ROUTE", "Route of Administration", [dosing.infusion.route]


def _outcomes(study: Study) -> Iterator[Parameter]:
    names = {
        "primary": ("OUTMSPRI", "Primary Outcome Measure"),
        "secondary": ("OUTMSSEC", "Secondary Outcome Measure"),
        "exploratory": ("OUTMSEXP", "Exploratory Outcome Measure"),
    }
    for rank, (code, label) in names.items():
        yield code, label, [str(e.title) for e in study.endpoints.endpoints if e.rank == rank]
