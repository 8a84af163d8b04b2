"""Everything besides answers: the Home tab, the two modals, the thumbs. Each runs after the acknowledgement."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.models.views import View

from advisor.channels.slack import assessment_form, profile_form, quotes, scorecard, words
from advisor.channels.slack.blocks import section
from advisor.channels.slack.modals import modal, notice, values
from advisor.channels.slack.pool import where
from advisor.client import AdvisorClient, ApiError
from advisor.schema import Profile

PROMPTS = [
    {"title": "What comes next for us?", "message": "What should we do next?"},
    {"title": "Whom to hire?", "message": "Whom should we hire first?"},
    {"title": "RAG or fine-tuning?", "message": "RAG or fine-tuning?"},
    {"title": "What can go wrong?", "message": "What can go wrong with our models in production?"},
]
log = logging.getLogger(__name__)


class Desk:
    """Profiles, assessments and feedback of the workspaces; every method tells its person what went wrong."""

    def __init__(self, advisor_of: Callable[[str], AdvisorClient]) -> None:
        self._advisor_of = advisor_of

    def publish(self, client: WebClient, team: str, user: str) -> None:
        """The Home tab of one person: the workspace's scorecard."""
        advisor = self._advisor_of(team)
        try:
            profile = advisor.get_profile(team_key(team))
            assessment = advisor.assess(profile) if profile and profile.practices else None
            client.views_publish(user_id=user, view=scorecard.home(profile, assessment))
        except Exception as e:
            _note("the Home tab", e)
            view = View(type="home", blocks=[section(words.failure(e))])
            _quietly(lambda: client.views_publish(user_id=user, view=view))

    def prompts(self, client: WebClient, channel: str) -> None:
        """Suggestions for whoever opens the bot's messages."""
        _quietly(lambda: client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=PROMPTS))

    def profile_form(self, client: WebClient, view_id: str, team: str, channel: str | None) -> None:
        """Put the profile's form into the modal that waits for it."""

        def form() -> View:
            advisor = self._advisor_of(team)
            own = advisor.get_profile(channel_key(team, channel)) if channel else None
            known = own or advisor.get_profile(team_key(team)) or Profile()
            key = channel_key(team, channel) if channel else None
            return profile_form.view(known, team_key(team), key, own is not None)

        self._into(client, view_id, "the profile's form", form)

    def assessment_form(self, client: WebClient, view_id: str, team: str, channel: str | None) -> None:
        """Put the ten questions into the modal that waits for them."""

        def form() -> View:
            advisor = self._advisor_of(team)
            key = team_key(team)
            profile = advisor.get_profile(channel_key(team, channel)) if channel else None
            if profile is not None and channel:
                key = channel_key(team, channel)
            profile = profile or advisor.get_profile(key) or Profile()
            return assessment_form.view(assessment_form.questions(advisor, profile), key)

        self._into(client, view_id, "the assessment's form", form)

    def quotes(self, client: WebClient, view_id: str, team: str, answer_id: str) -> None:
        """Put the passages behind an answer into the modal that waits for them."""
        self._into(client, view_id, "the quotes", lambda: quotes.view(self._advisor_of(team).answer(answer_id)))

    def save_profile(self, client: WebClient, team: str, user: str, view: Mapping[str, Any]) -> None:
        """Keep what the form says."""

        def saved() -> View:
            advisor, given = self._advisor_of(team), values(view)
            key = profile_form.target(view, given)
            advisor.put_profile(key, profile_form.described(advisor.get_profile(key) or Profile(), given))
            whom = "this channel" if key != team_key(team) else "this workspace"
            return notice(f"Saved for {whom}. My answers use it from now on.")

        self._into(client, str(view["id"]), "the profile", saved)
        self.publish(client, team, user)

    def save_assessment(self, client: WebClient, team: str, user: str, view: Mapping[str, Any]) -> None:
        """Keep the answers and show what they come to."""

        def assessed() -> View:
            advisor = self._advisor_of(team)
            key = assessment_form.target(view)
            known = advisor.get_profile(key) or Profile()
            profile = assessment_form.answered(known, values(view), f"slack:{user}")
            advisor.put_profile(key, profile)
            return modal(scorecard.results(advisor.assess(profile)), title="Where you stand")

        self._into(client, str(view["id"]), "the assessment", assessed)
        self.publish(client, team, user)

    def vote(self, client: WebClient, team: str, user: str, channel: str, thread: str, vote: tuple[str, bool]) -> None:
        """Pass a thumb on, and thank for it where only that person sees it."""
        answer_id, helped = vote
        try:
            self._advisor_of(team).feedback(answer_id, 1 if helped else -1, user=f"slack:{team}:{user}")
            said = words.THANKS[helped]
        except Exception as e:
            _note("a vote", e)
            said = words.failure(e)
        _quietly(lambda: client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread or None, text=said))

    def _into(self, client: WebClient, view_id: str, what: str, make: Callable[[], View]) -> None:
        try:
            view = make()
        except Exception as e:
            _note(what, e)
            view = notice(words.failure(e))
        _quietly(lambda: client.views_update(view_id=view_id, view=view))


def team_key(team: str) -> str:
    """The key of a workspace's profile."""
    return f"slack:{team}"


def channel_key(team: str, channel: str) -> str:
    """The key of a channel's own profile."""
    return f"slack:{team}:{channel}"


def _note(what: str, error: Exception) -> None:
    if isinstance(error, ApiError):
        log.warning("%s failed: %s %s", what, type(error).__name__, error.status)
    else:
        log.warning("%s failed: %s", what, where(error))


def _quietly(call: Callable[[], object]) -> None:
    """Tell Slack something that may be told in vain."""
    try:
        call()
    except SlackApiError as e:
        log.warning("Slack refused: %s", e.response.get("error"))
    except (SlackClientError, OSError) as e:
        log.warning("Slack did not take it: %s", type(e).__name__)
