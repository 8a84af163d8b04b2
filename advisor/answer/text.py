"""Plain text work that every step shares: cleaning, sentences with offsets, words, numbers, language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import Stemmer

_stemmer = Stemmer.Stemmer("english")

STOPWORDS = frozenset(
    """a about after all also am an and any are as at be because been before being both but by can could did do does
    doing down during each few for from further get got had has have having he her here hers him his how i if in into
    is it its itself just let like may me might more most must my need no nor not now of off on once only or other our
    ours out over own please same she should so some such than that the their them then there these they this those
    through to too under until up us very was we were what when where which while who whom why will with would you
    your yours im ive were weve dont doesnt isnt arent thing things way ways lot really actually tell show give
    explain want know s t d m re ll ve still yet already much many one""".split()
)

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_WORD = re.compile(r"[a-z0-9]+(?:[.'&/+-][a-z0-9]+)*", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:\s?(?:[kKmM%]|thousand|million|billion)(?!\w))?")
_END = re.compile(r"(?<=[.!?])[)\"'’”]*\s+(?=[\"'“(]?[A-Z0-9`*])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|no|art|fig|approx|resp|Dr|Mr|Ms|St|v|p|pp)|\b[A-Z])\.$", re.IGNORECASE
)

NUMBER_WORDS = {
    w: i
    for i, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "a": 1,
    "an": 1,
    "no": 0,
    "single": 1,
    "couple": 2,
    "dozen": 12,
}


class Span(NamedTuple):
    """A piece of a text with its offsets: `text == source[start:end]`."""

    text: str
    start: int
    end: int


def clean(text: str) -> str:
    """The text without control, invisible, bidi and tag characters; white space runs become one space."""
    return re.sub(r"[ \t\r\f]+", " ", re.sub(r"\s*\n\s*", "\n", _INVISIBLE.sub("", text.replace("\t", " ")))).strip()


def sentences(text: str, offset: int = 0) -> Iterator[Span]:
    """Each sentence of a paragraph, with offsets counted from `offset`."""
    start = 0
    for end in [*(m for m in _END.finditer(text)), None]:
        stop = end.start() if end else len(text)
        piece = text[start:stop]
        if end and _ABBREVIATION.search(piece):
            continue
        if stripped := piece.strip():
            at = start + len(piece) - len(piece.lstrip())
            yield Span(stripped, offset + at, offset + at + len(stripped))
        if end:
            start = end.end()


def words(text: str) -> list[str]:
    """Lower-cased words and numbers."""
    return [w.lower() for w in _WORD.findall(unicodedata.normalize("NFC", text))]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its ending, as the Snowball stemmer for English has it."""
    return str(_stemmer.stemWord(word))


def content_words(text: str) -> list[str]:
    """The words that carry meaning, in order."""
    return [w for w in words(text) if w not in STOPWORDS and len(w) > 1]


def stems(text: str) -> set[str]:
    """Stems of the content words; hyphened and slashed words also count by their parts."""
    found = set()
    for word in content_words(text):
        found.add(stem(word))
        if not word.startswith("fine-"):  # fines are not fine-tuning
            found.update(stem(p) for p in re.split(r"[./&+-]", word) if len(p) > 1 and p not in STOPWORDS)
    return found


def overlap(a: set[str], b: set[str]) -> float:
    """Jaccard similarity of two sets; 0 where both are empty."""
    return len(a & b) / len(a | b) if a or b else 0.0


def numbers(text: str) -> set[str]:
    """Numbers as comparable strings: `1,000` → `1000`, `five` → `5`, `25k` → `25000`; list and citation marks left out."""
    bare = re.sub(r"\[\d+(?:\s*,\s*\d+)*\]", " ", text)
    found = {_plain_number(m.group()) for m in _NUMBER.finditer(bare)}
    for word in words(_NUMBER.sub(" ", bare)):
        if word in NUMBER_WORDS and word not in ("a", "an", "no", "single", "couple", "one"):
            found.add(str(NUMBER_WORDS[word]))
    return found


def _plain_number(raw: str) -> str:
    raw = raw.replace(",", "").replace(" ", "")
    digits = re.match(r"[\d.]+", raw)
    assert digits
    scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "billion": 1e9}.get(raw[digits.end() :].lower(), 1)
    value = float(digits.group()) * scale
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


_FUNCTION_WORDS = {
    "de": "wann warum wo wieviel sich lohnt kann muss soll sind mein meine brauchen braucht gibt es bei vom der die das und ist wir ein eine für mit wie was welche sollen unser unsere haben nicht auf dem den zu man wer",
    "fr": "quand pourquoi faut-il doit peut sont mon ma je vous entre différence le la les des est nous une pour avec quel quelle comment notre nos avons pas dans sur que qui faut du au",
    "es": "cuándo cuándo dónde cuánto cuesta debemos necesitamos mi entre diferencia el los las es nosotros una para con cómo como qué cuál nuestro nuestra tenemos no en que del por debe",
    "it": "quando perché quanto dove serve sono mio tra differenza il lo gli è noi una per con come cosa quale nostro nostra abbiamo non nel che di della dobbiamo",
    "pt": "quando porquê quanto onde precisamos são meu entre diferença o os as é nós uma para com como que qual nosso nossa temos não em do da devemos um",
    "nl": "wanneer waarom hoeveel waar zijn mijn tussen verschil moet de het een is wij voor met hoe wat welke onze ons hebben niet op van te en moeten",
    "en": "over got get can this that it be will if but or from by at as than into after before about me us you your when which why more any all was were has had been no yes just like time so then there they them its also the a an is are we for with how what which our have not on of to and should do does in who when where my i",
}  # fmt: skip
_FUNCTION_SETS = {lang: set(text.split()) for lang, text in _FUNCTION_WORDS.items()}


_SHARED = frozenset(
    "a as de die do en es is in me no non o on per plus la il an come con for que en sue van die war".split()
)
"""Function words that English sentences about tools also contain."""


def language(text: str, more: Mapping[str, AbstractSet[str]] = MappingProxyType({})) -> str:
    """A two-letter guess; `en` unless function words or the script speak for another language.

    `more` holds further function words by language.
    """
    letters = [c for c in text if c.isalpha()]
    foreign = sum(ord(c) > 0x24F for c in letters)
    if letters and foreign / len(letters) > 0.3:
        if any("\u3040" <= c <= "\u30ff" for c in letters):
            return "ja"
        name = next((unicodedata.name(c, "") for c in letters if ord(c) > 0x24F), "")
        scripts = {"CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "CJK": "zh",
                   "HANGUL": "ko", "DEVANAGARI": "hi", "GREEK": "el", "THAI": "th"}  # fmt: skip
        return next((code for script, code in scripts.items() if name.startswith(script)), "xx")
    tokens = re.findall(r"[^\W\d_]+", text.lower())
    if len(tokens) < 3:
        return "en"
    known = {lang: more.get(lang, frozenset()) | words for lang, words in _FUNCTION_SETS.items()}
    score = {lang: sum(t in words for t in tokens) for lang, words in known.items()}
    best = max(score, key=lambda k: score[k])
    alone = score["en"] == 0 and any(len(t) > 3 and t in known[best] and t not in _SHARED for t in tokens)
    return best if best != "en" and (score[best] >= max(2, score["en"] + 2) or alone) else "en"


def unique(items: Iterable[str]) -> list[str]:
    """The items once each, in order of first appearance."""
    return list(dict.fromkeys(items))
