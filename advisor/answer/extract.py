"""Facts about the organisation, taken from what its people say in passing.

Only statements about the speaker's own side count: "we have two data scientists" does,
"what does a data scientist do?" does not. Each change keeps the words it came from,
so that the reader can see why a chip is there and correct it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from advisor.answer.lexicon import COUNTRIES, Lexicon
from advisor.answer.statements import STATEMENTS
from advisor.answer.text import NUMBER_WORDS
from advisor.schema import PracticeAnswer, Profile, ProfileChange

NUMBER = r"(?P<n>\d[\d,.]*\s?k?|no|zero|a|an|single|couple of|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|dozen)"
_ADJ = r"(?:\s+(?:part-time|full-time|senior|junior|new|dedicated|more|other|good|external|in-house))*"

_OURS = re.compile(
    r"\b(we|we're|we've|(?-i:us)|our|ours|my (?:company|team|org\w*|startup|firm|employer|bank|department|group)|"
    r"i(?:'m| am) (?:at|with|in|the)|i (?:work|run|lead|manage)|i have|there are \w+ of us|"
    r"(?:boss|management|ceo|cto|board) (?:wants|asks|says))\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(what if|if we|if i|suppose|assuming|imagine|should we|could we|can we|do we need|need to hire)\b",
    re.IGNORECASE,
)
_FROM_HERE = re.compile(
    r"\b(?:if (?:we|i|our)|would (?:it|that|this|change|happen|help)|suppose|imagine)\b.*", re.IGNORECASE
)
"""What follows is supposed, not so."""
_FRAGMENT = re.compile(
    rf"\bfor (?:an? |our )?(?:(?:small |new )?team of )?{NUMBER.replace('?P<n>', '?:')}[- ](?:people|person|engineers|developers)\b|^\W*(?:an? )?(?:{NUMBER}[- ](?:person|people|ppl|employee|strong)|startup\b|small (?:team|startup|company)|solo\b|(?:seed|series [a-d])\b)",
    re.IGNORECASE,
)

PEOPLE = [
    re.compile(rf"\b{NUMBER}[- ](?:person|people|ppl|employee|man|strong|head)\b(?![- ]?(?:day|week|month|hour))", re.IGNORECASE),
    re.compile(rf"\b(?:company|firm|startup|organi[sz]ation|business|bank|insurer|manufacturer|hospital|retailer|team) of (?:about |around |roughly |~)?{NUMBER}\b", re.IGNORECASE),
    re.compile(rf"\b(?:about |around |roughly |~)?{NUMBER} (?:employees|staff|colleagues|people(?! (?:per|can|should|who|to)\b))\b", re.IGNORECASE),
    re.compile(rf"\bthere are {NUMBER} of us\b", re.IGNORECASE),
    re.compile(rf"\b(?:we(?:'re| are)|have) (?:only |about |around |just )?{NUMBER} people\b", re.IGNORECASE),
]  # fmt: skip

ROLE_WORDS: list[tuple[str, str]] = [
    ("mlops-engineer", r"(?:ml ?ops|llm ?ops) (?:engineers?|people|person|specialists?|folks?)"),
    ("ml-engineer", r"(?:ml|machine[- ]learning) engineers?|mles?"),
    ("data-scientist", r"data scientists?|ds(?=\b(?! ?ops))|modell?ers"),
    ("data-engineer", r"data engineers?|analytics engineers?"),
    ("ai-engineer", r"(?:ai|llm|gen ?ai|genai) (?:engineers?|developers?|devs?)"),
    ("platform-engineer", r"(?:platform|devops|sre|infrastructure|infra|cloud|site reliability) (?:engineers?|people|person|team members?)|devops|sres?"),
    ("software-engineer", r"(?:software|backend|back-end|full-?stack|web|app) (?:engineers?|developers?|devs?)|developers?|devs|engineers?"),
    ("ai-product-manager", r"(?:ai |ml |data )?product (?:managers?|owners?)|pms?"),
    ("solution-architect", r"(?:solution |enterprise |data |ml |ai )?architects?"),
    ("domain-expert", r"(?:domain|subject[- ]matter) experts?|smes?"),
    ("annotator", r"annotators?|labell?ers?"),
    ("ai-governance", r"(?:governance|compliance|risk|privacy) (?:officers?|managers?|leads?|people)"),
    ("ml-security", r"(?:ml |ai )?security (?:engineers?|people|specialists?)"),
]  # fmt: skip
ROLES = [(role, re.compile(rf"\b{NUMBER}{_ADJ}\s+(?P<r>{pattern})\b", re.IGNORECASE)) for role, pattern in ROLE_WORDS]

INDUSTRIES: list[tuple[str, str]] = [
    ("healthcare", r"health ?-?tech|health ?care|hospitals?|clinics?|medical|med ?-?tech|pharma\w*|biotech|telemedicine"),
    ("insurance", r"insur(?:ance|er|tech)"),
    ("banking", r"bank(?:ing|s)?|fin ?-?tech|financial services|payments?|lender|lending|credit|trading|asset manage\w+"),
    ("manufacturing", r"manufactur\w+|factory|factories|industrial|automotive|plants?\b(?= floor|s? with)|OT\b|machine builder"),
    ("retail", r"retail(?:er)?|e-?commerce|online shop|marketplace|grocery|fashion"),
    ("public sector", r"public sector|government(?: agency)?|municipal\w*|ministry|agency of|city of|public administration"),
    ("energy", r"energy|utilit(?:y|ies)|power grid|oil and gas|solar|wind farm"),
    ("logistics", r"logistics|shipping|freight|delivery company|supply[- ]chain company|transport(?:ation)? company"),
    ("telecoms", r"telecoms?|telco|mobile operator"),
    ("media", r"media company|publisher|publishing|news(?:paper|room)|streaming service|gaming|game studio|adtech"),
    ("education", r"ed ?-?tech|universit\w+|school|education company"),
    ("legal", r"law firm|legal ?-?tech"),
    ("software", r"saas|software (?:company|vendor|firm|house|business)|b2b software|dev ?tools?|tech startup"),
    ("agriculture", r"ag(?:ri)?-?tech|agricultur\w+|farming"),
    ("real estate", r"prop ?-?tech|real estate"),
    ("consulting", r"consult(?:ing|ancy)(?: firm)?|agency"),
]  # fmt: skip

FLAGS: list[tuple[str, Any, str, str]] = [
    ("clouds", "aws", r"\b(?:on|in|use|using|with|all[- ]in on|run on|hosted on) (?:an? )?(?:(?:azure|gcp) and )?(?:aws|amazon(?: web services)?)\b|\baws (?:shop|house|account|only)\b|\bsagemaker\b", "AWS"),
    ("clouds", "gcp", r"\b(?:on|in|use|using|with|run on) (?:(?:aws|azure) and )?(?:gcp|google cloud)\b|\bgcp (?:shop|only)\b|\bvertex(?: ai)?\b", "Google Cloud"),
    ("clouds", "azure", r"\b(?:on|in|use|using|with|run on) (?:(?:aws|gcp) and )?(?:ms |microsoft )?azure\b|\bazure (?:shop|only)\b", "Azure"),
    ("clouds", "on-prem", r"\bon[- ]?prem(?:ises?|ise)?\b|\bown (?:data ?cent(?:er|re)|servers|hardware)\b|\bbare metal\b", "own servers"),
    ("self_host", True, r"\bair[- ]?gapped\b|\b(?:everything|all|data|it) (?:must|has to|needs to|should) (?:be |stay |run )?(?:self[- ]hosted|on[- ]?prem\w*|in[- ]house)\b|\bdata (?:can(?:no|')?t|may not|must not|cannot) leave\b|\bno (?:saas|external (?:apis?|services?)|cloud)\b|\bcan(?:no|')?t use (?:the )?(?:cloud|saas)\b|\b(?:fully|strictly|only) on[- ]?prem\w*\b|\bmust self[- ]host\b|\bnothing (?:may|can|must|is allowed to) leave\b|\beverything (?:is |runs |must be |stays )?on[- ]?prem\w*\b", "self-hosted only"),
    ("kubernetes", False, r"\b(?:no|without|not? on|don'?t (?:have|use|run)|do not (?:have|use|run)|haven'?t got) (?:any )?(?:kubernetes|k8s)\b", "no Kubernetes"),
    ("kubernetes", True, r"\b(?:on|use|using|run(?:ning)?(?: on)?|have|with|our|an?) (?:an? |managed |existing )?(?:kubernetes|k8s|eks|gke|aks|openshift)\b", "Kubernetes"),
    ("serving", "online", r"\b(?:real[- ]?time|online (?:serving|inference|predictions?|endpoint|scoring)|low[- ]latency|rest api|live predictions?|recommendations? on the site)\b", "online serving"),
    ("serving", "batch", r"\b(?:batch (?:scoring|jobs?|predictions?|inference|only)|nightly (?:job|batch|scoring|run)|scored? (?:nightly|weekly|daily)|in batch)\b", "batch scoring"),
    ("serving", "edge", r"\b(?:on the edge|edge (?:devices?|deployment|inference|models?)|embedded|on[- ]device|shop ?floor|plcs?|gateways? in the plant)\b", "edge"),
    ("llm_use", "rag", r"\brag\b|\bretrieval[- ]augmented\b|\b(?:chat ?bot|assistant|copilot|q&a|question answering) (?:over|on|about|for|across) (?:our|internal|company|the) \w+|\bdocument (?:search|q&a|chat)\b|\bknowledge[- ]base (?:bot|assistant|chat\w*)\b", "RAG"),
    ("llm_use", "agents", r"\b(?:ai |llm |autonomous )?agents?\b(?! (?:desk|team)s?)(?<!support agents)(?<!call agents)|\bagentic\b|\btool[- ]calling\b", "agents"),
    ("llm_use", "fine-tuning", r"\bfine[- ]?tun(?:e|ed|ing)\b|\blora\b", "fine-tuning"),
    ("llm_use", "self-hosted", r"\b(?:self[- ]host(?:ed|ing)?|run(?:ning)? our own|host(?:ing)? our own|local) (?:llms?|language models?|llama|mistral|models? (?:with|on) (?:vllm|ollama))\b|\bour own (?:llm|gpu)s?\b", "self-hosted LLM"),
    ("llm_use", "prompting", r"\b(?:openai|gpt-?\d\w*|chatgpt|claude|anthropic|gemini|bedrock|llm) (?:api|calls?|prompts?|features?|for|to|in)\b|\b(?:call|calling|use|using) (?:the )?(?:openai|gpt-?\d\w*|claude|anthropic|gemini|llms?|language models?)\b|\bllm[- ](?:only|first|based|powered)\b", "LLM API"),
    ("uses_llm", True, r"\b(?:llms?|gpt-?\d?\w*|claude|gemini|rag|gen(?:erative)? ?ai|chat ?bots?|language models?|copilot)\b", "uses LLMs"),
    ("uses_llm", False, r"\b(?:no|not using|don'?t use|without|zero) (?:any )?(?:llms?|gen(?:erative)? ?ai|language models?)\b|\bno gen ?ai\b", "no LLM use"),
    ("uses_ml", False, r"\bllm[- ]only\b|\bno (?:classical|traditional|predictive|own) (?:ml|machine learning|models?)\b|\bdon'?t train\b", "no own ML models"),
    ("uses_ml", True, r"\b(?:fraud|churn|forecast\w*|recommend\w+|scoring|pricing|propensity|vision|defect|credit|risk|ranking|demand|classification|anomaly|predictive(?: maintenance)?|xgboost|sklearn|scikit-learn|pytorch|tensorflow|lightgbm) (?:detection |inspection |system |prediction |maintenance )?models?\b|\btrain(?:ing)? (?:our|own|ml|machine)\b|\bml models?\b", "own ML models"),
    ("user_facing", True, r"\b(?:customer|user|public|client|patient|citizen)[- ]facing\b|\bour (?:customers|users|patients|clients) (?:use|see|chat|talk|get)\b|\b(?:to|for) (?:our |end )?(?:customers|the public|patients|citizens)\b", "user-facing"),
    ("user_facing", False, r"\binternal(?:ly)?(?: (?:use|only|tool|users))\b|\bonly for (?:our )?(?:staff|employees)\b", "internal only"),
    ("regulations", "gdpr", r"\bgdpr\b", "GDPR"),
    ("regulations", "hipaa", r"\bhipaa\b", "HIPAA"),
    ("regulations", "eu-ai-act", r"\b(?:eu )?ai act\b", "EU AI Act"),
    ("regulations", "iso-42001", r"\biso(?:/iec)? ?42001\b", "ISO 42001"),
    ("regulations", "sox", r"\bsox\b|\bsarbanes\b", "SOX"),
    ("regulations", "sr-11-7", r"\bsr ?11-?7\b|\bmodel risk management\b", "model risk management"),
    ("regulations", "dora", r"\bdora (?:regulation|act)\b|\beu dora\b", "EU DORA"),
    ("regulations", "regulated", r"\b(?:we'?re|we are|highly|heavily|strictly|tightly) regulated\b|\bregulated (?:industry|company|bank|environment|sector|business)\b", "regulated"),
    ("risk", "high", r"\bhigh[- ]risk\b|\bsafety[- ]critical\b|\bcredit decisions?\b|\bdiagnos(?:is|tic|e)\b|\bhiring decisions\b|\btriage\b", "high-risk use"),
]  # fmt: skip
_FLAGS = [(f, v, re.compile(p, re.IGNORECASE), label) for f, v, p, label in FLAGS]

MODELS = [
    re.compile(rf"\b{NUMBER}{_ADJ} (?:[\w-]+ ){{0,3}}?models? (?:\w+ ){{0,2}}?(?:in prod\w*|deployed|live|running|in use)\b", re.IGNORECASE),
    re.compile(rf"\b(?:have|run|running|got|with|operate|maintain|serve|deployed) (?:about |around |only |just )?{NUMBER}{_ADJ} (?:ml |machine[- ]learning |predictive |fraud |churn |credit |vision |forecast\w* |production |\w+ )?models?\b", re.IGNORECASE),
    re.compile(rf"\b{NUMBER} (?:ml |production |predictive |fraud |churn |vision )?models?\b(?! of\b)", re.IGNORECASE),
]  # fmt: skip
_NOTHING_LIVE = re.compile(
    r"\b(?:nothing|no models?|none)(?: \w+){0,2} in prod\w*|\bnot in production yet\b|\bno model in production\b",
    re.IGNORECASE,
)
_BUDGET = re.compile(
    r"\b(?:budget|spend|afford|up to|about|around|have)\b[^.?!]{0,25}?(?P<c>\$|usd|eur|€|£|gbp)\s?(?P<n>\d[\d,.]*)\s?(?P<s>k|m|thousand|million)?\b(?P<per>[^.?!]{0,20}?\b(?:month|year|annum|quarter|annually|monthly))?",
    re.IGNORECASE,
)
_CAPACITY = re.compile(rf"\b{NUMBER} (?:person|engineer)[- ]?weeks? (?:a|per|each) quarter\b", re.IGNORECASE)
_HALF = re.compile(
    r"\b(?:one|an?|1|half of an?|half an?) (?:engineer|developer|person|dev|data scientist)\b(?: at)? (?:half[- ]time|half (?:the|of (?:the|their|his|her)) (?:time|week)|for half)"
    r"|\bhalf an? (?:engineer|developer|person|fte)\b|\bhalf[- ]time (?:engineer|developer|person)\b",
    re.IGNORECASE,
)
"""Half of one person is 6.5 of the 13 weeks of a quarter."""
_REQUESTS = re.compile(r"\b(?P<n>\d[\d,.]*)\s?(?P<s>k|m|thousand|million)?\s+(?:llm |api )?(?:requests|calls|queries|questions|conversations|answers|messages)\b (?:a|per|each|every) (?P<per>day|month|week|hour)", re.IGNORECASE)  # fmt: skip

_IN_USE = re.compile(r"\b(?:we|our team|i)\b[^.?!]{0,60}?\b(?:use|using|run|running|have|are on|built (?:on|with)|rely on|work with|deployed|adopted)\b|\b(?:with|on|using)\b", re.IGNORECASE)  # fmt: skip
_WITHOUT = re.compile(
    r"\b(?:no|without|not|instead of|left|dropped|don'?t (?:have|use|run)) (?:any )?([\w&.-]+)", re.IGNORECASE
)
_ASKING = re.compile(r"\b(vs\.?|versus)\b|\b(should|shall|could|can|would|do) (we|i)\b[^.?!]*$|\b(which|what|compare|vs|versus|better|recommend|alternatives?|is|are)\b[^.?!]*\?", re.IGNORECASE)  # fmt: skip


def extract(text: str, profile: Profile, lexicon: Lexicon) -> list[ProfileChange]:
    """What `text` says about the speaker's organisation and `profile` does not know yet."""
    changes: dict[tuple[str, str], ProfileChange] = {}
    about_us = False
    for sentence in re.split(r"(?<=[.!?;])\s+", text.replace("\n", " ")):
        about_us = bool(_OURS.search(sentence) or _FRAGMENT.search(sentence) or _introduces(sentence)) or (
            about_us and not sentence.endswith("?")
        )
        if not about_us or _HYPOTHETICAL.match(sentence):
            continue
        told = statement_part(sentence) or sentence
        asked = sentence.rstrip().endswith("?") and told == sentence
        for change in _sentence(_FROM_HERE.sub("", told), lexicon):
            if asked and not _plainly(change, sentence):
                continue
            key = (change.field, str(change.value) if change.field in _LISTS else _subkey(change))
            changes.setdefault(key, change)
    return [c for c in changes.values() if possible(c) and not _known(c, profile)]


