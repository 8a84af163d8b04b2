"""Parts of modals, and what a person put into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    InputInteractiveElement,
    MarkdownTextObject,
    Option,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

INPUT = "input"
TITLE = "MLOps Advisor"


def modal(blocks: Sequence[Block], callback: str = "", data: str = "", submit: str = "", title: str = TITLE) -> View:
    """A modal; without `submit` it can only be closed."""
    return View(
        type="modal",
        title=title,
        blocks=list(blocks),
        callback_id=callback or None,
        private_metadata=data or None,
        submit=submit or None,
        close="Close",
    )


def notice(text: str) -> View:
    """A modal that says one thing; `text` is mrkdwn."""
    return modal([SectionBlock(text=MarkdownTextObject(text=text))])


def field(id: str, label: str, element: InputInteractiveElement, hint: str = "") -> InputBlock:
    """A field that may stay empty. Slack hands its value back under the block's id."""
    return InputBlock(
        block_id=id,
        label=cut(label, 2000),
        element=element,
        hint=cut(hint, 2000) if hint else None,
        optional=True,
    )


def option(value: str, text: str) -> Option:
    """One choice."""
    return Option(value=value, text=PlainTextObject(text=cut(text, 75)))


def cut(text: str, most: int) -> str:
    """At most so many characters, an ellipsis included."""
    return text if len(text) <= most else text[: most - 1] + "…"


def values(view: Mapping[str, Any]) -> dict[str, Any]:
    """What was put in, by field: a string, a list of strings, or None where it stayed empty."""
    state = view.get("state") or {}
    return {id: _value(inputs.get(INPUT) or {}) for id, inputs in (state.get("values") or {}).items()}


def _value(given: Mapping[str, Any]) -> Any:
    if "selected_options" in given:
        return [o["value"] for o in given["selected_options"] or []]
    if "selected_option" in given:
        chosen = given["selected_option"]
        return chosen["value"] if chosen else None
    return given.get("value") or None
