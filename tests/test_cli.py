"""The command line as a person runs it: in its own process."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.channels.text import QUESTION_CHARS, check_question, plain
from advisor.config import Settings
from advisor.errors import InputError
from advisor.schema import Answer
from tests.homes import FIXTURE, settings_for

ROOT = Path(__file__).parents[1]


def run(*args: str, home: Path | None = None, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"ADVISOR_HOME": str(home)} if home else {}), **env}
    return subprocess.run(
        [sys.executable, "-m", "advisor.channels.cli", *args],
        capture_output=True, text=True, env=environment, cwd=ROOT, input=stdin, timeout=120,
    )  # fmt: skip


def test_ask_prints_the_answer_and_its_sources(advisor_home: Settings) -> None:
    done = run("ask", "What is a feature store?", home=advisor_home.home)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    marks = set(re.findall(r"\[(\d+)\]", done.stdout.split("Sources")[0]))
    assert marks
    assert marks == set(re.findall(r"^  \[(\d+)\]", done.stdout.split("Sources")[1], re.MULTILINE))


def test_json_is_the_whole_answer(advisor_home: Settings, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("people: 25\nteam: {data-scientist: 2}\nmodels_in_production: 1\n")
    done = run("ask", "What should we do next?", "--profile", str(profile), "--json", home=advisor_home.home)
    assert done.returncode == 0, done.stderr
    answer = Answer.model_validate(json.loads(done.stdout))
    assert answer.citations


def test_ask_builds_the_index_that_is_missing() -> None:
    settings = settings_for()
    done = run("ask", "Which registry fits a small team?", home=settings.home, ADVISOR_CORPUS=str(FIXTURE))
    assert done.returncode == 0, done.stderr
    assert "Building the index: there is no index yet." in done.stderr
    assert done.stdout
    again = run("index", home=settings.home, ADVISOR_CORPUS=str(FIXTURE))
    assert "0 newly embedded" in again.stderr or "ready" in again.stderr
    status = run("doctor", home=settings.home, ADVISOR_CORPUS=str(FIXTURE), ADVISOR_PORT="0")
    assert status.returncode == 0, status.stdout
    assert re.search(r"^ok +index", status.stdout, re.MULTILINE)


def test_doctor_says_how_to_mend_what_is_missing() -> None:
    done = run("doctor", ADVISOR_CORPUS=str(FIXTURE), ADVISOR_PORT="0")
    assert re.search(r"^warn +index.*\n +→ advisor index", done.stdout, re.MULTILINE)


def test_chat_keeps_the_conversation(advisor_home: Settings, tmp_path: Path) -> None:
    home = settings_for(advisor_home.corpus, tmp_path / "chat").home
    (home / "index").symlink_to(advisor_home.home / "index")
    done = run("chat", home=home, stdin="We are 25 people with two data scientists.\nWhom should we hire first?\n\n")
    assert done.returncode == 0, done.stderr
    assert "Sources" in done.stdout
    from advisor.records.conversations import Conversations

    records = Conversations(home / "advisor.db")
    assert len(records.get(records.recent()[0].id).answers) == 2


@pytest.mark.parametrize(
    ("args", "env", "says"),
    [
        (["ask", ""], {}, "empty"),
        (["ask", "x" * 5000], {}, "4,000"),
        (["ask", "\x1b[31mred"], {}, "control characters"),
        (["ask", "What?", "--profile", "/nowhere.yaml"], {}, "cannot be read"),
        (["ask", "What?"], {"ADVISOR_HOME": "/proc/nowhere"}, "ADVISOR_HOME"),
        (["ask", "What?"], {"ADVISOR_CORPUS": "/nowhere"}, "ADVISOR_CORPUS"),
        (["serve"], {"ADVISOR_PORT": "eighty"}, "ADVISOR_PORT"),
        (["serve", "--host", "0.0.0.0"], {}, "open to other machines"),
    ],
)
def test_what_is_wrong_is_said_with_a_hint(args: list[str], env: dict[str, str], says: str) -> None:
    done = run(*args, **env)
    assert done.returncode == 2
    assert says in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "says"), [("peple: 3", "peple"), ("people: many", "people"), ("a: [", "YAML"), ("- 1", "profile")]
)
def test_a_bad_profile_names_the_field(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    done = run("ask", "What?", "--profile", str(file))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named_before_anything_slow_happens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port)
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "ADVISOR_PORT" in done.stderr
    assert "Building" not in done.stderr


def test_corpus_check_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.yaml").write_text("- id: ok-one\n  title: [half\n")
    done = run("corpus", "check", ADVISOR_CORPUS=str(tmp_path))
    assert done.returncode == 1
    assert re.search(r"a\.yaml:\d+: not valid YAML", done.stdout)


def test_help_works_and_loads_nothing_heavy() -> None:
    assert run("-h").returncode == 0
    code = (
        "import sys, advisor.channels.cli\n"
        "heavy = {'torch', 'gradio', 'chromadb', 'llama_index', 'sqlalchemy', 'openai', 'fastapi', 'numpy', 'yaml',"
        " 'onnxruntime', 'plotly', 'rich', 'uvicorn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_ask_loads_no_more_than_it_needs(advisor_home: Settings) -> None:
    code = (
        "import sys\nsys.argv = ['advisor', 'ask', 'What is a feature store?']\n"
        "from advisor.channels.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'gradio', 'chromadb', 'llama_index', 'sqlalchemy', 'openai', 'fastapi', 'plotly', 'rich'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    env = {**os.environ, "ADVISOR_HOME": str(advisor_home.home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=env)
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stderr


@given(st.text())
def test_a_terminal_is_shown_nothing_it_would_obey(text: str) -> None:
    shown = plain(text)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()


def test_escapes_leave_no_residue() -> None:
    assert plain("\x1b[31mred\x1b[0m \x1b]0;title\x07and \u202eback") == "red and back"


@given(st.text(max_size=5000))
def test_a_question_is_refused_or_fit_to_be_answered(text: str) -> None:
    try:
        question = check_question(text)
    except InputError:
        return
    assert 0 < len(question) <= QUESTION_CHARS
    question.encode()
