"""Read the corpus: YAML records and Markdown guides, each problem with its file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from advisor.errors import CorpusError
from advisor.knowledge.records import KINDS, GuideMeta, Record

LAYOUT: dict[str, str] = {
    "sources/*.yaml": "source",
    "framework/stages.yaml": "stage",
    "framework/lifecycles.yaml": "lifecycle",
    "framework/dimensions.yaml": "dimension",
    "framework/levels.yaml": "level",
    "framework/practices/*.yaml": "practice",
    "framework/maturity-models/*.yaml": "maturity-model",
    "framework/crosswalk.yaml": "crosswalk",
    "framework/mismatches.yaml": "mismatch",
    "framework/roles.yaml": "role",
    "framework/costs.yaml": "cost",
    "framework/threats.yaml": "threat",
    "framework/regulations.yaml": "regulation",
    "framework/adaptation.yaml": "adaptation",
    "framework/glossary.yaml": "term",
    "framework/phrasebook.yaml": "phrasebook",
    "tools/*.yaml": "tool",
}
"""Where each kind of record lives. A file holds a list of records, or one record."""

GUIDES = "guides/**/*.md"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_R = TypeVar("_R", bound=Record)


@dataclass(frozen=True)
class Problem:
    """Something wrong in a corpus file, and the mend."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Guide:
    """A prose document. `body` is the file's text after the front matter; `offset` is where it starts."""

    meta: GuideMeta
    path: Path
    text: str
    offset: int

    @property
    def body(self) -> str:
        return self.text[self.offset :]


@dataclass
class Corpus:
    """Every record by kind and id, the guides, and one hash that names this version."""

    root: Path
    version: str
    records: dict[str, dict[str, Record]]
    guides: dict[str, Guide]
    lines: dict[tuple[str, str], tuple[Path, int]] = field(default_factory=dict)

    def all(self, model: type[_R]) -> list[_R]:
        """Every record of one kind, in file order."""
        kind = next(k for k, m in KINDS.items() if m is model)
        return [r for r in self.records[kind].values() if isinstance(r, model)]

    def get(self, model: type[_R], id: str) -> _R:
        """One record; KeyError where the corpus has none of that id."""
        kind = next(k for k, m in KINDS.items() if m is model)
        record = self.records[kind][id]
        assert isinstance(record, model)
        return record


def default_root() -> Path:
    """The corpus of this checkout."""
    return Path(__file__).resolve().parents[2] / "corpus"


def corpus_files(root: Path) -> list[Path]:
    """Every file the corpus is made of, in a fixed order."""
    patterns = [*LAYOUT, GUIDES]
    return sorted({p for pattern in patterns for p in root.glob(pattern) if p.is_file()})


def corpus_version(root: Path) -> str:
    """The first 16 hex digits of a sha256 over every corpus file's name and bytes."""
    digest = hashlib.sha256()
    for path in corpus_files(root):
        data = _read_bytes(path)
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def load(root: Path | None = None) -> Corpus:
    """The whole corpus. Raises CorpusError listing every problem that the schema finds."""
    corpus, problems = read(root)
    if problems:
        shown = "\n".join(str(p) for p in problems[:20])
        more = f"\n… and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise CorpusError(
            f"The corpus has {len(problems)} problem(s):\n{shown}{more}", "Mend them, then run: advisor corpus check"
        )
    return corpus


