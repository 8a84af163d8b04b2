"""The OpenAPI document: what FastAPI sees, and the bodies that we read ourselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from advisor.channels.api.bodies import TAKEN
from advisor.channels.api.problems import Problem

ABOUT = (
    "Cited advice on running machine learning and LLM systems. Errors are problem details (RFC 9457) with a hint. "
    "Every response has an X-Request-Id. See docs/api.md for limits."
)


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary="Answers, assessments and reports, each claim with its source.",
        description=ABOUT,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    models = [(model, "validation") for model in (*TAKEN.values(), Problem)]
    _, defined = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas = found["components"]["schemas"]
    schemas.update(defined["$defs"])
    _name_keys(schemas)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for operations in found["paths"].values():
        for operation in operations.values():
            # FastAPI's own idea of an error, where a route that takes a parameter declares none.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    return found


def _name_keys(schema: Any) -> None:
    """Say of mappings with patterned keys that there are no others: pydantic refuses them, and only hints at it."""
    if isinstance(schema, list):
        for part in schema:
            _name_keys(part)
    elif isinstance(schema, dict):
        if len(schema.get("patternProperties", {})) == 1:
            ((pattern, value),) = schema.pop("patternProperties").items()
            schema |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
        for part in schema.values():
            _name_keys(part)