def _introduces(sentence: str) -> bool:
    """A fragment that introduces somebody: 'Regional bank, 900 people, on-prem.'"""
    if sentence.endswith("?") or re.search(r"\b(they|their|company x)\b", sentence, re.IGNORECASE):
        return False
    size = any(p.search(sentence) for p in PEOPLE) or any(
        pattern.search(sentence) for field, _, pattern, _ in _FLAGS if field == "self_host"
    )
    return size or bool(
        re.match(
            r"\W*(?:an? |the )?(?:\w+ ){0,2}(?:bank|insurer|retailer|hospital|agency|startup|manufacturer|university|ministry)\b",
            sentence,
            re.IGNORECASE,
        )
    )


_HARD = (
    "people",
    "industry",
    "country",
    "clouds",
    "kubernetes",
    "self_host",
    "models_in_production",
    "budget",
    "capacity",
)
_HAVING = r"\b(?:with|have|has|having|got)\b[^?]{0,60}?"


def _plainly(change: ProfileChange, question: str) -> bool:
    """May a question be taken to state this? 'With two engineers' states; 'is it high risk?' and 'need one?' do not."""
    if change.field in _HARD:
        return True
    return change.field == "team" and bool(re.search(_HAVING + re.escape(change.quote), question, re.IGNORECASE))


