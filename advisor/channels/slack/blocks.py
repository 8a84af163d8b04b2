"""What stands under an answer: facts taken down, open questions, sources, and the two buttons."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextActionsBlock,
    ContextBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    MarkdownTextObject,
    SectionBlock,
)

from advisor.channels.slack.mrkdwn import SECTION_CHARS, Links
from advisor.channels.slack.runs import label, link
from advisor.schema import Answer, Citation

FEEDBACK = "advisor_feedback"
QUOTES = "advisor_open_quotes"
_ADDRESS = re.compile(r"https?://[^\s,]+[^\s,.)]")


def source_url(citation: Citation) -> str | None:
    """Where a reader can open the source: the document's address, else that of what it rests on."""
    if citation.url:
        return citation.url
    found = next((m for s in citation.sources if (m := _ADDRESS.search(s))), None)
    return found[0] if found else None


def links_of(citations: Iterable[Citation]) -> Links:
    """Links to the citations' sources, and to nothing else."""
    urls = {c.n: url for c in citations if (url := source_url(c))}
    return Links(urls, set(urls.values()).__contains__)


def under(answer: Answer) -> list[Block]:
    """The blocks under an answer's text."""
    out: list[Block] = []
    small = [*_noted(answer), *([label(answer.note)] if answer.note else [])]
    if small:
        out.append(ContextBlock(elements=[MarkdownTextObject(text=text[:SECTION_CHARS]) for text in small]))
    if answer.asks:
        lines = ["*To be more exact, I would need to know:*", *(f"• {label(ask)}" for ask in answer.asks)]
        out += sections(lines)
    if answer.citations:
        out += sections(["*Sources*", *(source_line(c) for c in answer.citations)])
        quotes = ButtonElement(text="Show the quotes", action_id=QUOTES, value=answer.id)
        out.append(ActionsBlock(elements=[quotes]))
    return [*out, feedback(answer.id)]


def sections(lines: Iterable[str]) -> list[Block]:
    """Lines of mrkdwn in as few sections as hold them."""
    out: list[Block] = []
    held = ""
    for line in lines:
        if held and len(held) + 1 + len(line) > SECTION_CHARS:
            out.append(section(held))
            held = ""
        held = f"{held}\n{line}" if held else line
    return [*out, *([section(held)] if held else [])]


def section(text: str) -> SectionBlock:
    """A section whose links are links, and whose names are only text."""
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))


def feedback(answer_id: str) -> ContextActionsBlock:
    """Did it help? Yes, no."""

    def button(text: str, said: str, value: str) -> FeedbackButtonObject:
        return FeedbackButtonObject(text=text, accessibility_label=said, value=f"{value}|{answer_id}")

    element = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button=button("Helpful", "This answer helped", "1"),
        negative_button=button("Not helpful", "This answer did not help", "-1"),
    )
    return ContextActionsBlock(elements=[element])


def voted(action: dict[str, Any]) -> tuple[str, bool] | None:
    """The answer's id and whether it helped, from a press of a feedback button."""
    value, _, answer_id = str(action.get("value") or "").partition("|")
    return (answer_id, value == "1") if value in ("1", "-1") and answer_id else None


def _noted(answer: Answer) -> list[str]:
    facts = " · ".join(label(change.label) for change in answer.profile_changes)
    return [f"Noted: {facts}"] if facts else []


def source_line(c: Citation) -> str:
    """One source: its number and title, how old and how sure it is, and where it can be read."""
    url, place = source_url(c), c.heading.rsplit(" › ", 1)[-1]
    heading = f", {label(place)}" if place and place != c.title else ""
    host = urlsplit(url).hostname if url else None
    where = f": {link(url, host)}" if url and host else ""
    return f"[{c.n}] {label(c.title)}{heading} ({label(c.as_of)}, {c.confidence}){where}"
