"""Markdown to mrkdwn, Slack's own notation, which looks alike and is not: no escapes, no headings, no tables.

What mrkdwn cannot escape is replaced by a look-alike (`*` by `∗`), so that a mark in the result is always one
that was meant. Addresses are always written `<address|label>`: Slack takes a `*` or `)` beside a bare one for
a part of it. Links to places that the caller does not vouch for lose their address and show their host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from advisor.channels.slack.runs import Block, Run, joined, packed
from advisor.channels.slack.tables import columns, fits, row_text
from advisor.channels.text import plain

SECTION_CHARS = 2900
"""A section block takes 3,000, which Slack may count in UTF-16."""

_MARKED = re.compile(r"\[(\d{1,3})\]|https?://[^\s<>\"|]+")
_TRAILING = ".,;:!?'\"*_~`”’»…"
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//([^/?#]+)", re.IGNORECASE)
_SCHEMES = ("http://", "https://", "mailto:")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.disable(["reference", "html_inline", "html_block"])


@dataclass(frozen=True)
class Links:
    """What may be linked: `citations` maps a marker's number to its address, `vouched` tells of other addresses."""

    citations: Mapping[int, str] = field(default_factory=dict)
    vouched: Callable[[str], bool] = lambda _url: True


ALL = Links()


def to_mrkdwn(markdown: str, links: Links = ALL) -> str:
    """The text in mrkdwn, however long."""
    return joined(blocks(markdown, links))


def sections(markdown: str, links: Links = ALL, limit: int = SECTION_CHARS) -> list[str]:
    """The text in mrkdwn, in parts of at most `limit` characters that end with a sentence where they can."""
    return packed(blocks(markdown, links), limit)


def blocks(markdown: str, links: Links = ALL) -> list[Block]:
    """The text's paragraphs, headings, list items, code and tables."""
    return _Reader(links).read(_parser().parse(plain(markdown)))


def address_end(url: str) -> int:
    """How much of a bare address is one: what a sentence puts behind it is not."""
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _TRAILING or any(
            last == close and url.count(close, 0, end) > url.count(open, 0, end) for open, close in ("()", "[]")
        ):
            end -= 1
        else:
            break
    return end


class _Reader:
    """Walks the tokens of one text; lists and quotes around a paragraph decide how it begins."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._out: list[Block] = []
        self._lists: list[int | None] = []
        """One for each list around us: its next number, or None for bullets."""
        self._quotes = 0
        self._fresh = False
        """No paragraph of the list item has been written yet."""
        self._in_list = False
        """The last block was a part of a list."""

    def read(self, tokens: list[Token]) -> list[Block]:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type == "table_open":
                end = next(i for i in range(at, len(tokens)) if tokens[i].type == "table_close")
                self._table(_rows(tokens[at:end]))
                at = end
            elif token.type == "inline":
                heading = tokens[at - 1].type == "heading_open"
                self._paragraph(self._inline(token.children or [], "*" if heading else ""))
            else:
                self._enter(token)
            at += 1
        return self._out

    def _enter(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._fresh = True
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "fence" | "code_block":
                self._code(token.content.rstrip("\n"))
            case "hr":
                self._paragraph([Run("———")])

    def _paragraph(self, runs: list[Run]) -> None:
        if not "".join(run.text for run in runs).strip():
            return
        lead, tight = "", False
        if self._lists:
            tight = self._in_list
            lead = "    " * (len(self._lists) - 1) + ("  " if not self._fresh else self._bullet())
        self._fresh, self._in_list = False, bool(self._lists)
        self._out.append(Block(tuple(runs), lead, "> " if self._quotes else "", tight=tight))

    def _bullet(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "• "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _code(self, text: str) -> None:
        self._in_list = False
        if text.strip():
            self._out.append(Block((Run(text),), code=True))

    def _table(self, rows: list[list[str]]) -> None:
        if fits(rows):
            self._code(columns(rows))
            return
        self._paragraph([Run(row_text(rows[0]), "*")])
        self._out += [Block((Run(row_text(row)),), "• ", tight=True) for row in rows[1:] if row_text(row)]

    def _inline(self, tokens: list[Token], mark: str) -> list[Run]:
        out: list[Run] = []
        marks = [mark] if mark else []
        label, href = "", None
        for token in tokens:
            now = "".join(dict.fromkeys(marks))
            match token.type:
                case "strong_open" | "em_open" | "s_open":
                    marks.append({"strong_open": "*", "em_open": "_", "s_open": "~"}[token.type])
                case "strong_close" | "em_close" | "s_close":
                    marks.pop()
                case "link_open":
                    label, href = "", str(token.attrGet("href") or "")
                case "link_close":
                    out += self._link(href or "", label, now)
                    href = None
                case _ if href is not None:
                    label += seen([token])
                case "code_inline":
                    out.append(Run(token.content, now + "`"))
                case "softbreak":
                    out.append(Run(" ", now))
                case "hardbreak":
                    out.append(Run("\n", now))
                case _:
                    out += self._text(token.content, now)
        return out

    def _link(self, href: str, label: str, marks: str) -> list[Run]:
        if href.startswith(_SCHEMES) and self._links.vouched(href):
            return [Run(label.strip() or href, marks, href)]
        found = _HOST.match(href)
        host = found[1] if found else ""
        shown = [Run(f"{label} " if host else label, marks)] if label.strip() else []
        # The host as code, or Slack makes a link of it after all.
        return [*shown, *([Run(host, marks + "`")] if host else [])]

    def _text(self, text: str, marks: str) -> list[Run]:
        out: list[Run] = []
        at = 0
        for found in _MARKED.finditer(text):
            if found[1]:
                end, target = found.end(), self._links.citations.get(int(found[1]))
                new = [Run(found[0], marks, target)] if target else []
            else:
                end = found.start() + address_end(found[0])
                url = text[found.start() : end]
                new = self._link(url, url if self._links.vouched(url) else "", marks)
            if new:
                out += [Run(text[at : found.start()], marks), *new]
                at = end
        return [run for run in (*out, Run(text[at:], marks)) if run.text]


def _rows(tokens: list[Token]) -> list[list[str]]:
    """The cells' text, row by row."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(seen(token.children or []))
    return rows


def seen(tokens: list[Token]) -> str:
    """The text that a reader sees of inline tokens."""
    return "".join(
        seen(t.children) if t.children else " " if t.type in ("softbreak", "hardbreak") else t.content for t in tokens
    )
