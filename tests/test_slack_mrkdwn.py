"""mrkdwn: whatever the Markdown, Slack shows the same words, links only what is a link, and cuts nothing in two."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advisor.channels.slack.mrkdwn import Links, address_end, blocks, sections, to_mrkdwn
from advisor.channels.slack.runs import LONGEST_ADDRESS
from advisor.channels.slack.streamed import streamed
from tests.slack_kit.slack import PING

CODE = re.compile(r"```(?P<fence>.*?)```|`(?P<code>[^`\n]+)`", re.DOTALL)
LINK = re.compile(r"<(?P<url>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
GAP = "\u200b"
UNDO = str.maketrans({"∗": "*", "∼": "~", "ˋ": "`", "ˍ": "_", "∣": "|", "›": ">", GAP: ""})
LOOSE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")

CHARACTERS = "abc XYZ 012 *_~`[]()<>|&!@#.,:;'\"\\/-+=\n"
PIECES = st.sampled_from([*CHARACTERS, "é", "中", "🙂", "http://", "https://x.org/"])
PROSE = st.lists(PIECES, max_size=80).map("".join)
WORD = st.text("abcdefgXYZ0123", min_size=1, max_size=9)
SENTENCE = st.lists(WORD, max_size=11).map(lambda words: " ".join(["It", *words]) + ".")
HOSTS = st.sampled_from(["example.org", "a-b.example", "xn--d.example"])
PATHS = st.text("abcXYZ019-_.~!$&'()*+,;=:@%|/", max_size=30).map(lambda s: s.replace("%", "%25"))
URL = st.builds(lambda host, path: f"https://{host}/{path}", HOSTS, PATHS)
LABEL = st.text("abc XYZ()|*&<>_~#!.,é", min_size=1, max_size=30).filter(lambda s: any(c.isalnum() for c in s))


def outside_code(text: str) -> str:
    return CODE.sub("", text)


def shown(text: str) -> str:
    """What a reader of mrkdwn sees, letters and digits only."""
    out = []
    at = 0
    for found in CODE.finditer(text):
        out += [seen_plain(text[at : found.start()]), unescape(found["fence"] or found["code"] or "").translate(UNDO)]
        at = found.end()
    out.append(seen_plain(text[at:]))
    return letters("".join(out))


def seen_plain(text: str) -> str:
    text = LINK.sub(lambda m: m["label"] if m["label"] is not None else unquote(m["url"]), text)
    return unescape(text).translate(UNDO)


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def meant(markdown: str) -> str:
    """What the Markdown says, letters and digits only."""
    runs = (run for block in blocks(markdown) for run in block.runs)
    return letters("".join(unquote(run.text) if run.url == run.text else run.text for run in runs))


def sound(text: str) -> None:
    """Nothing in it but text, entities, links and pairs of marks."""
    bare = outside_code(text)
    assert PING.search(text) is None
    for m in LINK.finditer(bare):
        assert m["url"].startswith(("http://", "https://", "mailto:")), m[0]
        assert not set(m["url"]) & set(" `\n|")
    rest = LINK.sub("", bare)
    assert "<" not in rest
    assert not re.search(r"(?<!\n)(?<!^)>", rest)
    assert re.sub(r"&(amp|lt|gt);", "", text).count("&") == 0
    for line in rest.split("\n"):
        for mark in "*~":
            assert line.count(mark) % 2 == 0, (mark, line)
        assert len(LOOSE.findall(line)) % 2 == 0, line
        assert "`" not in line


@given(PROSE)
@settings(max_examples=400, deadline=None, derandomize=True)
@example("**bold**text *it*** `a``b` ~~x~~y")
@example("> q\n> <!channel>\n- a\n  - b\n\n```\n<!here> ``` &\n```")
@example("***both* one**, __a_b__ _c")
@example("| a | b |\n|---|---|\n| *x* | `|` |")
@example("**https://x.org/a**, *https://x.org/(b)* https://x.org/c*")
def test_any_markdown_is_sound_mrkdwn_with_the_same_words(markdown: str) -> None:
    text = to_mrkdwn(markdown)
    sound(text)
    numbers = re.compile(r"(?m)^((?:> )?\s*)\d+\. ")  # of list items, which are no words
    words = meant(markdown)
    assert shown(text) == words or shown(numbers.sub(r"\1", text)) == words


@given(PROSE, st.integers(40, 400))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_parts_keep_to_the_limit_and_lose_nothing(markdown: str, limit: int) -> None:
    parts = sections(markdown * 6, limit=limit)
    for part in parts:
        assert 0 < len(part) <= limit
        sound(part)
    whole = letters(re.sub(r"\d", "", shown(to_mrkdwn(markdown * 6))))
    assert letters(re.sub(r"\d", "", "".join(shown(p) for p in parts))) == whole


@given(st.lists(SENTENCE, min_size=2, max_size=40), st.integers(150, 600))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_long_paragraph_is_parted_between_sentences(sentences: list[str], limit: int) -> None:
    parts = sections(" ".join(sentences), limit=limit)
    assert all(part.endswith(".") for part in parts)
    assert " ".join(parts) == " ".join(sentences)


@given(LABEL, URL)
@settings(max_examples=300, deadline=None, derandomize=True)
@example("a [b] (c) | d*", "https://en.wikipedia.org/wiki/Set_(abstract)|x*y&z")
@example("*", "https://example.org/*")
def test_a_link_keeps_its_address_and_label(label: str, url: str) -> None:
    escaped = re.sub(r"([\\`*_\[\]<>~&!#])", r"\\\1", label)
    text = to_mrkdwn(f"See [{escaped}](<{url}>) now.")
    found = LINK.findall(text)
    assert len(found) == 1, text
    assert unquote(unescape(found[0][0])) == unquote(url)
    said = unescape(found[0][1]).translate(UNDO) if found[0][1] else url
    assert said == " ".join(label.split()).translate(UNDO)
    assert text.startswith("See <")
    assert text.endswith("> now.")


@pytest.mark.parametrize(
    "around", ["**{}**", "*{}*", "~~{}~~", "({})", "[see {}]", "“{}”", "{}.", "{}, and", "*a {}*", "{}*"]
)
@pytest.mark.parametrize(
    "url", ["https://x.org", "https://x.org/a_(b)", "https://x.org/a?b=c&d=e", "http://x.org/a_b_c"]
)
def test_marks_and_punctuation_beside_an_address_are_no_part_of_it(around: str, url: str) -> None:
    found = LINK.findall(to_mrkdwn(f"Read {around.format(url)} first"))
    assert [unescape(u) for u, _ in found] == [url]


@given(URL)
def test_an_address_ends_before_its_punctuation(url: str) -> None:
    end = address_end(url + "),.")
    assert url.startswith((url + "),.")[:end]) or (url + "),.")[:end] == url + ")"


def test_the_forms() -> None:
    markdown = (
        "# Plan **now**\n\nDo *this* and __that__, not ~~those~~: `a < b`.\n\n"
        "1. one\n2. two\n   - deep\n\n> said\n> so\n\n---\n\n```python\nx = a & b\n```\n\n"
        "| A | B |\n|--|--|\n| 1 | long |\n"
    )
    assert to_mrkdwn(markdown) == (
        "*Plan now*\n\nDo _this_ and *that*, not ~those~: `a &lt; b`.\n\n1. one\n2. two\n    • deep\n\n"
        "> said so\n\n———\n\n"
        "```x = a &amp; b```\n\n```A  B\n-  ----\n1  long```"
    )


def test_what_would_notify_somebody_is_only_text() -> None:
    assert (
        to_mrkdwn("<!channel> <!here|x> <@U123> @channel") == "&lt;!channel&gt; &lt;!here|x&gt; &lt;@U123&gt; @channel"
    )


def test_markers_become_links_to_their_sources_and_other_addresses_do_not() -> None:
    links = Links({1: "https://ok.example/a"}, {"https://ok.example/a"}.__contains__)
    assert to_mrkdwn("Do it [1][2].", links) == "Do it <https://ok.example/a|[1]>[2]."
    assert to_mrkdwn("See [here](https://evil.example/?q=secret).", links) == "See here `evil.example`."
    assert to_mrkdwn("See https://evil.example/?q=secret.", links) == "See `evil.example`."
    assert to_mrkdwn("![pixel](https://evil.example/p.png)", links) == "pixel"
    assert to_mrkdwn("[x](javascript:alert(1))", links) == "[x](javascript:alert(1))"
    assert to_mrkdwn("[y](//evil.example/)", links) == "y `evil.example`"


def test_an_endless_address_is_text() -> None:
    url = "https://x.org/" + "a" * LONGEST_ADDRESS
    assert LINK.findall(to_mrkdwn(f"[x]({url})")) == []


def test_a_table_too_wide_for_a_window_becomes_a_list() -> None:
    wide = (
        "| Quarter | Practice | Owner |\n|---|---|---|\n"
        + f"| Q1 | {'deployment by script ' * 4} | engineer |\n| Q2 | | x |\n"
    )
    said = ("deployment by script " * 4).strip()
    assert to_mrkdwn(wide) == f"*Quarter · Practice · Owner*\n• Q1 · {said} · engineer\n• Q2 · x"
    assert streamed(wide, Links()) == f"**Quarter · Practice · Owner**\n- Q1 · {said} · engineer\n- Q2 · x\n"


def test_code_is_parted_between_lines_and_stays_code() -> None:
    parts = sections("```\n" + "\n".join(f"line {n}" for n in range(50)) + "\n```", limit=100)
    assert all(p.startswith("```") and p.endswith("```") for p in parts)
    assert all(p.strip("`").startswith("line ") for p in parts)


def test_controls_and_direction_overrides_are_gone() -> None:
    assert to_mrkdwn("a\u202eb\x1b[31mc\x07") == "abc"


@given(PROSE)
@settings(max_examples=300, deadline=None, derandomize=True)
@example("[a](https://x.org/)[1]<!channel><http://evil|here> [x](https://x.org/(a)b 'c')")
def test_streamed_markdown_pings_nobody_and_links_nothing_unvouched(markdown: str) -> None:
    links = Links({1: "https://ok.example/a"}, {"https://ok.example/a"}.__contains__)
    text = streamed(f"{markdown} [1] <!here>", links)
    assert PING.search(text) is None
    assert not re.search(r"<[!@#a-zA-Z/]", text)
    outside = re.sub(r"(`+)(?:.|\n)*?\1", "", text)
    targets = re.findall(r"\]\(([^)\s]*)", outside)
    assert all(t == "https://ok.example/a" for t in targets if t.startswith("http"))


def test_streamed_markdown() -> None:
    links = Links({2: "https://ok.example/a_(b)"}, {"https://ok.example/a_(b)"}.__contains__)
    said = streamed("**Do** it [2], not [x](https://evil.example/y) at https://evil.example/z. `<b>`", links)
    assert (
        said == "**Do** it [[2]](https://ok.example/a_%28b%29), not x (`evil.example`) at `evil.example`. `<\u200bb>`"
    )
