"""Corpus records as Markdown documents, so that retrieval and rules read the same facts.

Each section opens with a sentence that names its subject, and each list item is a
sentence on a line of its own: the keyless composer quotes them as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from advisor.knowledge.load import Corpus
from advisor.knowledge.records import (
    Adaptation,
    Cost,
    CrosswalkRow,
    Dimension,
    Fact,
    Level,
    Lifecycle,
    MaturityModel,
    Mismatch,
    ModelLevel,
    Pay,
    Practice,
    Record,
    Regulation,
    Role,
    Source,
    Stage,
    Term,
    Threat,
    Tool,
)
from advisor.schema import Document

TRACKS = {"ml": "classical ML", "genai": "generative AI", "both": "classical ML and generative AI"}
_OPENNESS = {
    "open-source": "is open source",
    "open-core": "is open core: an open-source core with paid parts",
    "source-available": "is source-available, which is not open source",
    "open-weights": "has open weights",
    "managed": "is sold only as a managed service",
    "commercial": "is commercial software",
    "closed-down": "has been closed down",
}
_STATUS = {
    "active": "is actively developed",
    "slow": "is developed slowly",
    "maintenance": "is in maintenance only",
    "dormant": "is dormant",
    "frozen": "is frozen",
    "acquired": "has been acquired",
    "relicensed": "has changed its licence",
    "retired": "has been retired",
    "closed": "has been closed",
}


def render(corpus: Corpus) -> dict[str, Document]:
    """Every document of the corpus by id (`kind/slug`), guides first, in file order."""
    documents: dict[str, Document] = {}
    for guide in corpus.guides.values():
        meta = guide.meta
        documents[f"guide/{meta.id}"] = Document(
            id=f"guide/{meta.id}",
            kind="guide",
            title=meta.title,
            text=guide.body,
            sources=list(meta.sources),
            as_of=meta.as_of,
            confidence=meta.confidence,
            stages=list(meta.stages),
            levels=list(meta.levels),
            roles=list(meta.roles),
            tools=list(meta.tools),
            sectors=list(meta.sectors),
            questions=list(meta.questions),
            url=_url(corpus, meta.sources),
        )
    for kind, (writer, facets) in _KINDS.items():
        for record in corpus.records[kind].values():
            title, sections = writer(corpus, record)
            sources = list(record.sources) if isinstance(record, Fact) else _term_sources(corpus, record)
            documents[f"{kind}/{record.id}"] = Document(
                id=f"{kind}/{record.id}",
                kind=kind,
                title=title,
                text=f"# {title}\n\n" + "\n\n".join(s for s in sections if s) + "\n",
                sources=sources,
                as_of=record.as_of if isinstance(record, Fact) else "",
                confidence=record.confidence if isinstance(record, Fact) else "ours",
                url=_home(record) or _url(corpus, sources),
                **facets(corpus, record),
            )
    return documents


def source_line(corpus: Corpus, id: str) -> str:
    """One source for a citation: `Authors, Title (year), address`."""
    source = corpus.get(Source, id)
    by = ", ".join(source.authors) or source.publisher
    year = f" ({source.published[:4]})" if source.published else ""
    address = source.url or (f"https://doi.org/{source.doi}" if source.doi else "")
    site = " (the site; the page was not recorded)" if source.url and urlsplit(source.url).path in ("", "/") else ""
    return f"{by}, {source.title}{year}" + (f", {address}{site}" if address else "")


# ---------------------------------------------------------------- words


def sentence(text: str) -> str:
    """The text with a capital first letter and an end mark."""
    text = " ".join(text.split())
    text = text[0].upper() + text[1:] if text else text
    return text if text.endswith((".", "!", "?", ":", '."', '?"')) else text + "."


def _mid(title: str) -> str:
    """A title as it stands inside a sentence; acronyms and names in capitals keep theirs."""
    first, *rest = title.split()
    named = any(c.isupper() for c in first[1:]) or any(w[0].isupper() for w in rest) or first == "Stone"
    return title if named else title[0].lower() + title[1:]


def _and(items: Iterable[str]) -> str:
    words = list(items)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _count(n: int, one: str) -> str:
    small = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    many = one[:-1] + "ies" if one.endswith("ty") else one + "s"
    return f"{small[n] if n < len(small) else n} {one if n == 1 else many}"


def _number(x: float) -> str:
    return f"{x:,.0f}" if x == int(x) else f"{x:,.10g}"


def _range(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _section(heading: str, lead: str, items: Iterable[str] = (), *more: str) -> str:
    """A `## ` section: lead, further sentences, then the list. Empty where there is neither lead nor item."""
    listed = [f"- {sentence(i)}" for i in items]
    opening = " ".join(s for s in [lead, *more] if s)
    if not opening:
        return ""
    return "\n\n".join([f"## {heading}", opening, *(["\n".join(listed)] if listed else [])])


def _list(heading: str, intro: str, items: Iterable[str], *before: str) -> str:
    """A section that is there only if it has items; its intro ends with a colon, so that nobody quotes it alone."""
    listed = list(items)
    return _section(heading, "", listed, *before, intro.rstrip(".:") + ":") if listed else ""


def _name(corpus: Corpus, kind: str, id: str) -> str:
    """What a reader calls a record; the id itself where the corpus has no such record."""
    record: Any = corpus.records[kind].get(id)
    if record is None:
        return id
    return str(getattr(record, "name", None) or getattr(record, "title", None) or getattr(record, "term", id))


def _names(corpus: Corpus, kind: str, ids: Iterable[str]) -> str:
    return _and(_name(corpus, kind, i) for i in ids)


def _stages(corpus: Corpus, numbers: Iterable[int]) -> str:
    names = {s.number: s.name for s in corpus.all(Stage)}
    return _and(f"stage {n}" + (f" ({_mid(names[n])})" if n in names else "") for n in numbers)


def _url(corpus: Corpus, sources: list[str]) -> str | None:
    for id in sources:
        source = corpus.records["source"].get(id)
        if isinstance(source, Source) and (source.url or source.doi):
            return source.url or f"https://doi.org/{source.doi}"
    return None


def _home(record: Record) -> str | None:
    """A tool's own documentation, else its repository."""
    return (record.docs or record.repo) if isinstance(record, Tool) else None


