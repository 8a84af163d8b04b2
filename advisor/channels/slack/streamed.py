"""Markdown as Slack's streaming methods take it: the standard kind, in which Slack's own `<…>` still works."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from advisor.channels.slack.mrkdwn import Links, address_end
from advisor.channels.slack.tables import without_tables
from advisor.channels.text import plain

_UNSEEN = "\u200b"
_OPENS = re.compile(r"<(?=[!@#/a-zA-Z])")
_THING = re.compile(
    r"(?P<code>`+)(?:.|\n)*?(?P=code)"
    r"|!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])+)\]\((?P<target>(?:[^()\s]|\([^()\s]*\))*)[^()\n]*\)"
    r"|\[(?P<n>\d{1,3})\](?![\[(])"
    r"|(?P<bare>https?://[^\s<>\"|]+)"
)


def streamed(markdown: str, links: Links) -> str:
    """The Markdown with markers as links, without tables, mentions and addresses that nobody vouches for."""
    return _OPENS.sub("<" + _UNSEEN, _THING.sub(lambda found: _shown(found, links), without_tables(plain(markdown))))


def _shown(found: re.Match[str], links: Links) -> str:
    if found["code"]:
        return found[0]
    if found["n"]:
        url = links.citations.get(int(found["n"]))
        return f"[{found[0]}]({_target(url)})" if url else found[0]
    if found["bare"]:
        end = address_end(found["bare"])
        url, rest = found["bare"][:end], found["bare"][end:]
        return (f"[{url}]({_target(url)})" if links.vouched(url) else f"`{_host(url)}`") + rest
    label, target = found["label"], found["target"]
    if links.vouched(target):
        return f"[{label}]({_target(target)})"
    return f"{label} (`{_host(target)}`)" if _host(target) else label


def _target(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").replace("`", "")
    except ValueError:
        return ""
