"""What a corpus record is: one pydantic model for each kind, unknown keys refused.

Every text field holds whole sentences in our own words, because passages, findings
and keyless answers are built from them as they stand. A field called `lead` answers
the obvious question about the record in one self-contained sentence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]
AsOf = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
StageNumber = Annotated[int, Field(ge=1, le=9)]
LevelNumber = Annotated[int, Field(ge=0, le=4)]

Confidence = Literal["paper", "vendor", "research", "secondary", "ours"]
"""paper: the root paper's recovered text. vendor: a vendor's or standards body's own document.
research: another paper. secondary: a page about the matter. ours: our inference or judgement."""

Track = Literal["ml", "genai", "both"]

Condition = Literal[
    "always", "online-serving", "supervised-labels", "rag", "agents", "fine-tuning", "self-hosted-llm", "regulated"
]
"""What an organisation must be doing before a practice or threat is about it at all."""


class Record(BaseModel):
    """Something with an id; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    id: Id


class Source(Record):
    """Something a reader can open: listed once, referred to by id."""

    title: Text
    authors: list[Text] = []
    publisher: Text
    published: AsOf | None
    url: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None
    doi: Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    accessed: AsOf
    licence: str | None = None
    kind: Literal["paper", "vendor", "standard", "survey", "news", "community", "registry", "ours"]
    read: Literal["full", "partial", "abstract", "secondhand", "not-read"]
    """How much of it we read; `secondhand` means through somebody else's notes."""
    note: str | None = None

    @model_validator(mode="after")
    def _openable(self) -> Source:
        if self.kind != "ours" and not (self.url or self.doi):
            raise ValueError("a source needs a url or a doi, so that a reader can open it")
        return self


class Fact(Record):
    """A record that claims something about the world."""

    sources: Annotated[list[Id], Field(min_length=1)]
    as_of: AsOf
    confidence: Confidence


class Stage(Fact):
    """One of the nine lifecycle stages (our reconstruction in the paper's spirit)."""

    number: StageNumber
    name: Text
    lead: Text
    purpose: Text
    inputs: list[Text]
    outputs: list[Text]
    activities: list[Text]
    llm_additions: list[Text]
    gates: list[Text]
    typical_failures: list[Text]
    lead_roles: list[Id]
    supporting_roles: list[Id]
    mappings: dict[Id, str] = {}
    """Lifecycle framework id → what that framework calls this stage."""


class Lifecycle(Fact):
    """Another framework's lifecycle, for the mapping."""

    name: Text
    lead: Text
    stages: list[Text]
    notes: list[Text] = []


class Dimension(Fact):
    """One side of maturity, with what each level looks like for classical and for generative work."""

    name: Text
    lead: Text
    why: Text
    levels: Annotated[list[Text], Field(min_length=5, max_length=5)]
    """What levels 0 to 4 look like here, one sentence each."""
    levels_genai: Annotated[list[Text], Field(min_length=5, max_length=5)]


class Level(Fact):
    """A working maturity level (ours)."""

    number: LevelNumber
    name: Text
    name_genai: Text
    lead: Text
    lead_genai: Text
    signs: list[Text]
    fits_when: Text
    stop_here_when: Text
    to_next: list[Text]


class Effort(BaseModel):
    """Person-weeks, low to high, our estimate for a team that has done neither before."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _ordered(self) -> Effort:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


class Practice(Fact):
    """The unit of maturity: something an assessor can see being done."""

    title: Text
    dimension: Id
    level: Annotated[int, Field(ge=1, le=4)]
    track: Track
    applies_if: Condition = "always"
    stages: Annotated[list[StageNumber], Field(min_length=1)]
    question: Text
    """Asked of a non-expert; answered yes, partly or no."""
    lead: Text
    why: Text
    how: Annotated[list[Text], Field(min_length=2)]
    """First steps, in order."""
    evidence: Annotated[list[Text], Field(min_length=1)]
    requires: list[Id] = []
    effort: Effort
    owner: Id
    tools: list[Id] = []
    threats: list[Id] = []
    anti_patterns: Annotated[list[Text], Field(min_length=1)]


class Criterion(BaseModel):
    """One demand of a vendor's level, and the practices that meet it (all of them)."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    text: Text
    practices: list[Id] = []
    """Empty where the demand is not something a practice can show (said in `note`)."""
    note: str | None = None


