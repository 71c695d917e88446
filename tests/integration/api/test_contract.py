"""The API keeps to its own OpenAPI document, whatever it is asked; and clients of the official one work here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from library_folder import LARGE
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DOCUMENT = "/api/v2/openapi.json"
PROMISED = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip


@pytest.fixture
def served(library_folder: Path, settings: Any) -> Any:
    settings.TRIALWRIGHT_RECORDS = str(library_folder)
    from trialwright.web.wsgi import application

    return schemathesis.openapi.from_wsgi(DOCUMENT, application)


OPERATIONS = (
    ("studies", "GET"), ("studies/{nctId}", "GET"), ("studies/metadata", "GET"), ("studies/search-areas", "GET"),
    ("studies/enums", "GET"), ("studies/{nctId}/related", "GET"), ("match", "POST"), ("stats/size", "GET"),
    ("stats/field/values", "GET"), ("stats/field/sizes", "GET"), ("version", "GET"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_failure_and_no_answer_that_is_not_documented(
    served: Any, path: str, method: str, mode: GenerationMode
) -> None:
    """Whatever is asked, rightly or wrongly: no 5xx, and status, type and shape as the document says."""

    @given(case=served[f"/api/v2/{path}"][method].as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    def ask(case: Any) -> None:
        case.call_and_validate(checks=PROMISED)

    try:
        ask()
    except Unsatisfiable:
        asked = served.raw_schema["paths"][f"/api/v2/{path}"][method.lower()]
        assert mode is GenerationMode.NEGATIVE
        assert not asked.get("parameters"), "nothing can be wrong only where nothing can be asked"


def test_the_document_names_every_path(served: Any) -> None:
    assert set(served.raw_schema["paths"]) == {f"/api/v2/{path}" for path, _ in OPERATIONS}


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests are no news."""


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def address(library_folder: Path, settings: Any) -> Iterator[str]:
    """A server of its own; its address of the API."""
    settings.TRIALWRIGHT_RECORDS = str(library_folder)
    from trialwright.web.wsgi import application

    with make_server("127.0.0.1", 0, application, server_class=Threaded, handler_class=Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v2"
        server.shutdown()


def test_pytrials_reads_studies_and_fields(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = importlib.import_module("pytrials.client").ClinicalTrials
    monkeypatch.setattr(client, "_BASE_URL", f"{address}/")
    trials = client()
    assert trials.api_info[0] == "2.0.5"
    whole = trials.get_full_studies(search_expr="cancer", max_studies=3, fmt="json")
    assert len(whole["studies"]) == 3
    rows = trials.get_study_fields(
        search_expr="cancer", fields=["NCT Number", "Conditions", "Study Title"], max_studies=5, fmt="csv"
    )
    assert rows[0] == ["NCT Number", "Conditions", "Study Title"]
    assert len(rows) == 6


def test_clinical_trials_gov_searches_and_reads_a_study(address: str) -> None:
    client = importlib.import_module("clinical_trials_gov").ClinicalTrialsClient(base_url=f"{address}/studies")
    found = client.fetch_trials(condition="cancer", location="United States", status="RECRUITING")["studies"]
    assert found
    assert {s["protocolSection"]["statusModule"]["overallStatus"] for s in found} == {"RECRUITING"}
    nct = found[0]["protocolSection"]["identificationModule"]["nctId"]
    assert client.get_study(nct) == found[0]


def test_ctgov_follows_the_pages(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = importlib.import_module("ctgov.client")
    monkeypatch.setattr(package, "BASE_URL", f"{address}/")
    client = package.Client(delay=0)
    assert client.version()["apiVersion"] == "2.0.5"
    studies = list(client.iter_studies("AREA[LastUpdatePostDate]RANGE[1990-01-01,MAX]"))
    ids = [s["protocolSection"]["identificationModule"]["nctId"] for s in studies]
    assert len(ids) == len(set(ids)) > 340
    assert LARGE in ids
