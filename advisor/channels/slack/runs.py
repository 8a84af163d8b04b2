"""Text with marks, and how mrkdwn writes it: escaped, never cut inside a mark, an entity or a link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

LONGEST_ADDRESS = 1500
_GAP = "\u200b"
"""Slack sees a mark only beside a space or punctuation; this is a space that nobody sees."""
_SENTENCE = re.compile(r"(?<=[.!?:;…])[\"')\]”’]*\s+|\n")
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_UNSAFE = re.compile(r"[\s<>|\"`\x00-\x1f]")
_LOOSE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class Run:
    """A stretch of text under the same marks. `marks` is drawn from `*_~` and the backtick of code."""

    text: str
    marks: str = ""
    url: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, list item or, with `code`, a block of fixed width. `lead` begins its first line."""

    runs: tuple[Run, ...]
    lead: str = ""
    quote: str = ""
    """Begins every line."""
    code: bool = False
    tight: bool = False
    """Stands right under the block before it."""

    def __len__(self) -> int:
        return len(self.flat)

    @property
    def flat(self) -> str:
        """What a reader sees of its runs."""
        return "".join(run.text for run in self.runs)

    def render(self) -> str:
        """The block in mrkdwn."""
        if self.code:
            return f"```{_code(self.flat)}```"
        text = self.quote + self.lead + _render(self.runs)
        return text.replace("\n", "\n" + self.quote)

    def cut(self, at: int) -> tuple[Block, Block]:
        """The block before and from position `at` of its flat text."""
        first: list[Run] = []
        second: list[Run] = []
        for run in self.runs:
            if at > 0:
                first.append(replace(run, text=run.text[:at]))
            if at < len(run.text):
                second.append(replace(run, text=run.text[max(0, at) :]))
            at -= len(run.text)
        return replace(self, runs=tuple(first)), replace(
            self, runs=tuple(second), lead=" " * len(self.lead), tight=False
        )

    def bare(self) -> Block:
        """The block as text alone: its first address or marks are longer than a message."""
        return replace(self, runs=(Run(self.flat),), lead="", quote="", code=False)


def joined(blocks: Sequence[Block]) -> str:
    """The blocks under each other."""
    parts = [("" if i == 0 else "\n" if block.tight else "\n\n") + block.render() for i, block in enumerate(blocks)]
    return "".join(parts)


def packed(blocks: Sequence[Block], limit: int) -> list[str]:
    """The text in parts of at most `limit` characters, parted between blocks, else sentences, else words."""
    out: list[str] = []
    held: list[Block] = []
    waiting = list(blocks)
    while waiting:
        block = waiting.pop(0)
        if len(joined([*held, block])) <= limit:
            held.append(block)
        elif held:
            out.append(joined(held))
            held = []
            waiting.insert(0, block)
        else:
            end = _cut(block, limit)
            if end is None:
                waiting.insert(0, block.bare())
                continue
            first, rest = block.cut(end)
            out.append(first.render().rstrip())
            waiting.insert(0, rest)
    return [*out, *([joined(held)] if held else [])]


def _cut(block: Block, limit: int) -> int | None:
    """The last good place to cut `block` so that its first part, rendered, keeps to the limit; None without one."""
    flat = block.flat
    lengths = _shrinking(min(limit, len(flat)))
    most = next((n for n in lengths if len(block.cut(n)[0].render()) <= limit), None)
    if most is None:
        return None
    ends = [m.end() for m in _SENTENCE.finditer(flat) if m.end() <= most]
    lines = [m.end() for m in re.finditer(r"\n", flat) if m.end() <= most]
    words = [m.end() for m in re.finditer(r"\s+", flat) if m.end() <= most]
    for places in [lines, words] if block.code else [ends, words]:
        # A cut near the very start would leave a part of a few words.
        if places and places[-1] >= most // 4:
            return places[-1]
    return most


def _shrinking(most: int) -> list[int]:
    """Lengths to try, from the longest; the last is one character."""
    out = []
    while most > 1:
        out.append(most)
        most = min(most - 1, most * 19 // 20)
    return [*out, 1]


def _render(runs: Sequence[Run]) -> str:
    out = ""
    for marks, group in groupby(runs, lambda run: run.marks.replace("`", "")):
        text = "".join(_one(run, start=not out or out.endswith("\n")) for run in group)
        for number, line in enumerate(text.split("\n")):
            out += "\n" if number else ""
            out = _beside(out, _wrapped(line, marks))
    return out


def _one(run: Run, start: bool) -> str:
    if run.url:
        return link(run.url, run.text)
    if "`" in run.marks:
        # Spaces inside a code mark would keep Slack from seeing it.
        text = run.text.replace("\n", " ")
        inner = _code(text.strip())
        return text.replace(text.strip(), f"`{inner}`") if inner else text
    text = label(run.text)
    return re.sub(r"(?m)^&gt;" if start else r"(?m)(?<=\n)&gt;", "›", text)


def _wrapped(line: str, marks: str) -> str:
    inner = line.strip()
    if not marks or not inner:
        return line
    before, after = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :]
    return f"{before}{marks}{inner}{marks[::-1]}{after}"


def _beside(out: str, text: str) -> str:
    """`text` put behind `out`, parted by an unseen space where a mark would touch a word or another mark."""
    if out and text and not out[-1].isspace() and not text[0].isspace():
        marked = {out[-1], text[0]} & set("*_~`")
        loose = out[-1].isalnum() or text[0].isalnum() or {out[-1], text[0]} <= set("*_~`>")
        if marked and loose:
            return out + _GAP + text
    return out + text


def escape(text: str) -> str:
    """`& < >` as Slack wants them: nothing in the text can be a mention, a link or an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def label(text: str) -> str:
    """Text whose characters mark nothing."""
    return escape(_LOOSE_UNDERSCORE.sub("ˍ", text.translate(_LOOKALIKES)))


def link(url: str, text: str) -> str:
    """`<address|label>`, on one line."""
    shown = "" if text == url else label(" ".join(text.split())).replace("|", "∣")
    if len(url) > LONGEST_ADDRESS:
        return shown or label(url)
    address = _UNSAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), url).replace("&", "&amp;")
    return f"<{address}|{shown}>" if shown else f"<{address}>"


def _code(text: str) -> str:
    return escape(text.replace("`", "ˋ"))
