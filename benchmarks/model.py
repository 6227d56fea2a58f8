"""Asks questions with a model behind any OpenAI-compatible server and prints what came of it.

    python benchmarks/model.py QUESTIONS URL [--model NAME] [--library DIR] [--out ANSWERS.jsonl]

QUESTIONS is a JSONL file; a line is one question: `id`, `type` (one is "unanswerable"),
`question`, `history` (turns of role and text), `answers` (accepted strings) and `facts` (a list of
facts, each a list of places, `doc` and `paragraph`, any of which is enough). Without --library the
sample articles are asked. Prints for each type of question:

  facts      share of a question's facts that are cited at an accepted place
  precision  share of the cited paragraphs that are accepted places
  answer     share of answers whose text or quotes have an accepted string
  abstain    unanswerable: share left unanswered; others: share not left unanswered
  disputed   conflict: both sides cited and the disagreement reported
  valid      share of citations that hold in the stored text

and then which engine answered, the statements withheld by reason, seconds and tokens a question,
and the whole time as a multiple of the model's own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant import Answer, Assistant
from assistant.citations import holds
from assistant.models import ChatModel, Message, Reply, load_model

COLUMNS = ("n", "facts", "precision", "answer", "abstain", "disputed", "valid")


class TimedModel:
    """A model that takes down how long its replies took, prompt and answer."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.seconds = 0.0

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def takes_schema(self) -> bool:
        return self._model.takes_schema

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        start = time.perf_counter()
        try:
            reply = self._model.reply(messages, max_tokens=max_tokens, schema=schema)
        finally:
            self.seconds += time.perf_counter() - start
        return Reply(self._timed(reply), messages, reply.close)

    def _timed(self, reply: Reply) -> Iterator[str]:
        start = time.perf_counter()
        for piece in reply:
            self.seconds += time.perf_counter() - start
            yield piece
            start = time.perf_counter()
        self.seconds += time.perf_counter() - start


def scores(asked: dict[str, Any], answer: Answer, assistant: Assistant) -> dict[str, list[float]]:
    """What this answer adds to each column of its row."""
    cited = {(c.source_id, c.paragraph) for c in answer.citations}
    abstained = answer.status == "abstained"
    unanswerable = asked["type"] == "unanswerable"
    found: dict[str, list[float]] = {
        "n": [1],
        "abstain": [abstained if unanswerable else not abstained],
        "valid": [holds(c, assistant.library.indexed(c.source_id)) for c in answer.citations],
    }
    if unanswerable:
        return found
    facts = [{(place["doc"], place["paragraph"]) for place in fact} for fact in asked["facts"]]
    hits = [bool(fact & cited) for fact in facts]
    found["facts"] = [sum(hits) / len(hits)]
    if cited:
        found["precision"] = [len(cited & set().union(*facts)) / len(cited)]
    said = " ".join([answer.text, *(c.quote for c in answer.citations)]).casefold()
    found["answer"] = [any(accepted.casefold() in said for accepted in asked["answers"])]
    if asked["type"] == "conflict":
        found["disputed"] = [all(hits) and bool(answer.disagreements)]
    return found


def show(rows: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'type':14}" + "".join(f"{column:>11}" for column in COLUMNS))
    for kind, columns in rows.items():
        cells = (
            "-" if not columns[column]
            else f"{sum(columns[column]):.0f}" if column == "n"
            else f"{statistics.mean(columns[column]):.3f}"
            for column in COLUMNS
        )  # fmt: skip
        print(f"{kind:14}" + "".join(f"{cell:>11}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("url")
    parser.add_argument("--model", default="default")
    parser.add_argument("--library", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    timed = TimedModel(load_model(f"openai:{given.model}", base_url=given.url, timeout=600))
    assistant = Assistant.open(given.library, model=timed)
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    answers: list[Answer] = []
    ratios, seconds = [], []
    lines = []
    for line in given.questions.read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        timed.seconds, start = 0.0, time.perf_counter()
        history = [(role, text) for role, text in asked["history"]]
        answer = assistant.ask(asked["question"], history=history)
        if timed.seconds:
            seconds.append(time.perf_counter() - start)
            ratios.append(seconds[-1] / timed.seconds)
        answers.append(answer)
        lines.append(json.dumps(answer.to_dict() | {"id": asked["id"]}, ensure_ascii=False))
        for column, values in scores(asked, answer, assistant).items():
            rows[asked["type"]][column] += values
            if asked["type"] != "unanswerable":
                rows["answerable"][column] += values
        print(f"\r{len(answers)} answers", end="", flush=True)
    if given.out:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\r", end="")
    rows["answerable"] = rows.pop("answerable")  # the last row
    show(rows)
    asked_model = [answer for answer in answers if answer.model]
    print(f"\nput to the model: {len(asked_model)} of {len(answers)} questions; answered by:",
          dict(Counter(answer.engine for answer in asked_model)))  # fmt: skip
    print("statements withheld:",
          dict(Counter(w.reason for answer in answers for w in answer.withheld)))  # fmt: skip
    if asked_model:
        prompt = statistics.mean(answer.usage.prompt_tokens for answer in asked_model)
        completion = statistics.mean(answer.usage.completion_tokens for answer in asked_model)
        print(f"a question: {statistics.median(seconds):.1f} s median, "
              f"{statistics.median(ratios):.3f} x the model's own time at the median and "
              f"{max(ratios):.3f} at most, {prompt:.0f} + {completion:.0f} tokens")  # fmt: skip


if __name__ == "__main__":
    main()
