"""The report as PDF: a fixed Typst template that reads the report as data, so that no text of it can become markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from advisor.errors import MissingExtra
from advisor.report.data import tree
from advisor.report.model import Report
from advisor.report.svg import PAPER, svg
from advisor.schema import Chart

_TEMPLATE = Path(__file__).with_name("report.typ")


def to_pdf(report: Report) -> bytes:
    """The PDF file. Raises MissingExtra where Typst is not installed."""
    try:
        import typst
    except ModuleNotFoundError as e:
        if e.name != "typst":
            raise
        raise MissingExtra("A PDF report", "report") from e
    data = tree(report)
    for section in data["sections"]:
        for block in section["blocks"]:
            if block["kind"] == "figures":
                block["charts"] = [_drawn(c) for c in block["charts"]]
    made: bytes = typst.compile(_TEMPLATE.read_bytes(), format="pdf", sys_inputs={"report": json.dumps(data)})
    return made


def _drawn(chart: dict[str, Any]) -> dict[str, str]:
    return {"title": chart["title"], "kind": chart["kind"], "svg": svg(Chart.model_validate(chart), PAPER)}
