"""Whether a claim's words stand in a sentence in an order that says the same.

Words in another order, or pulled together over a word that belonged to somebody else, say
something else: "the director of Acme resigned" isn't "Acme resigned", and "the dog bit the man"
isn't "the man bit the dog". The rules are shallow and strict. They look at order, at what is
skipped between two words, and at where the claim begins; what they can't tell apart they reject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from assistant.attribution import reporting_words
from assistant.lexicon import pattern, words
from assistant.wording import Term

MAX_BREAKS = 1
"""How often a claim may take up a phrase that stands earlier in the sentence."""

_FUNCTIONS = ("negation", "pronoun")


@dataclass(frozen=True, slots=True)
class Laid:
    """A claim, the sentence it is laid against, and the sentence's terms."""

    claim: str
    sentence: str
    theirs: tuple[Term, ...]
    wanted: frozenset[int]
    """The sentence's terms that the claim has, somewhere."""

    def left_of(self, at: int) -> int | None:
        """The nearest earlier term that isn't a negation or a pronoun."""
        told = (i for i in range(at - 1, -1, -1) if self.theirs[i].kind not in _FUNCTIONS)
        return next(told, None)

    def prepositions_before(self, at: int) -> set[str]:
        """Those that stand right before a term of the sentence."""
        start = self.theirs[at - 1].end if at else 0
        leading = self.sentence[start : self.theirs[at].start]
        return {word.casefold() for word in _PREPOSITION.findall(leading)}

    def between(self, first: int, second: int) -> str:
        """The sentence's text between two of its terms."""
        return self.sentence[self.theirs[first].end : self.theirs[second].start]


def lay(
    ours: Sequence[Term], places: Sequence[Sequence[int]], texts: Laid
) -> tuple[int, ...] | None:
    """The places of all terms; a date that is the only one may stand anywhere in its clause."""
    dated = [i for i, term in enumerate(ours) if term.kind == "date"]
    lone = len(dated) == 1 == sum(term.kind == "date" for term in texts.theirs)
    in_order = _best_path(ours, places, texts)
    if in_order or not lone or len(ours) == 1:
        return in_order
    at, date = dated[0], places[dated[0]][0]
    path = _best_path([*ours[:at], *ours[at + 1 :]], [*places[:at], *places[at + 1 :]], texts)
    if path is None or not _is_of_the_clause(date, path, texts):
        return None
    if _bound(texts.claim[: ours[at].start]) != _bound(texts.sentence[: texts.theirs[date].start]):
        return None
    return (*path[:at], date, *path[at:])


def _bound(before: str) -> str:
    """A preposition right before a date that makes a bound of it: "by 1989" isn't "in 1989"."""
    found = re.search(r"\b(by|from|to|through|between)\s+$", before, re.IGNORECASE)
    return found[1].casefold() if found else ""


def _is_of_the_clause(date: int, path: tuple[int, ...], texts: Laid) -> bool:
    """Whether nothing parts the date from the nearest word of the path, on one of its sides."""
    before = max((p for p in path if p < date), default=None)
    after = min((p for p in path if p > date), default=None)
    if before is not None and not _BOUNDARY.search(texts.between(before, date)):
        return not _RELATIVE.search(texts.between(before, date))
    if after is None:
        return False
    gap = texts.between(date, after)
    if date == 0:  # "On 12 May, ..." is about all that follows
        gap = gap.lstrip().removeprefix(",")
    return not _BOUNDARY.search(gap) and not _RELATIVE.search(gap)


_Paths = dict[int, tuple[int, tuple[int, ...]]]
"""By the place reached: how many breaks it took, and the places on the way."""


def _best_path(
    ours: Sequence[Term], places: Sequence[Sequence[int]], texts: Laid
) -> tuple[int, ...] | None:
    """The places with the fewest breaks; None where every way breaks a rule."""
    paths: _Paths = {p: (0, (p,)) for p in places[0] if _can_begin(p, ours[0], texts)}
    for i in range(1, len(ours)):
        longer: _Paths = {}
        for q in places[i]:
            for p, (breaks, path) in paths.items():
                more = _breaks(ours, i, p, q, texts)
                if more is None or breaks + more > MAX_BREAKS or q in path[:-1]:
                    continue
                reached = (breaks + more, (*path, q))
                if q not in longer or reached < longer[q]:
                    longer[q] = reached
        paths = longer
    sound = [(breaks, path) for breaks, path in paths.values() if _is_sound(ours, path, texts)]
    return min(sound)[1] if sound else None


