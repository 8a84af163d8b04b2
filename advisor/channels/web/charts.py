"""Charts as tables: what a screen reader, a printer and a reopened conversation get.

The series of each kind of chart:
  radar, bars   {"name": str, "labels": [str], "values": [number]}, optionally "low" and "high" beside "values"
  lines         {"name": str, "x": [number], "y": [number]}
  range         {"label": str, "low": number, "high": number}
  timeline      {"label": str, "start": number, "end": number}
"""

from __future__ import annotations

from typing import Any

from advisor.schema import Chart


def as_table(chart: Chart) -> list[list[str]]:
    """The chart's numbers as rows of text, the first of them the head."""
    unit = f" ({chart.unit})" if chart.unit else ""
    if chart.kind in ("radar", "bars"):
        labels = list(dict.fromkeys(str(label) for s in chart.series for label in s.get("labels", ())))
        columns = [dict(zip(map(str, s.get("labels", ())), s.get("values", ()), strict=False)) for s in chart.series]
        head = ["", *(str(s.get("name", "")) + unit for s in chart.series)]
        return [head, *([label, *(words(c.get(label)) for c in columns)] for label in labels)]
    if chart.kind == "lines":
        xs = list(dict.fromkeys(x for s in chart.series for x in s.get("x", ())))
        lines = [dict(zip(s.get("x", ()), s.get("y", ()), strict=False)) for s in chart.series]
        head = ["", *(str(s.get("name", "")) + unit for s in chart.series)]
        return [head, *([words(x), *(words(line.get(x)) for line in lines)] for x in xs)]
    ends = ("low", "high") if chart.kind == "range" else ("start", "end")
    head = ["", *(end + unit for end in ends)]
    return [head, *([str(s.get("label", "")), *(words(s.get(end)) for end in ends)] for s in chart.series)]


def words(value: Any) -> str:
    """A number as a reader expects it; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")