def _term_sources(corpus: Corpus, record: Record) -> list[str]:
    """A crosswalk row has no sources of its own: it stands on the models it compares."""
    if not isinstance(record, CrosswalkRow):
        return []
    models = [corpus.records["maturity-model"].get(m) for m in record.cells]
    return list(dict.fromkeys(s for m in models if isinstance(m, MaturityModel) for s in m.sources))


# ---------------------------------------------------------------- one writer a kind

_Page = tuple[str, list[str]]


def _practice(corpus: Corpus, p: Practice) -> _Page:
    title, t = p.title, _mid(p.title)
    needed = [_mid(_name(corpus, "practice", r)) for r in p.requires]
    owner = _mid(_name(corpus, "role", p.owner))
    return title, [
        p.lead,
        _section(f"Why {t} matters", p.why),
        _list(f"How to start with {t}", f"The {owner} brings in {t} in these steps", p.how),
        _list(
            f"How an assessor sees {t}",
            "An assessor sees this where it is done",
            p.evidence,
            f"The question to ask is: {sentence(p.question)}",
        ),
        _section(
            f"Level, effort and owner of {t}",
            sentence(
                f"{title} is a practice of working level {p.level} in the dimension "
                f"{_mid(_name(corpus, 'dimension', p.dimension))}, for {TRACKS[p.track]}"
            ),
            [],
            f"{title} takes about {_range(p.effort.low, p.effort.high)} person-weeks by our estimate, for a team that "
            "has not done it before.",
            f"The {owner} owns {t}.",
            f"{title} belongs to {_stages(corpus, p.stages)} of the working lifecycle.",
        ),
        _section(
            f"What {t} needs first",
            f"{title} needs {_count(len(needed), 'other practice')} first: {'; '.join(needed)}."
            if needed
            else f"{title} needs no other practice first.",
        ),
        _list(
            f"What goes wrong with {t}",
            f"{title} usually goes wrong like this",
            p.anti_patterns,
        ),
        _section(
            f"Tools and threats around {t}",
            f"Tools that help with {t} are {_names(corpus, 'tool', p.tools)}." if p.tools else "",
            [],
            f"{title} answers these threats: {_names(corpus, 'threat', p.threats)}." if p.threats else "",
        ),
    ]


