"""What was asked: the cleaned question, what it is about, what it wants, and what it says about the asker."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from advisor.answer.extract import extract, sectors, statement_part
from advisor.answer.intent import route
from advisor.answer.lexicon import Lexicon, Mention, entities
from advisor.answer.text import clean, content_words, language, stems, unique, words
from advisor.errors import InputError
from advisor.schema import Intent, Profile, ProfileChange, Turn

LONGEST_QUESTION = 4000
Wants = Literal["amount", "date", "count", "version", "person", "place", "licence", "any"]
"""The kind of fact an answer must contain to be one."""

_FOLLOW_UP = re.compile(
    r"^\W*(and|but|or|so|then|also|what about|how about|what else|why( not)?\b\W*$|how so|really|ok(ay)?\b|which (one|of)|"
    r"more|tell me more|go on|elaborate|explain (that|this|more)|in (that|which) case|for (a|an|the|our)\b|"
    r"(it|that|this|they|them|those|these|he|she)\b|is (it|that|this)\b|are (they|those|these)\b|(can|could|does|do|will|would|should) (it|that|this|they|those)\b)",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(it|its|that one|this one|them|those|these|they|their|the (first|second|third|last|former|latter|same) (one|tool|option|role|step|practice)?|the other)\b|\b(one|ones)(?=\s*[?.!,]|$)",
    re.IGNORECASE,
)
_WANTS: list[tuple[Wants, re.Pattern[str]]] = [
    ("amount", re.compile(r"\bhow much (does|do|is|are|would|will|did|should|can|money)\b|\b(price|cost|salary|fee)s? (of|for)\b|\bwhat (does|do|is|are|would) .{1,60}\b(cost|costs|price|salary|pay|earn|charge)\b|\bhow expensive\b", re.IGNORECASE)),
    ("date", re.compile(r"\bwhen (did|was|were|will)\b|\bwhen (do|does|is|are)\b.{1,60}\b(appl(y|ies)|start|end|expire|due|released?|retire|begin|come into|in force|shut|deprecated)\b|\bwhat (date|year|day|month)\b|\b(since|from|by|until) when\b|\bhow (old|recent)\b", re.IGNORECASE)),
    ("count", re.compile(r"\bhow many\b|\bwhat (\w+ )?(size|length|threshold|ratio|interval)\b|\bwhat (percentage|share|fraction|number|proportion)\b|\bhow (long|often|large|big|fast)\b", re.IGNORECASE)),
    ("version", re.compile(r"\b(which|what|latest|newest|current) (is the )?(latest |newest |current )?(version|release)\b", re.IGNORECASE)),
    ("person", re.compile(r"(?:^|[.,;?!]\s)\W*(?:and |so |but )?who (is|was|are|were|founded|created|wrote|invented|leads?|runs?|maintains?|bought|acquired|owns?|made|built)\b|\b(authors?|founders?|ceo|cto|maintainers?) of\b", re.IGNORECASE)),
    ("place", re.compile(r"\bwhere (is|was|are) .{1,40}\b(based|located|headquartered|hosted)\b", re.IGNORECASE)),
    ("licence", re.compile(r"\b(licen[cs]ed?|licensing)\b|\bopen[- ]source\?", re.IGNORECASE)),
]  # fmt: skip


@dataclass(frozen=True)
class Understanding:
    """Everything that was read off one question."""

    question: str
    reading: str
    """The question with misspelt words put right."""
    query: str
    """What is searched: the question, with the last turn's subject where it points back."""
    intent: Intent
    mentions: list[Mention]
    entities: dict[str, list[str]]
    changes: list[ProfileChange]
    language: str
    wants: Wants
    follow_up: bool
    statement: bool
    """True where the message only tells us something and asks nothing."""
    personal: bool = False
    """About the asker's own organisation, rather than about the world."""
    orders: bool = False
    """It tries to give the advisor other instructions."""
    known: bool = False
    """Something is known of the asker's size: people, team or models."""
    topical: bool = False
    """It has a subject of its own, beyond the words that its intent is recognised by."""
    sectors: frozenset[str] = frozenset()
    """The industries that the question names, and the asker's own."""
    answered: float = 0.0
    """How nearly some guide says that it answers this very question, 0 to 1; known once the corpus was searched."""
    corrections: dict[str, str] = field(default_factory=dict)
    """Misspelt name → the name it was read as."""


def check_question(raw: str) -> str:
    """The cleaned question. Raises InputError where there is nothing to answer, or too much."""
    if len(raw) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(raw):,} characters; {LONGEST_QUESTION:,} is the most that can be read.",
            "Ask for one thing at a time, and put facts about your organisation into the profile.",
        )
    question = clean(raw)
    if not any(c.isalnum() for c in question):
        raise InputError("The question is empty.", "Write what you want to know, for example: Where do we start?")
    return question


