"""JSON Schemas of the files of a study folder, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from trialwright.study.definition import FILES, Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema of that file, the short forms (a plain text, `registry`, an item's id) included."""
    kinds: dict[str, Any] = {(field.alias or name): field.annotation for name, field in Study.model_fields.items()}
    found = {}
    for name in FILES:
        schema = TypeAdapter(kinds[name]).json_schema()
        for part, short in _SHORT.items():
            if part in schema.get("$defs", {}):
                schema["$defs"][part] = {"anyOf": [*short, schema["$defs"][part]]}
        found[f"{name}.yaml"] = {"$schema": DIALECT, "title": f"{name}.yaml of a Trialwright study", **schema}
    return found


_SHORT: dict[str, list[dict[str, Any]]] = {
    "Spread": [{"type": "number"}],
    "Text": [{"type": "string"}],
    "Field": [{"type": "string", "description": "The id of an item."}],
    "Source": [
        {"const": "registry"},
        *(
            {
                "type": "object",
                "properties": {kind: {"type": "string"}},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in ("literature", "assumption")
        ),
    ],
}
"""What people may write instead of the full form; the models take it (see their validators)."""
