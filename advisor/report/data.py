"""The report as JSON, for machines: the tree as it is, charts with their numbers."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from advisor.report.model import Report
from advisor.schema import Chart


def tree(report: Report) -> dict[str, Any]:
    """The report as plain values that JSON can hold."""
    found = _plain(report)
    assert isinstance(found, dict)
    return found


def to_json(report: Report) -> str:
    """The tree as text; equal reports give equal text."""
    return json.dumps(tree(report), ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Chart):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value
