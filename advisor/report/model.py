"""What a report is made of: a plain tree of sections and blocks that every writer walks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from advisor.schema import Chart


@dataclass(frozen=True)
class Text:
    """A paragraph. `cites` are numbers of the source list; `rule` made it, where a rule did."""

    text: str
    cites: tuple[int, ...] = ()
    rule: str = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Point:
    """A short headline with its text, for example one of the things to know."""

    title: str
    text: str
    cites: tuple[int, ...] = ()
    rule: str = ""
    section: str = ""
    """Id of the section that has the details."""


@dataclass(frozen=True)
class Points:
    """A list of short statements."""

    points: tuple[Point, ...]
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Row:
    """One row of a table; `cites` stand behind the cell that the table names."""

    cells: tuple[str, ...]
    cites: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A table. `widths` are shares of the page for the columns; `dense` ones are many narrow columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    widths: tuple[int, ...] = ()
    dense: bool = False
    cited: int = -1
    """The column that carries each row's citations."""
    kind: Literal["grid"] = "grid"


@dataclass(frozen=True)
class Figures:
    """Charts that belong together, with one caption that says how to read them."""

    charts: tuple[Chart, ...]
    caption: str
    kind: Literal["figures"] = "figures"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str
    kind: Literal["heading"] = "heading"


Block: TypeAlias = Text | Points | Grid | Figures | Heading


@dataclass(frozen=True)
class Section:
    """A part of the report; `new_page` says whether it begins one on paper."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    new_page: bool = True


@dataclass(frozen=True)
class Tile:
    """One figure of the first page."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Reference:
    """One source: numbered in the order in which the report first leans on it."""

    n: int
    id: str
    text: str
    url: str | None
    note: str
    """How much of it was read, when, and which corpus documents carry it."""


@dataclass(frozen=True)
class Report:
    """The whole report. The same profile, corpus, versions and day give the same report."""

    title: str
    organisation: str
    date: str
    facts: tuple[str, ...]
    tiles: tuple[Tile, ...]
    things: tuple[Point, ...]
    """The five things to know."""
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]
    versions: tuple[tuple[str, str], ...]
