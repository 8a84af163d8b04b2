"""Nothing a chat model says reaches the reader unless its evidence carries it.

A sentence is kept when

1. it is a plain sentence: no markup, address or instruction is left in it;
2. it cites evidence that exists;
3. every number (with its unit), every named tool, role or standard, and every span of time
   stands in that evidence, beside the words that the sentence puts beside it;
4. at most three sentences of the evidence hold most of its content words;
5. words that carry a claim on their own (must, always, half) stand there too, a "may"
   stays a "may", and neither a yes nor a "more" is turned around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.answer.claims import (
    NEGATION,
    Fact,
    Part,
    clauses,
    cover,
    dates,
    facts,
    measures,
    names,
    part,
    periods,
    records,
    refused,
    share,
    strangers,
    swapped,
)
from advisor.answer.lexicon import Lexicon
from advisor.answer.text import clean, content_words, numbers, sentences, stem, stems, words

SUPPORT = 0.65
"""Least share of a sentence's content words that its evidence must contain (tuned by tests/test_verify.py)."""
BESIDE, BESIDE_NUMBER = 0.6, 0.75
"""A name or a number counts where its own clause of the evidence shares this much of what the best one shares."""
NEAR = 0.6
"""Two clauses that share this much speak of the same."""
LONGEST = 600
"""Characters; nobody writes advice in a longer sentence."""

_LABELS = r"\[F?\d+(?:\s*[,;]\s*F?\d+)*\]"
_MARK = re.compile(rf"\s*({_LABELS})")
_SENTENCE_END = re.compile(rf"[.!?](?:[\"”')]|\*\*)*(?:\s*{_LABELS})*(?=\s+[^\sa-z\[])")
_OPEN_MARK = re.compile(r"\s*\[[^\]]{0,40}$")
_NO_END = re.compile(r"(?:^\W*\d{1,2}|\b(?:e\.g|i\.e|etc|vs|cf|approx|no|St|Dr|v))\.$", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^)]*\)|\[[^\]]*\](?!\())")
_HTML = re.compile(r"<[^<>]{0,200}>")
_URL = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.|(?:javascript|data|vbscript|mailto):)\S+", re.IGNORECASE)
_MARKUP = re.compile(r"[\[\]{}|\\›]|<[a-z/!?]|^\s*>|&#|&\w+;", re.IGNORECASE)
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?=[/?:]|\b)", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|all|any|these|your|my)\b"
    r".{0,20}\b(?:instructions?|rules|prompts?|messages?|guidelines)\b"
    r"|\b(?:reveal|print|repeat|show|output)\b.{0,30}\b(?:system|hidden|initial|secret) (?:prompt|instructions?)\b"
    r"|\byou are now\b|\bas an? (?:ai|large|language) (?:language )?model\b"
    r"|^\W*(?:system|user|assistant|human|developer)\s*:",
    re.IGNORECASE,
)
"""Orders to a model. Evidence may contain them, when somebody planted them; advice never does."""

_YEAR = re.compile(r"(?:19|20)\d\d")
_HEDGE = re.compile(r"\b(?:may|might|could|perhaps|probably|possibly|sometimes)\b", re.IGNORECASE)
_SOFT = re.compile(rf"{_HEDGE.pattern}|\b(?:can|often|usually|likely|tends?|estimate[sd]?)\b", re.IGNORECASE)
_WEIGHTY = [
    "must required requires require mandatory obligatory shall need needs",
    "always every each all any",
    "never no not none without avoid cannot don't",
    "guarantee guarantees guaranteed ensures ensure",
    "half", "third", "majority most", "double twice", "triple", "dozens dozen", "hundreds hundred",
    "thousands thousand", "millions million", "billions billion", "impossible",
]  # fmt: skip
_WEIGHT_SETS = [frozenset(group.split()) for group in _WEIGHTY]
_CLAIMING = frozenset(
    "must required mandatory obligatory always never guarantee guarantees guaranteed half third majority double twice "
    "triple dozens hundreds thousands millions billions impossible".split()
)
_OPPOSITES = [
    ("increase", "decrease"), ("increase", "reduce"), ("raise", "lower"), ("more", "less"), ("more", "fewer"),
    ("before", "after"), ("above", "below"), ("over", "under"), ("higher", "lower"), ("high", "low"),
    ("cheaper", "dearer"), ("cheap", "expensive"), ("open", "closed"), ("allow", "forbid"), ("safe", "unsafe"),
    ("start", "stop"), ("early", "late"), ("minimum", "maximum"), ("first", "last"), ("first", "second"), ("first", "later"), ("with", "without"),
    ("fast", "slow"), ("faster", "slower"), ("easy", "hard"), ("small", "large"), ("best", "worst"),
    ("better", "worse"), ("manual", "automatic"), ("manual", "automated"), ("batch", "online"),
    ("internal", "external"), ("enable", "prevent"), ("free", "paid"), ("required", "optional"), ("active", "archived"),
    ("fail", "succeed"), ("gain", "lose"), ("enough", "insufficient"), ("same", "different"), ("public", "private"),
    ("least", "most"), ("yes", "no"), ("add", "remove"), ("up", "down"), ("rise", "fall"), ("trusted", "hostile"),
    ("always", "never"), ("often", "rarely"), ("usually", "rarely"), ("little", "lot"), ("little", "much"),
    ("afterwards", "before"), ("clean", "messy"), ("strong", "weak"), ("simple", "complex"), ("ready", "missing"),
    ("reliable", "noise"), ("soon", "late"), ("useful", "useless"), ("inside", "outside"), ("central", "separate"), ("in", "out"), ("hosted", "self-hosted"), ("short", "long"), ("few", "many"),
]  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """Something a sentence may rest on, under the label that the prompt gave it (`1`, `F2`)."""

    label: str
    text: str
    """Its heading on the first line, then one sentence or item after another."""


