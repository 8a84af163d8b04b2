"""What a question wants: each intent has cues, the strongest wins, and a tie goes to explaining."""

from __future__ import annotations

import re

from advisor.schema import Intent

_WE = r"\b(?:we|us|our|ours|my (?:company|team|organisation|organization|org|startup|firm)|i(?:'m| am) (?:at|the))\b"

CUES: dict[Intent, list[tuple[str, float]]] = {
    "greeting": [(r"^\W*(hi|hello|hey|good (morning|afternoon|evening)|thanks?|thank you|cheers)\b[\w ,]{0,20}[!.?]*$", 9),
        (r"^\W*(who|what) are you\b|^\W*what (can|do) you do\b|^\W*how do you work\b|^\W*(help|start)\W*$|\b(what|which) (language )?model (are|do) you (running|us)", 9),
    ],
    "assess": [
        (r"\bwhere (do we stand|are we|we are|we stand)\b", 4),
        (r"\bhow mature\b|\b(our|my) (current )?(mlops |llmops )?(maturity|level)\b", 4),
        (r"\b(assess|evaluate|rate|score|grade|audit|benchmark) (us|(our|my) (own )?(company|team|organi[sz]ation|org|firm|startup|maturity|setup|set-up|level|practices|ml|mlops|llmops|ai)\b)", 4),
        (r"\bwh(at|ich) ([\w-]+ ){0,4}level (are|am|is|would|do) (we|i|our|my|that|this)\b", 6),
        (r"\bare we (at|on|ready|any good|mature|behind|doing)\b", 3),
        (r"\b(which|what) (maturity )?level (is|would be|should be) (right|enough|needed|best|appropriate)\b|\bwhat level (should|do|would)\b", 4),
        (r"\bself[- ]?assess|\bassessment\b", 1.5),
    ],
    "next": [
        (r"\bwhat('s| is| comes| should (we|i)( do)?| do (we|i) do| to do| shall we do)? ?(next|first)\b", 4),
        (r"\bnext steps?\b|\bfirst (step|thing)\b|\broad ?map\b|\bwhere (do|should) (we|i) (start|begin)\b|\bhow (do|should) (we|i) (start|begin|get started)\b|\bwhere (to|2) (start|begin)\b(?! (with|on|in)\b)", 4),
        (r"\b(get|move|go|climb|progress|improve|advance)\b.{0,30}\b(level|maturity)\b", 3),
        (r"\b(which|what)\b.{0,25}\b(gaps?|weakness\w*|practices?|holes?)\b.{0,40}\b(first|close|fix|tackle|start)\b", 4),
        (r"\bprioriti[sz]e|\bquick wins?\b|\bbiggest (gaps?|wins?|levers?)\b|\bwhat are (we|our) missing\b|\bour gaps?\b", 3),
        (r"\b(plan|order|sequence)\b.{0,25}\b(quarters?|months?|years?|adopt|practices)\b", 2),
        (r"\bwhat (should|would|can|could|must) (we|i|you)\b.{0,30}\b(do|improve|fix|build|adopt|change|focus)\b", 1.5),
    ],
    "hire": [
        (r"\b(hire|hiring|recruit|head-?count|staff(ing)?|first hire|next hire)\b", 4),
        (r"\bwho(m)? (do|should|must|would|will) (we|i)\b.{0,20}\b(need|hire|have|get|bring)\b|\bwhom?\b.{0,12}\bneed\b", 4),
        (r"\b(which|what) (roles?|people|team|skills|positions?)\b", 3),
        (r"\bteam (size|structure|composition|setup|look)\b|\bhow (big|large)\b.{0,20}\bteam\b|\bhow many (people|engineers|data scientists)\b", 3),
        (r"\b(salary|salaries|pay(?! (?:for|per|back|off|as|to)\b)|paid|earn|compensation|wages?)\b(?![- ](?:only|plan|tier|version|service|feature|subscription))|\bhow much (does|do|would|is) an? [\w /]*(engineer|scientist|manager|architect|analyst|annotator)\b", 4),
        (r"\b(raci|who owns|who should own|responsible for|accountable)\b", 3),
        (r"\bwho (does|should|must|is)\b", 1.2),
        (r"\bdo (we|i) need (an?|the) [\w /]*(engineer|scientist|manager|architect|team|specialist|lead|officer)\b", 4),
    ],
    "tool": [
        (r"\b(which|what|best|good|right|recommend\w*|suggest\w*|pick|choose|shortlist|need)\b.{0,40}\b(tools?|platforms?|stack|software|library|framework|database|db|orchestrator|registry|gateway|tracker|feature store|vector store|product|solution)\b", 3.5),
        (r"\btool(s|ing)? (for|to|should)\b|\btech stack\b|\bstack (for|should)\b", 3),
        (r"\b(is|are) .{2,30} (still|dead|maintained|alive|deprecated|safe to use|open[- ]source|a good (choice|idea|fit)|worth it|worth using)\b", 2.5),
        (r"\balternatives? (to|for)\b|\breplac(e|ement)\b|\bmigrate (off|away|from)\b", 3),
        (r"\bshould (we|i) (use|adopt|pick|choose|go with|buy|switch to)\b", 2.5),
    ],
    "compare": [
        (r"\b(vs\.?|versus)\b|\bcompar(e|ed|ison|ing)\b|\bdifferen(ce|t)s?\b.{0,20}\b(between|from)\b", 4),
        (r"\b(better|cheaper|easier|simpler|faster)\b.{0,30}\b(than|or)\b|\bwhich (one )?is (better|best)\b|\bpros and cons\b", 3),
        (r"\b\w+ or \w+\?$", 1),
    ],
    "cost": [
        (r"\b(cost|costs|costing|price|prices|pricing|budget|expensive|cheap|spend(?!.{0,30}\btime\b)|tco|afford|bill)\b", 3.5),
        (r"\bhow much\b", 2.5),
        (r"\bcosts?\b.{0,20}\b(a|per|each) (year|month)\b", 2),
        (r"\bbreak[- ]?even\b|\broi\b|\bself[- ]?host\w*\b.{0,40}\b(api|cheaper|cost|worth|or)\b|\bgpu\b.{0,20}\b(price|hour|rent|cost)", 3),
    ],
    "threat": [
        (r"\b(what|how) (can|could|might|may) go wrong\b|\brisks?\b|\bthreats?\b|\battack(s|ed|er)?\b|\bsecur(e|ity|ing)\b|\bvulnerab\w+|\bdangers?\b", 3.5),
        (r"\b(prompt injection|jailbreak|poison\w*|leak(s|age|ing)?|exfiltrat\w+|owasp|atlas|red[- ]?team\w*|guardrails?)\b", 3),
        (r"\b(eu ai act|ai act|gdpr|hipaa|regulat\w+|compliance|compliant|legal|iso ?42001|nist|audit)\b", 2.5),
        (r"\b(protect|defend|mitigate|safeguards?|prevent)\b", 2),
    ],
    "career": [
        (r"\b(become|becoming|transition(ing)? (in)?to|switch(ing)? (careers? )?(in)?to|move (in)?to|break into|get into)\b.{0,40}\b(engineer|mlops|llmops|scientist|ai|ml|machine learning|architect|product manager)\b", 4.5),
        (r"\b(career|careers|my (?:cv|resume|résumé)|interview|job market|learning path|certificat\w+)\b", 3),
        (r"\bi('m| am| work as| was| have been) an? .{0,30}\b(engineer|developer|analyst|scientist|sre|devops|manager|student|dba|admin)\b", 2.5),
        (r"\bwhat (should|do|must) i (learn|study|know)\b|\bskills? (do )?i need\b", 4),
    ],
    "what-if": [
        (r"\bwhat (if|happens if|would (change|happen) if|changes if)\b|^\W*(ok(ay)?,? |and |but )*(what )?if (we|i)\b", 9),
        (r"^(and )?if (we|i)\b|\bsuppose (we|i)\b|\bassum(e|ing) (we|i)\b", 3.5),
    ],
    "explain": [
        (r"\bwhat('s| is| are| does| do)\b.{0,60}(\bmean\b)?", 1.2),
        (r"\bexplain|\bdefin(e|ition)|\bmeaning of\b|\bhow (does|do|can|to|should|would)\b|\bwhy\b|\bwhen (should|do|does|is|to)\b", 1.2),
        (r"\b(do|would|should|does) (we|i|you|one|a \w+ team) (really |even |actually )?(need|want|bother)\b|\bneed (we|i)\b|\bis it worth\b|\bworth (it|the)\b|\boverkill\b|\btoo (early|soon|much|complex|big|small)\b|\byes or no\b|\bmake sense\b", 4.2),
        (r"\b(difference|which stage|which level|stages?|lifecycle)\b", 0.6),
    ],
}  # fmt: skip

