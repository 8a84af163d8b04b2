"""Profiles as YAML: what people edit, keep beside their code and hand to `advisor report`."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable
from typing import Any

import yaml
from pydantic import ValidationError

from advisor.errors import InputError
from advisor.knowledge.load import Corpus, line_of
from advisor.schema import PracticeAnswer, Profile

LARGEST = 1_000_000
"""Characters of a profile file; a full one has some thirty thousand."""
DEEPEST = 20

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Path = tuple[int | str, ...]


def profile_to_yaml(profile: Profile) -> str:
    """The profile with every field that somebody filled, ready for `profile_from_yaml`."""
    data = profile.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def profile_from_yaml(text: str, path: str = "profile.yaml", corpus: Corpus | None = None) -> Profile:
    """The profile that a YAML file describes. Raises InputError with `path:line` for each problem.

    Bare yes and no, which YAML reads as true and false, count as answers, also without the `answer` key.
    With a corpus, practices and roles that it does not know are problems too.
    """
    node = _root(text, path)
    if node is None:
        return Profile()
    data = _plain(node, path)
    if isinstance(practices := data.get("practices"), dict):
        data["practices"] = {id: _answered(said) for id, said in practices.items()}
    try:
        profile = Profile.model_validate(data)
    except ValidationError as e:
        raise _refused([_problem(node, path, d["loc"], d) for d in e.errors(include_url=False)]) from e
    if corpus is not None and (strange := _strange(profile, corpus, node, path)):
        raise _refused(strange)
    return profile


def _root(text: str, path: str) -> yaml.MappingNode | None:
    if len(text) > LARGEST:
        raise InputError(f"{path}: the file has more than {LARGEST:,} characters.", "A profile needs far fewer.")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            # Aliases can make a small file enormous, and nesting can exhaust the stack.
            if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InputError(f"{path}:{line}: aliases and deep nesting are not read.", "Write the values out.")
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        raise InputError(
            f"{path}:{mark.line + 1 if mark else 1}: not valid YAML: {e.problem}.",
            "Check the indentation, and put text with a colon in quotes.",
        ) from e
    except yaml.YAMLError as e:
        raise InputError(f"{path}:1: not valid YAML: {str(e).splitlines()[0]}.", "Save it as UTF-8 text.") from e
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise InputError(f"{path}:1: a profile is a mapping of keys to values.", "Begin with, for example: people: 25")
    return node


def _plain(node: yaml.MappingNode, path: str) -> dict[str, Any]:
    """The node as plain values; dates as the text that was written."""
    for key, line in _repeated(node):
        raise InputError(f"{path}:{line}: '{key}' stands there twice.", "Keep one of the two.")
    loader = _Loader("")
    try:
        found = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as e:
        raise InputError(f"{path}: not valid YAML: {str(e).splitlines()[0]}.", "Put the value in quotes.") from e
    finally:
        loader.dispose()
    result = _dates_as_text(found)
    assert isinstance(result, dict)
    return result


def _repeated(node: yaml.Node) -> Iterable[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield str(key.value), key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
            yield from _repeated(value)


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {k if isinstance(k, str) else str(k): _dates_as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(v) for v in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _answered(said: Any) -> Any:
    """One practice's answer as the schema wants it."""
    if isinstance(said, dict):
        return {**said, "answer": _word(said["answer"])} if "answer" in said else said
    return {"answer": _word(said)}


def _word(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _problem(node: yaml.Node, path: str, loc: _Path, detail: Any) -> str:
    where = ".".join(str(p) for p in loc)
    message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    if detail["type"] == "extra_forbidden":
        names = PracticeAnswer.model_fields if loc[0] == "practices" else Profile.model_fields
        message = "no such field" + _meant(str(loc[-1]), names)
    elif detail["type"] == "string_type" and isinstance(detail["input"], bool):
        message = "YAML reads this word as true or false; put it in quotes"
    return f"{path}:{line_of(node, loc)}: {where}: {message}"


def _strange(profile: Profile, corpus: Corpus, node: yaml.Node, path: str) -> list[str]:
    """Practices and roles that the corpus does not know, which would otherwise silently count for nothing."""
    named: list[tuple[str, str, Iterable[str]]] = [
        ("practices", "practice", profile.practices),
        ("team", "role", profile.team),
    ]
    return [
        f"{path}:{line_of(node, (field, id))}: {field}.{id}: no such {kind}{_meant(id, corpus.records[kind])}"
        for field, kind, ids in named
        for id in ids
        if id not in corpus.records[kind]
    ]


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _refused(problems: list[str]) -> InputError:
    more = f"\n… and {len(problems) - 10} more" if len(problems) > 10 else ""
    return InputError(
        "The profile cannot be read:\n" + "\n".join(problems[:10]) + more,
        "Mend the lines named above; samples/*.yaml show every field.",
    )
