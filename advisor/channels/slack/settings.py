"""The bot's settings, read once from the environment: Slack's tokens by workspace, and where the advisor is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from advisor.errors import ConfigError

API_URL = "https://slack.com/api/"
_HOOKS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CREATE = "Slack shows it where you made the app; docs/slack.md has the way there."


@dataclass(frozen=True)
class SlackSettings:
    """What the bot needs to know. Secrets stay out of its repr."""

    bot_tokens: tuple[str, ...] = field(repr=False)
    """One for each workspace."""
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    """Set: Socket Mode. Not set: Slack's requests come over HTTP, and are signed."""
    api_url: str = API_URL
    advisor_url: str | None = None
    advisor_key: str | None = field(default=None, repr=False)
    advisor_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Workspace id → the API key of its own tenant."""

    @property
    def socket_mode(self) -> bool:
        return bool(self.app_token)

    def key_of(self, team: str) -> str | None:
        """The API key for a workspace's questions."""
        return self.advisor_keys.get(team, self.advisor_key)

    def may_reply_to(self, response_url: str) -> bool:
        """Is this an address that Slack itself hands out? A reply holds an answer, and goes nowhere else."""
        try:
            url = urlsplit(response_url)
            port = url.port
        except ValueError:
            return False
        host = (url.hostname or "").lower()
        if url.username or url.password:
            return False
        if host in _LOOPBACK:  # only where the Web API is this machine too: a test against a stand-in
            return urlsplit(self.api_url).hostname in _LOOPBACK
        return url.scheme == "https" and host in _HOOKS and port in (None, 443)


def load_slack_settings(environ: Mapping[str, str]) -> SlackSettings:
    """Settings from SLACK_* and ADVISOR_*. Raises ConfigError naming what is missing."""

    def of(name: str) -> str:
        return environ.get(name, "").strip()

    def by_team(prefix: str) -> dict[str, str]:
        return {k.removeprefix(prefix): v.strip() for k, v in environ.items() if k.startswith(prefix) and v.strip()}

    tokens = tuple(dict.fromkeys(t for t in (of("SLACK_BOT_TOKEN"), *by_team("SLACK_BOT_TOKEN_").values()) if t))
    if not tokens:
        raise ConfigError(
            "There is no Slack bot token.", f"Set SLACK_BOT_TOKEN to the one that begins xoxb-. {_CREATE}"
        )
    settings = SlackSettings(
        bot_tokens=tokens,
        signing_secret=of("SLACK_SIGNING_SECRET"),
        app_token=of("SLACK_APP_TOKEN"),
        api_url=of("SLACK_API_URL") or API_URL,
        advisor_url=of("ADVISOR_URL") or None,
        advisor_key=of("ADVISOR_KEY") or None,
        advisor_keys=by_team("ADVISOR_KEY_"),
    )
    if not settings.socket_mode and not settings.signing_secret:
        raise ConfigError(
            "There is neither a signing secret nor an app token.",
            "Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP. " + _CREATE,
        )
    return settings