@dataclass(frozen=True)
class Verdict:
    """A sentence without its marks, the labels it cites, and why it was dropped, if it was."""

    text: str
    cited: tuple[str, ...]
    reason: str = ""

    @property
    def kept(self) -> bool:
        """May the reader see it?"""
        return not self.reason


def split_stream(pieces: Iterator[str]) -> Iterator[str]:
    """Whole sentences, with their marks, and line breaks as they become complete; the last one even if it never ends.

    However the text is cut into pieces, the sentences are the same. An overlong one is handed on in part, to be
    judged and dropped, and the rest of its line is skipped.
    """
    buffer, skipping = "", False
    for character in (c for piece in pieces for c in piece):
        if character == "\n":
            if buffer.strip() and not skipping:
                yield buffer
            yield "\n"
            buffer, skipping = "", False
            continue
        if skipping:
            continue
        buffer += character
        if len(buffer) > LONGEST * 2:
            yield buffer
            buffer, skipping = "", True
        elif (end := next(_ends(buffer), None)) is not None:
            yield buffer[:end]
            buffer = buffer[end:].lstrip(" ")
    if buffer.strip() and not skipping:
        yield buffer


def _ends(text: str) -> Iterator[int]:
    """Where sentences end; neither after `1.` at the head of a list item nor after `e.g.`"""
    return (m.end() for m in _SENTENCE_END.finditer(text) if not _NO_END.search(text[: m.end()]))


def plain(sentence: str) -> str:
    """The sentence without links, images, HTML and addresses; what a link said stays, and so does a mark."""
    bare = _HTML.sub("", clean(sentence))
    for _ in range(3):  # links in links
        bare = _LINK.sub(lambda m: f" [{m[1]}]" if re.fullmatch(r"F?\d+", m[1]) else m[1], bare)
    return _URL.sub("", bare).replace("`", "").replace("://", " ").replace("](", "] (").strip()


def verify(sentence: str, evidence: Mapping[str, Evidence], known: str, lexicon: Lexicon) -> Verdict:
    """Judges one sentence. `known` is what the asker said about themselves: its numbers and names may be repeated."""
    if len(sentence) > 2 * LONGEST:
        return Verdict(sentence[:LONGEST], (), "too long for a sentence")
    bare = plain(sentence)
    labels = dict.fromkeys(label for m in _MARK.finditer(bare) for label in re.findall(r"F?\d+", m[1]))
    text = re.sub(r"\s+([.!?,;:])", r"\1", _MARK.sub("", bare)).strip()
    if text.count("**") % 2:
        text = text.replace("**", "")
    cited = tuple(label for label in labels if label in evidence)
    if len(text) > LONGEST:
        return Verdict(text, cited, "too long for a sentence")
    if _MARKUP.search(text):
        return Verdict(text, cited, "markup where a sentence should be")
    if _ORDER.search(text):
        return Verdict(text, cited, "an order to a model")
    if not cited:
        return Verdict(text, cited, "cites nothing that was retrieved")
    basis = "\n".join(evidence[label].text for label in cited)
    pool = [fact for label in cited for fact in facts(evidence[label].text, lexicon)]
    if text.endswith("?"):
        return Verdict(text, cited, "asks instead of telling")
    quotes = [line for label in cited for line in evidence[label].text.splitlines()[1:]]
    if any(words(q) == words(text) for line in quotes for q in (line, *(s.text for s in sentences(line)))):
        return Verdict(text, cited)
    return Verdict(text, cited, _unfounded(text, basis, pool, known, lexicon))