_COMPILED = {intent: [(re.compile(p, re.IGNORECASE), w) for p, w in cues] for intent, cues in CUES.items()}
_ORGANISATION = re.compile(_WE, re.IGNORECASE)


def route(question: str, named: dict[str, list[str]], ours: bool = False) -> Intent:
    """The intent of a question that names these entities."""
    scores: dict[Intent, float] = {
        intent: sum(weight for pattern, weight in cues if pattern.search(question))
        for intent, cues in _COMPILED.items()
    }
    ours = ours or bool(_ORGANISATION.search(question))
    tools = len(named.get("tool", []))
    if tools >= 2:
        scores["compare"] += 1.5
    if _NO_HIRE.search(question):
        scores["hire"] = 0
    if named.get("role") and _EARNS.search(question):
        scores["hire"] += 4
    if not tools and not named.get("category") and not _TOOL_NOUN.search(question):
        scores["tool"] = 0
    if tools and scores["tool"]:
        scores["tool"] += 1
    if not tools:
        scores["compare"] = min(scores["compare"], 1.0) if not _comparable(named) else scores["compare"]
    if named.get("role") and scores["hire"]:
        scores["hire"] += 1
    if named.get("threat"):
        scores["threat"] += 1.5
    if not ours:
        for intent in ("assess", "next"):
            scores[intent] *= 0.6
    if tools == 1 and scores["tool"] <= 3.5 and _DECIDE.search(question):
        scores["explain"] += 4
    if _NEED.search(question) or scores["hire"] >= 3:
        scores["explain"] -= 4.2
    if _WHAT_IS.search(question):
        scores["tool"] -= 3.5
    if _PAPER.search(question):
        scores["explain"] += 9
    best = max(scores, key=lambda k: (scores[k], k == "explain"))
    return best if scores[best] >= 1.5 or best == "explain" else "explain"


