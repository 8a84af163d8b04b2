"""What the advisor knows: records by kind, documents, search."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from advisor.channels.api.auth import Door
from advisor.channels.api.common import After, Limit, Page, json_of
from advisor.channels.api.problems import NotFound, responses
from advisor.channels.session import Answers
from advisor.errors import InputError
from advisor.knowledge.records import KINDS, Confidence, Level, Record, Stage
from advisor.schema import Document, Filters, Versions

LISTED = {
    "tools": "tool",
    "roles": "role",
    "practices": "practice",
    "costs": "cost",
    "threats": "threat",
    "stages": "stage",
    "levels": "level",
    "maturity-models": "maturity-model",
}
"""Path → kind of record."""
DocumentKind = Literal[
    "guide", "tool", "role", "practice", "cost", "threat", "stage", "level", "maturity-model", "regulation",
    "adaptation", "dimension", "lifecycle", "mismatch", "crosswalk", "term",
]  # fmt: skip
PLAIN, READING = responses(401, 403, 422, 429, 503), responses(401, 403, 404, 422, 429, 503)

Words = Annotated[str | None, Query(min_length=1, max_length=200, description="Words that all stand in the record.")]
StageQuery = Annotated[int | None, Query(ge=1, le=9, description="Lifecycle stage.")]
LevelQuery = Annotated[int | None, Query(ge=0, le=4, description="Working level.")]


class Found(BaseModel):
    """A passage that a search found; `text == document.text[start:end]`."""

    doc_id: str
    kind: str
    title: str
    heading: str
    text: str
    start: int
    end: int
    url: str | None
    as_of: str
    confidence: Confidence
    score: float


class Results(BaseModel):
    """Passages, best first."""

    items: list[Found]


class CorpusInfo(BaseModel):
    """Which knowledge is serving, and how much of it."""

    version: str
    documents: int
    records: dict[str, int]
    guides: int


def library_routes(door: Door, advisor: Answers) -> APIRouter:
    """Look-ups, search, documents, versions."""
    router = APIRouter(prefix="/v1", tags=["library"], dependencies=[door.needs("read")])
    for path, kind in LISTED.items():
        _kind_routes(router, advisor, path, kind)

    @router.get("/search", response_model=Results, responses=PLAIN)
    def search(
        q: Annotated[str, Query(min_length=1, max_length=1000, description="Words or a question.")],
        k: Annotated[int, Query(ge=1, le=20, description="How many passages at most.")] = 8,
        kind: DocumentKind | None = None,
        stage: StageQuery = None,
        level: LevelQuery = None,
    ) -> Any:
        """Passages of the corpus for a query, by meaning and by words."""
        filters = Filters(
            kinds=[kind] if kind else [],
            stages=[stage] if stage is not None else [],
            levels=[level] if level is not None else [],
        )
        return json_of(
            Results(
                items=[
                    Found(
                        doc_id=hit.document.id,
                        kind=hit.document.kind,
                        title=hit.document.title,
                        heading=hit.passage.headings[-1] if hit.passage.headings else "",
                        text=hit.passage.text,
                        start=hit.passage.start,
                        end=hit.passage.end,
                        url=hit.document.url,
                        as_of=hit.document.as_of,
                        confidence=hit.document.confidence,
                        score=round(hit.score, 6),
                    )
                    for hit in advisor.retriever.retrieve(q, k, filters)
                ]
            )
        )

    @router.get("/documents/{doc_id:path}", response_model=Document, responses=READING)
    def document(doc_id: str) -> Any:
        """A pinned corpus document: the text that citations point into, and its sources."""
        found = advisor.documents.get(doc_id)
        if found is None:
            raise NotFound("There is no such document.", "Document ids are the doc_id of a citation.")
        return json_of(found)

    @router.get("/corpus", response_model=CorpusInfo, responses=PLAIN)
    def corpus() -> Any:
        """The version of the corpus and its counts."""
        known = advisor.corpus
        counts = {kind: len(found) for kind, found in known.records.items()}
        return CorpusInfo(
            version=known.version, documents=len(advisor.documents), records=counts, guides=len(known.guides)
        )

    @router.get("/version", response_model=Versions, responses=PLAIN)
    def version() -> Any:
        """What answers are made with."""
        return json_of(advisor.versions)

    return router


def _kind_routes(router: APIRouter, advisor: Answers, path: str, kind: str) -> None:
    model: Any = KINDS[kind]

    def listed(
        q: Words = None,
        stage: StageQuery = None,
        level: LevelQuery = None,
        limit: Limit = 20,
        after: After = None,
    ) -> Any:
        found = [r for r in advisor.corpus.records[kind].values() if _fits(r, q, stage, level)]
        return json_of(_page(found, limit, after))

    def one(id: str) -> Any:
        found = advisor.corpus.records[kind].get(id)
        if found is None:
            raise NotFound(f"There is no such {kind.replace('-', ' ')}.", f"GET /v1/{path} lists them.")
        return json_of(found)

    listed.__doc__ = f"The {path.replace('-', ' ')} of the corpus, in its order; those that fit every filter given."
    one.__doc__ = f"One of the {path.replace('-', ' ')}, whole."
    name = path.replace("-", "_")
    router.add_api_route(f"/{path}", listed, name=f"list_{name}", response_model=Page[model], responses=PLAIN)
    router.add_api_route(f"/{path}/{{id}}", one, name=f"get_{name}", response_model=model, responses=READING)


def _fits(record: Record, q: str | None, stage: int | None, level: int | None) -> bool:
    if stage is not None and stage not in _stages(record):
        return False
    if level is not None and level not in _levels(record):
        return False
    if q is None:
        return True
    text = " ".join(_texts(record)).casefold()
    return all(word in text for word in q.casefold().split())


def _stages(record: Any) -> list[int]:
    return getattr(record, "stages", None) or ([record.number] if isinstance(record, Stage) else [])


def _levels(record: Any) -> range:
    if hasattr(record, "level_from"):
        return range(record.level_from, record.level_to + 1)
    for name in ("level", "needed_level"):
        if getattr(record, name, None) is not None:
            return range(getattr(record, name), getattr(record, name) + 1)
    return range(record.number, record.number + 1) if isinstance(record, Level) else range(0)


def _texts(record: Any) -> Iterator[str]:
    yield record.id
    for name in ("name", "title", "lead", "best_for", "category", "question"):
        if isinstance(text := getattr(record, name, None), str):
            yield text


def _page(found: list[Record], limit: int, after: str | None) -> Page[Any]:
    start = 0
    if after is not None:
        last = _id_of(after)
        start = next((n for n, r in enumerate(found, start=1) if r.id == last), -1)
        if start < 0:
            raise InputError("`after` is not a cursor of this list.", "Send back the `next` of the page before.")
    part = found[start : start + limit]
    onward = start + limit < len(found)
    return Page(items=part, next=_cursor(part[-1].id) if onward else None)


def _cursor(id: str) -> str:
    return base64.urlsafe_b64encode(id.encode()).decode().rstrip("=")


def _id_of(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
