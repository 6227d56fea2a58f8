"""Ways to turn a true sentence into a false statement, one function a way.

They find numbers, names and verbs by rules of their own, so that what the checks under test don't
see isn't skipped here as well. An alteration that would still be true ("more than 300" -> "more
than 200", "Egypt and Israel" -> "Israel and Egypt") isn't made.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from index import IndexedSource, Sentence
from index.words import stop_words, words


@dataclass(frozen=True)
class Place:
    """A sentence and where it stands."""

    indexed: IndexedSource = field(repr=False, compare=False)
    sentence: Sentence

    @property
    def text(self) -> str:
        return self.sentence.text

    @property
    def article(self) -> str:
        return self.indexed.source.id

    @property
    def paragraph(self) -> str:
        found = self.indexed.paragraph(self.sentence.paragraph)
        return self.indexed.source.text[found.start : found.end]


class Pool:
    """All usable sentences of a set, with the names and words that can replace others."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.of_article: dict[str, list[Place]] = defaultdict(list)
        self.of_paragraph: dict[tuple[str, int], list[Place]] = defaultdict(list)
        self.names: dict[str, list[str]] = {}
        self.words: dict[str, list[str]] = {}
        for place in places:
            self.of_article[place.article].append(place)
            self.of_paragraph[place.article, place.sentence.paragraph].append(place)
        for article, inside in self.of_article.items():
            self.names[article] = _distinct(n[0] for p in inside for n in names(p.text))
            self.words[article] = _distinct(w[0] for p in inside for w in content(p.text))
        self.vocabulary = {word for listed in self.words.values() for word in listed}

    def neighbours(self, place: Place) -> list[Place]:
        """The other sentences of its paragraph."""
        found = self.of_paragraph[place.article, place.sentence.paragraph]
        return [other for other in found if other is not place]


Alteration = Callable[[Place, Pool, Random], Iterator[str]]


def _distinct(found: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(found))


def _replaced(text: str, start: int, end: int, new: str) -> str:
    """`text` with the span replaced; a first letter that began the sentence stays a capital."""
    if start == 0:
        new = capital(new)
    return text[:start] + new + text[end:]


def _exchanged(text: str, first: re.Match[str], second: re.Match[str]) -> str:
    between = text[first.end() : second.start()]
    head = text[: first.start()]
    moved = head + second[0] + between + first[0] + text[second.end() :]
    return moved if head else capital(moved)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# Numbers

UNITS = "one two three four five six seven eight nine ten eleven twelve".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
SCALES = "hundred thousand million billion trillion".split()
PLURAL_SCALES = "dozens hundreds thousands millions billions".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONTH = "|".join(MONTHS)
_DIGITS = re.compile(
    r"(?<![\w.,/])\d+(?:[.,]\d+)*(?!\w|[.,/]\d)|(?<![\w.])\d+(?=(?:st|nd|rd|th)\b)"
)
_WRITTEN = re.compile(
    rf"(?<![\w-])(?:{'|'.join([*UNITS, *TENS, *ORDINALS, *SCALES, *PLURAL_SCALES])})\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\w.,$€£-])(?:1[0-9]\d\d|20\d\d)(?:s\b|(?!\w|[.,]\d|%| ?per ?cent))")
_DAY = re.compile(rf"(?<!\w)(?:\d{{1,2}}(?= (?:{_MONTH})\b)|(?<=[a-z] )\d{{1,2}}(?=,? \d{{4}}))")
_MONTH_NAMED = re.compile(
    rf"(?<=\d )(?:{_MONTH})\b|\b(?:{_MONTH})(?= \d)|(?<=\b[Ii]n )(?:{_MONTH})\b"
)
_BOUND_BEFORE = re.compile(
    r"(?:\b(?:than|least|most|over|above|under|below|exceed\w*|up to|(?:max|min)imum(?: of)?"
    r"|before|after|by|until|till|prior to|early as|late as|beyond|within|per|each|every|another"
    r"|no|at|any|reach\w*)|[<>≤≥≈~])\s+(?:[$€£]|the )?$",
    re.IGNORECASE,
)
"""A number behind these may be changed and the statement still follow; or it is none."""
_NO_NUMBER_AFTER = re.compile(r"(?: of all\b| another\b|['’]s\b| or (?:more|less|fewer)\b|\+)")


