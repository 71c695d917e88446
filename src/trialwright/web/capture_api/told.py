"""What the API promises beside its shapes, for the OpenAPI document: problems, and the header of safe repetition."""

from __future__ import annotations

from typing import Any

from trialwright.web.capture_api.problems import TYPE

_SAID = {
    400: "The body is no JSON.",
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The policy does not let this key do that there.",
    404: "There is no such thing.",
    409: "What stands forbids it, or somebody else was first; `version` and `conflict` say more of a form.",
    413: "The body is too large.",
    422: "The request cannot be used as it is; `fields` names what is at fault.",
    503: "The database does not answer.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "fields"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence: what is wrong, where, what would be right."},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "version": {"type": "integer", "description": "Of a form that somebody else has saved: its present version."},
        "conflict": {
            "type": "array",
            "description": "Fields that hold something else than was sent: what is kept, and what was sent.",
            "items": {
                "type": "object",
                "required": ["field", "kept", "sent"],
                "properties": {"field": {"type": "string"}, "kept": {"type": "object"}, "sent": {"type": "object"}},
            },
        },
    },
}
_REPEAT = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key is done once in 24 hours; again it gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}


def _problems(*statuses: int) -> dict[int, Any]:
    """`text/plain` is none of them: every refusal is a problem."""
    return {s: {"description": _SAID[s], "content": {TYPE: {"schema": _PROBLEM}}} for s in statuses}


READ: dict[str, Any] = {"responses": _problems(401, 403, 404, 422, 503)}
ASKED: dict[str, Any] = {"responses": _problems(401, 403, 404, 409, 422, 503)}
"""A reading that the state may forbid."""
WRITE: dict[str, Any] = {"responses": _problems(400, 401, 403, 404, 409, 413, 422, 503), "parameters": [_REPEAT]}
FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **ASKED["responses"],
    }
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file, byte by byte.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "responses": _problems(401, 403, 404, 409, 413, 422, 503),
}
