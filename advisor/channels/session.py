"""A question inside a conversation: load what was said, stream the answer, record the turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol

from advisor.answer.extract import apply_changes
from advisor.channels.text import check_question
from advisor.errors import StorageError
from advisor.records.conversations import new_id
from advisor.records.owner import LOCAL, Owner
from advisor.records.profiles import NoSuchProfile
from advisor.schema import Answer, Document, Event, Profile, Turn, Versions

if TYPE_CHECKING:
    from advisor.config import Settings
    from advisor.interfaces import Retriever
    from advisor.knowledge.load import Corpus
    from advisor.records.store import Records

RECENT = 200
"""Answers that could not be recorded, kept in memory so that their passages open even so."""
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

    @property
    def retriever(self) -> Retriever: ...

    def stream(
        self,
        question: str,
        *,
        profile: Profile | None = None,
        conversation: Sequence[Turn] = (),
        conversation_id: str | None = None,
    ) -> Iterator[Event]: ...

    def recall(self, questions: Sequence[str]) -> tuple[Profile, list[Turn]]: ...


def turns(answers: Sequence[Answer]) -> list[Turn]:
    """What was said lately, as the next question needs it."""
    return [Turn(question=a.question, answer=a.text, intent=a.intent) for a in answers[-REMEMBERED:]]


class Desk:
    """The advisor together with the record: what every channel that holds conversations talks to."""

    def __init__(self, advisor: Answers, records: Records) -> None:
        self.advisor = advisor
        self.records = records
        self._unrecorded: OrderedDict[tuple[str, str, str], Answer] = OrderedDict()
        self._lock = Lock()

    def ask(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        conversation_key: str | None = None,
        profile: Profile | None = None,
        profile_key: str | None = None,
        earlier: Sequence[Turn] | None = None,
        owner: Owner = LOCAL,
        user: str = "",
        answer_id: str | None = None,
        request_key: str | None = None,
    ) -> Iterator[Event]:
        """The events of one answer; the last carries it whole, already recorded.

        `conversation_key` is the caller's own name for a conversation, which is made when new. `profile_key` names
        a kept profile to start from where neither the question nor the conversation brings one. `user` is whom the
        turn is kept for. `answer_id` is the id the answer gets; recording it ends the request `request_key`. With
        `earlier` the caller holds the conversation, and nothing is read from the record. An answer that could not be
        recorded is still given and says so. Raises InputError and NoSuchConversation.
        """
        question = check_question(question)
        records = self.records.of(owner)
        if conversation_key is not None:
            conversation_id = records.conversations.by_key(conversation_key)
        if earlier is None:
            earlier = []
            if conversation_id is not None:
                known = records.conversations.get(conversation_id)
                earlier, profile = turns(known.answers), profile or known.profile
        if profile_key is not None and profile in (None, Profile()):
            profile = _kept(records, profile_key)
        id, profile = conversation_id or new_id(), profile or Profile()
        for event in self.advisor.stream(question, profile=profile, conversation=earlier, conversation_id=id):
            if event.kind != "done" or event.answer is None:
                yield event
                continue
            answer = event.answer.model_copy(update={"conversation_id": id, "id": answer_id or event.answer.id})
            after = apply_changes(profile, answer.profile_changes)
            yield Event(kind="done", answer=self._record(records, answer, after, user or owner.user, request_key))

    def answer(self, id: str, owner: Owner = LOCAL) -> Answer:
        """An answer that is recorded, or was given lately and could not be. Raises NoSuchConversation."""
        with self._lock:
            recent = self._unrecorded.get((owner.tenant, owner.user, id))
        return recent or self.records.of(owner).conversations.answer(id)

    def _record(self, records: Records, answer: Answer, profile: Profile, user: str, request_key: str | None) -> Answer:
        assert answer.conversation_id is not None
        try:
            new = records.conversations.append(
                answer.conversation_id, answer, profile, user=user, request_key=request_key
            )
            if not new:  # another replica took the same request over, and its answer was first
                answer = records.conversations.answer(answer.id)
        except StorageError as e:
            note = f"{answer.note} This answer was not recorded: {e.message}".strip()
            answer = answer.model_copy(update={"note": note})
            if request_key is not None:
                with suppress(StorageError):  # the next try may be luckier
                    records.requests.release(request_key)
            # What is recorded is read from there: memory would still know what was erased.
            with self._lock:
                self._unrecorded[records.owner.tenant, records.owner.user, answer.id] = answer
                while len(self._unrecorded) > RECENT:
                    self._unrecorded.popitem(last=False)
        return answer


def _kept(records: Records, key: str) -> Profile:
    """The profile under that key; an empty one where nothing is kept yet, so that a first question needs no set-up."""
    try:
        return records.profiles.get(key)
    except NoSuchProfile:
        return Profile()
