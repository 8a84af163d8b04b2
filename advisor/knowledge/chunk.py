"""Documents cut into passages by heading; whole sentences and list items, with exact offsets."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from advisor.index.weights import count_tokens
from advisor.schema import Document, Passage

TOKENS = 200
"""A passage's size; the rest of the embedder's 256-token window is for title and headings."""

_Splitter = Callable[[str], list[str]]

_HEADING = re.compile(r"(#+)[^\S\n]([^\n]*)")
_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_ITEM = re.compile(r"[ \t]{0,3}(?:[-*+]|\d{1,9}[.)])[ \t]")


@dataclass(frozen=True)
class _Span:
    start: int
    end: int


def passages(document: Document) -> list[Passage]:
    """Every passage in reading order; `document.text[p.start:p.end] == p.text` for each."""
    from advisor.index import llama  # LlamaIndex takes over a second to import and is needed only here, to build

    text = document.text
    found: list[Passage] = []
    stack: list[tuple[int, str]] = []
    seen: Counter[str] = Counter()
    for start, end in llama.sections(text):
        heading = _HEADING.match(text, start, end)
        if heading:
            level = len(heading.group(1))
            while stack and stack[-1][0] >= level:
                stack.pop()
            stack.append((level, heading.group(2).strip()))
        headings = [h for _, h in stack if h] or [document.title]
        body = _trim(text, heading.end() if heading else start, end)
        for span in _pack(text, body, llama.sentences) if body else []:
            key = "\0".join([document.id, *headings, text[span.start : span.end]])
            seen[key] += 1
            digest = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:20]
            found.append(
                Passage(
                    id=digest,
                    doc_id=document.id,
                    start=span.start,
                    end=span.end,
                    headings=headings,
                    text=text[span.start : span.end],
                )
            )
    return found


def embed_text(passage: Passage, document: Document) -> str:
    """What the embedder and BM25 read: headings, text and, for an opening passage, the questions it answers."""
    path: list[str] = []
    for heading in [document.title, *passage.headings]:
        if heading not in path:
            path.append(heading)
    if len(path) > 1 and path[0].lower() in path[-1].lower():
        path = path[1:]  # said twice, the title would drown the text
    questions = document.questions if len(passage.headings) == 1 else []
    return "\n".join([" > ".join(path), passage.text, *questions])


def _trim(text: str, start: int, end: int) -> _Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return _Span(start, end) if start < end else None


def _pack(text: str, body: _Span, sentences: _Splitter) -> Iterator[_Span]:
    """Neighbouring blocks joined up to the size; a block of its own where one alone is larger."""
    current: _Span | None = None
    for block in _blocks(text, body, sentences):
        if current and count_tokens(text[current.start : block.end]) > TOKENS:
            yield current
            current = None
        current = _Span(current.start if current else block.start, block.end)
    if current:
        yield current


def _blocks(text: str, body: _Span, sentences: _Splitter) -> Iterator[_Span]:
    """Paragraphs, list items with what is indented under them, table rows and fenced code; a long one by sentence."""
    for block in _lines(text, body):
        if count_tokens(text[block.start : block.end]) <= TOKENS or _FENCE.match(text, block.start):
            yield block
            continue
        at = block.start
        for piece in sentences(text[block.start : block.end]):
            at = text.index(piece, at)
            if span := _trim(text, at, at + len(piece)):
                yield span
            at += len(piece)


def _lines(text: str, body: _Span) -> Iterator[_Span]:
    start, at, fenced = body.start, body.start, False
    while at < body.end:
        newline = text.find("\n", at, body.end)
        end = body.end if newline < 0 else newline + 1
        line = text[at:end]
        opens = _ITEM.match(line) or line.startswith("|")
        if not fenced and at > start and (opens or not line.strip()):
            if span := _trim(text, start, at):
                yield span
            start = at
        if _FENCE.match(line):
            fenced = not fenced
        at = end
    if span := _trim(text, start, body.end):
        yield span
