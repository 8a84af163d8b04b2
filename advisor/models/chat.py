"""Any OpenAI-compatible chat endpoint, through the openai client.

The client alone does not protect us: a stream cut at a closed connection ends without
an error, a drip-feed never times out, an HTML page comes back as a string. So the
client's own retries are off, one wall-clock deadline rules, a reply counts as finished
only with a finish reason, and every failure becomes ModelUnavailable with a reason.
The client reads in a thread of its own: a name look-up, dripped headers or a stream of
comments give it nothing to hand over, and so no chance to look at the clock.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import openai

from advisor.errors import ModelUnavailable
from advisor.interfaces import Message
from advisor.models.breaker import Breaker

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 20.0
"""Longest wait for the first or the next piece of a reply."""
LEAST_SECONDS = 0.2
"""With less time than this left, nothing is asked."""
CHARS_PER_TOKEN = 20
"""No honest token is longer; an endpoint that ignores the limit on tokens is cut off by it."""
NOT_ITS_FAULT = ("bad-request", "too-long", "length")
"""Failures that show an endpoint alive and well."""


class OpenAIChat:
    """A chat model behind an OpenAI-compatible endpoint."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None, max_tokens: int = 900) -> None:
        self.name = model
        self.breaker = Breaker()
        self._max_tokens = max_tokens
        # A redirect would carry the prompt to a host that nobody configured.
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        )

    def stream(self, messages: Sequence[Message], *, deadline: float) -> OpenAIReply:
        """The model's reply to the messages."""
        return OpenAIReply(self, messages, deadline)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _open(self, messages: Sequence[Message], deadline: float, stop: threading.Event) -> Any:
        """An open stream. One retry, before any text has come, where waiting may help and time allows."""
        for attempt in (1, 2):
            left = max(deadline - time.monotonic(), 0.1)
            try:
                return self._client.chat.completions.create(  # type: ignore[call-overload]
                    model=self.name,
                    messages=list(messages),
                    stream=True,
                    stream_options={"include_usage": True},
                    temperature=0,
                    max_tokens=self._max_tokens,
                    timeout=openai.Timeout(min(IDLE_SECONDS, left), connect=min(CONNECT_SECONDS, left)),
                )
            except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as e:
                wait = _retry_after(e)
                if attempt == 2 or isinstance(e, openai.APITimeoutError) or time.monotonic() + wait + 1 > deadline:
                    raise
                if stop.wait(wait):
                    raise
        raise AssertionError("unreachable")


