"""Packs passages into a prompt: numbered sentences, fenced, within a number of tokens.

A model sees each sentence under a label, a number that means something in this one prompt. Source
text can't act in it: it stands on one line behind its label, brackets that look like a label are
turned into round ones, and the fence bears a word that isn't in any of the texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from assistant.evidence import PROSE, Candidate, Evidence
from assistant.render import one_line
from index import Hit
from index.tokens import count_tokens

OVERHEAD_TOKENS = 24
"""What the fence of a passage takes."""
LABEL_TOKENS = 4
REPRESENTED = 0.12
"""How far behind the best passage a source's own best may score to be packed before the others."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What a model is shown of the evidence."""

    text: str
    sentences: tuple[Candidate, ...]
    """The one labelled n stands at n - 1."""

    def labelled(self, labels: Iterable[int]) -> tuple[Candidate, ...]:
        """The sentences with these labels, each once; labels that nothing has are left out."""
        known = (self.sentences[n - 1] for n in labels if 1 <= n <= len(self.sentences))
        return tuple(dict.fromkeys(known))


def pack(found: Sequence[Evidence], most_tokens: int) -> Packed:
    """Pack the best passages of all evidence, as many as `most_tokens` allow, at least one.

    The best passage of every source that has a good one goes first, then the rest, best first.
    """
    sentences: list[Candidate] = []
    blocks: list[tuple[str, list[str]]] = []
    left = most_tokens
    for evidence, hit in _ranked(found):
        inside = [each for each in _sentences(evidence, hit) if each not in sentences]
        lines = [_neutral(each.sentence.text) for each in inside]
        needed = OVERHEAD_TOKENS + sum(count_tokens(line) + LABEL_TOKENS for line in lines)
        if not lines or (needed > left and sentences):
            continue
        left -= needed
        first = len(sentences) + 1
        sentences += inside
        numbered = [f"[{n}] {line}" for n, line in enumerate(lines, first)]
        blocks.append((hit.passage.source_id, numbered))
    return Packed(_fenced(blocks), tuple(sentences))


def _ranked(found: Sequence[Evidence]) -> list[tuple[Evidence, Hit]]:
    """Each passage once, the parts of the question taking turns, as scores compare within one."""
    queues = [[(evidence, hit) for hit in _in_order(evidence)] for evidence in found]
    ranked: dict[str, tuple[Evidence, Hit]] = {}
    for row in zip_longest(*queues):
        for pair in row:
            if pair:
                ranked.setdefault(pair[1].passage.id, pair)
    return list(ranked.values())


def _in_order(evidence: Evidence) -> list[Hit]:
    """First the best of each source that has a good one, then best first."""
    hits = [
        hit for hit in evidence.hits if hit.source.paragraph(hit.passage.paragraph).kind in PROSE
    ]
    hits.sort(key=lambda hit: (-hit.score, hit.passage.id))
    leaders: dict[str, Hit] = {}
    for hit in hits:
        if hit.score >= hits[0].score - REPRESENTED:
            leaders.setdefault(hit.passage.source_id, hit)
    first = list(leaders.values())
    return first + [hit for hit in hits if hit not in first]


def _sentences(evidence: Evidence, hit: Hit) -> list[Candidate]:
    """The passage's sentences in the order of the text."""
    passage = hit.passage
    inside = [
        each
        for each in evidence.candidates
        if each.sentence.source_id == passage.source_id
        and passage.start <= each.sentence.start < passage.end
    ]
    return sorted(inside, key=lambda each: each.sentence.start)


_LABEL = re.compile(r"\[(\s*\d+\s*)\]")


def _neutral(text: str) -> str:
    """The sentence on one line, without anything that looks like a label."""
    return _LABEL.sub(r"(\1)", one_line(text))


def _fenced(blocks: Sequence[tuple[str, Sequence[str]]]) -> str:
    body = "\n".join(line for _, lines in blocks for line in lines)
    fence = _unused_word(body)
    letters = {source: _letter(n) for n, source in enumerate(dict.fromkeys(s for s, _ in blocks))}
    return "\n".join(
        f"<{fence} source {letters[source]}>\n" + "\n".join(lines) + f"\n</{fence}>"
        for source, lines in blocks
    )


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26) * (number // 26 + 1)


def _unused_word(text: str) -> str:
    """A word for the fence that `text` doesn't have; the same for the same text."""
    for attempt in range(len(text) + 1):
        word = "p" + hashlib.sha256(f"{attempt}{text}".encode()).hexdigest()[:6]
        if word not in text:
            break
    return word
