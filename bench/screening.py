"""Screening: one patient, a made cohort of 100,000 beside the plain evaluator, and FHIR Bundles beside fhirpathpy.

The cohort is a Parquet file with one row for each fact, in the columns of a facts file, all texts plain strings. Timed
is, in a fresh process with the definition loaded, all from opening that file to the Parquet file of verdicts.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bench.cohort_facts import table
from bench.figures import Figure, seconds

if TYPE_CHECKING:
    from trialwright.evidence.patient import Patient
    from trialwright.study.definition import Study

PATIENTS, SAMPLE, RUNS = 100_000, 5_000, 5
STUDY = "nct07208058"
BUNDLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "fhir"


def run() -> list[Figure]:
    from trialwright.study.load import load_study

    study = load_study(STUDY)
    with tempfile.TemporaryDirectory() as folder:
        facts, verdicts = Path(folder) / "facts.parquet", Path(folder) / "verdicts.parquet"
        _write(study, facts)
        measured = [_child(facts, verdicts) for _ in range(RUNS)]
        patients = _sample(study, facts)
        _same(study, patients, pl.read_parquet(verdicts))
        loaded = _loaded(study, facts)
    plain = _plain(study, patients)
    each = tuple(m["wall"] / PATIENTS * 1e6 for m in measured)
    from_table = (plain + _reading(study, patients)) * 1e6
    cohort = f"{PATIENTS} patients"
    return [
        *_one(study, patients[:200]),
        Figure(f"{cohort}, Parquet to verdicts", "s", tuple(m["wall"] for m in measured), aim=2),
        Figure("the same, CPU", "s", tuple(m["cpu"] for m in measured)),
        Figure("the same, peak", "MiB", tuple(m["peak"] for m in measured), aim=1536),
        Figure("the same, for a patient", "us", each, peer="plain, from facts", peer_values=(from_table,)),
        Figure("facts loaded, for a patient", "us", loaded, peer="plain, facts loaded", peer_values=(plain * 1e6,)),
        *_bundles(study),
    ]


# --- one patient ---------------------------------------------------------------------------------------------------


def _one(study: Study, patients: list[Patient]) -> Iterator[Figure]:
    from trialwright.screen import verdict
    from trialwright.screen.output import document_of

    def told(patient: Patient) -> None:
        document_of(study, verdict(study, patient))

    told(patients[0])
    yield Figure("verdict, one patient", "ms", _each(lambda p: verdict(study, p), patients), aim=5)
    yield Figure("verdict with all its words", "ms", _each(told, patients))


def _each(action: Callable[[Any], object], cases: list[Any]) -> tuple[float, ...]:
    return tuple(seconds(lambda case=case: action(case), 1)[0] * 1000 for case in cases)


# --- the cohort ----------------------------------------------------------------------------------------------------


def _write(study: Study, path: Path) -> None:
    table(study, PATIENTS).with_columns(pl.col(pl.Categorical).cast(pl.String)).write_parquet(path)


def _child(facts: Path, verdicts: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.screening", str(facts), str(verdicts)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def stream(facts: Path, verdicts: Path) -> dict[str, float]:
    """Screen a Parquet file in batches, as a cohort too large for memory is screened; what it took."""
    from trialwright.screen.cohort import screen_cohort
    from trialwright.screen.sources import batches
    from trialwright.study.load import load_study

    study = load_study(STUDY)
    wall, cpu = time.perf_counter(), time.process_time()
    screen_cohort(study, batches(facts, study)).verdicts.write_parquet(verdicts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "peak": _peak()}


def _peak() -> float:
    """MiB at most in memory since this program began (`ru_maxrss` would count what started it as well)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _loaded(study: Study, path: Path) -> tuple[float, ...]:
    """Microseconds for a patient of judging alone, on one core: the facts stand in columns already."""
    from trialwright.logic.columnar import View
    from trialwright.screen.cohort import Screener
    from trialwright.screen.cohort_batch import batches

    screener = Screener(study, None)
    read = [screener.read(batch)[0] for batch in batches(pl.read_parquet(path))]
    taken = seconds(lambda: [screener.truths(View(cohort)) for cohort in read], RUNS)
    return tuple(wall / PATIENTS * 1e6 for wall in taken)


