"""Charts as plotly figures, in colours that read on light and on dark. Imported when a chart is shown."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from advisor.schema import Chart

_COLOURS = ("#0f8a7e", "#b7791f", "#6b6fd4", "#c2506b", "#4a90c2")
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
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        height=max(300, 90 + 34 * len(chart.series)) if chart.kind in ("range", "timeline") else 340,
        showlegend=len(chart.series) > 1 and chart.kind in ("radar", "bars", "lines"),
        legend={"orientation": "h", "y": -0.12},
        barmode="group" if chart.kind == "bars" else "overlay",
        xaxis=axis,
        yaxis=axis,
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {**grid, "rangemode": "tozero", "tickformat": "~g", "nticks": 6},
            "angularaxis": grid,
        },
        dragmode=False,
    )
    if chart.kind in ("range", "timeline"):
        fig.update_yaxes(autorange="reversed")
        fig.update_xaxes(title={"text": chart.unit, "font": {"size": 13}}, rangemode="tozero")
        fig.update_yaxes(showgrid=False)
    elif chart.kind != "radar":
        fig.update_yaxes(title={"text": chart.unit, "font": {"size": 13}})
    return fig


def _radar(series: list[dict[str, Any]]) -> list[Any]:
    return [
        go.Scatterpolar(
            r=[*s["values"], *s["values"][:1]],
            theta=[*s["labels"], *s["labels"][:1]],
            name=s.get("name", ""),
            fill="toself",
            opacity=0.75,
        )
        for s in series
    ]


def _bars(series: list[dict[str, Any]]) -> list[Any]:
    return [go.Bar(x=s["labels"], y=s["values"], name=s.get("name", "")) for s in series]


def _lines(series: list[dict[str, Any]]) -> list[Any]:
    return [go.Scatter(x=s["x"], y=s["y"], name=s.get("name", ""), mode="lines+markers") for s in series]


def _spans(low: str, high: str) -> Any:
    def traces(series: list[dict[str, Any]]) -> list[Any]:
        return [
            go.Bar(
                y=[s["label"] for s in series],
                x=[s[high] - s[low] for s in series],
                base=[s[low] for s in series],
                orientation="h",
                marker={"color": _COLOURS[0]},
                width=0.45,
                textposition="auto",
                cliponaxis=False,
                text=[f"{s[low]:,g}–{s[high]:,g}" for s in series],
                hovertemplate="%{y}: %{text}<extra></extra>",
            )
        ]

    return traces


_TRACES: dict[str, Any] = {
    "radar": _radar,
    "bars": _bars,
    "lines": _lines,
    "range": _spans("low", "high"),
    "timeline": _spans("start", "end"),
}
