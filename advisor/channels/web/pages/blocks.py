"""Blocks of the report tree as HTML for the pages: the same words and tables as in the report, all escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from advisor.channels.web.charts import as_table
from advisor.channels.web.passage import linked
from advisor.channels.web.render import block, table_html
from advisor.report.model import Block, Figures, Grid, Heading, Points, Reference, Row, Text
from advisor.schema import Chart, Finding


def page_html(blocks: Iterable[Block], page: str) -> str:
    """The blocks without their charts; source numbers lead to the list that `sources_html` makes of the same page."""
    return block("".join(_block(b, page) for b in blocks))


def charts_of(blocks: Iterable[Block]) -> list[Chart]:
    """Every chart of the blocks, in order."""
    return [c for b in blocks if isinstance(b, Figures) for c in b.charts]


def split(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block]]:
    """The blocks before the first chart, and the rest from it on."""
    at = next((i for i, b in enumerate(blocks) if isinstance(b, Figures)), len(blocks))
    return blocks[:at], blocks[at:]


def finding_html(finding: Finding, *, heading: bool = True) -> str:
    """One finding with its table, and how it was made."""
    title = f"<h3>{escape(finding.title)}</h3>" if heading else ""
    table = ""
    if finding.table and len(finding.table.columns) > 1:
        table = grid_html(finding.table.columns, finding.table.rows, finding.title)
    return f"{title}<p>{escape(finding.text)}</p>{table}"


def grid_html(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table that turns into cards on a narrow screen; the first cell of a row is its head."""
    grid = Grid(caption, tuple(columns), tuple(Row(tuple(r)) for r in rows))
    return _grid(grid, "")


def numbers_html(charts: Iterable[Chart]) -> str:
    """Each chart's numbers as a table behind one line, for those who cannot see the chart."""
    return "".join(
        f'<details class="data"><summary>{escape(c.title)}: the numbers</summary>{table_html(as_table(c))}</details>'
        for c in charts
    )


def sources_html(references: Sequence[Reference], page: str) -> str:
    """The numbered sources of one page."""
    if not references:
        return ""
    items = "".join(
        f'<li id="{page}-source-{r.n}" value="{r.n}">{linked(" ".join((r.text + ".", r.url or "")))}</li>'
        for r in references
    )
    n = len(references)
    words = f"{n} source{'' if n == 1 else 's'}"
    return block(f'<details class="references" open><summary>{words}</summary><ol>{items}</ol></details>')


def _block(b: Block, page: str) -> str:
    match b:
        case Text():
            return f"<p>{escape(b.text)}{_cites(b.cites, page)}</p>"
        case Heading():
            return f"<h3>{escape(b.text)}</h3>"
        case Points():
            items = "".join(
                f"<li>{f'<strong>{escape(p.title)}</strong> ' if p.title else ''}{escape(p.text)}"
                f"{_cites(p.cites, page)}</li>"
                for p in b.points
            )
            return f'<ul class="points">{items}</ul>'
        case Grid():
            return _grid(b, page)
        case Figures():
            return f'<p class="muted">{escape(b.caption)}</p>{numbers_html(b.charts)}'


def _grid(g: Grid, page: str) -> str:
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in g.columns)
    rows = "".join(f"<tr>{_cells(g, row, page)}</tr>" for row in g.rows)
    kind = "table wide" if g.dense else "table cards"
    return (
        f'<div class="{kind}" role="region" tabindex="0" aria-label="{escape(g.caption)}"><table>'
        f"<caption>{escape(g.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(g: Grid, row: Row, page: str) -> str:
    cited = g.cited % len(row.cells)
    out = []
    for i, (name, cell) in enumerate(zip(g.columns, row.cells, strict=True)):
        words = escape(cell) + (_cites(row.cites, page) if i == cited else "")
        empty = "" if cell else ' class="empty"'
        out.append(
            f'<th scope="row"{empty}>{words}</th>' if not i else f'<td data-label="{escape(name)}"{empty}>{words}</td>'
        )
    return "".join(out)


def _cites(numbers: Iterable[int], page: str) -> str:
    links = ", ".join(f'<a href="#{page}-source-{n}" aria-label="Source {n}">{n}</a>' for n in numbers)
    return f'<sup class="cites">{links}</sup>' if links else ""
