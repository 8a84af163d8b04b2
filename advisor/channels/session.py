"""A question inside a conversation: load what was said, stream the answer, record the turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol

from advisor.answer.extract import apply_changes
from advisor.channels.text import check_question
from advisor.errors import StorageError
from advisor.records.conversations import Conversations, new_id
from advisor.schema import Answer, Document, Event, Profile, Turn, Versions

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.knowledge.load import Corpus

RECENT = 200
"""Answers kept in memory, so that their passages open even where nothing can be recorded."""
REMEMBERED = 12
"""Turns of a conversation that the next question may lean on."""


class Answers(Protocol):
    """What a channel asks of the advisor."""

    corpus: Corpus
    documents: Mapping[str, Document]
    settings: Settings
    versions: Versions
    notes: list[str]

    @property
    def mode(self) -> Literal["keyless", "model"]: ...

    def stream(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Iterator[Event]: ...


def turns(answers: Sequence[Answer]) -> list[Turn]:
    """What was said lately, as the next question needs it."""
    return [Turn(question=a.question, answer=a.text, intent=a.intent) for a in answers[-REMEMBERED:]]


class Desk:
    """The advisor together with the record: what every channel that holds conversations talks to."""

    def __init__(self, advisor: Answers, records: Conversations) -> None:
        self.advisor = advisor
        self.records = records
        self._recent: OrderedDict[str, Answer] = OrderedDict()
        self._lock = Lock()

    def ask(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        profile: Profile | None = None,
        earlier: Sequence[Answer] | None = None,
    ) -> Iterator[Event]:
        """The events of one answer; the last carries it whole, already recorded.

        With `earlier` the caller holds the conversation, and nothing is read from the record. An answer that
        could not be recorded is still given and says so. Raises InputError and NoSuchConversation.
        """
        question = check_question(question)
        if earlier is None:
            earlier = []
            if conversation_id is not None:
                known = self.records.get(conversation_id)
                earlier, profile = known.answers, profile or known.profile
        id, profile = conversation_id or new_id(), profile or Profile()
        for event in self.advisor.stream(question, profile=profile, conversation=turns(earlier), conversation_id=id):
            if event.kind != "done" or event.answer is None:
                yield event
                continue
            answer = event.answer.model_copy(update={"conversation_id": id})
            yield Event(kind="done", answer=self._record(id, answer, apply_changes(profile, answer.profile_changes)))

    def answer(self, id: str) -> Answer:
        """An answer given lately or recorded. Raises NoSuchConversation."""
        with self._lock:
            recent = self._recent.get(id)
        return recent or self.records.answer(id)

    def _record(self, id: str, answer: Answer, profile: Profile) -> Answer:
        try:
            self.records.append(id, answer, profile)
        except StorageError as e:
            note = f"{answer.note} This answer was not recorded: {e.message}".strip()
            answer = answer.model_copy(update={"note": note})
        with self._lock:
            self._recent[answer.id] = answer
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return answer