def read(root: Path | None = None) -> tuple[Corpus, list[Problem]]:
    """The corpus as far as it can be read, and what is wrong with the rest."""
    root = (root or default_root()).resolve()
    if not root.is_dir():
        raise CorpusError(f"No corpus at {root}.", "Set ADVISOR_CORPUS to the folder that holds sources/ and guides/.")
    corpus = Corpus(root, corpus_version(root), {kind: {} for kind in KINDS}, {})
    problems: list[Problem] = []
    for pattern, kind in LAYOUT.items():
        for path in sorted(root.glob(pattern)):
            for item in _yaml_records(path, KINDS[kind]):
                if isinstance(item, Problem):
                    problems.append(item)
                    continue
                record, line = item
                if record.id in corpus.records[kind]:
                    problems.append(Problem(path, line, f"{kind} '{record.id}' is defined twice; keep one"))
                    continue
                corpus.records[kind][record.id] = record
                corpus.lines[kind, record.id] = (path, line)
    for path in sorted(root.glob(GUIDES)):
        guide = _guide(path)
        if isinstance(guide, Problem):
            problems.append(guide)
        elif guide.meta.id in corpus.guides:
            problems.append(Problem(path, 1, f"guide '{guide.meta.id}' is defined twice; keep one"))
        else:
            corpus.guides[guide.meta.id] = guide
            corpus.lines["guide", guide.meta.id] = (path, 1)
    return corpus, problems


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise CorpusError(f"{path} cannot be read: {e.strerror}.", "Check the file's permissions.") from e


def _read_text(path: Path) -> str | Problem:
    try:
        return _read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as e:
        return Problem(path, 1, f"not UTF-8 text (byte {e.start}); save it as UTF-8")


def _yaml_records(path: Path, model: type[Record]) -> Iterator[tuple[Record, int] | Problem]:
    text = _read_text(path)
    if isinstance(text, Problem):
        yield text
        return
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        yield Problem(path, mark.line + 1 if mark else 1, f"not valid YAML: {e.problem}; the file may be half written")
        return
    except yaml.YAMLError as e:
        yield Problem(path, 1, f"not valid YAML: {e}")
        return
    if node is None:
        yield Problem(path, 1, "the file is empty; write at least one record or delete it")
        return
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for item in nodes:
        line = item.start_mark.line + 1
        if not isinstance(item, yaml.MappingNode):
            yield Problem(path, line, "a record must be a mapping of keys to values")
            continue
        try:
            yield model.model_validate(_construct(item)), line
        except ValidationError as e:
            yield from _validation_problems(path, item, e)
        except yaml.YAMLError as e:
            yield Problem(path, line, f"not valid YAML: {e}")


def _construct(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return _plain_dates(loader.construct_document(node))
    finally:
        loader.dispose()


def _plain_dates(value: Any) -> Any:
    """YAML reads 2026-11-23 as a date and 2026 as a number; the schema wants the text as written."""
    import datetime as dt

    if isinstance(value, dict):
        return {k: str(v) if k in _DATE_KEYS and v is not None else _plain_dates(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain_dates(v) for v in value]
    return value.isoformat() if isinstance(value, dt.date) else value


_DATE_KEYS = {"as_of", "published", "accessed", "status_date", "version_date", "version"}


def _validation_problems(path: Path, node: yaml.Node, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        where = ".".join(str(p) for p in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        yield Problem(path, line_of(node, detail["loc"]), f"{where or 'record'}: {message}")


def line_of(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `loc` that the file has."""
    line = node.start_mark.line + 1
    for part in loc:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, child = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is None:
            break
        node = child
    return line


def _guide(path: Path) -> Guide | Problem:
    text = _read_text(path)
    if isinstance(text, Problem):
        return text
    if not text.startswith("---\n") or (end := text.find("\n---\n", 3)) < 0:
        return Problem(path, 1, "a guide starts with front matter between two lines of ---")
    try:
        meta = _plain_dates(yaml.load(text[4 : end + 1], Loader=_Loader))  # noqa: S506  (a safe loader, in C)
    except yaml.MarkedYAMLError as e:
        return Problem(path, (e.problem_mark.line if e.problem_mark else 0) + 2, f"front matter: {e.problem}")
    if not isinstance(meta, dict):
        return Problem(path, 1, "front matter must be a mapping of keys to values")
    try:
        parsed: BaseModel = GuideMeta.model_validate(meta)
    except ValidationError as e:
        detail = e.errors(include_url=False)[0]
        return Problem(path, 2, f"front matter, {'.'.join(map(str, detail['loc']))}: {detail['msg']}")
    assert isinstance(parsed, GuideMeta)
    return Guide(parsed, path, text, end + 5)
