"""The scorecard: where the organisation stands, as the Home tab and the end of an assessment show it."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, ContextBlock, HeaderBlock, MarkdownTextObject
from slack_sdk.models.views import View

from advisor.channels.chips import chips
from advisor.channels.slack import assessment_form, profile_form
from advisor.channels.slack.blocks import section, sections
from advisor.channels.slack.mrkdwn import sections as mrkdwn
from advisor.channels.slack.runs import label
from advisor.client import Assessment
from advisor.schema import Chart, Profile

HIGHEST = 4
_SAID = ("level", "target", "gap")
"""Kinds of findings that belong on a scorecard."""


def home(profile: Profile | None, assessment: Assessment | None) -> View:
    """The Home tab. Without a profile it says how to begin."""
    blocks: list[Block] = [HeaderBlock(text="Where you stand")]
    facts = chips(profile) if profile else []
    if facts:
        blocks.append(section("Known about you: " + " · ".join(label(chip.label) for chip in facts)[:2800]))
    else:
        blocks.append(section("I know nothing about your organisation yet. Describe it, then answer ten questions."))
    blocks.append(
        ActionsBlock(
            elements=[
                ButtonElement(text="Describe the organisation", action_id=profile_form.OPEN),
                ButtonElement(text="Ten questions", action_id=assessment_form.OPEN, style="primary"),
            ]
        )
    )
    if assessment is not None and profile is not None and profile.practices:
        blocks += results(assessment)
    blocks.append(ContextBlock(elements=[MarkdownTextObject(text="Levels are computed by rules, never by a model.")]))
    return View(type="home", blocks=blocks)


def results(assessment: Assessment) -> list[Block]:
    """Levels by dimension, then what the rules say about them."""
    out: list[Block] = []
    for chart in assessment.charts:
        if chart.kind == "radar":
            out += sections([f"*{label(chart.title)}*", *_bars(chart)])
    for finding in assessment.findings:
        if finding.kind in _SAID and len(out) < 20:
            out += [section(text) for text in mrkdwn(f"**{finding.title}**\n\n{finding.text}")[:1]]
    return out or [section("There are too few answers for a level yet.")]


def _bars(chart: Chart) -> Iterator[str]:
    """One line a dimension: filled for what is surely reached, half for what may be, and the level to aim at."""
    reached, *others = chart.series
    aim = others[-1] if others else reached
    possible = others[0] if len(others) > 1 else reached
    rows = zip(reached["labels"], reached["values"], possible["values"], aim["values"], strict=True)
    for name, low, high, goal in rows:
        low, high, goal = int(low), int(high), int(goal)
        bar = "█" * low + "▒" * max(0, high - low) + "░" * max(0, HIGHEST - max(low, high))
        span = f"level {low}" if low == high else f"level {low} to {high}"
        yield f"`{bar}` {label(str(name))}: {span}, aim {goal}"
