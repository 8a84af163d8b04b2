"""Charts as plotly figures, in colours that read on light and on dark. Imported when a chart is shown."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from advisor.schema import Chart

_COLOURS = ("#0f8a7e", "#b7791f", "#6b6fd4", "#c2506b", "#4a90c2")
# Told apart without colour too: solid, dotted, dashed, and a mark of their own.
_DASHES = ("solid", "dot", "dash", "dashdot", "longdash")
_MARKS = ("circle", "diamond", "square", "triangle-up", "x")
_RADAR_DASHES = {"Target": "dash", "Possible at most": "dot"}
_INK, _LINE = "#76828f", "rgba(128,140,150,.28)"


def figure(chart: Chart) -> go.Figure:
    """The figure of one chart; see charts.py for what each kind holds."""
    fig = go.Figure(_TRACES[chart.kind](chart.series))
    grid = {"gridcolor": _LINE, "linecolor": _LINE}
    axis = {**grid, "zerolinecolor": _LINE, "automargin": True}
    fig.update_layout(
        title={"text": chart.title, "font": {"size": 15}, "x": 0, "xref": "container", "pad": {"l": 10}},
        font={"family": "system-ui, sans-serif", "size": 13, "color": _INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=_COLOURS,
        margin={"l": 78, "r": 78, "t": 64, "b": 8} if chart.kind == "radar" else {"l": 8, "r": 8, "t": 48, "b": 8},
        height=90 + 46 * len(chart.series) if chart.kind in ("range", "timeline") else 380,
        showlegend=len(chart.series) > 1 and chart.kind in ("radar", "bars", "lines"),
        legend={"orientation": "h", "y": -0.12},
        barmode="group" if chart.kind == "bars" else "overlay",
        xaxis=axis,
        yaxis=axis,
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                **grid,
                "rangemode": "tozero",
                "tickformat": "~g",
                "nticks": 6,
                **({"range": [0, 4.2]} if chart.unit == "working level" else {}),
            },
            "angularaxis": grid,
        },
        dragmode=False,
    )
    if chart.kind in ("range", "timeline"):
        fig.update_yaxes(autorange="reversed")
        fig.update_xaxes(title={"text": chart.unit, "font": {"size": 13}}, rangemode="tozero")
        fig.update_yaxes(showgrid=False, showticklabels=False, zeroline=False)
        fig.update_layout(showlegend=False)
        if chart.kind == "timeline":
            fig.update_xaxes(dtick=1, tick0=0)
    elif chart.kind == "lines":
        # What is compared lies orders of magnitude apart.
        fig.update_xaxes(type="log", dtick=1, exponentformat="SI")
        fig.update_yaxes(type="log", dtick=1, exponentformat="SI", title={"text": chart.unit, "font": {"size": 13}})
    elif chart.kind != "radar":
        fig.update_yaxes(title={"text": chart.unit, "font": {"size": 13}})
    return fig


def _radar(series: list[dict[str, Any]]) -> list[Any]:
    return [
        go.Scatterpolar(
            r=[*s["values"], *s["values"][:1]],
            theta=[*s["labels"], *s["labels"][:1]],
            name=s.get("name", ""),
            fill="toself" if not n else "none",
            mode="lines+markers",
            line={"dash": _RADAR_DASHES.get(s.get("name", ""), _DASHES[n % 5]), "width": 2.5},
            marker={"symbol": _MARKS[n % 5], "size": 7},
        )
        for n, s in enumerate(series)
    ]


def _quarters(start: float, end: float) -> str:
    """`Q1`, or `Q1–Q3`; the series counts quarters from zero."""
    return f"Q{start + 1:g}" + (f"–Q{end:g}" if end > start + 1 else "")


def _cut(words: str, most: int = 42) -> str:
    """The words as far as a phone shows them; the table has them whole."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _short(x: float) -> str:
    """`1.2M`, `350k`, `12`."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(x) >= size:
            return f"{x / size:.3g}{letter}"
    return f"{x:.3g}"


def _bars(series: list[dict[str, Any]]) -> list[Any]:
    return [go.Bar(x=s["labels"], y=s["values"], name=s.get("name", "")) for s in series]


def _lines(series: list[dict[str, Any]]) -> list[Any]:
    return [
        go.Scatter(
            x=s["x"], y=s["y"], name=s.get("name", ""), mode="lines+markers",
            line={"dash": _DASHES[n % 5]}, marker={"symbol": _MARKS[n % 5], "maxdisplayed": 8},
        )
        for n, s in enumerate(series)
    ]  # fmt: skip


def _spans(low: str, high: str) -> Any:
    def traces(series: list[dict[str, Any]]) -> list[Any]:
        rows = list(range(len(series)))
        words = [f"{_quarters(s[low], s[high])}: {_cut(str(s['label']))}" for s in series]
        if low == "low":
            words = [f"{s['label']}: {_short(s[low])}–{_short(s[high])}" for s in series]
        return [
            go.Bar(
                y=rows,
                x=[s[high] - s[low] for s in series],
                base=[s[low] for s in series],
                orientation="h",
                marker={"color": _COLOURS[0]},
                width=0.34,
                hovertext=words,
                hoverinfo="text",
            ),
            # The words stand above their bar: beside it they would leave a phone no room for the bars.
            go.Scatter(
                x=[0] * len(rows),
                y=[n - 0.36 for n in rows],
                text=words,
                mode="text",
                textposition="middle right",
                cliponaxis=False,
                hoverinfo="skip",
            ),
        ]

    return traces


_TRACES: dict[str, Any] = {
    "radar": _radar,
    "bars": _bars,
    "lines": _lines,
    "range": _spans("low", "high"),
    "timeline": _spans("start", "end"),
}