def _changeable(text: str, match: re.Match[str]) -> bool:
    return not (
        _BOUND_BEFORE.search(text[: match.start()]) or _NO_NUMBER_AFTER.match(text, match.end())
    )


def _other_digits(number: str, dice: Random) -> str:
    """The number with one digit changed, its first never to 0; the digits of years after 2."""
    places = [i for i, character in enumerate(number) if character.isdigit()]
    place = dice.choice(places)
    allowed = [d for d in "0123456789" if d != number[place] and (place or d != "0")]
    return number[:place] + dice.choice(allowed) + number[place + 1 :]


def number_changed(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    for match in _DIGITS.finditer(text):
        dated = any(d.start() == match.start() for p in (_YEAR, _DAY) for d in p.finditer(text))
        if dated or not _changeable(text, match):
            continue
        yield _replaced(text, *match.span(), _other_digits(match[0], dice))
        if match[0].isdigit():
            yield _replaced(text, *match.span(), str(int(match[0]) + dice.choice((1, 2, 10))))


def written_number_changed(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    for match in _WRITTEN.finditer(text):
        word = match[0].casefold()
        following = re.match(r"[ -]([a-z]+)", text[match.end() :])
        alone = word == "one" and not (following and following[1] not in _STOP)
        if alone or not _changeable(text, match):
            continue
        row = next(r for r in (UNITS, TENS, ORDINALS, SCALES, PLURAL_SCALES) if word in r)
        new = dice.choice([other for other in row if other != word])
        yield _replaced(text, *match.span(), capital(new) if match[0][0].isupper() else new)


def date_changed(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    for match in _YEAR.finditer(text):
        if _changeable(text, match):
            year = match[0]
            position = dice.choice((1, 2) if year.endswith("s") else (2, 3))
            digit = dice.choice([d for d in "123456789" if d != year[position]])
            yield _replaced(text, *match.span(), year[:position] + digit + year[position + 1 :])
    for match in _DAY.finditer(text):
        new = dice.choice([d for d in range(1, 29) if str(d) != match[0]])
        if _changeable(text, match):
            yield _replaced(text, *match.span(), str(new))
    for match in _MONTH_NAMED.finditer(text):
        if _changeable(text, match):
            new_month = dice.choice([m for m in MONTHS if m != match[0]])
            yield _replaced(text, *match.span(), new_month)


_LISTING = re.compile(
    rf"[\s,;&–—/-]|\b(?:{_MONTH}|and|or|to|the|an?|both|nor|again|then|in|on|for|of|at)\b"
)
_SYMMETRIC = re.compile(
    r"\b(?:between|both|with|versus|vs|same|similar\w*|equal\w*|border\w*|adjacent|differ\w*|unlike"
    r"|identical|together|marr\w+|met|meet\w*|compar\w+|connect\w*|link\w*|merg\w*|each other"
    r"|known|called|named|i\.e|also|alias|née|born|among|alliance|alongside|either|neither)\b"
    r"|[=+×·*^]"
)


def number_moved(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """Two numbers of the sentence exchanged, unless they only stand in a list or a range."""
    text = place.text
    for pattern in (_DIGITS, _WRITTEN):
        for first, second in combinations(pattern.finditer(text), 2):
            gap = text[first.end() : second.start()]
            same_noun = _next_word(text, first.end()) == _next_word(text, second.end())
            if first[0].casefold() == second[0].casefold() or _SYMMETRIC.search(gap):
                continue
            if not same_noun and _carries(gap) and not _parallel(text, first, second):
                yield _exchanged(text, first, second)


def _carries(gap: str) -> bool:
    """Whether more than list separators and small words stand between two exchanged words."""
    return bool(_WORD.search(_LISTING.sub(" ", gap)))


def _next_word(text: str, position: int) -> str:
    match = _WORD.search(text, position)
    return match[0].casefold() if match else ""


def unit_changed(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """The plural noun behind a number becomes another plural noun of the paragraph."""
    text = place.text
    plurals = [w for w in _distinct(m[0] for m in content(place.paragraph)) if _is_plural(w)]
    for pattern in (_DIGITS, _WRITTEN):
        for number in pattern.finditer(text):
            noun = re.compile(r"[ -]([a-z]+s)\b").match(text, number.end())
            if noun is None or not _is_plural(noun[1]) or _YEAR.match(text, number.start()):
                continue
            others = [p for p in plurals if words(p) != words(noun[1])]
            others = [p for p in others if f"{number[0]} {p}" not in place.paragraph]
            for new in dice.sample(others, min(2, len(others))):
                yield _replaced(text, *noun.span(1), new)


def _is_plural(word: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{3,}[^\Wsui]s", word)) and word not in _STOP


# Negation

_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|can|could|will|would|should|must|did|does|do"
    r"|(?:has|have|had)(?= (?:been|become|\w+ed|\w+en)\b))\b"
    r"(?! (?:not|no|never|only|just|also|neither|nothing|none|n't|to|likewise|as|it|they|he|she)\b)"
    r"(?=[ ][a-z0-9$€£])(?!n['’]t)"
)
_PAST = re.compile(
    r"(?<=[a-z)] )(?<!to )(?<!is )([a-z]{3,}ed)(?= (?:the|an?|his|her|its|their|[A-Z]))"
)
_NEGATED = re.compile(r"\b(?:not|no|never|without|nor|neither|none|cannot|nobody)\b|n['’]t\b", re.I)


def negation_added(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    for match in _AUXILIARY.finditer(text):
        word = dice.choice((" not", " not", " never", " no longer"))
        yield text[: match.end()] + word + text[match.end() :]
    for match in _PAST.finditer(text):
        base = _base(match[1], pool)
        before = text[: match.start()].split()[-1]
        if base and not re.fullmatch(
            r"(?:is|are|was|were|be|been|had|has|have|having|not|never|and|or|the|an?)", before
        ):
            yield _replaced(text, *match.span(), f"{dice.choice(('did not', 'didn’t'))} {base}")
            yield _replaced(text, *match.span(), f"failed to {base}")


def _base(past: str, pool: Pool) -> str | None:
    """ "defeated" -> "defeat", where the set has that word."""
    return next((b for b in (past[:-1], past[:-2]) if b in pool.vocabulary), None)


_REMOVALS = (
    (r"\b(?:(?<!or )(?<!if )not) (?!only|just|merely|least|simply|solely|mention|long|until)", ""),
    (r"\bcannot\b", "can"),
    (r"\bcan['’]t\b", "can"),
    (r"\bwon['’]t\b", "will"),
    (r"\b(did|does|do|is|are|was|were|has|have|had|could|would|should)n['’]t\b", r"\1"),
    (r"\b(?:never|no longer) ", ""),
    (r"(?<!whether or )\bno (?!longer|one\b|doubt)(?=[a-z])", ""),
    (r"(?<!whether or )\bno (?!longer|one\b|doubt|more|less|fewer|later)(?=[a-z])", "some "),
    (r"\bwithout\b(?! (?:doubt|question))", "with"),
    (r"\bneither (.{3,60}?) nor\b", r"both \1 and"),
    (r"\b[Nn]one of\b", "all of"),
    (r"\bunable to\b", "able to"),
    (r"\bfailed to (\w+)\b", r"did \1"),
    (r"\brefused to (\w+)\b", r"did \1"),
)


def negation_removed(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    for pattern, new in _REMOVALS:
        for match in re.finditer(pattern, place.text):
            yield _replaced(place.text, *match.span(), match.expand(new))


_OPPOSITES = """increase/decrease increased/decreased increases/decreases increasing/decreasing
more/less higher/lower larger/smaller largest/smallest highest/lowest before/after north/south
northern/southern east/west eastern/western first/last early/late earlier/later above/below
winning/losing won/lost success/failure successful/unsuccessful legal/illegal possible/impossible
positive/negative strong/weak rich/poor accepted/rejected approved/rejected allowed/forbidden
began/ended begins/ends opened/closed male/female men/women public/private majority/minority
better/worse best/worst long/short high/low large/small old/new inside/outside include/exclude
includes/excludes always/never directly/indirectly internal/external military/civilian rose/fell
supported/opposed support/oppose gained/lost maximum/minimum cause/prevent caused/prevented
rural/urban modern/ancient hot/cold rare/common simple/complex present/absent""".split()


def opposite_word(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    turned = dict(pair.split("/") for pair in _OPPOSITES)
    turned |= {second: first for first, second in turned.items()}
    for match in content(place.text, stop=frozenset()):
        if new := turned.get(match[0]):
            yield _replaced(place.text, *match.span(), new)


_STRONGER = (
    (r"\b[Ss]ome (?=of\b|[a-z]+s\b)", "all "),
    (r"(?<!ly )(?<!not )(?<!so )\b[Mm](?:any|ost) (?=of\b|[a-z]+s\b)", "all "),
    (r"\b(?:[Ss]everal|[Aa] few|[Ff]ew) (?=of\b|[a-z]+s\b)(?!hundreds|thousands|millions)", "all "),
    (
        r"\b(?:often|sometimes|usually|generally|typically|frequently|mostly|largely|mainly) ",
        "always ",
    ),
    (r"\b(?:almost|nearly|virtually) (?=all|every|entire|complete|no\b|always|exclusive)", ""),
    (r"\b(?:partly|partially|in part) ", "entirely "),
    (r"\bone of the (?=[a-z]+est|most)((?:[a-z]+,? ){1,4}[a-z]{3,}[^\Ws])s\b", r"the \1"),
    (r"\bcan (?=be\b)", "must always "),
    (r"\bat least (?=\w)", "exactly "),
)


def made_stronger(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """ "some" becomes "all", "often" becomes "always", "one of the largest" "the largest"."""
    for pattern, new in _STRONGER:
        for match in re.finditer(pattern, place.text):
            yield _replaced(place.text, *match.span(), match.expand(new))


# Names

_CAPITALISED = r"[A-ZÀ-ÞŁŚŠŽ][\w’'-]*"
_NAME = re.compile(rf"{_CAPITALISED}(?: (?:(?:of|de|von|van|the|la|al) ){{0,2}}{_CAPITALISED})*")
_NO_NAMES = frozenset(MONTHS) | frozenset(
    "I Monday Tuesday Wednesday Thursday Friday Saturday Sunday BC AD CE BCE".split()
)
_ADJECTIVE = re.compile(r"(?:an|ish|ese|ch|ic)$")
_SAME = (
    ("u s", "us", "usa", "united states", "america", "american", "americans"),
    ("uk", "united kingdom", "britain", "british", "england", "english", "great britain"),
    ("eu", "european union", "europe", "european", "europeans"),
    ("soviet", "soviet union", "russia", "russian", "ussr"),
    ("catholic", "roman catholic", "catholic church", "roman", "christian", "church"),
)


def names(text: str) -> list[re.Match[str]]:
    """Capitalised words that don't owe their capital to the sentence's beginning."""
    found = []
    for match in _NAME.finditer(text):
        begins = not re.search(r"[\w,)’'] $", text[: match.start()])
        first = re.split(r"[ '’]", match[0])[0]
        if first in _NO_NAMES or len(match[0]) < 3:
            continue
        if begins and (" " not in match[0] or first.casefold() in _STOP):
            continue
        found.append(_NAME.match(text, match.start(), _without_s(match)) or match)
    return found


def _without_s(match: re.Match[str]) -> int:
    return match.start() + len(re.sub(r"['’]s?$", "", match[0]))


def _is_like(name: str, other: str) -> bool:
    return (
        len(name.split()) == len(other.split())
        and bool(_ADJECTIVE.search(name)) == bool(_ADJECTIVE.search(other))
        and name.isupper() == other.isupper()
    )


def _may_be_same(name: str, other: str) -> bool:
    """Whether the names share a word or its beginning, or one abbreviates the other."""
    first, second = _plain(name), _plain(other)
    if any(first in row and second in row for row in _SAME):
        return True
    heads = {word[:4] for word in first.split() if len(word) > 2}
    if any(word[:4] in heads for word in second.split()):
        return True
    return _initials(first) == second.replace(" ", "") or _initials(second) == first.replace(
        " ", ""
    )


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split())


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


def name_swapped(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """A name becomes one of another article that this article doesn't have."""
    here = set(_plain(place.indexed.source.text).split())
    for match in names(place.text):
        for _ in range(20):
            article = dice.choice(sorted(pool.names))
            like = [n for n in pool.names[article] if _is_like(match[0], n)]
            like = [n for n in like if not here & set(_plain(n).split())]
            like = [n for n in like if not _may_be_same(match[0], n)]
            if like and article != place.article:
                yield _replaced(place.text, *match.span(), dice.choice(like))
                break


def name_swapped_nearby(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """A name becomes another one of its paragraph; not in sentences that give someone two names."""
    if _SYMMETRIC.search(place.text) or "(" in place.text:
        return
    title = place.indexed.source.title
    others = _distinct(n[0] for p in pool.neighbours(place) for n in names(p.text))
    own = [n[0] for n in names(place.text)]
    others = [o for o in others if not any(_may_be_same(o, name) for name in own)]
    for match in names(place.text):
        fitting = [o for o in others if _is_like(o, match[0])]
        if fitting and not (title and _may_be_same(match[0], title.value)):
            yield _replaced(place.text, *match.span(), dice.choice(fitting))


def names_exchanged(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    for first, second in combinations(names(text), 2):
        gap = text[first.end() : second.start()]
        if _may_be_same(first[0], second[0]) or not _is_like(first[0], second[0]):
            continue
        if _SYMMETRIC.search(text) or not any(w.islower() for w in _WORD.findall(gap)):
            continue
        if _carries(_NAME.sub(" ", gap)) and not _parallel(text, first, second):
            yield _exchanged(text, first, second)


# Other words

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_STOP = stop_words()["en"] | frozenset(
    "also however including included include includes would could may might must many several "
    "often usually generally called named known termed used using based like well such much "
    "even though although since according due within without around across along among per via "
    "became become becomes began made make makes took take takes given gave one two three four "
    "five six seven eight nine ten part parts number numbers time times first second third new "
    "various certain perhaps sometimes always means towards besides series different similar "
    "particular large major main several great important significant".split()
)
_RELATION = re.compile(
    r"\b(?:of|in|on|by|to|from|for|at|is|was|were|are|has|had|have|that|which|than|into|over|under"
    r"|against|through|because|when|where|who|during|after|before|as)\b"
)


def content(text: str, stop: frozenset[str] = _STOP) -> list[re.Match[str]]:
    """The lower-case words of some length that aren't function words."""
    return [
        match
        for match in _WORD.finditer(text)
        if match[0].islower() and len(match[0]) > 2 and match[0] not in stop
    ]


def words_exchanged(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """Two nouns (the last words of their phrases) exchange places around a verb or preposition."""
    text = place.text
    nouns = [m for m in content(text) if _ends_phrase(text, m)]
    pairs = [
        (first, second)
        for first, second in combinations(nouns, 2)
        if words(first[0]) != words(second[0])
        and first[0].endswith("s") == second[0].endswith("s")
        and _RELATION.search(text[first.end() : second.start()])
        and not _SYMMETRIC.search(text[first.start() : second.end()])
        and not _parallel(text, first, second)
    ]
    for first, second in dice.sample(pairs, min(2, len(pairs))):
        yield _exchanged(text, first, second)


def _ends_phrase(text: str, match: re.Match[str]) -> bool:
    """Whether the word follows a determiner or adjective and no other content word follows it."""
    word, following = match[0], re.match(r" ([^\W\d_]+)", text[match.end() :])
    ends = following is None or following[1] in stop_words()["en"]
    determined = re.search(
        r"\b(?:the|an?|its|his|her|their|of|in) (?:[a-z]+ )?$", text[: match.start()]
    )
    return ends and bool(determined) and not word.endswith(("ed", "ing", "ly"))


def _parallel(text: str, first: re.Match[str], second: re.Match[str]) -> bool:
    """Whether the two stand in the same position of a list: "in spring and in summer"."""
    gap = text[first.end() : second.start()]
    if not re.search(r",|;|\band\b|\bor\b", gap):
        return False
    before = [re.split(r"[\s-]", text[: m.start()].rstrip())[-1:] for m in (first, second)]
    return before[0] == before[1] or before[1] in (["and"], ["or"]) or gap.count(",") > 1


def word_replaced(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """A content word becomes another of the article with the same ending."""
    text = place.text
    own = set(words(text))
    for match in dice.sample(found := content(text), len(found)):
        word = match[0]
        if word.endswith("ly") or len(word) < 5:
            continue
        others = [
            other
            for other in pool.words[place.article]
            if other[-2:] == word[-2:] and len(other) > 4 and other[:4] != word[:4]
            and not own & set(words(other))
        ]  # fmt: skip
        if others:
            yield _replaced(text, *match.span(), dice.choice(others))


# Two sentences in one

_REFERS = re.compile(
    r"(?:He|She|It|They|We|This|These|That|Those|Such|Its|His|Her|Their|There|Here|Both|Other|Another"
    r"|Some|Many|Most|All|One|The (?:city|team|company|country|university|war|church|museum|game"
    r"|article|process|term|series|show|river|region|state|school|party|former|latter|two|same))\b"
)
_VERB = re.compile(
    r"(?<=[\w)] )(?:is|are|was|were|has|had|have|can|could|will|would|did|does|became|began|led"
    r"|[a-z]{3,}ed(?= (?:the|an?|his|her|its|their|to|in|by|[A-Z])))\b"
)


def stitched_pairs(place: Place, pool: Pool, dice: Random) -> Iterator[tuple[str, str, Place]]:
    """The beginning of the sentence, the end of another of its paragraph, and that other one.

    Both are cut in front of their first verb, or else in the middle, and neither at a clause's
    border. Sentences that may have the same subject are left out: their parts could both be true.
    """
    others = [o for o in pool.neighbours(place) if not _same_subject(place.text, o.text)]
    for other in dice.sample(others, len(others)):
        for first, second in (
            (_verb_cut(place.text), _verb_cut(other.text)),
            (_middle_cut(place.text), _middle_cut(other.text)),
        ):
            if first and second and not _share(place.text[:first], other.text[:second]):
                yield place.text[:first].rstrip(" ,;"), other.text[second:], other


def _same_subject(first: str, second: str) -> bool:
    return bool(_REFERS.match(first) or _REFERS.match(second))


def _share(first: str, second: str) -> bool:
    """Whether a word of some weight stands in both."""
    heads = [{w for w in words(text) if w not in _STOP} for text in (first, second)]
    return bool(heads[0] & heads[1])


def _verb_cut(text: str) -> int | None:
    match = _VERB.search(text)
    opening = text[: match.start()] if match else ""
    if (
        match is None
        or "," in opening
        or not 2 <= len(opening.split()) <= 8
        or re.search(_OPEN, opening)
    ):
        return None
    return match.start()


_OPEN = re.compile(r"\b(?:that|which|who|when|where|while|if|because|although|as|and)\b")


def _middle_cut(text: str) -> int | None:
    """Where a word in the middle begins that no clause begins with."""
    spaces = [m.end() for m in re.finditer(r"(?<=\w) (?=[a-z])", text)]
    inner = [
        s
        for s in spaces
        if not re.search(r"\b(?:and|or|but|that|which|who|where|when) $", text[:s])
    ]
    inner = [
        s for s in inner if not re.match(r"(?:and|or|but|that|which|who|where|when)\b", text[s:])
    ]
    return min(inner, key=lambda s: abs(s - len(text) / 2)) if inner else None


def stitched(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    for first, second, _ in stitched_pairs(place, pool, dice):
        yield f"{first} {second}"


# Conditions and doubts

_HEDGED_VERBS = (
    r"(?:claim|den|alleg|argu|believ|suggest|assert|think|thought|propos|speculat|hypothesi[sz]|contend"
    r"|complain|fear|hop|predict|assum|suspect|imagin|accus|theori[sz])(?:ied|ies|ed|es|s|e|y)?"
)
_REPORTED = r"believed|thought|said|reported|alleged|rumou?red|considered|claimed|assumed|supposed"
_FORESEEN = r"expected|likely|planned|scheduled|set|intended|predicted|projected"
_UNDECIDED = (
    r"(?:determin|ask|unclear|unknown|unsure|uncertain|question|debate|know|decid|see|consider|doubt"
    r"|wonder|test|check|disput|dispute|matter)\w*(?: of| on| as to| about| over)?"
)
_PLAIN_MODAL = r"\b(?:may|might|could)"
_ATTRIBUTIONS = (
    (r"^According to [^,]+, (.+)$", r"\1"),
    (r"^(.+), according to [^,.;]+\.$", r"\1."),
    (rf"^(?!Since|Because|As\b).*?\b{_HEDGED_VERBS} that (?![a-z]+ed\b)(.+)$", r"\1"),
)
_CONDITIONS = (
    (r"^If [^,]+, (?:then )?(.+)$", r"\1"),
    (r"^(.+?),? (?<!even )(?<!as )(?<!what )(?<!and )(?<!or )(?:only )?(?:if|unless|provided that) "
     r"(?!any|not|possible)[^,.;]+\.$", r"\1."),
    (rf"^.*?\b{_UNDECIDED} (?:whether|if) (?!or\b|to\b)(.+)$", r"\1"),
    (rf"{_PLAIN_MODAL} be\b", "is"),
    (rf"{_PLAIN_MODAL} have been\b", "was"),
    (r"\b(?:may|might|could|would) have (?=[a-z]+(?:ed|en|wn)\b)", ""),
    (rf"{_PLAIN_MODAL} (?!not|be|have|also|only|well|even|then|now|still|probably|do\b)"
     r"(?=[a-z])", ""),
    (rf"\b(is|are|was|were) (?:widely |generally |also )?(?:{_REPORTED}) to be\b", r"\1"),
    (rf"\b(?:is|are|was|were) (?:widely |generally |also )?(?:{_REPORTED}) to have\b", "have"),
    (rf"\b(?:is|are) (?:{_FORESEEN}) to\b", "will"),
    (rf"\b(?:was|were) (?:{_FORESEEN}) to\b", "did"),
    (r"\b(?:seem|appear|tend)(?:s|ed)? to be\b", "is"),
    (r"\b(?:seem|appear|tend)(?:s|ed)? to (?!me\b|us\b)(?=[a-z])", ""),
    (r"\b(?:tried|attempted|sought|wanted|hoped|planned|intended|threatened|promised|offered"
     r"|proposed) to (?=[a-z])", "did "),
    (r"\b(?:allegedly|reportedly|possibly|probably|perhaps|presumably|apparently|supposedly"
     r"|purportedly|potentially|hypothetically|arguably|seemingly|maybe),? ", ""),
)  # fmt: skip


def condition_dropped(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """What the sentence says under a condition or as a doubt, stated flatly."""
    yield from _flat(place.text, _CONDITIONS)


def attribution_dropped(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """What the sentence says as someone's claim, stated flatly."""
    yield from _flat(place.text, _ATTRIBUTIONS)


def _flat(text: str, patterns: Sequence[tuple[str, str]]) -> Iterator[str]:
    for pattern, new in patterns:
        for match in re.finditer(pattern, text):
            if re.search(r"\b(?:before|until|so|not)\b[^,;]*$", text[: match.start()]):
                continue
            flat = _replaced(text, *match.span(), match.expand(new))
            if len(flat.split()) > 3:
                yield flat


WRAPPINGS = (
    "It is not true that {}.",
    "He denied that {}.",
    "If {}, nothing will change.",
    "Nobody knows whether {}.",
    "{}, critics falsely claim.",
    "It would be wrong to say that {}.",
    "It is a myth that {}.",
    "Some believe that {}, but the records show otherwise.",
    "No evidence was found that {}.",
    "Unless the court rules otherwise, {}.",
    "The film pretends that {}.",
    "It was once thought that {}.",
    "She asked whether {}.",
    "They rejected the claim that {}.",
    "{}, if all goes well.",
    "{}, or so the legend goes.",
)


def wrapped(text: str, wrapping: str) -> str:
    """The statement inside a sentence that doesn't assert it."""
    bare = text.rstrip(".")
    return wrapping.format(bare if wrapping.startswith("{") else inside(bare))


def inside(text: str) -> str:
    """The sentence as it is spelt behind other words: "The city" -> "the city"."""
    first = re.split(r"\W", text)[0].casefold()
    return text[0].lower() + text[1:] if first in _STOP and first != "i" else text


ALTERATIONS: dict[str, Alteration] = {
    "number changed": number_changed,
    "written number changed": written_number_changed,
    "date changed": date_changed,
    "number moved": number_moved,
    "unit changed": unit_changed,
    "negation added": negation_added,
    "negation removed": negation_removed,
    "opposite word": opposite_word,
    "made stronger": made_stronger,
    "name swapped": name_swapped,
    "name swapped, same paragraph": name_swapped_nearby,
    "names exchanged": names_exchanged,
    "words exchanged": words_exchanged,
    "word replaced": word_replaced,
    "condition dropped": condition_dropped,
    "attribution dropped": attribution_dropped,
}
"""Of one sentence; what is made must not follow from it."""