def _can_begin(p: int, first: Term, texts: Laid) -> bool:
    """Whether the claim's first word begins something there, and isn't cut from a longer phrase."""
    before = texts.left_of(p)
    if before is None or before in texts.wanted:
        return True
    gap = texts.between(before, p)
    if _RELATIVE.search(gap) and not _is_reported(texts.sentence[: texts.theirs[p].start]):
        return False
    if first.kind in ("date", "number") or _LEADS_IN.search(texts.claim[: first.start]):
        return True
    if _BOUNDARY.search(gap) or _is_reported(texts.sentence[: texts.theirs[p].start]):
        return True
    # "President Ann Lee": the words before a name that belong to it may be left out.
    title = texts.theirs[before]
    return bool(title.name) and bool(first.name) and not gap.strip()


def _is_reported(before: str) -> bool:
    """Whether all that comes before is that somebody says so: "Ann Lee said on 12 May that the"."""
    if re.search(r"\bthe fact that(?:\s+(?:the|an?))?\s*$", before, re.IGNORECASE):
        return True
    verbs = reporting_words("neutral", before)
    if verbs and re.search(r"\bthat\b", before[verbs[-1].end() :]):
        return True
    return bool(_says_so().search(before))


@cache
def _says_so() -> re.Pattern[str]:
    """ "I think (that the)" right before something."""
    kinds = (("reporting_kinds", "neutral"), ("reporting_kinds", "saying"), ("operators", "held"))
    verbs = "|".join(pattern(*kind).pattern for kind in kinds)
    return re.compile(rf"(?:{verbs})(?:\s+that)?(?:\s+(?:the|an?|his|her|its|their))?\s*$", re.I)


def _breaks(ours: Sequence[Term], i: int, p: int, q: int, texts: Laid) -> int | None:
    """How many breaks it takes to say `ours[i]` at `q` after the one before at `p`; None: never."""
    if q == p:
        return 0 if texts.theirs[p].kind == "pronoun" else None
    joint = texts.claim[ours[i - 1].end : ours[i].start]
    if q > p:
        alike = _is_tied_alike(joint, q, texts) or _will_have_met(ours, i, texts)
        return 0 if alike and _can_skip(p, q, texts) else None
    if _JOINT.search(joint) or _LEADS_IN.match(texts.claim[: ours[0].start]):
        return 1
    return 1 if _met_with(ours, i, p, texts) else None


def _is_tied_alike(joint: str, q: int, texts: Laid) -> bool:
    """Whether the same preposition leads to the second word: "to Rome" isn't "from Rome"."""
    ours = {word.casefold() for word in _TIE.findall(joint)}
    nearest = texts.left_of(q)
    before = "" if nearest is None else texts.between(nearest, q)
    return ours == {word.casefold() for word in _TIE.findall(before)}


_TIE = re.compile(
    r"\b(?:by|(?<!as )(?<!due )(?<!thanks )(?<!according )to|from|against|with|for|into|onto|"
    r"towards?|through|via|off)\b",
    re.IGNORECASE,
)


def _is_sound(ours: Sequence[Term], path: tuple[int, ...], texts: Laid) -> bool:
    """Whether a path with a break only says two phrases of one clause in the other order."""
    at = next((i for i in range(1, len(path)) if path[i] < path[i - 1]), None)
    if at is None:
        return True
    if met := _met_with(ours, at, path[at - 1], texts):
        rest = (*path[:met], *path[at:])
        return all(p < q for p, q in pairwise(rest))
    first, second = path[:at], path[at:]
    if max(second) > min(first):
        return False
    between = texts.between(max(second), min(first))
    joint = texts.claim[ours[at - 1].end : ours[at].start]
    if _COORDINATOR.search(joint) and _COORDINATOR.search(between):
        return True
    opening = min(second) == 0 and not _RELATIVE.search(between)
    if _BOUNDARY.search(between) and not opening:
        return False
    return _is_same_phrase(ours, at, path, texts, between)


def _is_same_phrase(
    ours: Sequence[Term], at: int, path: tuple[int, ...], texts: Laid, between: str
) -> bool:
    """Whether the phrase that was moved hangs on the same word in both texts.

    "On 12 May" may go from the beginning to the end; "with Ann" may not become "Ann has".
    """
    joint = texts.claim[ours[at - 1].end : ours[at].start]
    if _LIGHT_VERB.search(joint):
        return bool(re.search(r"\bbetween\b", between, re.IGNORECASE))
    moved = {word.casefold() for word in _PREPOSITION.findall(joint)}
    led = {word.casefold() for word in _PREPOSITION.findall(texts.claim[: ours[0].start])}
    return bool(
        moved & texts.prepositions_before(path[at]) or led & texts.prepositions_before(path[0])
    )