def _tool(corpus: Corpus, t: Tool) -> _Page:
    name = t.name
    known = " This comes from general knowledge and was not checked against a source." if t.general_knowledge else ""
    hosting = {
        "yes": f"{name} can be self-hosted",
        "partly": f"{name} can be self-hosted in part",
        "no": f"{name} cannot be self-hosted",
    }[t.self_host]
    clouds = [c.upper() if c != "azure" else "Azure" for c in t.clouds if c != "any"]
    released = f", released in {t.version_date}," if t.version_date else ""
    version = f"{name} {t.version}{released} was the newest release found by {t.as_of}." if t.version else ""
    status = f"{name} {_STATUS[t.status]} (as of {t.status_date or t.as_of})"
    levels = f"{t.level_from}" if t.level_from == t.level_to else f"{t.level_from} to {t.level_to}"
    return name, [
        t.lead + known,
        _section(
            f"Licence and openness of {name}",
            sentence(f"{name} {_OPENNESS[t.openness]}; its licence is {t.licence} as of {t.as_of}"),
        ),
        _section(
            f"Hosting {name}",
            sentence(hosting + (f": {t.self_host_note}" if t.self_host_note else "")),
            [],
            f"A managed offering of {name} can be bought."
            if t.managed
            else f"No managed offering of {name} is recorded.",
            f"{name} needs Kubernetes." if t.needs_kubernetes else f"{name} runs without Kubernetes.",
            f"{name} is tied to {_and(clouds)}." if clouds else "",
        ),
        _section(
            f"Status and version of {name}",
            sentence(t.status_note),
            [],
            sentence(status),
            version,
            "" if t.recommend else f"Do not pick {name} for new work.",
        ),
        _section(
            f"When {name} fits",
            sentence(t.best_for),
            [],
            f"{name} fits working levels {levels}, for {TRACKS[t.track]}.",
            f"{name} serves {_stages(corpus, t.stages)}." if t.stages else "",
        ),
        _section(f"Strengths of {name}", sentence(t.strengths)),
        _section(f"Limits of {name}", sentence(t.limits)),
        _section(
            f"Price of {name}",
            sentence(t.pricing),
            [],
            "" if t.price_checked else f"The price of {name} was not checked against the vendor's own page.",
        ),
        _section(
            f"Alternatives to {name}",
            f"Alternatives to {name} are {_names(corpus, 'tool', t.alternatives)}." if t.alternatives else "",
            [],
            f"{name} works with {_names(corpus, 'tool', t.integrates)}." if t.integrates else "",
        ),
    ]


def _pay(corpus: Corpus, role: str, p: Pay) -> str:
    source = corpus.records["source"].get(p.source)
    title = source.title if isinstance(source, Source) else p.source
    who = f"{role} ({_mid(p.seniority)})" if p.seniority else role
    median = f", with a median of {_number(p.median)}" if p.median is not None else ""
    note = f" {sentence(p.note)}" if p.note else ""
    amount = f"{_range(p.low, p.high)} {p.currency} per {p.per}{median}"
    return f"{who} in {p.country}: {amount} ({p.year}, source: {title}).{note}"


def _role(corpus: Corpus, r: Role) -> _Page:
    name, n = r.name, _mid(r.name)
    raci = {"R": "responsible", "A": "accountable", "C": "consulted", "I": "informed"}
    parts = [
        f"{raci[mark]} in {_stages(corpus, [s for s, m in sorted(r.raci.items()) if m == mark])}"
        for mark in "RACI"
        if mark in r.raci.values()
    ]
    return name, [
        " ".join([r.lead, f"Other names for the {n} are {_and(r.also_called)}." if r.also_called else ""]).strip(),
        _list(f"What the {n} does", f"The {n} has {_count(len(r.duties), 'duty')}.", r.duties),
        _list(f"What the {n} must know", f"The {n} needs {_count(len(r.skills), 'skill')}.", r.skills),
        _section(
            f"When the {n} is needed",
            sentence(r.needed_when),
            [],
            sentence(f"The {n} is needed from: {_mid(r.needed_from)}"),
            sentence(r.first_hire_for) if r.first_hire_for else "",
            f"In a small team one person may be the {n} and also {_names(corpus, 'role', r.merges_with)}."
            if r.merges_with
            else f"The {n} should not be merged with another role.",
        ),
        _section(f"Where the {n} works in the lifecycle", sentence(f"The {n} is {_and(parts)}") if parts else ""),
        _list(
            f"Ways into the role of {n}",
            f"People come to the role of {n} in {_count(len(r.ways_in), 'known way')}.",
            r.ways_in,
        ),
        _list(
            f"Ways on from the role of {n}",
            f"The {n} can move on in {_count(len(r.ways_out), 'known way')}.",
            r.ways_out,
        ),
        _list(
            f"What the {n} earns",
            f"Published pay of the {n} differs by country, year and source; {_count(len(r.pay), 'figure')} are known.",
            [_pay(corpus, name, p) for p in r.pay],
        ),
    ]