class ModelLevel(BaseModel):
    """One level of a vendor's model, with its demands."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    number: Annotated[int, Field(ge=0, le=5)]
    name: Text
    lead: Text
    criteria: list[Criterion] = []
    fits_when: str | None = None
    to_next: list[Text] = []


class ScoredTest(BaseModel):
    """One of the 28 tests of the ML Test Score."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    section: Literal["data", "model", "infrastructure", "monitoring"]
    text: Text
    practices: Annotated[list[Id], Field(min_length=1)]


class MaturityModel(Fact):
    """Somebody's maturity model, with each level's criteria as practice ids where rules can compute it."""

    name: Text
    publisher: Text
    lead: Text
    track: Track
    scope: Text
    axes: list[Text] = []
    levels: list[ModelLevel] = []
    tests: list[ScoredTest] = []
    bands: list[Text] = []
    limits: Annotated[list[Text], Field(min_length=1)]
    computable: bool = False
    """True where levels or tests carry practices for every criterion that a rule needs."""


class CrosswalkRow(Record):
    """Our working level beside each model's own; `text` as a reader should see it."""

    track: Literal["ml", "genai"]
    level: LevelNumber
    cells: dict[Id, Text]
    """Maturity model id → its level(s)."""


class Mismatch(Fact):
    """A place where two models order the same bricks differently."""

    title: Text
    lead: Text
    detail: Text
    models: Annotated[list[Id], Field(min_length=1)]


class Pay(BaseModel):
    """One published pay figure; amounts in `currency` a year unless `per` says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    country: Text
    low: float
    high: float
    median: float | None = None
    currency: Literal["USD", "GBP", "EUR", "CHF", "INR"]
    per: Literal["year", "hour"] = "year"
    seniority: str | None = None
    year: int
    source: Id
    note: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Pay:
        if not self.low <= (self.median or self.low) <= self.high:
            raise ValueError("low ≤ median ≤ high must hold")
        return self


class Role(Fact):
    """Somebody who is needed: duties, skills, when, and published pay."""

    name: Text
    also_called: list[Text] = []
    lead: Text
    duties: list[Text]
    skills: list[Text]
    stages: list[StageNumber]
    raci: dict[StageNumber, Literal["R", "A", "C", "I"]]
    needed_from: Text
    needed_level: LevelNumber
    """Working level from which a dedicated person pays off."""
    needed_when: Text
    merges_with: list[Id] = []
    """Hats one person may wear together in a small team."""
    ways_in: list[Text]
    ways_out: list[Text]
    first_hire_for: str | None = None
    pay: list[Pay] = []


class Tool(Fact):
    """A tool as of its date: status, licence, hosting, fit, limits and price."""

    name: Text
    category: Id
    lead: Text
    stages: list[StageNumber]
    licence: Text
    openness: Literal[
        "open-source", "open-core", "source-available", "open-weights", "managed", "commercial", "closed-down"
    ]
    self_host: Literal["yes", "no", "partly"]
    self_host_note: str | None = None
    managed: bool = False
    """A managed offering can be bought."""
    clouds: list[Literal["aws", "gcp", "azure", "any"]] = ["any"]
    needs_kubernetes: bool = False
    track: Track
    status: Literal["active", "slow", "maintenance", "dormant", "frozen", "acquired", "relicensed", "retired", "closed"]
    status_note: Text
    status_date: AsOf | None = None
    recommend: bool
    """False: do not pick for new work."""
    version: str | None = None
    version_date: AsOf | None = None
    level_from: LevelNumber
    level_to: LevelNumber
    best_for: Text
    strengths: Text
    limits: Text
    pricing: Text
    price_checked: bool = False
    alternatives: list[str] = []
    integrates: list[str] = []
    package: str | None = None
    """Name on the Python package index."""
    docs: str | None = None
    repo: str | None = None
    llms_txt: str | None = None
    general_knowledge: bool = False
    """True where nothing beyond general knowledge backs the record; the reader sees that."""


class Cost(Fact):
    """A dated price, wage multiplier or published total; `low` to `high` in `currency` per `unit`."""

    name: Text
    kind: Literal[
        "tokens", "gpu", "people", "platform", "programme", "fine-tuning", "endpoint", "overhead", "break-even"
    ]
    lead: Text
    low: float
    high: float
    currency: Literal["USD", "GBP", "EUR", "ratio"] = "USD"
    unit: Text
    level: LevelNumber | None = None
    input_price: float | None = None
    output_price: float | None = None
    """USD per million tokens, kind tokens only."""
    tier: Literal["frontier", "mid", "small"] | None = None
    caveat: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Cost:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


class Safeguard(BaseModel):
    """What is done against a threat, from which level, by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    text: Text
    level: LevelNumber
    owner: Id
    practices: list[Id] = []


