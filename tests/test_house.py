"""The shape of the house: who may import whom, what waits until it is needed, what is not done at all."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "advisor"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}

# Each part may import itself and what stands beside it here; `schema` takes only the record types from knowledge.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "knowledge": {"schema", "errors", "index.weights", "index.llama"},  # chunks are cut by the embedder's tokens
    "schema": {"knowledge.records"},
    "interfaces": {"schema", "errors"},
    "config": {"errors", "knowledge"},
    "client": {"schema", "errors"},
    "advice": {"schema", "knowledge", "errors"},
    "index": {"schema", "interfaces", "errors", "config", "knowledge", "models"},
    "models": {"schema", "interfaces", "errors", "config", "index.weights"},
    "records": {"schema", "interfaces", "errors", "config", "knowledge", "index"},
    "answer": {"schema", "interfaces", "errors", "config", "knowledge", "advice", "index", "models", "records"},
}
BELOW["report"] = {"schema", "errors", "knowledge", "advice", "answer"}
BELOW["channels"] = {*BELOW["answer"], "answer", "report", "client"}

# A heavy library → the files that may import it. Everything else goes through them.
ADAPTERS: dict[str, set[str]] = {
    "torch": {"models/torch_models.py"},
    "sentence_transformers": {"models/torch_models.py"},
    "transformers": {"models/torch_models.py"},
    "onnxruntime": {"models/embedder.py", "models/quantise.py"},
    "tokenizers": {"index/weights.py"},
    "chromadb": {"index/store_chroma.py"},
    "bm25s": {"index/lexical.py"},
    "llama_index": {"index/llama.py"},
    "httpx": {"client"},
    "openai": {"models/chat.py", "models/openai_embedder.py"},
    "sqlalchemy": {"records"},
    "alembic": {"records"},
    "gradio": {"channels/web/page.py", "channels/web/mount.py", "channels/web/form.py", "channels/web/pages"},
    "plotly": {"channels/web/figures.py"},
    "fastapi": {"channels/api", "channels/server.py", "channels/web/mount.py"},
    "prometheus_client": {"channels/api/watch.py"},
    "uvicorn": {"channels/process.py", "channels/slack/http.py", "channels/mcp/run.py"},
    "mcp": {"channels/mcp"},
    "mcp_types": {"channels/mcp"},
    "nh3": {"channels/web/markdown.py"},
    "markdown_it": {"channels/web/markdown.py", "channels/slack/mrkdwn.py"},
    "slack_bolt": {"channels/slack"},
    "slack_sdk": {"channels/slack"},
    "typer": {"channels/cli.py", "channels/commands"},
}
HEAVY = ["torch", "sentence_transformers", "transformers", "llama_index", "chromadb", "gradio", "openai", "sqlalchemy",
         "alembic", "plotly", "onnxruntime", "bm25s", "fastapi", "rich.console"]  # fmt: skip

MOST_LINES = 400
LONGER = {"knowledge/render.py": 630, "knowledge/records.py": 460}
"""Lists of record kinds, one after the other: read by the kind, not from top to bottom."""


def name(path: Path) -> str:
    """`answer/verify.py`"""
    return path.relative_to(PACKAGE).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module that is imported, at the top or inside a function, with its line; type-only imports too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            if node.module.startswith("advisor"):
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def typing_only(tree: ast.Module) -> set[int]:
    """Lines under `if TYPE_CHECKING`, which bind nothing at run time."""
    return {
        inner.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }


def test_imports_point_down() -> None:
    wrong = []
    for path, tree in TREES.items():
        part = name(path).split("/")[0].removesuffix(".py")
        if part == "__init__":
            continue
        for module, line in imports(tree):
            target = module.removeprefix("advisor.")
            above = target.split(".")[0]
            if not module.startswith("advisor.") or above == part or above not in BELOW:
                continue
            allowed = BELOW[part]
            if not any(target == a or target.startswith(f"{a}.") or a.startswith(f"{target}.") for a in allowed):
                wrong.append(f"advisor/{name(path)}:{line}: {part} may not import {module}")
    assert wrong == []


def test_every_part_has_its_place() -> None:
    parts = {name(p).split("/")[0].removesuffix(".py") for p in FILES} - {"__init__", "__main__"}
    assert parts == set(BELOW)


def test_a_heavy_library_has_one_door() -> None:
    wrong = []
    for path, tree in TREES.items():
        for module, line in imports(tree):
            doors = ADAPTERS.get(module.split(".")[0])
            if doors is not None and not any(name(path) == d or name(path).startswith(f"{d}/") for d in doors):
                wrong.append(f"advisor/{name(path)}:{line} imports {module}")
    assert wrong == []


def test_advice_is_pure() -> None:
    """Rules see values and give values: no files, no network, no clock, no model."""
    impure = {"os", "io", "pathlib", "socket", "subprocess", "requests", "httpx", "urllib", "time", "random", "sqlite3"}
    used = {
        f"{name(path)}: {module}"
        for path, tree in TREES.items()
        if name(path).startswith("advice/")
        for module, _ in imports(tree)
        if module.split(".")[0] in impure
    }
    # engine.py hashes the rule files once, to name their version.
    assert used <= {"advice/engine.py: pathlib"}


MODULES = ["advisor", "advisor.schema", "advisor.interfaces", "advisor.advice.engine", "advisor.channels.cli"]


@pytest.mark.parametrize("module", [*MODULES, "advisor.answer.pipeline"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    needed = {"bm25s"} if module == "advisor.answer.pipeline" else set()  # no answer without a search
    assert [h for h in HEAVY if h in loaded - needed] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_is_too_long_to_read_at_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGER.get(name(path), MOST_LINES)


def test_nothing_runs_what_it_reads() -> None:
    """No pickle, eval, exec, shell, remote code or unsafe YAML, and no template engine on what others wrote."""
    wrong = []
    for path, tree in TREES.items():
        modules = {m.split(".")[0] for m, _ in imports(tree)}
        wrong += [f"{name(path)}: {m}" for m in modules & {"pickle", "dill", "marshal", "shelve", "jinja2", "joblib"}]
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
            if called in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.unsafe_load"):
                wrong.append(f"{name(path)}:{node.lineno} {called}")
            for keyword, harmless in (("trust_remote_code", "False"), ("shell", "False"), ("allow_pickle", "False")):
                if keywords.get(keyword, harmless) != harmless:
                    wrong.append(f"{name(path)}:{node.lineno} {keyword}")
            if called == "yaml.load" and "Safe" not in ast.unparse(node) and "_Loader" not in ast.unparse(node):
                wrong.append(f"{name(path)}:{node.lineno} yaml.load")
            if called in ("torch.load", "hub.load"):
                wrong.append(f"{name(path)}:{node.lineno} {called}")
    assert wrong == []


def test_everything_public_says_what_it_is() -> None:
    """Classes and module-level functions; a method that only fulfils a seam is explained there."""
    silent = []
    for path, tree in TREES.items():
        if tree.body and not ast.get_docstring(tree) and name(path).split("/")[-1] != "__init__.py":
            silent.append(name(path))
        for node in tree.body:
            public = isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):  # type: ignore[arg-type]
                silent.append(f"{name(path)}:{node.lineno} {node.name}")  # type: ignore[union-attr]
    assert silent == []


def test_no_module_reads_the_environment_when_imported() -> None:
    """Settings are read at the entry point; importing a module changes and asks nothing."""
    wrong = []
    for path, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If):
                continue
            if "os.environ" in ast.unparse(node) or "os.getenv" in ast.unparse(node):
                wrong.append(f"{name(path)}:{node.lineno}")
    assert wrong == []


def test_every_heavy_library_in_the_list_is_still_used() -> None:
    used = {m.split(".")[0] for tree in TREES.values() for m, _ in imports(tree)}
    assert set(ADAPTERS) - {"transformers"} <= used