def _unfounded(text: str, basis: str, pool: Sequence[Fact], known: str, lexicon: Lexicon) -> str:
    """Why the evidence does not carry the sentence; "" where it does."""
    said = {stem(w) for w in content_words(text)}
    own = stems(known)
    if len(said) < 3:
        return "says too little"
    if loose := numbers(text) - numbers(basis) - _own_numbers(text, known):
        return f"number not in its evidence: {min(loose)}"
    there = names(f"{basis}\n{known}", lexicon) | stems(f"{basis} {known}")
    if strange := names(text, lexicon) - there:
        return f"name not in its evidence: {min(strange)}"
    if loose := dates(text) - dates(f"{basis}\n{known}"):
        return f"date not in its evidence: {min(loose)}"
    if strange := _strange_words(text, f"{basis} {known}", lexicon):
        return f"word that the corpus never uses: {min(strange)}"
    if hosts := {h.lower() for h in _HOST.findall(text)} - {h.lower() for h in _HOST.findall(basis)}:
        return f"address not in its evidence: {min(hosts)}"
    chosen = cover(said - own, pool)
    held = own.union(*(f.stems for f in chosen))
    if share(_parts(said, held), held) < SUPPORT:
        return "not supported by its evidence"
    near = " ".join([*(f.text for f in chosen), pool[0].text if pool else "", known])
    if wrong := _misplaced(text, pool, known, lexicon):
        return wrong
    if wrong := _wrong_units(text, basis, known):
        return wrong
    if other := periods(text) - periods(f"{near} {known}"):
        return f"span of time not in its evidence: {min(other)}"
    return _turned(text, chosen, near)


def _own_numbers(text: str, known: str) -> set[str]:
    """Numbers from what the asker said, where the sentence uses them for the same thing: `25 people`."""
    told = {(n, near) for n, near in _number_neighbours(known)}
    return {n for n, near in _number_neighbours(text) if any(n == m and near & other for m, other in told)}


def _number_neighbours(text: str) -> list[tuple[str, frozenset[str]]]:
    tokens = words(text)
    found = []
    for i, token in enumerate(tokens):
        near = frozenset(stem(p) for w in tokens[i : i + 4] for p in w.split("-") if not p.isdigit())
        found += [(n, near) for part in token.split("-") for n in numbers(part)]
    return found


def _strange_words(text: str, basis: str, lexicon: Lexicon) -> set[str]:
    """Words foreign to the whole corpus, and codes (`p95`, `fp16`) foreign to this evidence."""
    if not lexicon.vocabulary:
        return set()
    there = stems(basis)
    parts = {p for w in content_words(text) for p in re.split(r"[./&+'-]", w) if len(p) > 2 and stem(p) not in there}
    codes = {p for p in parts if any(c.isdigit() for c in p) and any(c.isalpha() for c in p) and not numbers(p)}
    return codes | {p for p in parts if p.isalpha() and stem(p) not in lexicon.vocabulary}


def _parts(said: set[str], held: set[str] | frozenset[str]) -> set[str]:
    """The stems, a hyphenated one held as a whole where its parts are."""
    return {s if s in held or "-" not in s or not stems(s) - {s} <= held else next(iter(held)) for s in said}


def _misplaced(text: str, pool: Sequence[Fact], known: str, lexicon: Lexicon) -> str:
    """A name, number or span of time that stands in the evidence, but beside other things than here."""
    own_records, own_numbers = records(known, lexicon), _own_numbers(text, known)
    parts = [p for fact in pool for p in fact.parts]
    there = frozenset().union(*(p.records for p in parts))
    claims = [(clause, records(clause, lexicon) & there) for clause in clauses(text)]
    # "If you need a job queue, ClearML fits" speaks of its tool before it names it.
    speaking = next((t for _, called in claims if (t := frozenset(r for r in called if r[:5] == "tool:"))), frozenset())
    for clause, called in claims:
        speaking = called or speaking
        mine = part(clause, speaking)
        best = max((len(mine.stems & p.stems) for p in parts), default=0)
        if best < 2:
            continue
        named = {r: [p.stems for p in parts if r in p.records] for r in speaking - own_records}
        named |= {n: [p.stems for p in parts if n in p.stems] for n in strangers(clause, lexicon) - stems(known)}
        years = {n for n in mine.numbers if _YEAR.fullmatch(n)}
        counted = {n: [p.stems for p in parts if n in p.numbers] for n in mine.numbers - own_numbers - years}
        counted |= {n: [f.stems for f in pool if n in f.stems] for n in years - own_numbers}
        counted |= {t: [f.stems for f in pool if t in periods(f.text)] for t in mine.periods - periods(known)}
        for homes, least in ((named, BESIDE), (counted, BESIDE_NUMBER)):
            for thing, where in homes.items():
                if max((len(mine.stems & s) for s in where), default=0) < least * best:
                    return f"its evidence says this of something else than {thing}"
        if _patched(mine, pool, parts):
            return "puts together what its evidence keeps apart"
    return ""


