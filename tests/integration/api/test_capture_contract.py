"""The JSON API of capture keeps to its own OpenAPI document, whoever asks whatever."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from capture_scene import STUDY
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

BASE = "/api/capture/v1"
PROMISED = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
KNOWN: dict[str, list[Any]] = {
    "study": [STUDY], "subject": ["01-001", "01-002"], "visit": ["screening", "week1"],
    "form": ["person", "vitals", "lab", "pills", "events", "papers"], "site": ["01", "02"], "number": [1, 2],
    "item": ["weight", "sex", "birth_date", "pill"], "dose": [1, 2], "version": [0, 1], "group": ["", "body"],
}  # fmt: skip
"""Names that stand for something, so that not every request ends at the first 404."""
IN_PATHS = {**KNOWN, "version": ["1.0"], "sequence": [1, 8, 9]}


@pytest.fixture(scope="module")
def served() -> Any:
    """The API as its document describes it, which no key and no study has a part in."""
    from trialwright.web.wsgi import application

    return schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", application)


@st.composite
def meant(draw: Any, cases: Any) -> Any:
    """A request in which many names are such as exist."""
    case = draw(cases)
    for part, known in ((case.path_parameters, IN_PATHS), (case.body, KNOWN)):
        if isinstance(part, dict):
            for name in sorted(part.keys() & known.keys()):
                if draw(st.integers(0, 9)):
                    part[name] = draw(st.sampled_from(known[name]))
    values = case.body.get("values") if isinstance(case.body, dict) else None
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict) and draw(st.booleans()):
            value |= {"item": draw(st.sampled_from(KNOWN["item"])), "group": "", "row": 1}
    return case


ROLES = ("data_manager", "coordinator")
FEW = settings(
    max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None,
    phases=[Phase.generate],
)  # fmt: skip
"""Requests for each operation."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_failure_and_no_answer_that_is_not_documented(
    served: Any, keys: dict[str, str], mode: GenerationMode
) -> None:
    """For every operation and every asker: no 5xx, and status, type and shape as the document says.

    To think of a request takes longer than to answer it: each is sent with every key, the first one without any too.
    """
    seen: dict[str, set[int]] = {"": set(), **{role: set() for role in ROLES}}
    strangers: set[str] = set()

    def ask(case: Any) -> None:
        label = case.operation.label
        for role in (*ROLES, *(() if label in strangers else ("",))):
            response = case.call(headers={"Authorization": f"Bearer {keys[role]}"} if role else {})
            seen[role].add(response.status_code)
            case.validate_response(response, checks=PROMISED)
        strangers.add(label)

    for operation in (result.ok() for result in served.get_all_operations()):
        try:
            FEW(given(case=meant(operation.as_strategy(generation_mode=mode)))(ask))()
        except Unsatisfiable:
            asked = served.raw_schema["paths"][operation.path][operation.method]
            assert mode is GenerationMode.NEGATIVE
            assert not asked.get("parameters"), "nothing can be wrong only where nothing can be asked"
    assert seen[""] == {401}
    for role in ROLES:
        assert seen[role] >= ({200, 403, 404} if mode is GenerationMode.POSITIVE else {422})


def test_the_document_says_how_to_open_the_door(served: Any) -> None:
    document = served.raw_schema
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["Key"] == {"type": "http", "scheme": "bearer"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["security"] == [{"Key": []}], path
            assert {"401", "403", "404", "422", "503"} <= {str(s) for s in operation["responses"]}, path
            assert operation["description"], path
