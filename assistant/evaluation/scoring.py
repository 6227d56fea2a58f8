"""From an answer, or a verdict on a claim, to its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant import render
from assistant.citations import holds
from assistant.evaluation.asked import Asked
from assistant.evaluation.gold import NO_GOLD, Gold, Place, Span, Spot, covered, tells
from assistant.evaluation.kept import Retrieved, Verdict
from assistant.evaluation.rows import Cited, Outcome, Row
from assistant.evaluation.wording import contains, is_bare, token_f1
from assistant.question_lists import RowResult
from assistant.types import Answer, Citation
from index import Library, SourceError

_NO_RESULT = "What became of it can't be read: run the same again."


def score_answer(
    asked: Asked,
    result: RowResult | None,
    retrieved: Retrieved | None,
    library: Library,
    by: Sequence[str] = (),
) -> Row:
    """The row of a question; without an answer it failed.

    `retrieved` is None where the question can't be searched for. `by` are the fields of the
    question's `meta` that the row is to keep.
    """
    answer = result.answer if result else None
    citations = answer.citations if answer else ()
    spots = [(citation.source_id, citation.paragraph) for citation in citations]
    answered = answer is not None and answer.status != "abstained"
    gold = asked.gold if asked.answerable else NO_GOLD
    facts = gold.share(spots) if gold else None
    sides_cited = all(tells(side, spots) for side in asked.sides) if asked.sides else None
    reported = answer is not None and bool(answer.disagreements)
    false_alarm = reported if asked.answerable and asked.type != "conflict" else None
    said = _said(answer) if answer is not None and answered else None
    compared = asked.answerable and bool(asked.answers) and not is_bare(asked.answers)
    contained = (said is not None and said.contains(asked.answers)) if compared else None
    outcome, worth = _outcome(
        asked, answer is not None, answered, facts, contained, sides_cited, reported
    )
    would_cite = retrieved.would_cite if retrieved else ()
    return Row(
        **_head(asked, by),
        outcome=outcome,
        worth=worth,
        status=answer.status if answer else "failed",
        text=answer.text if answer else "",
        failure=result.failure if result else _NO_RESULT,
        cited=tuple(_cited(each, asked.gold, library) for each in citations),
        milliseconds=answer.timings_ms.total if answer else None,
        answerable=asked.answerable,
        answered=answered,
        probability=retrieved.probability if retrieved else None,
        wrong=_wrong(asked, spots if answered else would_cite, contained),
        ranks=gold.ranks(retrieved.ranking) if gold and retrieved else None,
        facts=facts,
        statements=_statements(answer, gold) if answer and citations and gold else None,
        precision=_precision(spots, gold) if citations and gold else None,
        contained=contained,
        f1=(said.f1(asked.answers) if said else 0.0) if compared else None,
        emphasis_f1=said.emphasis_f1(asked.answers) if said and compared else None,
        sides_cited=sides_cited,
        reported=reported if asked.type == "conflict" else None,
        false_alarm=false_alarm,
    )


def score_claim(
    asked: Asked,
    checked: Verdict | None,
    failure: str | None,
    library: Library,
    by: Sequence[str] = (),
) -> Row:
    """The row of a claim; without a verdict it failed, and `failure` says why."""
    head = _head(asked, by)
    if checked is None:
        return Row(
            **head,
            outcome="failed",
            worth=0.0,
            status="failed",
            failure=failure,
            support=asked.support,
        )
    right = checked.verdict == asked.support
    spans = [Span(each.source_id, each.start, each.end) for each in checked.citations]
    return Row(
        **head,
        outcome="verdict_right" if right else "verdict_wrong",
        worth=float(right),
        status=checked.verdict,
        cited=tuple(_cited(each, asked.gold, library) for each in checked.citations),
        milliseconds=checked.milliseconds,
        support=asked.support,
        support_score=checked.score,
        evidence=covered(asked.evidence, spans) if asked.evidence else None,
    )


def _head(asked: Asked, by: Sequence[str]) -> dict[str, Any]:
    return {
        "id": asked.id,
        "type": asked.type,
        "question": asked.question,
        "groups": _groups(asked.meta, by),
        "accepted": asked.answers,
        "gold": tuple(map(_place, sorted(asked.gold.places, key=_in_order))),
    }


def _groups(meta: Mapping[str, Any], by: Sequence[str]) -> dict[str, str]:
    found = {name: meta[name] for name in by if meta.get(name) is not None}
    return {name: value if isinstance(value, str) else str(value) for name, value in found.items()}


def _in_order(place: Place) -> tuple[str, int]:
    return place[0], place[1] or 0


def _place(place: Place) -> str:
    return place[0] if place[1] is None else f"{place[0]} ¶{place[1]}"


def _cited(citation: Citation, gold: Gold, library: Library) -> Cited:
    try:
        exact = holds(citation, library.indexed(citation.source_id))
    except SourceError:
        exact = False
    return Cited(
        source_id=citation.source_id,
        paragraph=citation.paragraph,
        quote=citation.quote,
        gold=gold.has((citation.source_id, citation.paragraph)),
        exact=exact,
    )


# --- citations -----------------------------------------------------------------------------------


def _statements(answer: Answer, gold: Gold) -> float:
    """The share of the statements, sides of disagreements among them, that cite a right place."""
    numbers = [claim.citations for claim in answer.claims]
    for disagreement in answer.disagreements:
        numbers += [side.citations for side in render.untold(disagreement, answer)]
    right = {c.number for c in answer.citations if gold.has((c.source_id, c.paragraph))}
    return sum(bool(right.intersection(each)) for each in numbers) / len(numbers)


def _precision(spots: Iterable[Spot], gold: Gold) -> float:
    different = set(spots)
    return sum(map(gold.has, different)) / len(different)


def _wrong(asked: Asked, spots: Sequence[Spot], contained: bool | None) -> bool:
    """Whether an answer with these citations is wrong: none is right where there is no answer."""
    if not asked.answerable:
        return True
    if not asked.gold:
        return not contained
    return not any(map(asked.gold.has, spots))


# --- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Said:
    """What an answer says."""

    text: str
    """Its statements, without marks."""
    quotes: tuple[str, ...]
    emphasised: str | None
    """The words that it emphasises first, as those that answer."""

    def contains(self, accepted: Sequence[str]) -> bool:
        return contains(" ".join([self.text, *self.quotes]), accepted)

    def f1(self, accepted: Sequence[str]) -> float:
        """Of the text, or of a quote where one fits better."""
        return max(token_f1(each, accepted) for each in (self.text, *self.quotes))

    def emphasis_f1(self, accepted: Sequence[str]) -> float | None:
        return None if self.emphasised is None else token_f1(self.emphasised, accepted)


def _said(answer: Answer) -> _Said:
    texts = [claim.text for claim in answer.claims]
    for disagreement in answer.disagreements:
        texts += [side.text for side in render.untold(disagreement, answer)]
    emphasised = [each.highlight.text for each in answer.citations if each.highlight]
    return _Said(
        " ".join(texts),
        tuple(citation.quote for citation in answer.citations),
        emphasised[0] if emphasised else None,
    )


# --- outcomes ------------------------------------------------------------------------------------


def _outcome(
    asked: Asked,
    has_answer: bool,
    answered: bool,
    facts: float | None,
    contained: bool | None,
    sides_cited: bool | None,
    reported: bool,
) -> tuple[Outcome, float]:
    """What came of a question, and how good that is, from 0 to 1."""
    if not has_answer:
        return "failed", 0.0
    if not asked.answerable:
        return ("answered_anyway", 0.0) if answered else ("left_open", 1.0)
    if not answered:
        return "refused", 0.0
    if sides_cited is not None and facts is not None:
        told = float(sides_cited and reported)
        if sides_cited:
            return ("both_told" if reported else "not_reported"), (facts + told) / 2
        return "one_sided", facts / 2
    share = facts if facts is not None else float(contained or False)
    if reported and asked.type != "conflict":
        return "false_alarm", share / 2
    if share == 1:
        return "right", 1.0
    return ("partly_right" if share else "wrong_place"), share