class Threat(Fact):
    """A way in which a system can be harmed."""

    code: Annotated[str, StringConstraints(pattern=r"^T\d{2}$")]
    name: Text
    lead: Text
    stages: list[StageNumber]
    track: Track
    applies_if: Condition = "always"
    severity: Annotated[int, Field(ge=1, le=5)]
    """Our judgement of harm where it applies: 1 nuisance, 5 existential."""
    example: Text
    """What has happened or been shown, with its date."""
    example_kind: Literal["incident", "exercise", "research", "pattern"]
    owasp_2026: str | None = None
    owasp_2025: str | None = None
    maps: list[str] = []
    """ATLAS, OWASP ML or agentic, NIST references."""
    safeguards: Annotated[list[Safeguard], Field(min_length=1)]
    tools: list[Id] = []
    owner: Id


class Regulation(Fact):
    """A law or standard, with what applies from when. Never legal advice."""

    name: Text
    lead: Text
    jurisdiction: Text
    applies_to: Text
    dates: dict[str, Text] = {}
    duties: list[Text] = []
    penalties: list[Text] = []
    industries: list[Text] = []
    practices: list[Id] = []


class Adaptation(Fact):
    """A way to get an LLM to do the job: prompt, RAG, fine-tune, pre-train."""

    name: Text
    rank: int
    lead: Text
    choose_when: list[Text]
    avoid_when: list[Text]
    entry_cost: Text


class Term(Record):
    """A glossary entry; `synonyms` are other people's words for it, used by retrieval."""

    term: Text
    lead: Text
    synonyms: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]] = []
    see: list[Id] = []


class Phrasebook(Record):
    """One language's words for what this corpus is about; the id is the language's two-letter code."""

    language: Text
    words: dict[Annotated[str, StringConstraints(pattern=r"^[^*\p{Lu}]+\*?$")], str]
    """A lower-case word, phrase or word beginning (`überwach*`) → English to search with; empty for a function word."""


class GuideMeta(Fact):
    """Front matter of a guide; the body is Markdown whose sections each open with a lead."""

    title: Text
    stages: list[StageNumber] = []
    levels: list[LevelNumber] = []
    roles: list[Id] = []
    tools: list[Id] = []
    sectors: list[Text] = []
    """Whom it is written for, in the words of `Profile.industry`; empty for everybody."""
    questions: list[Text] = []
    """What people ask that this guide answers, in their words."""


KINDS: dict[str, type[Record]] = {
    "source": Source,
    "stage": Stage,
    "lifecycle": Lifecycle,
    "dimension": Dimension,
    "level": Level,
    "practice": Practice,
    "maturity-model": MaturityModel,
    "crosswalk": CrosswalkRow,
    "mismatch": Mismatch,
    "role": Role,
    "tool": Tool,
    "cost": Cost,
    "threat": Threat,
    "regulation": Regulation,
    "adaptation": Adaptation,
    "term": Term,
    "phrasebook": Phrasebook,
}