def _cost(corpus: Corpus, c: Cost) -> _Page:
    sources = _and(s.title for s in (corpus.records["source"].get(i) for i in c.sources) if isinstance(s, Source))
    amount = f"{_range(c.low, c.high)}" if c.currency == "ratio" else f"{_range(c.low, c.high)} {c.currency}"
    tokens = (
        f"{c.name} charges {_number(c.input_price)} USD per million input tokens and {_number(c.output_price)} USD per "
        "million output tokens."
        if c.input_price is not None and c.output_price is not None
        else ""
    )
    unit = c.unit if c.unit.startswith(("per ", "a ", "of ", "times ")) else f"per {c.unit}"
    return c.name, [
        c.lead,
        _section(
            f"How much: {_mid(c.name)}",
            sentence(f"{c.name}: {amount} {unit}, as of {c.as_of} (source: {sources or 'our judgement'})"),
            [],
            tokens,
            sentence(c.caveat) if c.caveat else "",
        ),
    ]


def _threat(corpus: Corpus, t: Threat) -> _Page:
    name, n = t.name, _mid(t.name)
    codes = [f"{label} {code}" for label, code in (("OWASP 2026", t.owasp_2026), ("OWASP 2025", t.owasp_2025)) if code]
    kinds = {
        "incident": "has happened",
        "exercise": "was shown in an exercise",
        "research": "was shown in research",
        "pattern": "is a known pattern",
    }
    return name, [
        t.lead,
        _section(
            f"Where {n} strikes",
            f"{name} ({t.code}) concerns {TRACKS[t.track]} and has severity {t.severity} of 5 by our judgement.",
            [],
            f"{name} strikes in {_stages(corpus, t.stages)}." if t.stages else "",
            f"The {_mid(_name(corpus, 'role', t.owner))} owns the defence against {n}.",
        ),
        _section(f"Example of {n}", sentence(f"{name} {kinds[t.example_kind]}: {t.example}")),
        _list(
            f"Safeguards against {n}",
            f"The defence against {n} has {_count(len(t.safeguards), 'safeguard')}, by working level and owner.",
            [
                f"From level {s.level}, owned by the {_mid(_name(corpus, 'role', s.owner))}: {sentence(s.text)}"
                for s in t.safeguards
            ],
            f"Tools that help against {n} are {_names(corpus, 'tool', t.tools)}." if t.tools else "",
        ),
        _section(
            f"Other catalogues' codes for {n}",
            f"{name} is listed as {_and([*codes, *t.maps])}." if codes or t.maps else "",
        ),
    ]


def _stage(corpus: Corpus, s: Stage) -> _Page:
    name, n = s.name, f"stage {s.number} ({_mid(s.name)})"
    subject = f"Stage {s.number} ({_mid(s.name)})"
    support = f", supported by the {_names(corpus, 'role', s.supporting_roles)}" if s.supporting_roles else ""
    return f"Stage {s.number}: {name}", [
        s.lead,
        _section(f"Why {n} exists", sentence(s.purpose)),
        _list(f"What {n} takes in", f"{subject} starts from {_count(len(s.inputs), 'input')}.", s.inputs),
        _list(
            f"What is done in {n}", f"{subject} consists of {_count(len(s.activities), 'kind')} of work.", s.activities
        ),
        _list(
            f"What LLM systems add to {n}",
            f"LLM systems add {_count(len(s.llm_additions), 'thing')} to {n}.",
            s.llm_additions,
        ),
        _list(f"What {n} hands over", f"{subject} hands over {_count(len(s.outputs), 'result')}.", s.outputs),
        _list(f"When {n} is done", f"{subject} is done when {_count(len(s.gates), 'gate')} can be passed.", s.gates),
        _list(
            f"How {n} goes wrong",
            f"{subject} goes wrong in {_count(len(s.typical_failures), 'typical way')}.",
            s.typical_failures,
        ),
        _section(
            f"Who leads {n}",
            f"{subject} is led by the {_names(corpus, 'role', s.lead_roles)}{support}." if s.lead_roles else "",
        ),
        _list(
            f"What others call {n}",
            f"Other lifecycles have other names for {n}.",
            [f"{_name(corpus, 'lifecycle', k)}: {v}" for k, v in s.mappings.items()],
        ),
    ]


