"""What several routes share: kinds of ids, pages of a list, JSON written once."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field, StringConstraints

ID = r"^[A-Za-z0-9_-]{1,64}$"
KEY = r"^[A-Za-z0-9_.:-]{1,200}$"

USER = r"^[!-.0-~]{1,200}$"

Id = Annotated[str, StringConstraints(pattern=ID)]
Key = Annotated[str, StringConstraints(pattern=KEY)]
UserName = Annotated[str, StringConstraints(pattern=USER)]
IdPath = Annotated[str, Path(pattern=ID)]
KeyPath = Annotated[str, Path(pattern=KEY)]
UserPath = Annotated[str, Path(pattern=USER)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
After = Annotated[
    str | None,
    Query(min_length=1, max_length=500, description="The `next` of the page before; anything else is refused."),
]

_Item = TypeVar("_Item")


class Page(BaseModel, Generic[_Item]):
    """A part of a list; `next` goes into `after` for the following part, and is null at the end."""

    items: list[_Item]
    next: Annotated[str | None, Field()] = None


def json_of(model: BaseModel, headers: dict[str, str] | None = None) -> Response:
    """A response with the model as JSON, written in one pass."""
    return Response(model.model_dump_json(), media_type="application/json", headers=headers)
