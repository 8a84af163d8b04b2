"""How advice puts numbers, lists and record names into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.knowledge.load import Corpus
from advisor.knowledge.records import KINDS, Level, Role
from advisor.schema import Finding, FindingKind, Table, Value

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
OURS = "ours-judgement"
_SMALL_NAMES = {"pgvector", "promptfoo", "garak", "whylogs", "llama.cpp", "dbt", "uv"}
_PROPER = {
    "I", "Kubernetes", "Python", "Git", "Docker", "Spark", "Airflow", "Terraform", "Helm", "Google", "Microsoft",
    "Amazon", "Azure", "English", "European", "Article", "Rust", "Java", "Linux", "Prometheus", "Grafana",
}  # fmt: skip


def count(n: int, noun: str, plural: str = "") -> str:
    """`two data scientists`, `one model`, `14 models`."""
    word = _SMALL[n] if n < len(_SMALL) else f"{n:,}"
    return f"{word} {noun if n == 1 else plural or noun + 's'}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; semicolons where an item has a comma or an "and" of its own."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    if any(", " in w or " and " in w or " or " in w for w in words):
        return f"{'; '.join(words[:-1])}{';' if len(words) > 2 else ','} {last} {words[-1]}"
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def number(x: float) -> str:
    """A number without needless digits: `3`, `2.5`, `1,200`."""
    if x == int(x):
        return f"{int(x):,}"
    return f"{x:,.1f}" if abs(x) >= 1 else f"{x:.2g}"


def span(low: float, high: float, unit: str = "") -> str:
    """`2–4 person-weeks`, or `2 person-weeks` where both ends are the same."""
    text = number(low) if number(low) == number(high) else f"{number(low)}–{number(high)}"
    return f"{text} {unit}".strip()


def money(low: float, high: float, currency: str = "USD") -> str:
    """`USD 350,000–500,000`, in millions with one decimal from ten million on."""
    a, b = _amount(low), _amount(high)
    return f"{currency} {a}" if a == b else f"{currency} {a}–{b}"


def _amount(x: float) -> str:
    if x >= 10_000_000:
        return f"{x / 1e6:,.1f} million"
    if x >= 10_000:
        return f"{round(x, -3):,.0f}"
    if x >= 1_000:
        return f"{round(x, -2):,.0f}"
    return f"{x:,.0f}" if x >= 20 or x == int(x) else f"{x:,.2f}"


def sentence(text: str) -> str:
    """The text with a capital first letter and one full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    first = text.split(" ", 1)[0]
    # Names such as vLLM and pgvector keep their small first letter.
    if not any(c.isupper() for c in first) and first.strip("'s,") not in _SMALL_NAMES:
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def lower_first(text: str) -> str:
    """The text ready to stand inside a sentence; abbreviations keep their capitals."""
    first = text.split(" ", 1)[0].strip(".,:;")
    if any(c.isupper() for c in first[1:]) or first in _PROPER:
        return text
    return text[:1].lower() + text[1:]


def article(noun: str) -> str:
    """`an ML engineer`, `a data engineer`."""
    first = noun.split()[0]
    if first[:2].isupper():
        return f"{'an' if first[0] in 'AEFHILMNORSX' else 'a'} {noun}"
    return f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}"


def role_name(corpus: Corpus, role: str) -> str:
    """The role's name as it stands inside a sentence."""
    record = corpus.records["role"].get(role)
    name = record.name if isinstance(record, Role) else role.replace("-", " ")
    return lower_first(name.split(" (")[0].split(" / ")[0])


def record_title(corpus: Corpus, kind: str, id: str) -> str:
    """The record's own title or name; its id in words where the corpus has none."""
    record = corpus.records[kind].get(id)
    for field in ("title", "name", "term"):
        if (text := getattr(record, field, None)) is not None:
            return str(text)
    return id.replace("-", " ")


def docs(corpus: Corpus, *ids: str) -> list[str]:
    """Those of the `kind/id` documents that the corpus has, in order, once each."""
    found = []
    for id in ids:
        kind, _, slug = id.partition("/")
        known = corpus.guides if kind == "guide" else corpus.records.get(kind, {}) if kind in KINDS else {}
        if slug in known and id not in found:
            found.append(id)
    return found


def level_doc(corpus: Corpus, number: int) -> str:
    """Document id of a working level; it need not exist."""
    return next((f"level/{lv.id}" for lv in corpus.all(Level) if lv.number == number), f"level/working-{number}")


def level_name(corpus: Corpus, number: int, track: str) -> str:
    """`working level 2 (automated training)`, `G2 (structured)` on the generative track."""
    level = next((lv for lv in corpus.all(Level) if lv.number == number), None)
    name = "" if level is None else level.name if track == "ml" else level.name_genai.split(", ")[-1]
    if track == "genai" and number == 0:
        name = ""  # "none" would deny the LLM use that is there.
    label = f"working level {number}" if track == "ml" else f"working level G{number}"
    return f"{label} ({lower_first(name)})" if name else label


def sources_of(corpus: Corpus, doc_ids: Sequence[str], *more: str) -> list[str]:
    """The source ids of the documents, then `more`, once each; our judgement where there is nothing else."""
    found: list[str] = []
    for id in doc_ids:
        kind, _, slug = id.partition("/")
        record = corpus.guides[slug].meta if kind == "guide" else corpus.records[kind][slug]
        found += getattr(record, "sources", [])
    return list(dict.fromkeys([*found, *more])) or [OURS]


def finding(
    corpus: Corpus,
    rule: str,
    kind: FindingKind,
    title: str,
    text: Sequence[str],
    *,
    key: str = "",
    inputs: Sequence[str] = (),
    values: Sequence[Value] = (),
    table: Table | None = None,
    doc_ids: Sequence[str] = (),
    sources: Sequence[str] = (),
    rank: float = 0.0,
) -> Finding:
    """A finding whose documents are known to exist; its sources are theirs and the given ones."""
    carried = docs(corpus, *doc_ids)
    return Finding(
        id=f"{rule}:{key}" if key else rule,
        kind=kind,
        title=title,
        text=" ".join(sentence(t) for t in text if t),
        rule=rule,
        inputs=list(inputs),
        values=list(values),
        table=table,
        docs=carried,
        sources=sources_of(corpus, carried, *sources),
        rank=round(rank, 4),
    )
