"""Markdown that nobody has vouched for, as HTML that is safe to show.

Rendered without raw HTML, images and reference links, then cut down to an allow-list. A link survives only
where its address is one of the answer's own citations; `[n]` becomes a button where citation n exists.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKER = re.compile(r"\[(\d{1,3})\]")
_TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "a", "button", "sup", "span", "div",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "button": {"type", "data-cite", "aria-label"},
    "div": {"tabindex", "role", "aria-label"},
    "ol": {"start"},
}
_CLASSES = {"button": {"cite"}, "sup": {"cite"}, "span": {"held"}, "div": {"table"}}


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.disable(["image", "reference", "html_inline", "html_block"])


def to_html(text: str, citations: Mapping[int, str] | None = None, links: Collection[str] = ()) -> str:
    """Safe HTML; `citations` maps each marker's number to the title its button is read out with.

    Without `citations` (the answer is still being written) every marker is shown, and none can be pressed.
    """
    tokens = _parser().parse(text)
    for token in tokens:
        _heading(token)
        if token.type == "inline" and token.children:
            token.children = _inline(token.children, citations, links)
    html = str(_parser().renderer.render(tokens, _parser().options, {}))
    html = html.replace("<table>", '<div class="table" role="region" tabindex="0" aria-label="Table"><table>')
    return clean(html.replace("</table>", "</table></div>"))


def clean(html: str) -> str:
    """The allowed tags and attributes of `html`, and nothing else."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes={"https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def _heading(token: Token) -> None:
    """Answers sit under the page's own headings: theirs begin at the third level."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = "h" + str(max(3, int(token.tag[1])))


def _inline(children: list[Token], citations: Mapping[int, str] | None, links: Collection[str]) -> list[Token]:
    kept: list[Token] = []
    inert = 0
    for token in children:
        if token.type == "link_open":
            if str(token.attrGet("href")) not in links:
                inert += 1
                continue
        elif token.type == "link_close" and inert:
            inert -= 1
            continue
        elif token.type == "text":
            kept.extend(_markers(token.content, citations))
            continue
        kept.append(token)
    return kept


def _markers(text: str, citations: Mapping[int, str] | None) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    for match in _MARKER.finditer(text):
        n = int(match.group(1))
        if citations is not None and n not in citations:
            continue
        button = f'<sup class="cite">{n}</sup>' if citations is None else cite_button(n, citations[n])
        # Held to the word before it: a marker alone at the start of a line belongs to nothing.
        before, space, word = text[at : match.start()].removesuffix(" ").rpartition(" ")
        tokens += [_token("text", before + space), _token("html_inline", '<span class="held">'), _token("text", word)]
        tokens.append(_token("html_inline", f"{button}</span>"))
        at = match.end()
    return [*tokens, _token("text", text[at:])]


def cite_button(n: int, title: str) -> str:
    """The small button that opens citation n."""
    return f'<button type="button" class="cite" data-cite="{n}" aria-label="Source {n}: {escape(title)}">{n}</button>'


def _token(kind: str, content: str) -> Token:
    token = Token(kind, "", 0)
    token.content = content
    return token
