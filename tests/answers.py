"""Answers and an advisor of a test's own making, where the words of the answer do not matter."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from advisor.schema import Answer, Citation, Document, Event, Profile, ProfileChange, Turn, Versions

VERSIONS = Versions(corpus="c", rules="r", prompt="p", chat_model=None, embedder="e", product="0")
DOCUMENT = Document(
    id="guide/hire",
    kind="guide",
    title="Hire",
    text="# Hire\n\nHire late.\n\n- Keep the *model* in a registry.\n- Script it.\n",
)


def make_answer(question: str = "What next?", text: str = "Do this [1].", **more: object) -> Answer:
    quote = "Hire late."
    start = DOCUMENT.text.index(quote)
    citation = Citation(
        n=1, doc_id=DOCUMENT.id, title="Hire", url="https://example.org/hire", heading="Hire", quote=quote,
        start=start, end=start + len(quote), as_of="2026-11", confidence="ours",
    )  # fmt: skip
    values: dict[str, object] = {
        "id": f"ans_{secrets.token_hex(8)}", "question": question, "intent": "next", "mode": "keyless",
        "text": text, "citations": [citation], "versions": VERSIONS,
    }  # fmt: skip
    return Answer.model_validate({**values, **more})


class Scripted:
    """Says one thing to every question; `before` runs first, and may wait or fail."""

    mode: Literal["keyless", "model"] = "keyless"

    def __init__(self, before: Callable[[], None] = lambda: None, changes: Sequence[ProfileChange] = ()) -> None:
        self.documents = {DOCUMENT.id: DOCUMENT}
        self.versions = VERSIONS
        self.notes: list[str] = []
        self.before = before
        self.changes = list(changes)
        self.asked: list[tuple[str, Profile | None, list[Turn]]] = []

    def stream(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Iterator[Event]:
        self.asked.append((question, profile, list(conversation)))
        yield Event(kind="status", text="Thinking")
        self.before()
        yield Event(kind="profile", changes=self.changes)
        yield Event(kind="text", text="Do this [1].")
        answer = make_answer(question, conversation_id=conversation_id, profile_changes=self.changes)
        yield Event(kind="done", answer=answer)
