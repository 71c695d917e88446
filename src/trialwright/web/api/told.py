"""What the API promises, for its OpenAPI document: parameters and answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from django.http import QueryDict
from ninja import Field, Schema

from trialwright.kernel.errors import InputError, nearest

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_LIST = "Several values are parted by commas or bars."
_MARKUP = "Texts in JSON as the registry has them (markdown), or without escapes (legacy)."
_OBJECT = {"type": "object"}
_STUDIES = {
    "type": "object",
    "required": ["studies"],
    "properties": {
        "totalCount": {"type": "integer", "minimum": 0},
        "studies": {"type": "array", "items": _OBJECT},
        "nextPageToken": {"type": "string"},
    },
    "additionalProperties": False,
}
_COUNTED = {"type": "array", "items": _OBJECT}


def answers(schema: dict[str, Any], *, others: dict[str, Any] | None = None, missing: bool = False) -> dict[str, Any]:
    """The responses of an operation: its JSON, other forms of it, and what can be wrong."""
    told: dict[int, Any] = {
        200: {"description": "OK", "content": {"application/json": {"schema": schema}, **(others or {})}},
        400: {"description": "The request cannot be understood; a sentence says why.", "content": _TEXT},
    }
    if missing:
        told[404] = {"description": "There is no such study or field.", "content": _TEXT}
    return {"responses": told}


LISTED = answers(_STUDIES, others={"text/csv": {"schema": {"type": "string"}}})
ONE = answers(
    _OBJECT,
    others={
        "text/csv": {"schema": {"type": "string"}},
        "application/zip": {"schema": {"type": "string", "format": "binary"}},
        "application/fhir+json": {"schema": _OBJECT},
        "application/x-research-info-systems": {"schema": {"type": "string"}},
    },
    missing=True,
)
ONE["responses"][301] = {
    "description": "A former number of a study; the study itself.",
    "headers": {"Location": {"schema": {"type": "string"}}},
}
MANY = answers(_COUNTED)
MANY_OF = answers(_COUNTED, missing=True)
SIZES = answers(_OBJECT)
KIN = answers(
    {"type": "object", "required": ["related"], "properties": {"related": _COUNTED}},
    missing=True,
)
MATCHED = answers({"type": "object", "required": ["studies"], "properties": {"studies": _COUNTED}})
VERSION = answers(
    {
        "type": "object",
        "required": ["apiVersion", "dataTimestamp"],
        "properties": {"apiVersion": {"type": "string"}, "dataTimestamp": {"type": "string"}},
    }
)


class StudiesAsked(Schema):
    """Parameters of /studies. Lists are read from the address itself."""

    format: Literal["json", "csv"] = Field("json", description="One page of studies as JSON or as a CSV table.")
    query_cond: str = Field("", alias="query.cond", description="Condition or disease.")
    query_term: str = Field("", alias="query.term", description="Other terms.")
    query_locn: str = Field("", alias="query.locn", description="Location terms.")
    query_titles: str = Field("", alias="query.titles", description="Title or acronym.")
    query_intr: str = Field("", alias="query.intr", description="Intervention or treatment.")
    query_outc: str = Field("", alias="query.outc", description="Outcome measure.")
    query_spons: str = Field("", alias="query.spons", description="Sponsor or collaborator.")
    query_lead: str = Field("", alias="query.lead", description="Lead sponsor.")
    query_id: str = Field("", alias="query.id", description="Study numbers.")
    query_patient: str = Field("", alias="query.patient", description="The patient search.")
    filter_status: str = Field("", alias="filter.overallStatus", description=f"Statuses. {_LIST}")
    filter_geo: str = Field("", alias="filter.geo", description="distance(latitude,longitude,distance) in km or mi.")
    filter_ids: str = Field("", alias="filter.ids", description=f"Registry numbers. {_LIST}")
    filter_advanced: str = Field("", alias="filter.advanced", description="A query in the expression syntax.")
    filter_synonyms: str = Field("", alias="filter.synonyms", description="Refused: synonyms here have no numbers.")
    post_status: str = Field("", alias="postFilter.overallStatus", description="As filter.overallStatus.")
    post_geo: str = Field("", alias="postFilter.geo", description="As filter.geo.")
    post_ids: str = Field("", alias="postFilter.ids", description="As filter.ids.")
    post_advanced: str = Field("", alias="postFilter.advanced", description="As filter.advanced.")
    post_synonyms: str = Field("", alias="postFilter.synonyms", description="As filter.synonyms.")
    agg_filters: str = Field("", alias="aggFilters", description="For example results:with,status:com,sex:f.")
    geo_decay: str = Field(
        "",
        alias="geoDecay",
        description="How much less relevant a study is the further its closest site is from filter.geo.",
    )
    markup: Literal["markdown", "legacy"] = Field("markdown", alias="markupFormat", description=_MARKUP)
    fields: str = Field("", description=f"Piece names, paths, modules or areas; columns for CSV. {_LIST}")
    sort: str = Field("", description=f"One or two dates or numbers, each with :asc or :desc, or @relevance. {_LIST}")
    count_total: bool = Field(False, alias="countTotal", description="Whether to tell the number of all studies.")
    page_size: int = Field(0, alias="pageSize", ge=0, description="At most 1,000; 10 when nothing or 0 is given.")
    page_token: str = Field("", alias="pageToken", description="nextPageToken of the page before.")


class StudyAsked(Schema):
    """Parameters of one study."""

    format: Literal["json", "csv", "json.zip", "fhir.json", "ris"] = Field("json", description="What to answer with.")
    markup: Literal["markdown", "legacy"] = Field("markdown", alias="markupFormat", description=_MARKUP)
    fields: str = Field("", description=f"Piece names, paths, modules or areas; columns for CSV. {_LIST}")


class MetadataAsked(Schema):
    """Parameters of /studies/metadata."""

    indexed: bool = Field(
        False, alias="includeIndexedOnly", description="Fields that are only indexed: there are none."
    )
    historic: bool = Field(False, alias="includeHistoricOnly", description="Fields of the past: there are none.")


class StatsAsked(Schema):
    """Parameters of /stats/field/values and /stats/field/sizes."""

    types: str = Field("", description=f"Types of fields: ENUM, STRING, DATE, INTEGER, NUMBER, BOOLEAN. {_LIST}")
    fields: str = Field("", description=f"Piece names or paths. {_LIST}")


class Described(Schema):
    """A patient in words."""

    note: str = Field(..., max_length=20_000, description="A few sentences about the patient.")
    count: int = Field(10, ge=1, le=100, description="How many studies to answer with.")


def only(sent: QueryDict, *known: type[Schema] | str) -> None:
    """Refuse a parameter that nothing here reads: passed over, it would change the answer without a word."""
    names = [name for each in known for name in ([each] if isinstance(each, str) else _names(each))]
    for name in sent:
        if name not in names:
            raise InputError(f"`{name[:80]}` is an unknown parameter.", hint=nearest(name[:80], names) if names else "")


def _names(schema: type[Schema]) -> Iterable[str]:
    return (field.alias or name for name, field in schema.model_fields.items())