class OpenAIReply:
    """Pieces of one reply, with its usage once it has ended."""

    def __init__(self, model: OpenAIChat, messages: Sequence[Message], deadline: float) -> None:
        self._model, self._messages, self._deadline = model, messages, deadline
        self._response: Any = None
        self.usage = (0, 0)

    def __iter__(self) -> Iterator[str]:
        if time.monotonic() + LEAST_SECONDS > self._deadline:
            raise ModelUnavailable("The chat model had no time left to answer.", reason="timeout")
        breaker = self._model.breaker
        if not breaker.allow():
            raise ModelUnavailable("The chat model failed repeatedly and is left alone for a moment.", reason="resting")
        inbox: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        stop = threading.Event()
        threading.Thread(target=self._pump, args=(inbox, stop), name="chat-reply", daemon=True).start()
        try:
            yield from self._received(inbox)
        except ModelUnavailable as e:
            if e.reason in NOT_ITS_FAULT:
                breaker.succeed()
            else:
                breaker.fail(at_once=e.reason == "auth")
            raise
        else:
            breaker.succeed()
        finally:
            stop.set()
            self._hang_up()

    def _received(self, inbox: queue.SimpleQueue[str | Exception | None]) -> Iterator[str]:
        """What the reading thread hands over, until its end, its failure or ours by the clock."""
        while True:
            try:
                item = inbox.get(timeout=max(0.0, min(IDLE_SECONDS, self._deadline - time.monotonic())))
            except queue.Empty:
                raise ModelUnavailable("The chat model did not answer in time.", reason="timeout") from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise item if isinstance(item, ModelUnavailable) else _explain(item) from item
            yield item

    def _pump(self, inbox: queue.SimpleQueue[str | Exception | None], stop: threading.Event) -> None:
        """Reads the reply into the inbox; the last thing put there is None or what went wrong."""
        try:
            for piece in self._pieces(stop):
                inbox.put(piece)
            inbox.put(None)
        # Whatever a malformed reply makes the client throw, the answer goes on without the model.
        except Exception as e:
            inbox.put(e)

    def _pieces(self, stop: threading.Event) -> Iterator[str]:
        stream = self._model._open(self._messages, self._deadline, stop)
        if isinstance(stream, str) or not hasattr(stream, "__iter__"):
            raise ModelUnavailable("The endpoint answered with something that is not a chat reply.", reason="nonsense")
        finish: str | None = None
        room = CHARS_PER_TOKEN * self._model._max_tokens
        any_chunk = False
        with stream:
            self._response = stream.response
            if stop.is_set():
                return
            for chunk in _uncut(stream):
                if stop.is_set():
                    return
                any_chunk = any_chunk or hasattr(chunk, "choices")
                if usage := getattr(chunk, "usage", None):
                    self.usage = (usage.prompt_tokens or 0, usage.completion_tokens or 0)
                choices = getattr(chunk, "choices", None) or []
                if not choices:
                    continue
                finish = choices[0].finish_reason or finish
                if piece := choices[0].delta and choices[0].delta.content:
                    room -= len(piece)
                    if room < 0:
                        finish = "length"
                        break
                    yield piece
        if not any_chunk:
            raise ModelUnavailable("The endpoint answered with something that is not a chat reply.", reason="nonsense")
        if finish is None:
            raise ModelUnavailable("The chat model's reply was cut off.", reason="cut")
        if finish == "length":
            raise ModelUnavailable("The chat model's reply ran into its length limit.", reason="length")

    def _hang_up(self) -> None:
        """Wakes a thread that still reads, so that it ends; after a whole reply there is nothing to do."""
        response = self._response
        if response is None or response.is_closed:
            return
        with contextlib.suppress(OSError, KeyError, AttributeError):
            response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _uncut(stream: Any) -> Iterator[Any]:
    """The stream's chunks; a connection lost on the way is a cut, not an endpoint that cannot be reached."""
    try:
        yield from stream
    except openai.APITimeoutError:
        raise
    except openai.APIConnectionError as e:
        raise ModelUnavailable("The chat model's reply was cut off.", reason="cut") from e


def _retry_after(error: Exception) -> float:
    """Seconds the endpoint asks us to wait; half a second where it does not say."""
    response = getattr(error, "response", None)
    try:
        return max(0.5, float(response.headers["retry-after"])) if response is not None else 0.5
    except (KeyError, ValueError):
        return 0.5


def _explain(error: Exception) -> ModelUnavailable:
    """What went wrong, as a person should read it, with a reason code."""
    match error:
        case openai.APITimeoutError():
            return ModelUnavailable("The chat model did not answer in time.", reason="timeout")
        case openai.APIConnectionError():
            return ModelUnavailable(
                "The chat model's endpoint cannot be reached.", "Check OPENAI_BASE_URL: advisor doctor", "unreachable"
            )
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelUnavailable("The chat model's endpoint refused the key.", "Check OPENAI_API_KEY.", "auth")
        case openai.RateLimitError():
            return ModelUnavailable("The chat model's endpoint is limiting requests.", reason="rate-limited")
        case openai.NotFoundError():
            return ModelUnavailable(
                "The endpoint does not know this chat model.", "Check ADVISOR_CHAT_MODEL.", "bad-request"
            )
        case openai.BadRequestError() if "context" in str(error).lower() or "token" in str(error).lower():
            return ModelUnavailable(
                "The prompt was too long for the chat model.", "Set ADVISOR_CONTEXT_TOKENS to its window.", "too-long"
            )
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            return ModelUnavailable("The endpoint did not accept the request.", reason="bad-request")
        case openai.APIStatusError():
            return ModelUnavailable("The chat model's endpoint failed.", reason="server-error")
        case _:
            return ModelUnavailable("The endpoint answered with something unreadable.", reason="nonsense")
