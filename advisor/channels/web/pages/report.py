"""The report page: the whole advice as a file, the profile as a file, and sample organisations to look at."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.channels.session import Desk
from advisor.channels.web.pages.shared import QUIET, Site, html_part, intro, kept, note, place, problem, title
from advisor.channels.web.render import block
from advisor.channels.web.talk import Talk
from advisor.errors import AdvisorError, InputError
from advisor.knowledge.load import default_root
from advisor.records.profile_yaml import LARGEST, profile_from_yaml, profile_to_yaml
from advisor.report.build import build as build_report
from advisor.report.model import Report
from advisor.report.write import write
from advisor.schema import Profile

FORMS = (("Web page (HTML)", ".html"), ("PDF", ".pdf"), ("Markdown", ".md"), ("JSON", ".json"))


PREFIX = "mlops-report-"
KEPT_SECONDS = 3600
"""How long files made for a download stay: long enough to fetch them, and a shared machine should not keep more."""


def _sweep() -> None:
    """Remove the files of earlier visits."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def stem(profile: Profile) -> str:
    """A file name made of the organisation's name, safe on every system."""
    words = re.sub(r"[^a-z0-9]+", "-", (profile.name or "").lower()).strip("-")[:60]
    return f"mlops-report-{words}" if words else "mlops-report"


def written(desk: Desk, profile: Profile, folder: Path) -> tuple[Report, dict[str, Path], list[str]]:
    """The report, its files by form, and what could not be written."""
    advisor = desk.advisor
    made = build_report(profile, advisor.corpus, advisor.documents, advisor.versions, dt.date.today())
    files, trouble = {}, []
    for _, form in FORMS:
        path = folder / f"{stem(profile)}{form}"
        try:
            write(made, path)
            files[form] = path
        except AdvisorError as e:
            trouble.append(f"{e.message} {e.hint}")
    return made, files, trouble


def preview_html(report: Report) -> str:
    """The first page of the report: its figures and the things to know."""
    tiles = "".join(
        f'<div class="tile"><span class="label">{escape(t.label)}</span><strong>{escape(t.value)}</strong>'
        f"<span>{escape(t.note)}</span></div>"
        for t in report.tiles
    )
    things = "".join(f"<li><strong>{escape(p.title)}</strong> {escape(p.text)}</li>" for p in report.things)
    return block(
        f'<section><h3>{escape(report.organisation)}, {escape(report.date)}</h3><div class="tiles">{tiles}</div>'
        f'<h3>Five things to know</h3><ol class="points">{things}</ol></section>'
    )


def samples() -> list[tuple[str, str]]:
    """The sample organisations of this checkout: (name, file name)."""
    folder = default_root().parent / "samples"
    return [(p.stem.replace("-", " ").capitalize(), p.name) for p in sorted(folder.glob("*.yaml"))]


def read(desk: Desk, path: Path) -> Profile:
    """The profile in a file. Raises InputError that names the lines which are wrong."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name} is larger than a profile can be.", "Choose a profile in YAML.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path.name} cannot be read as text.", "Choose a profile in YAML, saved as UTF-8.") from e
    return profile_from_yaml(text, path.name, desk.advisor.corpus)


def sample(desk: Desk, name: str) -> Profile:
    """One sample organisation. Raises InputError."""
    if name not in [file for _, file in samples()]:
        raise InputError("There is no such sample.", "Choose one of the list.")
    return read(desk, default_root().parent / "samples" / name)


def build(site: Site, tab: gr.Tab) -> None:
    """The page and what its controls do."""
    desk = site.desk
    title("Report", "Everything on these pages as one file, with sources, assumptions and what we do not know.")
    message = html_part(id="report-note")
    with gr.Row(elem_classes="answers", elem_id="report-files"):
        files = [
            gr.DownloadButton(words, elem_id=f"report-{form[1:]}", interactive=False, min_width=130)
            for words, form in FORMS
        ]
    preview = html_part(id="report-preview")
    html_part("<h3>Your organisation as a file</h3>")
    with gr.Row(elem_classes="answers"):
        export = gr.DownloadButton("Export the profile (YAML)", elem_id="profile-export", min_width=190)
        load = gr.UploadButton("Import a profile (YAML)", file_types=[".yaml", ".yml"], elem_id="profile-import",
                               min_width=190)  # fmt: skip
    with gr.Row(elem_classes="inputs"):
        chosen = gr.Dropdown([], label="Sample organisations", elem_id="report-sample")
        take = gr.Button("Load the sample", elem_id="report-take", scale=0, min_width=150)
    parts = [message, *files, preview, export]

    def view(talk: Talk, said: str = "") -> list[Any]:
        _sweep()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        report, made, trouble = written(desk, talk.profile, folder)
        kept_as = folder / "profile.yaml"
        kept_as.write_text(profile_to_yaml(talk.profile), "utf-8")
        buttons = [
            gr.update(value=str(made[form]) if form in made else None, interactive=form in made) for _, form in FORMS
        ]
        said = said or (note(" ".join(trouble), bad=True) if trouble else "")
        return [said, *buttons, intro(talk.profile) + preview_html(report), gr.update(value=str(kept_as))]

    def opened(talk: Talk) -> list[Any]:
        known = samples()
        return [*view(talk), gr.update(choices=known, value=known[0][1] if known else None, visible=bool(known))]

    def taken(talk: Talk, profile: Profile, words: str) -> list[Any]:
        talk, said = kept(desk, talk, profile)
        return [talk, place(talk), *view(talk, said or note(words))]

    def refused(talk: Talk, e: AdvisorError) -> list[Any]:
        return [talk, place(talk), problem(e), *[gr.skip()] * (len(parts) - 1)]

    def import_file(talk: Talk, path: str | None) -> list[Any]:
        try:
            profile = read(desk, Path(path or ""))
        except AdvisorError as e:
            return refused(talk, e)
        return taken(talk, profile, "Imported. Every page now speaks about this organisation.")

    def take_sample(talk: Talk, name: str | None) -> list[Any]:
        try:
            profile = sample(desk, name or "")
        except AdvisorError as e:
            return refused(talk, e)
        # A sample begins a conversation of its own, so that it never overwrites the organisation's own answers.
        return taken(Talk(), profile, f"Loaded: {profile.name}. Your own conversation is still in the list.")

    everything = [site.talk, site.place, *parts]
    tab.select(opened, [site.talk], [*parts, chosen], **QUIET)
    load.upload(import_file, [site.talk, load], everything, **QUIET)
    take.click(take_sample, [site.talk, chosen], everything, **QUIET)
