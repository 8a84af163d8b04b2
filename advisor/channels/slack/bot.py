"""The bot: Slack's events, commands, buttons and modals, each acknowledged at once and worked on afterwards."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from advisor.channels.slack import assessment_form, profile_form, words
from advisor.channels.slack.advisors import AdvisorClients
from advisor.channels.slack.answering import Answering
from advisor.channels.slack.blocks import FEEDBACK, QUOTES, links_of, section, under, voted
from advisor.channels.slack.engaged import Engaged
from advisor.channels.slack.events import Place, Question, heard, names, unslack
from advisor.channels.slack.home import Desk
from advisor.channels.slack.messages import post
from advisor.channels.slack.modals import notice, values
from advisor.channels.slack.mrkdwn import sections
from advisor.channels.slack.pool import Pool, where
from advisor.channels.slack.seen import Seen
from advisor.channels.slack.settings import SlackSettings
from advisor.channels.slack.workspaces import open_workspaces, quiet, web_client
from advisor.errors import InputError
from advisor.schema import Profile

ANYTHING = re.compile("")
REPLY_SECTIONS = 12
LISTENERS = 16
"""Threads that acknowledge; a slow Slack may hold some of them."""
log = logging.getLogger(__name__)


class Bot:
    """One process of the bot. `app` is the Bolt app; `close` waits for what it has begun."""

    def __init__(self, settings: SlackSettings, pool: Pool | None = None) -> None:
        self._settings = settings
        self._workspaces = open_workspaces(settings)
        self._advisors = AdvisorClients(settings)
        for team in self._workspaces:
            self._advisors.of(team)  # an address or key that cannot be one is told now, and not to who asks
        self._answering = Answering(self._advisors.of)
        self._desk = Desk(lambda team: self._advisors.of(team).patient)
        self._pool = pool or Pool()
        self._engaged = Engaged()
        self._seen = Seen()
        self.app = self._listeners()

    def close(self) -> None:
        """Finish the work in hand, then let go of the advisor."""
        if not self._pool.close():
            log.warning("some answers were not finished")
        self._advisors.close()

    def _listeners(self) -> App:
        workspaces = self._workspaces

        def authorize(team_id: str | None) -> AuthorizeResult:
            """Who the bot is in a workspace. Bolt takes None where it is not, though its types do not say so."""
            return workspaces.get(team_id or "")  # type: ignore[return-value]

        app = App(
            logger=quiet(),
            client=web_client(self._settings),
            authorize=authorize,
            signing_secret=self._settings.signing_secret,
            listener_executor=ThreadPoolExecutor(LISTENERS, thread_name_prefix="slack-listener"),
        )
        app.event("app_mention")(self._hear)
        app.event("message")(self._hear)
        app.event("app_home_opened")(self._opened)
        app.event(ANYTHING)(_nothing)
        app.command(ANYTHING)(self._command)
        app.action(FEEDBACK)(self._vote)
        app.action(QUOTES)(self._quotes_button)
        app.action(profile_form.OPEN)(self._profile_button)
        app.action(assessment_form.OPEN)(self._assessment_button)
        app.action(ANYTHING)(_acknowledged)
        app.view(profile_form.CALLBACK)(self._profile_given)
        app.view(assessment_form.CALLBACK)(self._assessment_given)
        app.error(_failed)
        return app

    def _hear(self, body: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        team, me = context.team_id or "", context.bot_user_id or ""
        question = heard(body, team, me)
        if question is None:
            return
        place = question.place
        if question.reach == "called" or names(body, me):
            self._engaged.join(place)
        if question.reach == "overheard" and names(body, me):
            return  # Slack reports it once more, as a mention
        if not (self._seen.add(question.key) and self._seen.add((team, place.channel, question.ts))):
            return
        if question.reach == "overheard" and not self._engaged.knows(place) and self._pool.full:
            return  # most likely people among themselves
        if not question.text:
            if question.reach == "called":
                self._submit(place.lane, question.ts, lambda: _say(client, place, words.GREETING), client, place)
            return
        self._submit(place.lane, question.ts, lambda: self._answer(question, client, me), client, place)

    def _answer(self, question: Question, client: WebClient, me: str) -> None:
        if question.reach == "called" or self._engaged.has(question.place, client, me):
            self._answering.answer(question, client)

    def _submit(self, lane: str, order: str, job: Callable[[], None], client: WebClient, place: Place) -> None:
        if not self._pool.submit(lane, order, job):
            log.warning("too busy for another question")
            _say(client, place, words.BUSY)

    def _opened(self, event: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        team, user, channel = context.team_id or "", str(event.get("user") or ""), str(event.get("channel") or "")
        if event.get("tab") == "home":
            self._pool.submit(f"home:{team}:{user}", "", lambda: self._desk.publish(client, team, user))
        elif channel:
            self._pool.submit(f"home:{team}:{user}", "", lambda: self._desk.prompts(client, channel))

    def _command(self, ack: Ack, command: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        team, channel, user = context.team_id or "", str(command.get("channel_id")), str(command.get("user_id"))
        text = unslack(str(command.get("text") or ""), context.bot_user_id or "")
        forms = {"profile": self._desk.profile_form, "assess": self._desk.assessment_form}
        if text in forms:
            ack()
            fill = forms[text]
            self._open_modal(lambda c, id: fill(c, id, team, channel), client, str(command.get("trigger_id")))
            return
        if not text or text == "help":
            ack(response_type="ephemeral", text=words.GREETING)
            return
        url = str(command.get("response_url") or "")
        if not self._settings.may_reply_to(url):
            log.warning("a response_url that is not Slack's was refused")
            ack(response_type="ephemeral", text=words.SORRY)
            return
        # A command has no thread: what one person asks in one channel is one conversation.
        place = Place(team, channel, user, user)
        question = Question(place, "", text, f"slack:{team}:{command.get('trigger_id')}", "called")
        if not self._seen.add(question.key):
            ack()
            return
        taken = self._pool.submit(place.lane, "", lambda: self._respond(question, url))
        ack(response_type="ephemeral", text=words.LOOKING if taken else words.BUSY)

    def _respond(self, question: Question, url: str) -> None:
        """Answer a command where only the person who gave it sees it."""
        try:
            answer = self._answering.whole(question)
            if answer is None:
                return
            parts = sections(answer.text, links_of(answer.citations))[:REPLY_SECTIONS]
            text, blocks = parts[0], [*map(section, parts), *under(answer)]
        except Exception as e:
            log.warning("a command failed: %s", where(e))
            text = words.failure(e)
            blocks = [section(text)]
        webhook = WebhookClient(url, timeout=20, logger=quiet())
        sent = webhook.send(
            text=text, blocks=blocks, response_type="ephemeral", unfurl_links=False, unfurl_media=False
        )  # fmt: skip
        if sent.status_code != 200:
            log.warning("a command's answer was not taken: %s", sent.status_code)

    def _vote(
        self, ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext, client: WebClient
    ) -> None:
        ack()
        vote = voted(action)
        if vote is None:
            return
        container = body.get("container") or {}
        thread = str((body.get("message") or {}).get("thread_ts") or container.get("thread_ts") or "")
        team, user, channel = context.team_id or "", context.user_id or "", context.channel_id or ""
        self._pool.submit(
            f"vote:{team}:{user}", "", lambda: self._desk.vote(client, team, user, channel, thread, vote)
        )  # fmt: skip

    def _profile_button(self, ack: Ack, body: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        ack()
        team, trigger = context.team_id or "", str(body.get("trigger_id"))
        self._open_modal(lambda c, id: self._desk.profile_form(c, id, team, None), client, trigger)

    def _assessment_button(self, ack: Ack, body: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        ack()
        team = context.team_id or ""
        self._open_modal(
            lambda c, id: self._desk.assessment_form(c, id, team, None), client, str(body.get("trigger_id"))
        )

    def _quotes_button(
        self, ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext, client: WebClient
    ) -> None:
        ack()
        team, answer_id = context.team_id or "", str(action.get("value") or "")
        self._open_modal(lambda c, id: self._desk.quotes(c, id, team, answer_id), client, str(body.get("trigger_id")))

    def _open_modal(
        self,
        fill: Callable[[WebClient, str], None],
        client: WebClient,
        trigger: str,
    ) -> None:
        """Open a waiting modal while the trigger is good, which is three seconds, and fill it when there is time."""
        opened = client.views_open(trigger_id=trigger, view=notice(words.LOOKING))
        id = str(opened["view"]["id"])
        if not self._pool.submit(f"view:{id}", "", lambda: fill(client, id)):
            client.views_update(view_id=id, view=notice(words.BUSY))

    def _profile_given(self, ack: Ack, view: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        try:
            profile_form.described(Profile(), values(view))
        except InputError as e:
            ack(response_action="errors", errors={_blamed(view, e): f"{e.message} {e.hint}"})
            return
        self._given(ack, view, context, self._desk.save_profile, client)

    def _assessment_given(self, ack: Ack, view: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        self._given(ack, view, context, self._desk.save_assessment, client)

    def _given(
        self,
        ack: Ack,
        view: dict[str, Any],
        context: BoltContext,
        save: Callable[[WebClient, str, str, Mapping[str, Any]], None],
        client: WebClient,
    ) -> None:
        team, user = context.team_id or "", context.user_id or ""
        taken = self._pool.submit(f"view:{view['id']}", "", lambda: save(client, team, user, view))
        ack(response_action="update", view=notice(words.LOOKING if taken else words.BUSY))


def _say(client: WebClient, place: Place, text: str) -> None:
    try:
        post(client, place, text, [section(text)])
    except (SlackClientError, OSError) as e:
        log.warning("a message was not taken: %s", type(e).__name__)


def _blamed(view: Mapping[str, Any], error: InputError) -> str:
    """The field that an error is about, as far as its message says so."""
    fields: list[str] = list((view.get("state") or {}).get("values") or {})
    return next((f for f in fields if f.split(".")[0] in error.message), fields[0])


def _nothing() -> None:
    """Events that the bot is sent and has no use for."""


def _acknowledged(ack: Ack) -> None:
    ack()


def _failed(error: Exception) -> None:
    log.error("a listener failed: %s", where(error))
