"""The report as one HTML file that needs nothing else: styles and charts inside, no network, light, dark and paper."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from advisor.report.model import Block, Figures, Grid, Heading, Point, Points, Reference, Report, Section, Text
from advisor.report.svg import SCREEN, svg

_STYLE = Path(__file__).with_name("report.css")


def to_html(report: Report) -> str:
    """The whole file; equal reports give equal bytes."""
    body = [_first_page(report), _contents(report), *(_section(s) for s in report.sections), _sources(report)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        # Nothing may be fetched and nothing may run, whatever a profile or a document says.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(report.organisation)}: {escape(report.title)}</title>\n"
        f"<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _first_page(r: Report) -> str:
    tiles = "".join(
        f'<div class="tile"><span class="label">{escape(t.label)}</span><span class="value">{escape(t.value)}</span>'
        f'<span class="note">{escape(t.note)}</span></div>'
        for t in r.tiles
    )
    things = "".join(
        f"<li><h3>{escape(p.title)}</h3><p>{escape(p.text)}{_cites(p.cites)} "
        f'<a class="more" href="#{escape(p.section)}">Details</a></p></li>'
        for p in r.things
    )
    facts = f'<p class="facts">{escape("; ".join(r.facts))}.</p>' if r.facts else ""
    return (
        f'<header><p class="kicker">{escape(r.title)}</p><h1>{escape(r.organisation)}</h1>'
        f'<p class="date">{escape(r.date)}</p>{facts}</header>\n<div class="tiles">{tiles}</div>\n'
        f'<section id="summary"><h2>Five things to know</h2><ol class="things">{things}</ol></section>'
    )


def _contents(r: Report) -> str:
    items = "".join(f'<li><a href="#{escape(s.id)}">{escape(s.title)}</a></li>' for s in r.sections)
    return f'<nav aria-label="Contents"><ol>{items}<li><a href="#sources">Sources and versions</a></li></ol></nav>'


def _section(s: Section) -> str:
    blocks = "\n".join(_block(b) for b in s.blocks)
    flow = "" if s.new_page else ' class="flow"'
    return f'<section id="{escape(s.id)}"{flow}>\n<h2>{escape(s.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"<p>{escape(block.text)}{_cites(block.cites)}</p>"
        case Heading():
            return f"<h3>{escape(block.text)}</h3>"
        case Points():
            return f'<ul class="points">{"".join(_point(p) for p in block.points)}</ul>'
        case Grid():
            return _grid(block)
        case Figures():
            charts = "".join(
                f'<div class="chart chart-{c.kind}"><p class="chart-title">{escape(c.title)}</p>{svg(c, SCREEN)}</div>'
                for c in block.charts
            )
            return (
                f'<figure class="n{len(block.charts)}"><div class="charts">{charts}</div>'
                f"<figcaption>{escape(block.caption)}</figcaption></figure>"
            )


def _point(p: Point) -> str:
    title = f"<strong>{escape(p.title)}</strong> " if p.title else ""
    return f"<li>{title}{escape(p.text)}{_cites(p.cites)}</li>"


def _grid(g: Grid) -> str:
    cols = "".join(f'<col style="width:{w}%">' for w in g.widths)
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in g.columns)
    rows = "".join(f"<tr>{_cells(g, row.cells, row.cites)}</tr>" for row in g.rows)
    return (
        f'<div class="table{" dense" if g.dense else ""}"><table><caption>{escape(g.caption)}</caption>'
        f"<colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(g: Grid, cells: tuple[str, ...], cites: tuple[int, ...]) -> str:
    cited = g.cited % len(cells)
    out = []
    for i, (name, cell) in enumerate(zip(g.columns, cells, strict=True)):
        words = escape(cell) + (_cites(cites) if i == cited else "")
        label = f' data-label="{escape(name)}"' if name and i else ""
        empty = ' class="empty"' if not cell else ""
        out.append(f"<th scope=row{empty}>{words}</th>" if not i else f"<td{label}{empty}>{words}</td>")
    return "".join(out)


def _cites(numbers: Iterable[int]) -> str:
    links = ",".join(f'<a href="#source-{n}">{n}</a>' for n in numbers)
    return f'&#8288;<sup class="cites">[{links}]</sup>' if links else ""


def _sources(r: Report) -> str:
    items = "".join(_reference(x) for x in r.references)
    versions = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in r.versions)
    return (
        f'<section id="sources"><h2>Sources</h2><ol class="sources">{items}</ol>'
        f'<h3>Versions</h3><dl class="versions">{versions}</dl></section>'
    )


def _reference(x: Reference) -> str:
    link = f' <a href="{escape(x.url)}" rel="noreferrer">{escape(x.url)}</a>' if x.url else ""
    note = f' <span class="note">{escape(x.note[:1].upper() + x.note[1:])}.</span>' if x.note else ""
    return f'<li id="source-{x.n}" value="{x.n}">{escape(x.text)}.{link}{note}</li>'