def possible(change: ProfileChange) -> bool:
    """False for what no organisation has, such as a budget of 10^20."""
    try:
        Profile.model_validate({change.field: [change.value] if change.field in _LISTS else change.value})
    except ValidationError:
        return False
    return True


_QUARTERS = re.compile(rf"\b{NUMBER} quarters?\b", re.IGNORECASE)


def quarters(text: str) -> ProfileChange | None:
    """How many quarters a plan may take, where the text says it."""
    m = _QUARTERS.search(text)
    return _change("quarters", count(m["n"]), f"{count(m['n'])} quarters", m) if m else None


_LISTS = ("clouds", "serving", "llm_use", "regulations", "tools")


def _subkey(change: ProfileChange) -> str:
    return str(next(iter(change.value))) if isinstance(change.value, dict) else ""


_TURN = re.compile(
    r"[,;:–-]?\s*\b(?:which|what|how|should we|shall we|do we|can we|where|who|whom|is it|are we)\b[^.]*\?\s*$",
    re.IGNORECASE,
)


def statement_part(sentence: str) -> str:
    """What a sentence tells before it turns into a question; empty where it only asks."""
    match = _TURN.search(sentence)
    if match and match.start() > 12:
        return sentence[: match.start()]
    return "" if sentence.rstrip().endswith("?") else sentence


