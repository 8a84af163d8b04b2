"""Request bodies: JSON read strictly, then checked strictly, so that what is accepted is what the schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

DEEPEST = 32
"""Levels of nesting; a profile has five."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_Model = TypeVar("_Model", bound=BaseModel)


class Body(BaseModel):
    """What request bodies share: no unknown fields, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


TAKEN: dict[str, type[BaseModel]] = {}
"""Every model that a route reads its body with, for the OpenAPI document."""


def reads(model: type[_Model]) -> Callable[[Request], Awaitable[_Model]]:
    """A dependency that gives the body as `model`. Raises RequestValidationError."""
    TAKEN[model.__name__] = model

    async def read(request: Request) -> _Model:
        kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        if kind != "application/json":
            _refuse("the body is not JSON; send Content-Type: application/json")
        raw = _strict(await request.body())
        try:
            return model.model_validate_json(raw, strict=True)
        except ValidationError as e:
            raise RequestValidationError(e.errors(include_url=False, include_input=False, include_context=False)) from e

    return read


def taking(model: type[BaseModel], example: dict[str, Any] | None = None) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads `model`."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if example:
        content["example"] = example
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _strict(raw: bytes) -> str:
    """The text, if it is UTF-8, not too deep, without a key twice, a NUL, NaN or an infinite number."""
    depth = deepest = 0
    in_text = escaped = False
    for byte in raw:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    if deepest > DEEPEST:
        _refuse(f"the JSON is nested deeper than {DEEPEST} levels")
    try:
        text = raw.decode("utf-8")
        if _NUL.search(text):
            _refuse("the JSON holds a NUL character")
        json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_number, parse_float=_finite)
    except UnicodeDecodeError:
        _refuse("the body is not UTF-8")
    except ValueError:
        _refuse("the body is not JSON")
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("the JSON names a key twice")
    return found


def _refuse_number(_text: str) -> NoReturn:
    _refuse("the JSON holds a number that is not finite")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        _refuse_number(text)
    return number


def _refuse(why: str) -> NoReturn:
    raise RequestValidationError([{"loc": ("body",), "msg": why, "type": "json"}])
