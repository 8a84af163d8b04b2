"""Charts as SVG, readable without colour: dashes, marks, and every number written beside its bar.

Drawn 440 units wide, so that the text stays readable on a phone; colours are the writer's, as CSS or as hex.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from advisor.schema import Chart

WIDTH = 440
_DASHES = ("", "7 4", "2 3", "9 3 2 3")


@dataclass(frozen=True)
class Palette:
    """Colours and the font of one medium; any CSS colour, or hex where the renderer knows no CSS."""

    ink: str
    muted: str
    line: str
    fill: str
    accents: tuple[str, str, str, str]
    font: str


SCREEN = Palette(
    "var(--ink)", "var(--muted)", "var(--line)", "var(--soft)",
    ("var(--a1)", "var(--a2)", "var(--a3)", "var(--a4)"), "inherit",
)  # fmt: skip
PAPER = Palette(
    "#1b2430", "#5b6672", "#cfd6dc", "#dcebe8", ("#0b6b62", "#8a5a12", "#4a4fa8", "#9b3350"), "Libertinus Serif",
)  # fmt: skip


def svg(chart: Chart, palette: Palette) -> str:
    """The chart as one SVG element with a title that screen readers speak."""
    body, height = {
        "radar": _radar, "timeline": _timeline, "range": _ranges, "bars": _bars, "lines": _lines,
    }[chart.kind](chart, palette)  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'font-family="{escape(palette.font)}" font-size="13">'
        f"<title>{escape(chart.title)}</title>{''.join(body)}</svg>"
    )


def _text(
    x: float, y: float, words: str, colour: str, anchor: str = "start", size: float = 13, bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size:g}"{weight}>'
        f"{escape(words)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def _box(x: float, y: float, w: float, h: float, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 2):.1f}" height="{h:g}" rx="3" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="1"/>'
    )


def _shortened(words: str, characters: int) -> str:
    return words if len(words) <= characters else words[: characters - 1].rstrip() + "…"


def number(x: float) -> str:
    """`1,200`, `2.5`, `3.7 M`."""
    if abs(x) >= 1e6:
        return f"{x / 1e6:,.1f} M"
    return f"{x:,.0f}" if x == int(x) or abs(x) >= 100 else f"{x:,.1f}"


# ---------------------------------------------------------------- radar

_TOP = 4


def _radar(chart: Chart, p: Palette) -> tuple[list[str], float]:
    cx, cy, r = WIDTH / 2, 158.0, 108.0
    labels: list[str] = chart.series[0]["labels"]
    n = len(labels)

    def at(i: int, value: float) -> tuple[float, float]:
        angle = 2 * math.pi * i / n - math.pi / 2
        return cx + r * value / _TOP * math.cos(angle), cy + r * value / _TOP * math.sin(angle)

    out = []
    for ring in range(1, _TOP + 1):
        out.append(_polygon([at(i, ring) for i in range(n)], p.line, 1, ""))
    out += [_line(cx, cy, *at(i, _TOP), p.line) for i in range(n)]
    out += [_text(cx + 4, cy - r * k / _TOP + 12, str(k), p.muted, size=11) for k in range(1, _TOP + 1)]
    for i, label in enumerate(labels):
        x, y = at(i, _TOP + 0.45)
        anchor = "middle" if abs(x - cx) < 8 else "start" if x > cx else "end"
        out.append(_text(x, y + 4, label, p.ink, anchor))
    styles = {"Surely reached": (p.accents[0], 2.6, ""), "Possible at most": (p.accents[0], 1.6, "2 3"),
              "Target": (p.accents[1], 2.0, "8 4")}  # fmt: skip
    for series in chart.series:
        colour, width, dash = styles[series["name"]]
        points = [at(i, v) for i, v in enumerate(series["values"])]
        solid = not dash
        out.append(_polygon(points, colour, width, dash, p.fill if solid else "none"))
        if solid:
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{colour}"/>' for x, y in points]
    x, y = 12.0, 306.0
    for series in chart.series:
        colour, width, dash = styles[series["name"]]
        out += [_line(x, y - 4, x + 30, y - 4, colour, width, dash), _text(x + 36, y, series["name"], p.ink)]
        x += 146
    return out, 316


def _polygon(points: Sequence[tuple[float, float]], stroke: str, width: float, dash: str, fill: str = "none") -> str:
    at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    opacity = ' fill-opacity="0.6"' if fill != "none" else ""
    return (
        f'<polygon points="{at}" fill="{fill}"{opacity} stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{dashes}/>'
    )


# ---------------------------------------------------------------- rows of bars

_ROW = 36


def _timeline(chart: Chart, p: Palette) -> tuple[list[str], float]:
    quarters = max(int(s["end"]) for s in chart.series)
    left, right, top = 4.0, WIDTH - 4.0, 24.0
    step = (right - left) / quarters
    bottom = top + _ROW * len(chart.series)
    out = [_text(left + step * (q + 0.5), 14, f"Q{q + 1}", p.muted, "middle", 12) for q in range(quarters)]
    for i, s in enumerate(chart.series):
        y = top + _ROW * i
        # The grid stops at the words, which it would cross.
        out += [_line(left + step * q, y + 15, left + step * q, y + 33, p.line) for q in range(quarters + 1)]
        out.append(_text(left + 4, y + 12, _shortened(str(s["label"]), 62), p.ink))
        x, w = left + step * s["start"], step * (s["end"] - s["start"])
        out.append(_box(x + 2, y + 17, w - 4, 13, p.fill, p.accents[0]))
        note = f"{s['owner']}, {number(s['low'])}–{number(s['high'])} weeks"
        if len(note) * 5.2 < w - 10:
            out.append(_text(x + 8, y + 27.5, note, p.ink, size=11))
        elif len(note) * 5.2 < right - x - w - 4:
            out.append(_text(x + w + 4, y + 27.5, note, p.muted, size=11))
        else:
            out.append(_text(x - 4, y + 27.5, note, p.muted, "end", 11))
    return out, bottom + 6


def _ranges(chart: Chart, p: Palette) -> tuple[list[str], float]:
    top_value = max(float(s["high"]) for s in chart.series) or 1.0
    return _rows(
        p,
        [
            (s["label"], s["low"] / top_value, s["high"] / top_value, f"{number(s['low'])}–{number(s['high'])}")
            for s in chart.series
        ],
        from_zero=False,
    )


def _bars(chart: Chart, p: Palette) -> tuple[list[str], float]:
    series = chart.series[0]
    most = max(series["values"]) or 1
    rows = [(label, 0.0, v / most, number(v)) for label, v in zip(series["labels"], series["values"], strict=True)]
    return _rows(p, rows, from_zero=True)


def _rows(p: Palette, rows: Sequence[tuple[str, float, float, str]], *, from_zero: bool) -> tuple[list[str], float]:
    """One line of words above each bar; the thin line from zero shows where a range begins."""
    out, room = [], WIDTH - 130.0
    for i, (label, low, high, words) in enumerate(rows):
        y = 4.0 + _ROW * i
        last = not from_zero and i == len(rows) - 1 and len(rows) > 1
        out.append(_text(4, y + 11, _shortened(label, 60), p.ink, bold=last))
        if not from_zero:
            out.append(_line(4, y + 22.5, 4 + room * low, y + 22.5, p.line, 1.5, "2 3"))
        out.append(_box(4 + room * low, y + 16, room * (high - low), 13, p.fill, p.accents[0]))
        out.append(_text(4 + room * high + 8, y + 27, words, p.ink, size=12, bold=last))
    return out, 6.0 + _ROW * len(rows)


# ---------------------------------------------------------------- lines


def _lines(chart: Chart, p: Palette) -> tuple[list[str], float]:
    """Both axes in powers of ten: what is compared lies orders of magnitude apart."""
    left, right, top, bottom = 56.0, WIDTH - 28.0, 10.0, 230.0
    xs = [x for s in chart.series for x in s["x"] if x > 0]
    ys = [y for s in chart.series for y in s["y"] if y > 0]
    (x0, x1), (y0, y1) = _decades(xs), _decades(ys)

    def at(x: float, y: float) -> tuple[float, float]:
        across, up = (math.log10(x) - x0) / (x1 - x0), (math.log10(y) - y0) / (y1 - y0)
        return left + (right - left) * across, bottom - (bottom - top) * up

    out = []
    for k in range(y0, y1 + 1):
        _, y = at(10.0**x0, 10.0**k)
        out += [_line(left, y, right, y, p.line), _text(left - 6, y + 4, number(10.0**k), p.muted, "end", 11)]
    for k in range(x0, x1 + 1):
        x, _ = at(10.0**k, 10.0**y0)
        out += [_line(x, top, x, bottom, p.line), _text(x, bottom + 16, number(10.0**k), p.muted, "middle", 11)]
    out.append(_text((left + right) / 2, bottom + 34, "million tokens a month", p.muted, "middle", 12))
    for i, s in enumerate(chart.series):
        points = [at(x, y) for x, y in zip(s["x"], s["y"], strict=True) if x > 0 and y > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = f' stroke-dasharray="{_DASHES[i]}"' if _DASHES[i] else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{p.accents[i]}" stroke-width="2.2"{dash}/>')
        x, y = left - 44 + 220 * (i % 2), bottom + 58 + 20 * (i // 2)
        out += [_line(x, y - 4, x + 34, y - 4, p.accents[i], 2.2, _DASHES[i]), _text(x + 40, y, s["name"], p.ink)]
    return out, bottom + 88


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that enclose the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def described(chart: Chart) -> list[tuple[str, str]]:
    """The chart's numbers as (label, words), for media without pictures."""
    rows: list[dict[str, Any]] = chart.series
    match chart.kind:
        case "radar" | "bars":
            labels = rows[0]["labels"]
            return [(label, "; ".join(f"{s['name'].lower()} {number(s['values'][i])}" for s in rows))
                    for i, label in enumerate(labels)]  # fmt: skip
        case "range":
            return [(s["label"], f"{number(s['low'])}–{number(s['high'])} {chart.unit}") for s in rows]
        case "timeline":
            return [(s["label"], f"Q{s['start'] + 1}–Q{s['end']}" if s["end"] > s["start"] + 1 else f"Q{s['end']}")
                    for s in rows]  # fmt: skip
        case _:
            return [(s["name"], f"{number(s['y'][0])} at {number(s['x'][0])}, {number(s['y'][-1])} at "
                     f"{number(s['x'][-1])}") for s in rows]  # fmt: skip
