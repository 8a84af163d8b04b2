"""The workspaces that the bot is installed in, and the Web API as it is used in all of them."""

from __future__ import annotations

import logging

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from advisor.channels.slack.settings import SlackSettings
from advisor.errors import ConfigError

LONGEST_WAIT = 60
"""Seconds; told to wait longer, the bot gives up."""
_SECONDS = 20


class WaitsAsTold(RateLimitErrorRetryHandler):
    """Comes back after Slack's Retry-After. Nothing else is sent twice: what broke off may have been posted."""

    def _can_retry(
        self,
        *,
        state: RetryState,  # noqa: ARG002
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        told = next((v for k, v in response.headers.items() if k.lower() == "retry-after"), ["1"])
        return str(told[0]).isdigit() and int(told[0]) <= LONGEST_WAIT


def quiet() -> logging.Logger:
    """A logger for Slack's libraries, which write whole requests into anything that takes their debug lines."""
    logger = logging.getLogger("advisor.channels.slack.sdk")
    logger.setLevel(logging.ERROR)
    return logger


def web_client(settings: SlackSettings, token: str | None = None) -> WebClient:
    """The Web API, honouring its limits."""
    return WebClient(
        token=token,
        base_url=settings.api_url,
        timeout=_SECONDS,
        logger=quiet(),
        retry_handlers=[WaitsAsTold(max_retry_count=3)],
    )


def open_workspaces(settings: SlackSettings) -> dict[str, AuthorizeResult]:
    """Workspace id → who the bot is there. Raises ConfigError for a token that Slack does not take."""
    found: dict[str, AuthorizeResult] = {}
    for number, token in enumerate(settings.bot_tokens, 1):
        try:
            said = web_client(settings, token).auth_test()
        except SlackApiError as e:
            raise ConfigError(
                f"Slack does not accept bot token number {number}: {e.response.get('error')}.",
                "Copy it again from OAuth & Permissions; it begins with xoxb-.",
            ) from e
        except (SlackClientError, OSError) as e:
            raise ConfigError(f"Slack cannot be reached at {settings.api_url}.", "Check the network and proxy.") from e
        found[said["team_id"]] = AuthorizeResult(
            enterprise_id=said.get("enterprise_id"),
            team_id=said["team_id"],
            bot_user_id=said.get("user_id"),
            bot_id=said.get("bot_id"),
            bot_token=token,
        )
    return found