def _sentence(sentence: str, lexicon: Lexicon) -> Iterator[ProfileChange]:
    taken: list[tuple[int, int]] = []
    for role, pattern in ROLES:
        for m in pattern.finditer(sentence):
            if any(a < m.end() and m.start() < b for a, b in taken):
                continue
            taken.append(m.span())
            n = count(m["n"])
            name = role.replace("-", " ").replace("ml ", "ML ").replace("ai ", "AI ").replace("mlops", "MLOps")
            yield _change("team", {role: n}, f"{n or 'no'} {name}{'' if n == 1 else 's'}", m)
    for pattern in PEOPLE:
        found = pattern.search(sentence)
        if found and re.search(
            r"\b(the|our|those|these|all|my)\s+(other )?$", sentence[: found.start()], re.IGNORECASE
        ):
            continue  # "the 3 people" are some of us, not how many we are
        if (
            found
            and found["n"].lower() not in ("a", "an", "no", "one")
            and not any(a <= found.start() < b for a, b in taken)
        ):
            yield _change("people", count(found["n"]), f"{count(found['n'])} people", found)
            break
    yield from _models(sentence)
    for field, value, pattern, label in _FLAGS:
        if hit := pattern.search(sentence):
            yield _change(field, value, label, hit)
    for industry, words in INDUSTRIES:
        if hit := re.search(rf"\b(?:{words})\b", sentence, re.IGNORECASE):
            yield _change("industry", industry, industry, hit)
            break
    for name, country in COUNTRIES.items():
        hit = re.search(
            rf"\b(?:in|based in|from|across|hq in|a|an)\s+(?:the )?{re.escape(name)}\b", sentence, re.IGNORECASE
        )
        if hit and not (name == "us" and "US" not in hit.group()):
            yield _change("country", country, country, hit)
            break
    for practice, answer, pattern in STATEMENTS:
        if hit := pattern.search(sentence):
            said = PracticeAnswer(answer=answer, evidence=hit.group(), provenance="inferred").model_dump()
            word = "no " if answer == "no" else ""
            yield _change("practices", {practice: said}, f"{word}{practice.replace('-', ' ')}", hit, "inferred")
    yield from _money(sentence)
    if _IN_USE.search(sentence) and not _ASKING.search(sentence):
        refused = {m.group(1).lower().rstrip(".") for m in _WITHOUT.finditer(sentence)}
        for mention in lexicon.mentions(sentence):
            if mention.kind == "tool" and mention.words.split()[0] not in refused:
                label = lexicon.labels.get(("tool", mention.id), mention.words)
                yield ProfileChange(field="tools", value=mention.id, label=label, quote=mention.words)