def _lifecycle(_: Corpus, c: Lifecycle) -> _Page:
    return c.name, [
        c.lead,
        _section(f"Steps of {c.name}", f"{c.name} has {_count(len(c.stages), 'step')}: {'; '.join(c.stages)}.", []),
        _list(f"Notes on {c.name}", f"About {c.name}, {_count(len(c.notes), 'point')} should be known.", c.notes),
    ]


def _dimension(_: Corpus, d: Dimension) -> _Page:
    n = _mid(d.name)
    return f"Dimension: {n}", [
        d.lead,
        _section(f"Why the dimension {n} matters", sentence(d.why)),
        _section(
            f"Levels of {n} for classical ML", f"The dimension {n} has five working levels for classical ML.", d.levels
        ),
        _section(
            f"Levels of {n} for generative AI", f"The dimension {n} has five levels for generative AI.", d.levels_genai
        ),
    ]


def _level(_: Corpus, lv: Level) -> _Page:
    n = f"working level {lv.number}"
    return f"Working level {lv.number}: {lv.name}", [
        f"{lv.lead} {lv.lead_genai}",
        _list(f"Signs of {n}", f"An organisation at {n} ({lv.name}) shows {_count(len(lv.signs), 'sign')}.", lv.signs),
        _section(f"When {n} fits", sentence(lv.fits_when)),
        _section(f"When to stop at {n}", sentence(lv.stop_here_when)),
        _list(f"From {n} to the next", f"The way up from {n} takes {_count(len(lv.to_next), 'step')}.", lv.to_next),
    ]


def _model_level(model: MaturityModel, lv: ModelLevel) -> str:
    fits = sentence(lv.fits_when) if lv.fits_when else ""
    criteria = [c.text.rstrip(".") + (f" ({c.note.rstrip('.')})" if c.note else "") for c in lv.criteria]
    asks = f"Level {lv.number} of {model.name} asks for:" if criteria else ""
    page = _section(f"Level {lv.number} of {model.name}: {lv.name}", sentence(lv.lead), criteria, fits, asks)
    if lv.to_next:
        steps = "\n".join(f"- {sentence(s)}" for s in lv.to_next)
        page += f"\n\nTo leave level {lv.number} of {model.name}, do this:\n\n{steps}"
    return page


def _maturity_model(_: Corpus, m: MaturityModel) -> _Page:
    tests = [f"{t.section.capitalize()}: {t.text}" for t in m.tests]
    return m.name, [
        m.lead,
        _section(f"Scope of {m.name}", f"{m.name}, by {m.publisher}: {sentence(m.scope)}", m.axes),
        *(_model_level(m, lv) for lv in m.levels),
        _list(f"Tests of {m.name}", f"{m.name} scores {_count(len(tests), 'test')}.", tests),
        _list(f"Score bands of {m.name}", f"{m.name} reads its score in {_count(len(m.bands), 'band')}.", m.bands),
        _list(f"Limits of {m.name}", f"{m.name} has {_count(len(m.limits), 'known limit')}", m.limits),
    ]


def _crosswalk(corpus: Corpus, row: CrosswalkRow) -> _Page:
    title = f"Working level {row.level} beside other maturity models, {TRACKS[row.track]}"
    return title, [
        f"Our working level {row.level} for {TRACKS[row.track]} corresponds to these levels of "
        f"{_count(len(row.cells), 'other model')}.",
        "\n".join(f"- {_name(corpus, 'maturity-model', m)}: {sentence(text)}" for m, text in row.cells.items()),
    ]


