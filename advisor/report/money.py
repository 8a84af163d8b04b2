"""What it costs, what that rests on, and where owning GPUs would begin to pay."""

from __future__ import annotations

from dataclasses import replace

from advisor.advice.charts import break_even_lines, cost_ranges
from advisor.advice.cost_findings import break_even_finding, cost_findings, plan_cost
from advisor.advice.costs import Range, assume
from advisor.report.case import Case
from advisor.report.model import Block, Figures, Grid, Heading, Points, Row, Section

_PARTS = ("costs.people", "costs.platform", "costs.tokens", "costs.compute", "costs.budget")


def costs(c: Case) -> Section:
    """Cost a year by part, the cost of the plan, every assumption, and API against own GPUs."""
    a = assume(c.profile, c.corpus)
    findings = {f.id: f for f in cost_findings(c.profile, c.corpus, a)}
    total = findings["costs.total"]
    caption = "Cost a year in USD, low to high; planning estimates, not offers."
    blocks: list[Block] = [c.text(total), Figures(tuple(cost_ranges(c.profile, c.corpus, a)), caption)]
    points = [c.point(f) for id, f in findings.items() if id in _PARTS]
    if c.plan.items:
        weeks = Range(sum(i.effort.low for i in c.plan.items), sum(i.effort.high for i in c.plan.items))
        points.append(c.point(plan_cost(c.profile, c.corpus, weeks, a)))
    blocks.append(Points(tuple(points)))
    lines = break_even_lines(a)
    if lines:
        blocks += [
            Heading("API or own GPUs"),
            c.text(break_even_finding(c.profile, c.corpus, a)),
            Figures(
                tuple(lines),
                "USD a month at growing load, each step tenfold. Where the lines of the API rise above those of own "
                "GPUs, owning begins to pay.",
            ),
        ]
    blocks += [Heading("Assumptions"), _assumed(c.grid(total, "Every figure the estimate rests on", (24, 14, 14, 48)))]
    return Section("costs", "Costs", tuple(blocks))


_NAMES = {
    "Gpus": "GPUs",
    "Gpu price": "GPU price",
    "Loaded": "Loaded cost by base pay",
    "Self host factor": "Self-hosting by GPU rent",
}


def _assumed(grid: Grid) -> Grid:
    """The table with the names that people use."""
    rows = (Row((_NAMES.get(r.cells[0], r.cells[0]), *r.cells[1:]), r.cites) for r in grid.rows)
    return replace(grid, rows=tuple(rows))
