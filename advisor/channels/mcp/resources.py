"""Practices and roles as resources: the pinned Markdown documents that answers cite."""

from __future__ import annotations

from collections.abc import Mapping

import mcp_types as types

from advisor.errors import AdvisorError
from advisor.schema import Document

SCHEME = "advisor://"
KINDS = ("practice", "role")
MARKDOWN = "text/markdown"

TEMPLATES = [
    types.ResourceTemplate(
        name=kind,
        title=f"One {kind}",
        uri_template=f"{SCHEME}{kind}/{{id}}",
        description=description,
        mime_type=MARKDOWN,
    )
    for kind, description in (
        ("practice", "A practice: why, how to start, what an assessor looks for, effort, sources."),
        ("role", "A role: what it does, when it is needed, what it asks for, sources."),
    )
]


class NoSuchResource(AdvisorError):
    """No document has this address."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such resource.", "resources/list has them all: advisor://practice/… and advisor://role/…"
        )


def listed(documents: Mapping[str, Document]) -> list[types.Resource]:
    """Every practice and role, by address."""
    return [
        types.Resource(uri=SCHEME + id, name=id, title=documents[id].title, mime_type=MARKDOWN)
        for id in sorted(documents)
        if id.split("/")[0] in KINDS
    ]


def find(documents: Mapping[str, Document], uri: str) -> Document:
    """The document at an address. Raises NoSuchResource."""
    id = uri.removeprefix(SCHEME)
    if id == uri or id.split("/")[0] not in KINDS or id not in documents:
        raise NoSuchResource
    return documents[id]