def _sample(study: Study, path: Path) -> list[Patient]:
    """Patients from all over the cohort, one by one."""
    from trialwright.screen.cohort_patients import patients_of

    every = pl.scan_parquet(path).select("subject").unique(maintain_order=True).collect()["subject"]
    chosen = every.gather_every(len(every) // SAMPLE)
    return list(patients_of(study, pl.scan_parquet(path).filter(pl.col("subject").is_in(chosen.implode())).collect()))


def _same(study: Study, patients: list[Patient], verdicts: pl.DataFrame) -> None:
    """Stop unless the sampled patients got, in the cohort, verdict and criteria as each gets alone."""
    from trialwright.screen import verdict

    found = {row["subject"]: row for row in verdicts.cast(pl.String).iter_rows(named=True)}
    for patient in patients:
        alone = verdict(study, patient)
        told = {"subject": patient.subject, "verdict": alone.state} | {c.id: c.state for c in alone.criteria}
        if found[patient.subject] != told:
            raise SystemExit(f"bench: the cohort and the verdict on one differ for {patient.subject}")


def _plain(study: Study, patients: list[Patient]) -> float:
    """Seconds of the plain evaluator for a patient, without reasons."""
    from trialwright.logic import evaluate
    from trialwright.logic.context import Context

    exprs = [study.compile(c.logic) for c in study.eligibility.criteria]

    def judge() -> None:
        for patient in patients:
            context = Context(patient)
            for expr in exprs:
                evaluate(expr, context)

    return seconds(judge, 1)[0] / len(patients)


def _reading(study: Study, patients: list[Patient]) -> float:
    """Seconds of reading the facts of one patient, as a facts file is read."""
    from trialwright.screen.cohort_batch import SCHEMA
    from trialwright.screen.cohort_patients import patients_of
    from trialwright.screen.sources_cohort import rows_of

    some = patients[:500]
    rows = [row for patient in some for row in rows_of(patient, patient.subject)]
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    return seconds(lambda: list(patients_of(study, frame)), 1)[0] / len(some)


# --- Bundles -------------------------------------------------------------------------------------------------------


def _bundles(study: Study) -> Iterator[Figure]:
    """From file to verdict; and from parsed JSON to verdict, for a criterion, beside a FHIRPath for an item."""
    from trialwright.screen import verdict
    from trialwright.screen.sources import patient_of_document, read_patient

    paths = sorted(BUNDLES.glob("*.json.gz"))
    if not paths:
        return
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in paths]
    verdict(study, read_patient(paths[0], study)[0])

    def judged(document: Any) -> None:
        [c.state for c in verdict(study, patient_of_document(document, study, where="bundle")[0]).criteria]

    yield Figure("Bundle to verdict", "ms", _each(lambda p: verdict(study, read_patient(p, study)[0]), paths), aim=300)
    ours = [wall / len(study.eligibility.criteria) for wall in _each(judged, documents)]
    theirs = _peer(study, documents)
    name = "Bundle in memory to verdict, for a patient and criterion"
    yield Figure(name, "ms", tuple(ours), peer="fhirpathpy", peer_values=theirs)


def _peer(study: Study, documents: list[Any]) -> tuple[float, ...]:
    """Milliseconds of fhirpathpy for a patient and expression; none where it is not installed."""
    try:
        from fhirpathpy import compile as compiled
    except ImportError:
        return ()
    paths = [compiled(text) for text in _expressions(study)]
    return tuple(sum(_each(lambda p, d=document: p(d, {}), paths)) / len(paths) for document in documents)


def _expressions(study: Study) -> Iterator[str]:
    """For each item that the criteria speak of: the facts of its codes, as FHIRPath finds them in a Bundle."""
    named = {name for c in study.eligibility.criteria for name in study.compile(c.logic).items}
    for item in (study.item_by_id[name] for name in sorted(named)):
        if item.codes and item.codes.loinc:
            coded = f"code.coding.where(system='http://loinc.org' and code='{item.codes.loinc}').exists()"
            yield f"Bundle.entry.resource.where(resourceType='Observation' and {coded}).value"
        if item.codes and item.codes.snomed:
            listed = " or ".join(f"code='{code}'" for code in item.codes.snomed)
            coded = f"code.coding.where(system='http://snomed.info/sct' and ({listed})).exists()"
            yield f"Bundle.entry.resource.where(resourceType='Condition' and {coded}).onset"


if __name__ == "__main__":
    print(json.dumps(stream(Path(sys.argv[1]), Path(sys.argv[2]))))