def _models(sentence: str) -> Iterator[ProfileChange]:
    if m := _NOTHING_LIVE.search(sentence):
        yield _change("models_in_production", 0, "no model in production", m)
        return
    for pattern in MODELS:
        m = pattern.search(sentence)
        loose = pattern is MODELS[-1] and m is not None and m["n"].lower() in ("a", "an")
        if m and not loose and not _PART_OF_MODEL.match(sentence[m.end() :]):
            n = count(m["n"])
            yield _change("models_in_production", n, f"{n} model{'' if n == 1 else 's'} in production", m)
            if not re.search(r"\b(llm|language)\b", m.group(), re.IGNORECASE):
                yield _change("uses_ml", True, "own ML models", m, "inferred")
            return


_PART_OF_MODEL = re.compile(
    r"\W?(?:registry|registries|cards?|gateways?|stores?|serving|monitoring|files?|weights|inventor\w+|owners?|releases?|drift|risks?|validation|training|providers?|choice|server|catalogue)\b",
    re.IGNORECASE,
)
"""'A model registry' is no model."""


def _money(sentence: str) -> Iterator[ProfileChange]:
    if m := _BUDGET.search(sentence):
        factor = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}.get((m["s"] or "").lower(), 1)
        amount = float(m["n"].replace(",", "").rstrip(".")) * factor
        per = (m["per"] or "").lower()
        amount *= 12 if "month" in per else 4 if "quarter" in per else 1
        yield _change("budget", amount, f"{amount:,.0f} a year", m)
    if m := _CAPACITY.search(sentence):
        yield _change("capacity", float(count(m["n"])), f"{count(m['n'])} person-weeks a quarter", m)
    elif m := _HALF.search(sentence):
        yield _change("capacity", 6.5, "6.5 person-weeks a quarter", m)
    if m := _REQUESTS.search(sentence):
        factor = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}.get((m["s"] or "").lower(), 1)
        monthly = {"hour": 730, "day": 30, "week": 4.33, "month": 1}[m["per"].lower()]
        n = int(float(m["n"].replace(",", "").rstrip(".")) * factor * monthly)
        yield _change("requests_per_month", n, f"{n:,} requests a month", m)