def _patched(mine: Part, pool: Sequence[Fact], parts: Sequence[Part]) -> bool:
    """Is a clause made of one sentence of the evidence, with words of another in place of its own?"""
    if len(mine.stems) < 3:
        return False
    main = max(pool, key=lambda f: (len(mine.stems & f.stems), -len(f.stems)))
    others = frozenset().union(*(f.stems for f in pool if f is not main))
    if len((mine.stems - main.stems) & others) > 1 or swapped(mine.text, main.text, others):
        return True
    near = max(parts, key=lambda p: (len(mine.stems & p.stems), -len(p.stems)))
    others = frozenset().union(*(p.stems for p in parts if p is not near))
    alike = min(share(mine.stems, near.stems), share(near.stems, mine.stems)) >= NEAR
    return alike and bool(near.stems - mine.stems) and len((mine.stems - near.stems) & others) > 1


def _wrong_units(text: str, basis: str, known: str) -> str:
    """A number whose unit is not the one that the evidence gives it."""
    there = measures(f"{basis}\n{known}")
    for number, unit in sorted(measures(text)):
        if unit and (number, unit) not in there and (number, "") not in there:
            return f"unit not in its evidence: {number} {unit}"
    return ""


def _turned(text: str, chosen: Sequence[Fact], near: str) -> str:
    """Does the sentence say more surely, or the other way round, what its evidence says?"""
    tokens = set(words(text))
    there = set(words(near))
    for group in _WEIGHT_SETS:
        if tokens & group & _CLAIMING and not there & group and not (group & {"never"} and NEGATION.search(near)):
            return f"stronger than its evidence: {min(tokens & group & _CLAIMING)}"
    saying = [f for f in chosen if not f.heading]
    stances = [refused(f.text) for f in saying] or [(set(), set())]
    denied, asserted = (set().union(*s) for s in zip(*stances, strict=True))
    if refused(text)[1] & ((denied - asserted) | (stances[0][0] - stances[0][1])):
        return "says the opposite of its evidence"
    held = {stem(w) for w in there}
    if _opposed({stem(w) for w in tokens}, held):
        return "says the opposite of its evidence"
    soft = bool(_SOFT.search(text))
    parts = [p for fact in saying for p in fact.parts if p.stems]
    for clause in clauses(text):
        if problem := _against(part(clause, frozenset()), parts, soft, denied):
            return problem
    return ""


def _opposed(mine: set[str], theirs: set[str]) -> bool:
    """Does one side say "before" and the other "after", each without the other word?"""
    for pair in _OPPOSITES:
        one, other = (stem(w) for w in pair)
        for a, b in ((one, other), (other, one)):
            if a in mine and b in theirs and a not in theirs and b not in mine:
                return True
    return False


def _against(mine: Part, parts: Sequence[Part], soft: bool, denied: set[str]) -> str:
    """Does a clause lose the "may" of its closest clause in the evidence, or turn its yes into a no?"""
    near = [p for p in parts if len(mine.stems) > 1 and share(mine.stems, p.stems) >= NEAR]
    closest = max(near, key=lambda p: (share(mine.stems, p.stems), -len(p.stems)), default=None)
    if closest and not soft and _HEDGE.search(closest.text):
        return "surer than its evidence"
    tokens = words(mine.text)
    if closest and "one" in tokens and "one" not in words(closest.text) and closest.numbers - mine.numbers:
        return f"its evidence says {min(closest.numbers - mine.numbers)}, not one"
    if closest and _opposed({stem(w) for w in tokens}, {stem(w) for w in words(closest.text)}):
        return "says the opposite of its evidence"
    if closest and closest.negated != mine.negated:
        about = refused((mine if mine.negated else closest).text)[0]
        if about & stems(mine.text) and not (mine.negated and about <= denied):
            return "says the opposite of its evidence"
    same = [p.stems for p in parts if p.negated == mine.negated]
    for p in parts:
        swallowed = len(p.stems) > 1 and share(p.stems, mine.stems) >= 0.8 and refused(p.text)[0] & mine.stems
        if swallowed and p.negated != mine.negated and all(share(p.stems, s) < 0.8 for s in same):
            return "says the opposite of its evidence"
    return ""


def worthless(verdicts: Sequence[Verdict]) -> bool:
    """Too much of what the model said had to be dropped to trust the rest as an answer."""
    kept = sum(v.kept for v in verdicts)
    return kept == 0 or kept / len(verdicts) < 0.5
