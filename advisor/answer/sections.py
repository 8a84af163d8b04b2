"""A document as a reader sees it: sections, and in each the sentences and list items that may be quoted whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from advisor.answer.text import content_words, sentences, stem, stems
from advisor.schema import Document

UnitKind = Literal["lead", "prose", "item", "intro"]
"""`intro` announces the list that follows it and is never quoted without it."""

_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#* *$")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|\d+[.)])\s+(.*)$")
_ANNOUNCES = re.compile(
    r":$|\b(the following|these steps|these \w+|in this order)\.$|\bthese levels of .*\.$|^The models compared are |^Other (words|names) for |^The question to ask is: |^Tools that help "
)
"""What introduces a list, or serves search and not a reader."""
_TABLE = re.compile(r"^\s*\|")


@dataclass(frozen=True)
class Unit:
    """A sentence or a list item: `text == document.text[start:end]`."""

    text: str
    start: int
    end: int
    kind: UnitKind
    stems: frozenset[str] = field(compare=False)


@dataclass(frozen=True)
class Section:
    """What stands under one heading, up to the next."""

    doc_id: str
    headings: tuple[str, ...]
    start: int
    end: int
    units: tuple[Unit, ...]

    @property
    def lead(self) -> Unit | None:
        return next((u for u in self.units if u.kind == "lead"), None)

    @property
    def items(self) -> list[Unit]:
        return [u for u in self.units if u.kind == "item"]

    @property
    def prose(self) -> list[Unit]:
        return [u for u in self.units if u.kind == "prose"]


@lru_cache(maxsize=4096)
def _sections(doc_id: str, text: str) -> tuple[Section, ...]:
    found: list[Section] = []
    path: list[tuple[int, str]] = []
    units: list[Unit] = []
    paragraph: list[tuple[int, str]] = []
    section_start, fenced = 0, False

    def flush_paragraph() -> None:
        if not paragraph:
            return
        start = paragraph[0][0]
        end = paragraph[-1][0] + len(paragraph[-1][1].rstrip())
        for span in sentences(text[start:end], start):
            kind: UnitKind = "intro" if _ANNOUNCES.search(span.text) else "prose" if units else "lead"
            units.append(_unit(text, span.start, span.end, kind))
        paragraph.clear()

    def flush_section(end: int) -> None:
        flush_paragraph()
        if units:
            found.append(Section(doc_id, tuple(h for _, h in path), section_start, end, tuple(units)))
        units.clear()

    offset = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        if bare.lstrip().startswith("```"):
            fenced = not fenced
            flush_paragraph()
        elif fenced or _TABLE.match(bare):
            flush_paragraph()
        elif m := _HEADING.match(bare):
            flush_section(offset)
            section_start = offset
            while path and path[-1][0] >= len(m.group(1)):
                path.pop()
            path.append((len(m.group(1)), m.group(2)))
        elif m := _ITEM.match(bare):
            flush_paragraph()
            at = offset + m.start(2)
            if m.group(2).strip():
                units.append(_unit(text, at, at + len(m.group(2).rstrip()), "item"))
        elif not bare.strip():
            flush_paragraph()
        elif units and units[-1].kind == "item" and line.startswith(" ") and not paragraph:
            last = units.pop()
            units.append(_unit(text, last.start, offset + len(bare.rstrip()), "item"))
        else:
            paragraph.append((offset, bare))
        offset += len(line)
    flush_section(offset)
    return tuple(found)


def _unit(text: str, start: int, end: int, kind: UnitKind) -> Unit:
    return Unit(text[start:end], start, end, kind, frozenset(stems(text[start:end])))


def sections(document: Document) -> tuple[Section, ...]:
    """The document's sections in order; tables and code are left out of the units."""
    return _sections(document.id, document.text)


def section_at(document: Document, offset: int) -> Section | None:
    """The section that the character at `offset` stands in."""
    return next((s for s in sections(document) if s.start <= offset < s.end), None)


def best_unit(document: Document, text: str) -> Unit | None:
    """The unit of a document that says most of what `text` says."""
    wanted = stems(text)
    figures = {stem(w) for w in content_words(text) if any(c.isdigit() for c in w)}
    best, best_score = None, -1.0
    for section in sections(document):
        for unit in section.units:
            if unit.kind == "intro":
                continue
            score = len(unit.stems & wanted) + 2 * len(unit.stems & figures) + (0.5 if unit.kind == "lead" else 0)
            score /= 1 + len(unit.stems) ** 0.5 / 4
            if score > best_score:
                best, best_score = unit, score
    return best
