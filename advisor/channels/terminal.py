"""What a terminal shows: progress, an answer with its sources, an error with what to do."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from typing import TextIO

from advisor.channels.text import plain
from advisor.errors import AdvisorError
from advisor.schema import Answer, Citation

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
QUOTE_CHARS = 160


def say(text: str) -> None:
    """A line for the person, apart from the answer."""
    print(plain(text), file=sys.stderr, flush=True)  # noqa: T201


def show_error(error: AdvisorError) -> None:
    """Message and hint on standard error."""
    say(f"Error: {error.message}")
    if error.hint:
        say(f"  → {error.hint}")


def write(text: str) -> None:
    """A piece of the answer, as it comes."""
    sys.stdout.write(styled(text) if sys.stdout.isatty() else plain(text))
    sys.stdout.flush()


def styled(text: str) -> str:
    """Markdown's bold and headings as a terminal shows them; tables and lists read well as they are."""
    text = _HEADING.sub(lambda m: f"\x1b[1m{m.group(1)}\x1b[0m", plain(text))
    return _BOLD.sub(lambda m: f"\x1b[1m{m.group(1)}\x1b[0m", text)


def endnotes(answer: Answer) -> str:
    """What follows the text: notes, sources, and what would make the next answer better."""
    parts = []
    if answer.citations:
        parts.append("Sources\n" + "\n".join(_source(c) for c in answer.citations))
    if answer.asks:
        parts.append("To be more exact, tell me:\n" + "\n".join(f"  - {a}" for a in answer.asks))
    if answer.note:
        parts.append(f"Note: {answer.note}")
    return plain("\n\n".join(parts))


def _source(c: Citation) -> str:
    quote = " ".join(c.quote.split())
    quote = quote if len(quote) <= QUOTE_CHARS else quote[: QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
    date = f"as of {c.as_of}, " if c.as_of else ""
    lines = [f"  [{c.n}] {c.title} ({date}{c.confidence})"]
    lines += textwrap.wrap(
        f"“{quote}”", max(40, min(100, _columns()) - 6), initial_indent=" " * 6, subsequent_indent=" " * 6
    )
    return "\n".join(lines + ([f"      {c.url}"] if c.url else []))


def _columns() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def progress(stream: TextIO | None = None) -> Callable[[int, int, str], None]:
    """A reporter of (done, total, what): a bar in a terminal, else a line when the work changes."""
    out = stream or sys.stderr
    tty = out.isatty()
    last: list[object] = ["", 0.0]

    def report(done: int, total: int, what: str) -> None:
        if not tty:
            if what != last[0]:
                out.write(f"{plain(what)}…\n")
        elif what != last[0] or done >= total or time.monotonic() - float(str(last[1])) > 0.1:
            share = done / total if total else 1.0
            full = int(share * 28)
            out.write(f"\r\x1b[2K{'█' * full}{'░' * (28 - full)} {share:4.0%}  {plain(what)}")
            last[1] = time.monotonic()
        last[0] = what
        out.flush()

    return report


def end_progress() -> None:
    """Leave the line that a bar was drawn on."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
