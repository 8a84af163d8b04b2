"""The chat page: what is on it, and which function each control calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr

from advisor.channels.session import Desk
from advisor.channels.web import form, talk
from advisor.channels.web.pages.shared import Site, place
from advisor.channels.web.pages.shared import html_part as _html
from advisor.channels.web.pages.site import add_pages
from advisor.channels.web.talk import Talk, View

MAX_CHARTS = 3
SYSTEM_FONTS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONO_FONTS = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def build_page(desk: Desk, banner: str) -> gr.Blocks:
    """The page as Gradio blocks, not yet mounted."""
    with gr.Blocks(title="MLOps Advisor", fill_width=True, analytics_enabled=False) as page:
        state = gr.State(Talk())
        # Presses on buttons inside our own HTML arrive here: page.js writes the event and clicks.
        bridge = gr.Textbox(elem_id="bridge", elem_classes="offstage", label="Page events", container=False)
        pressed = gr.Button("Press", elem_id="pressed", elem_classes="offstage")
        here = _html("", "here")
        with (
            gr.Tabs(elem_id="pages", overflow_behavior="wrap") as tabs,
            gr.Tab("Chat", id="chat") as chat,
            gr.Row(elem_id="shell"),
        ):
            with gr.Column(elem_id="rail"):
                _html('<h1 class="brand"><span aria-hidden="true">◆</span> MLOps Advisor</h1>')
                new = gr.Button("New conversation", elem_id="new", size="sm")
                _html('<h2 class="side">Conversations</h2>')
                listing = _html("", "conversations")
            with gr.Column(elem_id="main"):
                _html(_TOP, "top")
                _html(banner, "banner")
                history = _html("", "history")
                live = _html("", "live")
                plots = [gr.Plot(visible=False, show_label=False, elem_classes="plot") for _ in range(MAX_CHARTS)]
                after = _html("", "after")
                with gr.Row(elem_id="composer"):
                    question = gr.Textbox(
                        label="Your question",
                        show_label=False,
                        placeholder="Ask a question…",
                        lines=1,
                        max_lines=8,
                        autofocus=True,
                        elem_id="question",
                        html_attributes=gr.InputHTMLAttributes(enterkeyhint="send"),
                        scale=1,
                    )
                    send = gr.Button("Ask", variant="primary", elem_id="send", scale=0, min_width=72)
                    stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=0, min_width=72, visible=False)
            with gr.Column(elem_id="about"):
                _html('<h2 class="side">Your organisation</h2>')
                chips = _html("", "chips")
                with gr.Accordion("Correct or add facts", open=False, elem_id="facts"):
                    fields = form.fields()
                    save = gr.Button("Save", elem_id="save", size="sm")
                saved = _html("", "saved")
        shown = [state, history, live, after, listing, chips, saved, *plots, *fields, here]
        busy = [question, send, stop]

        def show(view: View) -> list[Any]:
            charts = [*view.charts[:MAX_CHARTS], *[None] * (MAX_CHARTS - len(view.charts))]
            return [
                view.talk, view.history, view.live, view.after, view.listing, view.chips, view.message,
                *(gr.update(value=c, visible=c is not None) for c in charts),
                *form.values(view.talk.profile), place(view.talk),
            ]  # fmt: skip

        def respond(text: str, current: Talk) -> Iterator[list[Any]]:
            unchanged: list[Any] = [gr.skip()] * (len(shown))
            for view in talk.respond(desk, current, text):
                if isinstance(view, View):
                    yield [*show(view), *_idle(view.draft)]
                else:
                    part = list(unchanged)
                    part[2] = view.live
                    if view.history is not None:
                        part[0], part[1], part[3] = view.talk, view.history, ""
                        part[7 : 7 + MAX_CHARTS] = [gr.update(visible=False)] * MAX_CHARTS
                    if view.chips is not None:
                        part[5] = view.chips
                    yield [*part, "", gr.update(visible=False), gr.update(visible=True)]

        def act(event: str, current: Talk) -> list[Any]:
            return show(talk.act(desk, current, json.loads(event)))

        def start(request: gr.Request) -> list[Any]:
            return show(talk.opened(desk, str(request.query_params.get("c", ""))))

        def save_facts(current: Talk, *values: Any) -> list[Any]:
            return show(talk.corrected(desk, current, form.facts(values, current.profile)))

        def returned(current: Talk) -> list[Any]:
            """The chat after a visit to the other pages; an answer that is being written stays where it is."""
            if current == Talk():  # nothing to bring back; at a reload this may come after the recorded conversation
                return [gr.skip()] * len(shown)
            if not current.asking:
                return show(talk.view(desk, current))
            part: list[Any] = [gr.skip()] * len(shown)
            part[5], part[7 + MAX_CHARTS : -1] = talk.chips_of(current), form.values(current.profile)
            return part

        add_pages(Site(desk, state, here, tabs))
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asking = gr.on(
            [send.click, question.submit], respond, [question, state], [*shown, *busy], trigger_mode="once", **quiet
        )
        stop.click(talk.stopped, [state], [live], cancels=[asking], **quiet).then(lambda: _idle(), None, busy, **quiet)
        pressed.click(act, [bridge, state], shown, trigger_mode="multiple", **quiet)
        new.click(lambda: [*show(talk.opened(desk, "")), *_idle("")], None, [*shown, *busy], cancels=[asking], **quiet)
        save.click(save_facts, [state, *fields], shown, **quiet)
        chat.select(returned, [state], shown, **quiet)
        page.load(start, None, shown, **quiet)
    return page


def _idle(draft: str | None = None) -> list[Any]:
    return [gr.skip() if draft is None else draft, gr.update(visible=True), gr.update(visible=False)]


_TOP = (
    '<nav class="top" aria-label="Panels"><button type="button" data-toggle="rail" aria-expanded="false">Conversations'
    '</button><button type="button" data-toggle="about" aria-expanded="false">'
    "Your organisation</button></nav>"
)