def understand(
    raw: str,
    profile: Profile,
    conversation: Sequence[Turn],
    lexicon: Lexicon,
    correct: Callable[[str], str] = str,
    english: Callable[[str, str], str] | None = None,
) -> Understanding:
    """Reads one question in its conversation. Raises InputError.

    `correct` puts a misspelt English word right; `english` turns a question in another language into English words.
    """
    question = check_question(raw)
    spoken = language(question, lexicon.function_words)
    changes = extract(question, profile, lexicon)
    mentions = [m for m in lexicon.mentions(question) if not _refused(question, m)]
    if spoken == "en":
        reading = _spelt(_asking_part(question, changes), mentions, correct)
    else:
        reading = (english(question, spoken) if english else "") or question
    mentions = _named_in(reading, mentions, lexicon)
    named = entities(mentions, reading)
    intent = route(reading, named, ours=bool(changes) or bool(_PERSONAL.search(question)))
    asks = "?" in question or bool(_ASKS.search(question) or _ASKS.search(reading))
    statement = bool(changes) and not asks and _only_tells(question, changes)
    follow_up = bool(conversation) and not statement and _points_back(question, named)
    query = reading
    if follow_up:
        intent, named = _continued(conversation[-1], question, intent, named, lexicon)
        query = f"{reading} {_topic(conversation[-1].question)}"
    if intent == "career":
        named["role"] = _career_order(question, named.get("role", []), lexicon)
    if statement:
        intent = "profile"
    if _INJECTION.search(question) or _OFF_TOPIC.search(question):
        intent = "out-of-scope"
    return Understanding(
        question=question,
        reading=reading,
        query=query,
        intent=intent,
        mentions=mentions,
        entities=named,
        changes=changes,
        language=spoken,
        wants=next((w for w, pattern in _WANTS if pattern.search(reading)), "any"),
        follow_up=follow_up,
        statement=statement,
        personal=bool(changes) or bool(_PERSONAL.search(question)),
        orders=bool(_INJECTION.search(question)),
        sectors=frozenset(sectors(question) | ({profile.industry} if profile.industry else set())),
        known=bool(changes or profile.team or profile.people is not None or profile.models_in_production is not None),
        topical=len(_subject(reading, mentions, changes)) >= 2,
        corrections={m.words: lexicon.labels[m.kind, m.id] for m in mentions if m.guessed},
    )


_ABOUT_US = frozenset(
    "people team models_in_production uses_ml industry country clouds kubernetes self_host budget capacity requests_per_month".split()
)
"""Facts that only describe the asker; a law or a way to use LLMs may be what the question is about."""


def _asking_part(question: str, changes: Sequence[ProfileChange]) -> str:
    """The question without what it tells about the asker: that is in the profile now, and would only mislead a search."""
    if not changes:
        return question
    pieces = re.split(r"(?<=[.!?;])\s+", question)
    asking = [p for p in pieces if p.endswith("?") or _ASKS.search(p)] or pieces
    told = [p for p in pieces if p not in asking and _has_subject(p, changes)]
    text = " ".join([*told, *(_without_statement(p, changes) for p in asking)])
    for change in changes:
        if change.field in _ABOUT_US and len(change.quote) > 2:
            text = re.sub(
                rf"(?:\b(?:with|and|for|as|an?|our|in|on|of)\s+)*{re.escape(change.quote)}",
                " ",
                text,
                flags=re.IGNORECASE,
            )
    text = re.sub(r"\s+([?.!,;])", r"\1", " ".join(text.split())).strip(" ,;")
    telling = stems(text) - _OPINION
    return text if telling or re.search(r"\b(next|start|begin|first)\b", text) else question


_OPINION = stems(
    "good bad great terrible idea sense right wrong thought think opinion worth reasonable realistic okay plan yes no"
)
"""'Good idea?' asks about what was said before it."""


def _has_subject(text: str, changes: Sequence[ProfileChange]) -> bool:
    """Does it say more than facts about the asker, so that the question may be about it?"""
    about_us = [c for c in changes if c.field in _ABOUT_US]
    rest = text
    for change in about_us:
        rest = re.sub(re.escape(change.quote), " ", rest, flags=re.IGNORECASE)
    told = any(c.quote in text for c in changes if c not in about_us)
    return told or len({s for s in stems(rest) if not s.isdigit()} - GENERIC) >= 2


def _without_statement(sentence: str, changes: Sequence[ProfileChange]) -> str:
    told = statement_part(sentence)
    return sentence if _has_subject(told, changes) else sentence[len(told) :].strip(" ,;:–-") or sentence