_LIGHT_VERB = re.compile(r"\b(?:had|have|has|held|made)\b", re.IGNORECASE)
_PREPOSITION = re.compile(r"\b(?:in|on|at|during|with|for|because|as|since|of)\b", re.IGNORECASE)
_RELATIVE = re.compile(r"\b(?:that|which|who|whom|whose|where)\b", re.IGNORECASE)
_BOUNDARY = re.compile(
    r"[,;:()“”„\"–—?!]|\s-\s|\b(?:and|but|while|whereas|because|although|though)\b", re.IGNORECASE
)
"""Behind these a sentence begins anew; what follows "that" or "which" depends on the rest."""
_JOINT = re.compile(
    r"[,;:]|\b(?:and|or|in|on|at|during|had|have|has|held|made|with|for|because)\b", re.IGNORECASE
)
"""Behind one of these a claim may take up a phrase that the sentence has earlier."""
_LEADS_IN = re.compile(r"^\W*(?:in|on|at|during|for|because of|with|according to)\b", re.IGNORECASE)
"""A claim may begin with what the sentence tells later: "On 12 May ..."."""
_COORDINATOR = re.compile(r"\b(?:and|or|but|nor)\b", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\b[^,;:.]*?\band\b", re.IGNORECASE)
"""Two that belong together: "a summit between Ann and Bob in Bonn"."""
_SUBORDINATOR = re.compile(
    r"\b(?:which|who|whom|whose|that|where|while|whereas|because|although|though|after|before|when|"
    r"as|than|if)\b|[;:]",
    re.IGNORECASE,
)


def _can_skip(p: int, q: int, texts: Laid) -> bool:
    """Whether the words between two places may be left out without joining what isn't joined."""
    skipped = [
        i
        for i in range(p + 1, q)
        if i not in texts.wanted and texts.theirs[i].kind not in _FUNCTIONS
    ]
    if not skipped:
        return True
    gap = texts.between(p, q)
    if _is_parenthesis(gap, p, q, texts):
        return True
    nearest = texts.left_of(q)
    last = "" if nearest is None else texts.between(nearest, q)
    if _SUBORDINATOR.search(gap):
        return False
    if _COORDINATOR.search(last):
        return True
    gap = _BETWEEN.sub("", gap)
    return not _COORDINATOR.search(gap) and not _is_cut_short(p, skipped[0], texts)


def _is_parenthesis(gap: str, p: int, q: int, texts: Laid) -> bool:
    """Whether all that is skipped stands between two commas, brackets or dashes."""
    opening = texts.between(p, p + 1).strip()[:1]
    closing = texts.between(q - 1, q).strip()[:1]
    inside = gap.strip()[1:-1]
    return (opening, closing) in _PAIRS and not _COORDINATOR.search(inside.split(",")[-1])


_PAIRS = {(",", ","), ("(", ")"), ("–", "–"), ("—", "—"), ("-", "-")}


def _is_cut_short(p: int, skipped: int, texts: Laid) -> bool:
    """Whether the word at `p` belongs to a skipped one: "Acme’s director", "Acme lawyers"."""
    following = texts.theirs[skipped]
    joint = texts.between(p, skipped)
    if re.match(r"[’']s?(?!\w)", joint) or texts.sentence[: texts.theirs[p].end].endswith(
        ("’s", "'s", "s’", "s'")
    ):
        return True
    adverb = texts.sentence[following.start : following.end].endswith("ly")
    return bool(texts.theirs[p].name) and not joint.strip() and not adverb


def _will_have_met(ours: Sequence[Term], i: int, texts: Laid) -> bool:
    """Whether `ours[i]` begins B in "A and B met"."""
    joint = texts.claim[ours[i - 1].end : ours[i].start]
    verb = next((term for term in ours[i:] if not term.name), None)
    return joint.strip().casefold() == "and" and verb is not None and _is_reciprocal(verb, texts)


def _is_reciprocal(verb: Term, texts: Laid) -> bool:
    return texts.claim[verb.start : verb.end].casefold() in words("reciprocal", "verbs")


def _met_with(ours: Sequence[Term], i: int, p: int, texts: Laid) -> int:
    """Where B begins in "A and B met", where the sentence says "A met with B"; `ours[i]` is "met".

    The verb must be one that works both ways; 0 where that isn't so.
    """
    if not _is_reciprocal(ours[i], texts):
        return 0
    for begin in range(i - 1, 0, -1):
        joint = texts.claim[ours[begin - 1].end : ours[begin].start]
        if joint.strip().casefold() == "and":
            first = p - (i - 1 - begin)
            before = texts.sentence[: texts.theirs[max(first, 0)].start]
            return begin if re.search(r"\b(?:with|to)\s+(?:\w+\s+){0,4}$", before) else 0
        if joint.strip() or not ours[begin].name:
            return 0
    return 0