def _mismatch(corpus: Corpus, m: Mismatch) -> _Page:
    return m.title, [
        m.lead,
        _section(f"Detail: {_mid(m.title)}", sentence(m.detail)),
        _section(
            f"Models behind: {_mid(m.title)}", f"The models compared are {_names(corpus, 'maturity-model', m.models)}."
        ),
    ]


def _regulation(corpus: Corpus, r: Regulation) -> _Page:
    name = r.name
    helping = "; ".join(_mid(_name(corpus, "practice", p)) for p in r.practices)
    return name, [
        r.lead,
        _section(
            f"Who {name} applies to",
            sentence(f"{name} applies to: {_mid(r.applies_to)}"),
            [],
            sentence(f"The jurisdiction of {name} is {r.jurisdiction}"),
            f"Industries concerned by {name} are {_and(r.industries)}." if r.industries else "",
            "This is not legal advice.",
        ),
        _list(
            f"Dates of {name}",
            f"{name} has {_count(len(r.dates), 'date')} to know.",
            [f"{k}: {v}" for k, v in r.dates.items()],
        ),
        _list(f"Duties under {name}", f"{name} asks for {_count(len(r.duties), 'thing')}.", r.duties),
        _list(f"Penalties of {name}", f"{name} provides for {_count(len(r.penalties), 'penalty')}.", r.penalties),
        _section(
            f"Practices that help with {name}",
            f"Practices that help with {name} are: {helping}." if helping else "",
        ),
    ]


def _adaptation(_: Corpus, a: Adaptation) -> _Page:
    n = _mid(a.name)
    return a.name, [
        a.lead,
        _list(f"When to choose {n}", f"Choose {n} in {_count(len(a.choose_when), 'case')}.", a.choose_when),
        _list(f"When to avoid {n}", f"Avoid {n} in {_count(len(a.avoid_when), 'case')}.", a.avoid_when),
        _section(f"What it costs to start with {n}", sentence(f"To start with {n} costs: {_mid(a.entry_cost)}")),
    ]


def _term(_: Corpus, t: Term) -> _Page:
    also = f"Other words for {_mid(t.term)} are {_and(t.synonyms)}." if t.synonyms else ""
    return t.term, [t.lead, also]


def _no_facets(_: Corpus, __: Record) -> dict[str, Any]:
    return {}


_Writer = Callable[[Corpus, Any], _Page]
_Facets = Callable[[Corpus, Any], dict[str, Any]]

_KINDS: dict[str, tuple[_Writer, _Facets]] = {
    "stage": (_stage, lambda _, s: {"stages": [s.number], "roles": [*s.lead_roles, *s.supporting_roles]}),
    "lifecycle": (_lifecycle, _no_facets),
    "dimension": (_dimension, _no_facets),
    "level": (_level, lambda _, lv: {"levels": [lv.number]}),
    "practice": (
        _practice,
        lambda _, p: {"stages": p.stages, "levels": [p.level], "roles": [p.owner], "tools": p.tools, "track": p.track},
    ),
    "maturity-model": (_maturity_model, lambda _, m: {"track": m.track}),
    "crosswalk": (_crosswalk, lambda _, c: {"levels": [c.level], "track": c.track}),
    "mismatch": (_mismatch, _no_facets),
    "role": (
        _role,
        lambda _, r: {"stages": r.stages, "levels": list(range(r.needed_level, 5)), "roles": [r.id]},
    ),
    "cost": (_cost, lambda _, c: {"levels": [] if c.level is None else [c.level]}),
    "threat": (
        _threat,
        lambda _, t: {
            "stages": t.stages,
            "levels": sorted({s.level for s in t.safeguards}),
            "roles": sorted({t.owner, *(s.owner for s in t.safeguards)}),
            "tools": t.tools,
            "track": t.track,
        },
    ),
    "regulation": (_regulation, _no_facets),
    "adaptation": (_adaptation, lambda *_: {"track": "genai"}),
    "tool": (
        _tool,
        lambda _, t: {
            "stages": t.stages,
            "levels": list(range(t.level_from, t.level_to + 1)),
            "tools": [t.id],
            "track": t.track,
        },
    ),
    "term": (_term, _no_facets),
}
