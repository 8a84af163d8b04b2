"""The command line: each command parses, calls one function, prints. Heavy imports wait inside the commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import advisor
from advisor.channels.commands.data import data_app
from advisor.channels.commands.keys import keys_app
from advisor.channels.commands.mcp import mcp
from advisor.channels.commands.slack import slack
from advisor.errors import AdvisorError, InputError

if TYPE_CHECKING:
    from advisor.schema import Profile

app = typer.Typer(
    help="Cited advice on running machine learning and LLM systems.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
corpus_app = typer.Typer(help="The knowledge: check it, count it.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(corpus_app, name="corpus")
app.add_typer(keys_app, name="keys")
app.add_typer(data_app, name="data")
app.command()(mcp)
app.command()(slack)

ProfileFile = Annotated[Path | None, typer.Option("--profile", help="A YAML file that describes your organisation.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mlops-advisor {advisor.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Cited advice on running machine learning and LLM systems."""


@app.command()
def ask(
    words: Annotated[list[str], typer.Argument(metavar="QUESTION", help="What you want to know.")],
    profile: ProfileFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Answer one question, with its sources."""
    from advisor.channels.startup import open_advisor
    from advisor.channels.terminal import endnotes, write
    from advisor.channels.text import check_question
    from advisor.config import load_settings

    question = check_question(" ".join(words))
    known = read_profile(profile)
    advisor = open_advisor(load_settings(), "exact")
    try:
        for event in advisor.stream(question, profile=known):
            if event.kind == "text" and not as_json:
                write(event.text)
            elif event.answer and as_json:
                sys.stdout.write(event.answer.model_dump_json(indent=2) + "\n")
            elif event.answer:
                write(f"\n\n{endnotes(event.answer)}\n")
    finally:
        advisor.close()


@app.command()
def chat(profile: ProfileFile = None) -> None:
    """Talk in the terminal; the conversation is kept, and the page shows it too."""
    from advisor.channels.startup import open_desk
    from advisor.channels.terminal import endnotes, say, show_error, write
    from advisor.config import load_settings

    known = read_profile(profile)
    desk = open_desk(load_settings(), "exact")
    conversation: str | None = None
    say("Ask, or describe your organisation. An empty line or Ctrl+D ends it.")
    while question := _line():
        try:
            for event in desk.ask(question, conversation_id=conversation, profile=known):
                if event.kind == "text":
                    write(event.text)
                elif event.answer:
                    write(f"\n\n{endnotes(event.answer)}\n\n")
                    conversation, known = event.answer.conversation_id, None
        except AdvisorError as e:
            show_error(e)


@app.command()
def index(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make a new version even where nothing changed.")] = False,
) -> None:
    """Bring the search index up to date with the corpus."""
    from advisor.index.child import start_cutter

    with start_cutter() as cutting:  # before our own imports, beside which its own take place
        from advisor.channels.startup import build_index
        from advisor.channels.terminal import say
        from advisor.config import load_settings

        say(f"The index is ready: {build_index(load_settings(), rebuild=rebuild, cutting=cutting)}.")


@corpus_app.command("check")
def corpus_check() -> None:
    """Check every corpus file; each problem with its file, line and mend."""
    from advisor.channels.terminal import say
    from advisor.config import load_settings
    from advisor.knowledge.check import check
    from advisor.knowledge.load import read

    corpus, problems = read(load_settings().corpus)
    # What could not be read leaves references without their target: those would only repeat the first problem.
    problems = problems or check(corpus)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        say(f"{len(problems)} problem(s).")
        raise typer.Exit(1)
    say(f"The corpus is sound: version {corpus.version}.")


@corpus_app.command("status")
def corpus_status() -> None:
    """Facts by kind, confidence and age, and what is due for review."""
    from advisor.config import load_settings
    from advisor.knowledge.load import load
    from advisor.knowledge.status import format_status, status

    corpus = load(load_settings().corpus)
    typer.echo(format_status(status(corpus), corpus.root))


@corpus_app.command("sample")
def corpus_sample(
    n: Annotated[int, typer.Argument(min=1, max=500, help="How many facts.")] = 25,
    seed: Annotated[int, typer.Option(help="Another number draws other facts.")] = 0,
) -> None:
    """Random facts with their sources, for a reader to check."""
    from advisor.config import load_settings
    from advisor.knowledge.load import load
    from advisor.knowledge.status import format_sample, sample

    corpus = load(load_settings().corpus)
    typer.echo(format_sample(sample(corpus, n, seed), corpus.root))


@app.command()
def report(
    profile: Annotated[Path, typer.Option("--profile", help="A YAML file that describes your organisation.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write: .html, .pdf, .md or .json.")],
) -> None:
    """A report for your organisation: where it stands, the plan, people, tools, costs, threats, sources."""
    import datetime as dt

    from advisor.channels.startup import open_advisor
    from advisor.channels.terminal import say
    from advisor.config import load_settings
    from advisor.report.build import build
    from advisor.report.write import write

    known = read_profile(profile)
    assert known is not None
    advisor = open_advisor(load_settings(), "exact")
    try:
        made = build(known, advisor.corpus, advisor.documents, advisor.versions, dt.date.today())
        write(made, out)
    finally:
        advisor.close()
    say(f"Written: {out}")


@app.command()
def doctor() -> None:
    """Check everything the product needs; each failure comes with its fix."""
    from advisor.channels.doctor import examine
    from advisor.config import load_settings

    checks = examine(load_settings())
    for check in checks:
        typer.echo(f"{check.state:4}  {check.name}: {check.detail}")
        if check.fix and check.state != "ok":
            typer.echo(f"      → {check.fix}")
    if any(check.state == "FAIL" for check in checks):
        raise typer.Exit(1)


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Default 7860, or ADVISOR_PORT; 0 picks a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="A loopback address; default 127.0.0.1.")] = None,
    page: Annotated[bool, typer.Option(help="Without the page, the API alone takes half the memory.")] = True,
) -> None:
    """Serve the chat page and the API."""
    from advisor.channels.server import serve as run
    from advisor.channels.startup import open_desk
    from advisor.channels.terminal import say
    from advisor.config import load_settings

    settings = load_settings()
    if port is not None and not 0 <= port <= 65535:
        raise InputError(f"{port} is not a port.", "Choose one from 1 to 65535, or 0 for any free one.")
    changes = {"port": port, "host": host}
    settings = settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
    run(settings, lambda: open_desk(settings), say, page=page)


def read_profile(path: Path | None) -> Profile | None:
    """The profile in a YAML file. Raises InputError naming the line that is wrong."""
    if path is None:
        return None
    from advisor.records.profile_yaml import profile_from_yaml

    try:
        text = path.read_text("utf-8")
    except OSError as e:
        raise InputError(f"The profile {path} cannot be read: {e.strerror}.", "samples/ has profiles to copy.") from e
    except UnicodeDecodeError as e:
        raise InputError(f"The profile {path} is not text.", "Save it as UTF-8.") from e
    return profile_from_yaml(text, str(path))


def _line() -> str:
    try:
        sys.stderr.write("› ")
        sys.stderr.flush()
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        return ""


def main() -> None:
    """Run a command; a known error is shown as message and hint, with exit code 2."""
    try:
        app()
    except AdvisorError as e:
        from advisor.channels.terminal import show_error

        show_error(e)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has seen enough; Python's own exit would complain about it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
