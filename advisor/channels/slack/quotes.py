"""The passages behind an answer, word for word, in a modal."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject
from slack_sdk.models.views import View

from advisor.channels.slack.blocks import section, source_line
from advisor.channels.slack.modals import cut, modal, notice
from advisor.channels.slack.mrkdwn import SECTION_CHARS, to_mrkdwn
from advisor.channels.slack.runs import label
from advisor.schema import Answer

MOST = 45
QUOTE_CHARS = 1_500


def view(answer: Answer) -> View:
    """Each citation's words, and where they are from."""
    blocks: list[Block] = []
    for c in answer.citations[:MOST]:
        quoted = to_mrkdwn("> " + cut(c.quote, QUOTE_CHARS).replace("\n", "\n> "))
        blocks.append(section(f"*[{c.n}] {label(c.heading or c.title)}*\n{quoted}"[:SECTION_CHARS]))
        rests_on = "; ".join(label(s) for s in c.sources[:3])
        said = f"{source_line(c)}" + (f"\nRests on: {rests_on}" if rests_on else "")
        blocks.append(ContextBlock(elements=[MarkdownTextObject(text=said[:SECTION_CHARS])]))
    return modal(blocks, title="Quotes") if blocks else notice("This answer cites nothing.")
