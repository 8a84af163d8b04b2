"""A Slack bot that only calls the advisor's API. docs/slack.md says what it needs to be set."""

import os
import re
from html import escape

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from advisor.client import AdvisorClient, ApiError

advisor = AdvisorClient()
slack = WebClient(base_url=os.environ.get("SLACK_API_URL", WebClient.BASE_URL))
slack.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
said = [(token, slack.auth_test(token=token)) for token in os.environ["SLACK_BOT_TOKENS"].split()]
whoami = {a["team_id"]: AuthorizeResult.from_auth_test_response(bot_token=t, auth_test_response=a) for t, a in said}
app = App(client=slack, authorize=lambda team_id: whoami.get(team_id))
app.error(lambda: BoltResponse(status=401))  # all that fails before the acknowledgement is an odd signature


@app.event("app_mention")
@app.event("message")
def answer(body, event, context, say):
    if event.keys() & {"bot_id", "subtype", "edited"} or event.get("channel_type", "im") != "im":
        return
    thread, team = event.get("thread_ts") or event["ts"], f"slack:{context.team_id}"
    asked, key = re.sub("<@[^>]*>", "", event["text"]), f"{team}:{event['channel']}:{thread}"
    try:
        reply = advisor.ask(asked, conversation_key=key, idempotency_key=f"{team}:{body['event_id']}")
        text = "" if reply.replayed else reply.answer.text
    except ApiError as e:
        text = f"{e.message} {e.hint}"
    for part in re.findall(r"(?s).{1,3500}(?=\s|$)", text):
        say(escape(part, quote=False), thread_ts=thread, unfurl_links=False, unfurl_media=False)


app.start(int(os.environ.get("PORT", "3000")))