def _change(field: str, value: Any, label: str, match: re.Match[str], provenance: Any = "said") -> ProfileChange:
    return ProfileChange(field=field, value=value, label=label, quote=match.group().strip(), provenance=provenance)


def count(raw: str) -> int:
    """`25`, `1,200`, `3k`, `two`, `no` or `a couple of` as a number."""
    word = raw.lower().removesuffix(" of").strip()
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    digits = word.rstrip("k ").replace(",", "").rstrip(".")
    return min(int(float(digits or 0) * (1000 if word.endswith("k") else 1)), 5_000_000)


def _known(change: ProfileChange, profile: Profile) -> bool:
    current = getattr(profile, change.field)
    if change.field in _LISTS:
        return change.value in current
    if isinstance(change.value, dict):
        key, value = next(iter(change.value.items()))
        held = current.get(key)
        return held == value or (isinstance(held, PracticeAnswer) and held.answer == value["answer"])
    return bool(current == change.value)


def sectors(text: str) -> set[str]:
    """The industries that a text names."""
    return {industry for industry, words in INDUSTRIES if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)}


def apply_changes(profile: Profile, changes: list[ProfileChange]) -> Profile:
    """A new profile with the changes in it; what was confirmed by hand is not overruled by an inference."""
    data = profile.model_dump()
    for change in changes:
        if data["provenance"].get(change.field) == "confirmed" and change.provenance == "inferred":
            continue
        if change.field in _LISTS:
            data[change.field] = [*data[change.field], change.value]
        elif isinstance(change.value, dict):
            data[change.field] = {**data[change.field], **change.value}
        else:
            data[change.field] = change.value
        data["provenance"][change.field] = change.provenance
    if data["uses_llm"] is None and data["llm_use"]:
        data["uses_llm"], data["provenance"]["uses_llm"] = True, "inferred"
    return Profile.model_validate(data)