_DECIDING = re.compile(
    r"\b(or|vs\.?|versus|is|are|bad|good|ok|okay|overkill|enough|worth|too|does|hits?|appl(y|ies)|better|cheaper)\b",
    re.IGNORECASE,
)


def _only_tells(question: str, changes: Sequence[ProfileChange]) -> bool:
    """Is there nothing to decide in what is left once the facts are taken out?"""
    rest = question
    for change in changes:
        rest = re.sub(re.escape(change.quote), " ", rest, flags=re.IGNORECASE)
    return not _DECIDING.search(re.sub(r"\b(we|there|team|company) (are|is)\b", " ", rest, flags=re.IGNORECASE))


def _named_in(reading: str, mentions: list[Mention], lexicon: Lexicon) -> list[Mention]:
    """The mentions that the asking part makes, those of misspelt names included."""
    low = reading.lower()
    kept = [m for m in mentions if m.words in low or m.guessed]
    known = {(m.kind, m.id) for m in kept}
    return kept + [m for m in lexicon.mentions(reading) if (m.kind, m.id) not in known and not _refused(reading, m)]


def _continued(
    before: Turn, question: str, intent: Intent, named: dict[str, list[str]], lexicon: Lexicon
) -> tuple[Intent, dict[str, list[str]]]:
    """Intent and subjects of a follow-up: its own first, then those of the question before."""
    subject = entities(lexicon.mentions(before.question), before.question)
    earlier = before.intent or route(before.question, subject)
    if intent == "explain" and not _explicit(question):
        intent = earlier
    if (
        earlier == "hire"
        and intent == "cost"
        and re.search(r"\b(person|they|them|that|it|this|he|she|role|one|hire)\b", question)
    ):
        intent = "hire"
    if (
        earlier == "next"
        and intent in ("explain", "cost")
        and re.search(r"\b(weeks?|long|effort|take|quarters?)\b", question)
    ):
        intent = "next"
    if named.get("tool") and subject.get("tool") and (intent == "compare" or earlier == "compare"):
        intent = "compare"
    merged = dict(named)
    for kind, ids in subject.items():
        if kind == "role" and not _POINTING.search(question):
            continue  # roles named in passing are who is there, not who is asked about
        if kind not in named or _POINTING.search(question) or intent == "compare":
            merged[kind] = unique([*ids, *named.get(kind, [])])
    return intent, merged


_INJECTION = re.compile(
    r"\b(ignore|disregard|forget|override|bypass)\b.{0,30}\b(instruction|rule|prompt|guideline|above|previous)s?\b"
    r"|\b(print|reveal|show|repeat|output|tell me|what('s| is| are))\b.{0,20}\byour (system )?(prompt|instruction|rule)s?\b"
    r"|^\W*(you are now|act as|pretend (to be|you))\b",
    re.IGNORECASE,
)
_OFF_TOPIC = re.compile(
    r"\b(joke|poem|song|lyrics|recipe|horoscope|limerick|bedtime story|crypto\w*|bitcoin)s?\b|\b(buy|sell|invest)\b.{0,20}\b(stocks?|shares)\b|^\W*(?:please |can you |could you |would you )*(write|generate|create|code|draft) (me )?(an? |some |the )?([\w-]+ ){0,4}(script|code|module|function|query|regex|yaml|manifest|e-?mail|letter|essay|class|program)s?\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(we|us|our|ours|i|my|me|should (you|one))\b", re.IGNORECASE)
_ORIGIN = re.compile(
    r"\b(?:i(?:'m| am| was| have been| work as)|from|as|being)(?: currently| now| still)? (?:an? |the )?(?P<r>[\w /-]{2,40}?)"
    r"(?=[,.;?!]|$| and\b| to\b| who\b| how\b| what\b| want\w*\b| trying\b| into\b| in\b| with\b| for\b)",
    re.IGNORECASE,
)


GENERIC = stems(
    "next step start begin first stand maturity mature level assess assessment score rate hire hiring recruit need team people "
    "person role tool tools stack platform software recommend suggest choose pick cost costs budget price expensive spend "
    "money year month quarter risk risks threat threats wrong go plan improve priority prioritise company organisation "
    "organization startup firm team mlops llmops ml ai llm llms model models system systems use using work help get make "
    "good best better right now today currently new small big large build question advice idea come comes going look like "
    "fit fits compare comparison difference versus happen change run running production prod worry apply "
    "machine learning data roadmap biggest gap win quick important focus fix someone somebody project projects security"
)
_RULED = ("role", "tool", "category", "country", "maturity-model", "dimension", "level", "threat", "regulation")


