"""Every request has an id, and is counted: the metrics that Prometheus reads."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.schema import Answer, Versions

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def new_request_id() -> str:
    """An id for a request whose client sent none."""
    return f"req_{secrets.token_hex(8)}"


class Metrics:
    """The counters of one application; nothing in them says what was asked or by whom."""

    def __init__(self, versions: Versions, taken: Callable[[], float], waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "advisor_requests", "Requests by route, method and status.", ["route", "method", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "advisor_request_seconds", "Time to the end of the response.", ["route"], buckets=_REQUEST,
            registry=self.registry,
        )  # fmt: skip
        self.answers = Counter(
            "advisor_answers", "Answers given, by mode and whether the advisor abstained.", ["mode", "abstained"],
            registry=self.registry,
        )  # fmt: skip
        self.replayed = Counter("advisor_replays", "Answers given again for a repeated key.", registry=self.registry)
        self.tokens = Counter("advisor_tokens", "The chat model's tokens.", ["direction"], registry=self.registry)
        self.dropped = Counter(
            "advisor_dropped_sentences", "Sentences of the chat model that verification held back.",
            registry=self.registry,
        )  # fmt: skip
        self.feedback = Counter("advisor_feedback", "Thumbs up and down.", ["value"], registry=self.registry)
        Gauge("advisor_answers_running", "Answers being written.", registry=self.registry).set_function(taken)
        Gauge("advisor_answers_waiting", "Questions in line.", registry=self.registry).set_function(waiting)
        info = Gauge("advisor_info", "What is serving.", ["product", "corpus", "rules"], registry=self.registry)
        info.labels(versions.product, versions.corpus, versions.rules).set(1)

    def answered(self, answer: Answer) -> None:
        """Count one computed answer."""
        self.answers.labels(answer.mode, str(answer.abstained).lower()).inc()
        self.tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self.tokens.labels("completion").inc(answer.usage.completion_tokens)
        self.dropped.inc(answer.usage.dropped)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class Watch:
    """Gives a request its id, the response the same in X-Request-Id, and counts both."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"").decode("latin-1")
        id = sent if _ID.fullmatch(sent) else new_request_id()
        scope.setdefault("state", {})["request_id"] = id
        status, began = 499, time.perf_counter()  # 499: the client left before there was a response

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, with_id)
        finally:
            # The route's pattern and not the path: paths hold ids, and would never stop growing in number.
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.metrics.requests.labels(route, method, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - began)
