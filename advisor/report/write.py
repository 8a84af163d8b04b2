"""Writes a report to a file; the ending of the name says in which form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from advisor.errors import InputError, StorageError
from advisor.report.data import to_json
from advisor.report.html import to_html
from advisor.report.markdown import to_markdown
from advisor.report.model import Report
from advisor.report.pdf import to_pdf

FORMS: dict[str, Callable[[Report], str | bytes]] = {
    ".html": to_html,
    ".pdf": to_pdf,
    ".md": to_markdown,
    ".json": to_json,
}


def write(report: Report, path: Path) -> None:
    """Write the report, whole or not at all. Raises InputError, StorageError or MissingExtra."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise InputError(
            f"'{path.name}' names no form that a report can take.", f"End the name in one of: {', '.join(FORMS)}."
        )
    made = form(report)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8"))
        part.replace(path)
    except OSError as e:
        part.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {e.strerror}.", "Choose another folder or free space.") from e
