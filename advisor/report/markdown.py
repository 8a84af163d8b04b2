"""The report as Markdown, for a wiki or a pull request; charts become their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.report.model import Block, Figures, Grid, Heading, Point, Points, Report, Row, Text
from advisor.report.svg import described
from advisor.schema import Chart

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$&])")


def to_markdown(report: Report) -> str:
    """The whole report; equal reports give equal text."""
    parts = [f"# {_plain(report.organisation)}", f"{_plain(report.title)}, {report.date}"]
    if report.facts:
        parts.append(_plain("; ".join(report.facts)) + ".")
    parts.append(
        _table(("", "", ""), [(f"**{_plain(t.label)}**", _plain(t.value), _plain(t.note)) for t in report.tiles])
    )
    parts.append("## Five things to know")
    parts.append("\n".join(f"{i}. {_point(p)}" for i, p in enumerate(report.things, start=1)))
    for section in report.sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_block(b) for b in section.blocks]
    parts.append("## Sources")
    parts += [
        f'<a id="source-{x.n}"></a>{x.n}. {_plain(x.text)}.'
        + (f" <{x.url}>" if x.url else "")
        + (f" {_plain(x.note[:1].upper() + x.note[1:])}." if x.note else "")
        for x in report.references
    ]
    parts.append("## Versions")
    parts.append("\n".join(f"- {_plain(k)}: {_plain(v)}" for k, v in report.versions))
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text():
            return _plain(block.text) + _cites(block.cites)
        case Heading():
            return f"### {_plain(block.text)}"
        case Points():
            return "\n".join(f"- {_point(p)}" for p in block.points)
        case Grid():
            rows = [
                tuple(_cell(c, r, i == block.cited % len(r.cells)) for i, c in enumerate(r.cells)) for r in block.rows
            ]
            return f"**{_plain(block.caption)}**\n\n" + _table(tuple(map(_plain, block.columns)), rows)
        case Figures():
            return "\n\n".join([*map(_chart, block.charts), f"*{_plain(block.caption)}*"])


def _cell(words: str, row: Row, cited: bool) -> str:
    return _plain(words) + (_cites(row.cites) if cited else "")


def _chart(chart: Chart) -> str:
    rows = [(_plain(label), _plain(words)) for label, words in described(chart)]
    return f"**{_plain(chart.title)}**\n\n" + _table(("", _plain(chart.unit)), rows)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _point(p: Point) -> str:
    return (f"**{_plain(p.title)}.** " if p.title else "") + _plain(p.text) + _cites(p.cites)


def _cites(numbers: Iterable[int]) -> str:
    return "".join(f" [[{n}]](#source-{n})" for n in numbers)


def _plain(words: str) -> str:
    """The words as Markdown that shows them as they are."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))
