"""Tables for a place that has none: columns in fixed width where they fit beside each other, else a line a row."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDEST = 76
"""Characters that a window of usual size shows in a line of code."""
_TABLE = re.compile(r"(?m)^[ \t]*\|.*\|[ \t]*\n[ \t]*\|[ \t:|-]*-[ \t:|-]*\n?(?:^[ \t]*\|.*\n?)*")
_CELL = re.compile(r"(?<!\\)\|")


def fits(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the table fits into fixed width."""
    return sum(_widths(rows)) + 2 * (len(rows[0]) - 1) <= WIDEST


def columns(rows: Sequence[Sequence[str]]) -> str:
    """The table in fixed width, its first row underlined."""
    widths = _widths(rows)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def row_text(row: Sequence[str]) -> str:
    """One row as a line of text; empty cells are left out."""
    return " · ".join(cell for cell in row if cell.strip())


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]


def without_tables(markdown: str) -> str:
    """The Markdown with its tables laid out; streamed messages would show the bars."""
    return _TABLE.sub(lambda found: _laid_out(found[0]), markdown)


def before_open_table(markdown: str) -> int:
    """How much of a text that still grows comes before a table that is not at its end."""
    end = len(markdown)
    lines = markdown.splitlines(keepends=True)
    while lines and lines[-1].lstrip().startswith("|"):
        end -= len(lines.pop())
    return end


def _laid_out(table: str) -> str:
    rows = [[c.strip() for c in _CELL.split(line.strip().strip("|"))] for line in table.splitlines() if line.strip()]
    head, body = rows[0], rows[2:]
    filled = [head, *((row + [""] * len(head))[: len(head)] for row in body)]
    if fits(filled):
        return f"```\n{columns(filled)}\n```\n"
    return "\n".join([f"**{row_text(head)}**", *(f"- {row_text(row)}" for row in filled[1:])]) + "\n"
