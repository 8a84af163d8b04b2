"""Prompts: files with a hash, and the messages made from them, cut to fit the model's window."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from advisor.answer.evidence import Ranked
from advisor.answer.verify import Evidence
from advisor.interfaces import Message
from advisor.schema import Finding, Turn

_FOLDER = Path(__file__).parent / "prompts"
CHARS_PER_TOKEN = 3.2
"""On the safe side for English prose, so that a prompt that we think fits does."""
REPLY_TOKENS = 900
MOST_PASSAGES = 8

_ROLE = re.compile(
    r"<\|[^|>]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|</?(?:system|user|assistant|start_of_turn|end_of_turn)>"
)
"""What chat templates mark a speaker with; a passage speaks for nobody."""


@cache
def prompt(name: str) -> str:
    """The text of a prompt file."""
    return (_FOLDER / f"{name}.md").read_text("utf-8")


@cache
def prompt_version() -> str:
    """The first 12 hex digits of a sha256 over every prompt file."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.glob("*.md")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def evidence(ranked: Sequence[Ranked], findings: Sequence[Finding]) -> dict[str, Evidence]:
    """Label → what it stands for: `F1`… for findings, `1`… for sections."""
    found = {f"F{i}": Evidence(f"F{i}", _finding_text(f)) for i, f in enumerate(findings, 1)}
    for i, r in enumerate(ranked[:MOST_PASSAGES], 1):
        heading = " › ".join(r.section.headings)
        body = "\n".join(("- " if u.kind == "item" else "") + " ".join(u.text.split()) for u in r.section.units)
        found[str(i)] = Evidence(str(i), f"{heading} (as of {r.document.as_of})\n{body}")
    return found


def _finding_text(finding: Finding) -> str:
    rows = finding.table.rows if finding.table else []
    return "\n".join([f"{finding.title}. {finding.text}", *(" | ".join(row) for row in rows)])


def answer_messages(
    question: str, about: Sequence[str], given: dict[str, Evidence], conversation: Sequence[Turn], window: int
) -> list[Message]:
    """The messages for one answer; passages that do not fit the window are left out, last first."""
    fence = secrets.token_hex(4)
    system = prompt("answer")
    history = "\n".join(f"Asked before: {t.question[:300]}" for t in conversation[-2:])
    head = f"About the organisation: {'; '.join(about) or 'nothing is known yet'}.\n{history}\n"
    room = int((window - REPLY_TOKENS) * CHARS_PER_TOKEN) - len(system) - len(head) - len(question) - 400
    parts: list[str] = []
    for label, item in given.items():
        text = _ROLE.sub("", item.text.replace(fence, ""))
        part = f"[{label}] {text}"
        if room - len(part) < 0 and parts:
            break
        parts.append(part[: max(room, 0)])
        room -= len(part)
    body = f"\n{fence}\n".join(parts)
    user = f"{head}\nPassages and findings, separated by {fence}:\n{fence}\n{body}\n{fence}\n\nQuestion: {question}"
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]