def _subject(reading: str, mentions: Sequence[Mention], changes: Sequence[ProfileChange]) -> set[str]:
    """Stems of what is asked about, without what rules already take care of."""
    ruled = {s for m in mentions if m.kind in _RULED for s in stems(m.words)}
    told = {s for c in changes for s in stems(c.quote)}
    return {s for s in stems(reading) if not s.isdigit()} - GENERIC - ruled - told


def _refused(question: str, mention: Mention) -> bool:
    """Named only to say that it is not there: 'no Kubernetes'."""
    return bool(
        re.search(
            rf"(?:\b(?:no|without|w/out|w/o|not have|don'?t have|not using|besides|other than|instead of)|w/out|w/o) (?:any )?{re.escape(mention.words)}\b",
            question,
            re.IGNORECASE,
        )
    )


def _career_order(question: str, roles: list[str], lexicon: Lexicon) -> list[str]:
    """Where somebody comes from first, where they want to go second."""
    for m in _ORIGIN.finditer(question):
        origin = [x.id for x in lexicon.mentions(m["r"]) if x.kind == "role"]
        if origin:
            aims = [r for r in roles if r != origin[0]]
            return [
                origin[0],
                *(aims or [role for word, role in _AIMS if re.search(word, question, re.IGNORECASE)][:1]),
            ]
    return roles


_AIMS = [
    (r"\b(ml|llm)ops\b", "mlops-engineer"),
    (r"\b(llms?|gen ?ai|ai)\b", "ai-engineer"),
    (r"\bdata science\b", "data-scientist"),
    (r"\bdata engineering\b", "data-engineer"),
    (r"\bmachine learning|\bml\b", "ml-engineer"),
    (r"\bproduct\b", "ai-product-manager"),
]
"""A field somebody wants to get into → the role that stands for it."""


_SLANG = {"2": "to", "4": "for", "u": "you", "r": "are", "ur": "your", "pls": "please", "plz": "please", "da": "the",
          "wat": "what", "whats": "what is", "hows": "how is", "wheres": "where is", "whos": "who is", "wanna": "want to",
          "gonna": "going to", "cuz": "because", "bc": "because", "thx": "thanks", "b4": "before", "rly": "really", "wich": "which", "shud": "should", "cud": "could", "wud": "would", "shld": "should",
          "taht": "that", "teh": "the", "thier": "their", "hav": "have", "dont": "don't", "doesnt": "doesn't", "cant": "can't",
          "opensorce": "open source", "opensource": "open source", "ppl": "people", "abt": "about", "btw": "by the way", "w/": "with"}  # fmt: skip


def _spelt(question: str, mentions: list[Mention], correct: Callable[[str], str]) -> str:
    """The question with slang and misspellings put right; names that were recognised stay as they are."""
    tokens = question.split(" ")
    slang = sum(t.lower().strip("?.,!") in _SLANG for t in tokens)
    known = {w for m in mentions for w in m.words.split()}
    out = []
    for token in tokens:
        bare = token.lower().strip("?.,!:;()\"'")
        if bare in _SLANG and (not bare.isdigit() or slang >= 2):
            out.append(token.lower().replace(bare, _SLANG[bare]))
        elif bare.isalpha() and token == token.lower() and bare not in known:
            out.append(correct(token))
        else:
            out.append(token)
    return " ".join(out)


_ASKS = re.compile(
    r"^\W*(what|which|who|whom|whose|where|when|why|how|is|are|do|does|did|can|could|should|would|will|shall|may|tell|"
    r"explain|compare|show|give|list|recommend|suggest|help|describe|define|estimate|assess|plan|advise|need|looking for)\b"
    r"|\b(what|which|who|where|how|should|shall|advice|recommend\w*|suggest\w*|help|any (idea|tip|advice)s?|thoughts|tell me|need to know|best way)\b",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(r"^\W*(what (is|are|does)|explain|define|how (do|does|to|can|should)|why|when)\b", re.IGNORECASE)


def _explicit(question: str) -> bool:
    return bool(_EXPLICIT.match(question)) and len(content_words(question)) >= 2


def _points_back(question: str, named: dict[str, list[str]]) -> bool:
    """Short, and either opening like a follow-up or pointing at something it does not name."""
    tokens = words(question)
    subjects = sum(len(ids) for kind, ids in named.items() if kind not in ("country", "level"))
    if _POINTING.search(question) and subjects == 0 and len(tokens) <= 30:
        return True
    if len(tokens) > 14:
        return False
    return bool(_FOLLOW_UP.match(question)) or (len(content_words(question)) <= 2 and subjects == 0)


def _topic(question: str) -> str:
    """The content words of an earlier question, in order."""
    return " ".join(unique(content_words(question))[:12])
