"""From a question to its answer in the thread, whatever fails on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from advisor.channels.slack import words
from advisor.channels.slack.blocks import links_of, under
from advisor.channels.slack.events import Place, Question
from advisor.channels.slack.pool import where
from advisor.channels.slack.reply import REFUSED_SECONDS, Reply
from advisor.channels.slack.seen import Seen
from advisor.client import AdvisorClient, ApiError, Unreachable
from advisor.schema import Answer, Citation

AGAIN = (0, 429, 502, 503, 504)
"""Statuses after which a question is worth another attempt."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Advisors:
    """Two clients of one API: `once` tries a call once, `patient` tries again as long as it makes sense."""

    once: AdvisorClient
    patient: AdvisorClient


class Answering:
    """Asks the advisor and shows the answer."""

    def __init__(self, advisors_of: Callable[[str], Advisors]) -> None:
        self._advisors_of = advisors_of
        self._refused = Seen(REFUSED_SECONDS)

    def answer(self, question: Question, client: WebClient) -> None:
        """The answer in the question's thread; a message where there is none, and no status left behind."""
        place = question.place
        reply = Reply(client, place, self._refused)
        status = set_status(client, place, words.STATUS)
        try:
            if not self._told(question, reply):
                return
        except (ApiError, SlackClientError, OSError) as e:
            self._failed(reply, e)
        except Exception as e:
            log.error("a question could not be answered: %s", where(e))
            self._failed(reply, e)
        finally:
            if status and not reply.visible:
                set_status(client, place, "")

    def whole(self, question: Question) -> Answer | None:
        """The answer in one piece, for where nothing can grow; None where another process gives it. Raises ApiError."""
        found: list[Answer] = []
        self._ask(question, lambda _text, _cited: None, lambda: None, found.append)
        return found[0] if found else None

    def profile_key(self, place: Place) -> str | None:
        """The key of the channel's own profile, else of the workspace's, else None. Raises ApiError."""
        advisor = self._advisors_of(place.team).patient
        return next((key for key in place.profile_keys if advisor.get_profile(key) is not None), None)

    def _told(self, question: Question, reply: Reply) -> bool:
        def finish(answer: Answer) -> None:
            reply.finish(answer.text, links_of(answer.citations), under(answer))

        return self._ask(question, lambda text, cited: reply.say(text, links_of(cited)), reply.restart, finish)

    def _ask(
        self,
        question: Question,
        say: Callable[[str, list[Citation]], None],
        restart: Callable[[], None],
        finish: Callable[[Answer], None],
    ) -> bool:
        """Stream the answer into `say` and `finish`; False where another process has been given it.

        A replayed answer is ours all the same where an attempt of ours was lost on the way. Raises ApiError.
        """
        place, ours = question.place, False
        asked: dict[str, Any] = {
            "conversation_key": place.conversation_key,
            "profile_key": self.profile_key(place),
            "user": place.person,
            "idempotency_key": question.key,
        }
        advisors = self._advisors_of(place.team)
        for advisor in (advisors.once, advisors.patient):
            try:
                with advisor.stream(question.text, **asked) as events:
                    if events.replayed and not ours:
                        return False
                    ours = True
                    cited: list[Citation] = []
                    for event in events:
                        if event.kind == "sentence":
                            say(event.text, cited)
                        elif event.kind == "citation" and event.citation:
                            cited.append(event.citation)
                        elif event.kind == "restart":
                            restart()
                            cited.clear()
                        elif event.kind == "done" and event.answer:
                            finish(event.answer)
                    return True
            except ApiError as e:
                if advisor is advisors.patient or e.status not in AGAIN:
                    raise
                ours = ours or e.status in (502, 504) or (isinstance(e, Unreachable) and e.sent)
                restart()
        _never()

    def _failed(self, reply: Reply, error: Exception) -> None:
        code = error.response.get("error") if isinstance(error, SlackApiError) else type(error).__name__
        status = f" {error.status}" if isinstance(error, ApiError) else ""
        log.warning("an answer failed: %s%s", code, status)
        try:
            reply.fail(words.failure(error))
        except (SlackClientError, OSError) as e:
            log.error("nor could that be said: %s", type(e).__name__)


def set_status(client: WebClient, place: Place, status: str) -> bool:
    """Show what the bot is doing, where the thread shows such things; whether it does."""
    try:
        client.assistant_threads_setStatus(
            channel_id=place.channel,
            thread_ts=place.thread,
            status=status,
            loading_messages=words.LOADING if status else None,
        )
        return True
    except (SlackClientError, OSError):
        return False


def _never() -> NoReturn:
    raise AssertionError("the last attempt returns or raises")
