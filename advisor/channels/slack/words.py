"""What the bot says besides answers."""

from __future__ import annotations

from advisor.channels.slack.runs import label
from advisor.client import ApiError, Unreachable
from advisor.errors import InputError

GREETING = (
    "Ask me about running machine learning and LLM systems in your organisation, for example: "
    "_What should we do next?_ or _RAG or fine-tuning?_ "
    "My Home tab has your scorecard; `/advisor profile` tells me about your organisation."
)
BUSY = "I am answering as many questions as I can. Please ask again in a minute."
LOOKING = "One moment, I am looking that up…"
STATUS = "is looking that up…"
LOADING = ["Reading the question…", "Searching the corpus…", "Weighing it for your organisation…"]
THANKS = {True: "Thank you, noted.", False: "Thank you, noted. Ask again in other words, or tell me what was missing."}
SORRY = "Something went wrong on our side. Please ask again; if it stays so, tell whoever runs this bot."
SILENT = "The advisor cannot be reached at the moment. Please ask again in a few minutes."


def failure(error: Exception) -> str:
    """An error for the person who asked, in mrkdwn: what is up to them, and nothing about our insides."""
    if isinstance(error, Unreachable):
        return SILENT
    if isinstance(error, ApiError):
        if error.status in (401, 403):
            return "The advisor does not accept this bot's key. Please tell whoever runs the bot."
        if error.status == 429:
            wait = f"in {error.retry_after:.0f} seconds" if error.retry_after else "later"
            return f"That is more questions than this workspace may ask. Please try again {wait}."
        if error.status >= 500:
            return SILENT
        return label(f"{error.message} {error.hint}".strip())
    if isinstance(error, InputError):
        return label(f"{error.message} {error.hint}".strip())
    return SORRY
