"""Does the advisor answer well without a chat model? `python -m evals.ask`

Each case in cases/ask.yaml goes through `Advisor.ask`, keyless. A case passes where the answer abstains
exactly when it should, contains what it must and nothing it must not, cites one of the documents it should,
and every citation of it stands in the corpus. An error is a failure, never left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from advisor.answer.pipeline import Advisor
from advisor.answer.text import numbers
from advisor.errors import AdvisorError
from advisor.schema import Answer, Document, Intent, Profile, Turn
from evals.stats import Estimate, wilson

CASES = Path(__file__).parent / "cases" / "ask.yaml"
_MARK = re.compile(r"\[(\d+)\]")


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as e:
        raise ValueError(f"not a regular expression: {e}") from e
    return pattern


Pattern: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
Kind = Literal[
    "stage", "level", "vendor", "paper", "role", "tool", "llmops", "cost", "threat", "regulation", "messy", "follow-up",
    "out-of-scope", "unanswerable", "false-premise", "profile", "non-english",
]  # fmt: skip


class Case(BaseModel):
    """One question and what a right answer contains; patterns are case-insensitive regular expressions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    kind: Kind
    question: Annotated[str, Field(min_length=1)]
    conversation: list[Turn] = []
    profile: Profile | None = None
    must: list[Pattern | Annotated[list[Pattern], Field(min_length=1)]] = []
    """Each entry has to be found; of a list, one."""
    must_not: list[Pattern] = []
    cites: list[str] = []
    """Document ids of which at least one has to be cited."""
    abstain: bool | Literal["either"] = False
    """either: abstaining is right, and so is an answer that meets the rest."""
    intent: Intent | None = None
    learns: dict[str, Any] = {}
    """Profile field → value that the advisor has to take from the question."""
    says_language: bool = False
    """The note has to say that the answer is in English."""
    split: Literal["dev", "heldout"] = "dev"
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one case went; it passed where there is no reason against it."""

    id: str
    kind: str
    split: str
    question: str
    reasons: list[str] = field(default_factory=list)
    text: str = ""
    citations: int = 0
    broken_citations: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.reasons


def load_cases(path: Path = CASES) -> list[Case]:
    """Every committed case, in file order."""
    return TypeAdapter(list[Case]).validate_python(yaml.safe_load(path.read_bytes()))


def evaluate(case: Case, advisor: Advisor, documents: Mapping[str, Document]) -> Outcome:
    """Ask one case and judge the answer; whatever is raised becomes the reason of the failure."""
    try:
        answer = advisor.ask(case.question, profile=case.profile, conversation=case.conversation)
    except Exception as e:
        return Outcome(case.id, case.kind, case.split, case.question, [f"error: {type(e).__name__}: {e}"])
    bad = [*citation_faults(answer, documents), *number_faults(answer, documents)]
    return Outcome(
        case.id,
        case.kind,
        case.split,
        case.question,
        [*bad, *faults(case, answer)],
        answer.text,
        len(answer.citations),
        len(bad),
        answer.usage.seconds,
    )


def citation_faults(answer: Answer, documents: Mapping[str, Document]) -> Iterator[str]:
    """Citations whose quote is not in the pinned corpus at its offsets, and marks that no citation carries."""
    for c in answer.citations:
        document = documents.get(c.doc_id)
        if document is None:
            yield f"citation {c.n} names {c.doc_id}, which is not in the corpus"
        elif not c.quote or document.text[c.start : c.end] != c.quote:
            yield f"citation {c.n}: its quote does not stand in {c.doc_id} at {c.start}:{c.end}"
    for n in sorted({int(m) for m in _MARK.findall(answer.text)} - {c.n for c in answer.citations}):
        yield f"[{n}] has no citation"


_CUT_TABLE = re.compile(r"\band \d+ more\b")


def number_faults(answer: Answer, documents: Mapping[str, Document]) -> Iterator[str]:
    """Numbers in the text that neither a rule nor a cited document nor the asker gave."""
    given = [answer.question, *(c.label for c in answer.profile_changes), *(c.quote for c in answer.profile_changes)]
    for c in answer.citations:
        given.append(documents[c.doc_id].text if c.doc_id in documents else c.quote)
    for finding in answer.findings:
        given += [finding.title, finding.text, *finding.inputs]
        given += [cell for row in (finding.table.rows if finding.table else []) for cell in row]
    known = numbers("\n".join(given))
    for number in sorted(numbers(_CUT_TABLE.sub(" ", answer.text)) - known):
        yield f"the number {number} comes from no rule and no cited document"


def faults(case: Case, answer: Answer) -> Iterator[str]:
    """What is wrong with an answer, citations apart."""
    said = f"{answer.text}\n{answer.note}"
    for pattern in case.must_not:
        if found := re.search(pattern, answer.text, re.IGNORECASE):
            yield f"says “{found.group()}”"
    if case.says_language and "English" not in answer.note:
        yield "does not say that it answers in English"
    if case.abstain is True and not answer.abstained:
        yield "should have abstained"
    if case.abstain is False and answer.abstained:
        yield f"abstained ({answer.missing})"
    if answer.abstained:
        return
    for entry in case.must:
        any_of = [entry] if isinstance(entry, str) else entry
        if not any(re.search(pattern, said, re.IGNORECASE) for pattern in any_of):
            yield f"does not say {' or '.join(any_of)}"
    cited = [c.doc_id for c in answer.citations]
    if not cited and case.abstain is False and not answer.profile_changes:
        yield "cites nothing"
    if case.cites and not set(case.cites) & set(cited):
        yield f"cites none of {', '.join(case.cites[:3])}, but {', '.join(dict.fromkeys(cited)) or 'nothing'}"
    if case.intent and answer.intent != case.intent:
        yield f"took it as {answer.intent}, not as {case.intent}"
    learnt = {change.field: change.value for change in answer.profile_changes}
    for name, value in case.learns.items():
        if learnt.get(name) != value:
            yield f"learnt {name} = {learnt.get(name)!r}, not {value!r}"


def by_kind(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """Share of passed cases for each kind, and for all of them."""
    groups: dict[str, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault(o.kind, []).append(o)
    groups["all"] = list(outcomes)
    return {kind: wilson(sum(o.passed for o in some), len(some)) for kind, some in groups.items()}


def report(outcomes: Sequence[Outcome]) -> str:
    """The table by kind, the failures with their reasons, and how the citations fared."""
    lines = [f"{'kind':15}{'passed':>10}   share [95 % Wilson interval]"]
    for kind, e in by_kind(outcomes).items():
        lines.append(f"{kind:15}{f'{round(e.value * e.n) if e.n else 0}/{e.n}':>10}   {e}")
    for split in ("dev", "heldout"):
        some = [o.passed for o in outcomes if o.split == split]
        if 0 < len(some) < len(outcomes):
            lines.append(f"{split:15}{f'{sum(some)}/{len(some)}':>10}   {wilson(sum(some), len(some))}")
    total, bad = sum(o.citations for o in outcomes), sum(o.broken_citations for o in outcomes)
    lines += ["", f"{total} citations, {bad} of them or of their marks broken."]
    failed = [o for o in outcomes if not o.passed]
    lines += [f"\n{len(failed)} failed:"] if failed else []
    lines += [f"  {o.id} ({o.split}): {o.question}\n" + "\n".join(f"      {r}" for r in o.reasons) for o in failed]
    return "\n".join(lines)


def calibration(cases: Sequence[Case], advisor: Advisor) -> str:
    """The risk–coverage curve over the cosine of the best passage, on the dev cases that stand alone."""
    alone = [c for c in cases if c.split == "dev" and not c.conversation and isinstance(c.abstain, bool)]
    best = {c.id: max((h.dense for h in advisor.retriever.retrieve(c.question, k=16)), default=0.0) for c in alone}
    lines = ["cosine from   answerable kept   to abstain on, let through   risk (share of the kept that should not be)"]
    for step in range(20, 75, 5):
        kept = [c for c in alone if best[c.id] >= step / 100]
        wrong = sum(c.abstain is True for c in kept)
        right, answerable = len(kept) - wrong, sum(c.abstain is False for c in alone)
        risk = f"{wrong / len(kept):.3f}" if kept else "-"
        lines.append(
            f"{step / 100:11.2f}{f'{right}/{answerable}':>18}{f'{wrong}/{len(alone) - answerable}':>29}{risk:>12}"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the score; 1 where the share of passed cases is under the floor."""
    parser = argparse.ArgumentParser(prog="python -m evals.ask", description=__doc__)
    parser.add_argument("--split", choices=["dev", "heldout"], help="only these cases")
    parser.add_argument("--case", action="append", help="only the case of this id (may be given again)")
    parser.add_argument("--json", type=Path, help="write every outcome to this file")
    parser.add_argument("--floor", type=float, default=0.0, help="least share of passed cases, 0 to 1")
    parser.add_argument("--calibrate", action="store_true", help="print the risk–coverage curve instead")
    parser.add_argument("--text", action="store_true", help="print the answers too")
    args = parser.parse_args(argv)

    from advisor.config import load_settings
    from advisor.knowledge.render import render

    cases = [c for c in load_cases() if args.split in (None, c.split) and (not args.case or c.id in args.case)]
    if not cases:
        parser.error("no case matches")
    settings = load_settings().model_copy(update={"chat_model": None})
    try:
        advisor = Advisor.open(settings, store="exact")
    except AdvisorError as e:
        print(e, file=sys.stderr)
        return 2
    if args.calibrate:
        print(calibration(cases, advisor))
        return 0
    # Citations are checked against the corpus on disk, not against what the index remembers of it.
    documents = render(advisor.corpus)
    if stale := [
        id for id, d in documents.items() if id not in advisor.documents or advisor.documents[id].text != d.text
    ]:
        print(
            f"The index is older than the corpus ({len(stale)} documents differ).\n  Run: advisor index",
            file=sys.stderr,
        )
        return 2
    outcomes = [evaluate(c, advisor, documents) for c in cases]
    for o in outcomes if args.text else []:
        print(f"## {o.id}: {o.question}\n\n{o.text}\n")
    print(report(outcomes))
    if args.json:
        args.json.write_text(json.dumps([asdict(o) for o in outcomes], ensure_ascii=False, indent=1), "utf-8")
    return int(by_kind(outcomes)["all"].value < args.floor)


if __name__ == "__main__":
    sys.exit(main())
