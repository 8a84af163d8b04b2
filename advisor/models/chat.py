"""Any OpenAI-compatible chat endpoint, through the openai client.

The client alone does not protect us: a stream cut at a closed connection ends without
an error, a drip-feed never times out, an HTML page comes back as a string. So the
client's own retries are off, one wall-clock deadline rules, a reply counts as finished
only with a finish reason, and every failure becomes ModelUnavailable with a reason.
"""

from __future__ import annotations

import json
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


class OpenAIChat:
    """A chat model behind an OpenAI-compatible endpoint."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None, max_tokens: int = 900) -> None:
        self.name = model
        self.breaker = Breaker()
        self._max_tokens = max_tokens
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=openai.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS),
        )

    def stream(self, messages: Sequence[Message], *, deadline: float) -> OpenAIReply:
        """The model's reply to the messages."""
        return OpenAIReply(self, messages, deadline)

    def close(self) -> None:
        self._client.close()

    def _open(self, messages: Sequence[Message], deadline: float) -> Any:
        """An open stream. One retry, before any text has come, where waiting may help and time allows."""
        for attempt in (1, 2):
            left = deadline - time.monotonic()
            if left <= 0.2:
                raise ModelUnavailable("The chat model had no time left to answer.", reason="timeout")
            try:
                return self._client.chat.completions.create(
                    model=self.name,
                    messages=list(messages),  # type: ignore[arg-type]
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
                time.sleep(wait)
        raise AssertionError("unreachable")


class OpenAIReply:
    """Pieces of one reply, with its usage once it has ended."""

    def __init__(self, model: OpenAIChat, messages: Sequence[Message], deadline: float) -> None:
        self._model, self._messages, self._deadline = model, messages, deadline
        self.usage = (0, 0)

    def __iter__(self) -> Iterator[str]:
        breaker = self._model.breaker
        if not breaker.allow():
            raise ModelUnavailable("The chat model failed repeatedly and is left alone for a moment.", reason="resting")
        try:
            yield from self._pieces()
        except ModelUnavailable as e:
            breaker.fail(at_once=e.reason == "auth")
            raise
        except (openai.OpenAIError, json.JSONDecodeError, ValueError, OSError) as e:
            problem = _explain(e)
            if problem.reason not in ("bad-request", "too-long"):
                breaker.fail(at_once=problem.reason == "auth")
            raise problem from e
        breaker.succeed()

    def _pieces(self) -> Iterator[str]:
        stream = self._model._open(self._messages, self._deadline)
        if isinstance(stream, str) or not hasattr(stream, "__iter__"):
            raise ModelUnavailable("The endpoint answered with something that is not a chat reply.", reason="nonsense")
        finish: str | None = None
        with stream:
            for chunk in stream:
                if time.monotonic() > self._deadline:
                    raise ModelUnavailable("The chat model did not finish in time.", reason="timeout")
                if usage := getattr(chunk, "usage", None):
                    self.usage = (usage.prompt_tokens or 0, usage.completion_tokens or 0)
                choices = getattr(chunk, "choices", None) or []
                if not choices:
                    continue
                finish = choices[0].finish_reason or finish
                if piece := choices[0].delta and choices[0].delta.content:
                    yield piece
        if finish is None:
            raise ModelUnavailable("The chat model's reply was cut off.", reason="cut")
        if finish == "length":
            raise ModelUnavailable("The chat model's reply ran into its length limit.", reason="length")


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