_DECIDE = re.compile(r"\bshould (we|i) (use|adopt|buy|run|go with|move to|switch to)\b", re.IGNORECASE)
_NO_HIRE = re.compile(
    r"\b(forget|without|no|not|stop|instead of|before|can'?t|cannot|don'?t|won'?t)\b.{0,12}\bhir(e|ing)\b",
    re.IGNORECASE,
)
_EARNS = re.compile(r"\b(makes?|earns?|paid|gets? paid|salary|pays?|costs?)\b", re.IGNORECASE)
_TOOL_NOUN = re.compile(
    r"\b(tools?|tooling|platforms?|(tech|our|the|which|what|a|tool|small|right) stack|software|librar(y|ies)|frameworks?|databases?|db|orchestrators?|registry|gateways?|"
    r"trackers?|alternatives?|stores?|vendors?|products?|solutions?|saas|open[- ]source)\b",
    re.IGNORECASE,
)
_PAPER = re.compile(r"\b(stone|the (root )?paper|arxiv|navigating mlops)\b", re.IGNORECASE)
"""What the paper says is a question about the world, whatever its subject."""
_WHAT_IS = re.compile(r"^\W*what('s| is| are) (an? |the )?(?!best|good|right|cheapest|most|recommended)", re.IGNORECASE)
_NEED = re.compile(
    r"\bneed\b.{0,30}\b(engineer|scientist|manager|architect|officer|lead|specialist|team|expert)", re.IGNORECASE
)


def _comparable(named: dict[str, list[str]]) -> bool:
    return any(len(named.get(kind, [])) >= 2 for kind in ("maturity-model", "role", "adaptation", "practice"))
