"""A small set of questions whose right answers are known, and what its tests share."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from assistant.evaluation import Evaluation
from assistant.evaluation.rows import Row

HARBOUR = (
    "Harbour reopens\n\n"
    "The harbour of Varna reopened on 3 May 2024 after two weeks.\n\n"
    "“Ships can enter again,” said harbour master Elena Petrova."
)
PORT = (
    "Repairs at the port\n\n"
    "The harbour of Varna reopened on 9 May 2024 after two weeks.\n\n"
    "Two cranes were replaced."
)
MILL = (
    "The old mill\n\n"
    "The mill of Brod was closed in 1987 because the river had dried up.\n\n"
    "It had employed 40 people."
)

CORPUS: list[dict[str, Any]] = [
    {
        "doc_id": "harbour",
        "title": "Harbour reopens",
        "text": HARBOUR,
        "lang": "en",
        "meta": {
            "source": "The Gazette",
            "published_at": "2024-05-04T08:00:00+00:00",
            "url": "https://example.org/harbour",
            "author": "Ann Smith",
            "role": "correct",
        },
    },
    {"doc_id": "port", "title": "Repairs at the port", "text": PORT, "lang": "en", "meta": {}},
    {"doc_id": "mill", "title": "The old mill", "text": MILL, "lang": "en", "meta": {}},
]

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "q-mill",
        "question": "When was the mill of Brod closed?",
        "answers": ["1987"],
        "gold": [{"doc_id": "mill", "paragraph": 1, "quote": "1987"}],
        "type": "factoid",
        "lang": "en",
        "meta": {"scope": None, "gold_mode": "any", "topic": "work"},
    },
    {
        "id": "q-reopened",
        "question": "When did the harbour of Varna reopen?",
        "answers": ["3 May 2024", "9 May 2024"],
        "gold": [
            {"doc_id": "harbour", "paragraph": 1, "quote": "3 May 2024"},
            {"doc_id": "port", "paragraph": 1, "quote": "9 May 2024"},
        ],
        "type": "conflict",
        "lang": "en",
        "meta": {
            "scope": None,
            "gold_mode": "each_side",
            "sides": [{"answer": ["3 May 2024"], "gold": [0]}, {"answer": ["9 May"], "gold": [1]}],
        },
    },
    {
        "id": "q-ceiling",
        "question": "Who painted the ceiling of the opera house?",
        "answers": [],
        "gold": [],
        "type": "unanswerable",
        "lang": "en",
        "meta": {"scope": ["mill"], "gold_mode": "none"},
    },
    {
        "id": "q-why",
        "question": "Why was the mill of Brod closed?",
        "answers": ["river had dried up"],
        "gold": [{"doc_id": "mill", "paragraph": 1, "quote": "the river had dried up"}],
        "type": "factoid",
        "lang": "en",
        "meta": {"scope": ["mill"], "gold_mode": "all", "topic": "work"},
    },
]

CLAIMS: list[dict[str, Any]] = [
    {
        "id": "c-closed",
        "question": "The mill of Brod was closed in 1987.",
        "answers": ["supported"],
        "gold": [
            {
                "doc_id": "mill",
                "paragraph": 1,
                "quote": "The mill of Brod was closed in 1987 because the river had dried up.",
            }
        ],
        "type": "claim",
        "meta": {"scope": ["mill"], "gold_mode": "sets", "gold_sets": [[0]], "label": "supported"},
    },
    {
        "id": "c-burnt",
        "question": "The mill of Brod burnt down.",
        "answers": [],
        "gold": [],
        "type": "claim",
        "meta": {"scope": ["mill"], "gold_mode": "none", "label": "not_supported"},
    },
]


def written(
    folder: Path,
    questions: list[dict[str, Any]] | None = None,
    corpus: list[dict[str, Any]] | None = None,
) -> Path:
    """The set in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus", corpus or CORPUS), ("questions", questions or QUESTIONS)):
        text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def changed(line: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The line with other fields; `meta` is merged, and None takes a field away."""
    made = copy.deepcopy(line)
    made["meta"] = made["meta"] | fields.pop("meta", {})
    made |= fields
    return {name: value for name, value in made.items() if value is not None}


def row(**fields: Any) -> Row:
    """A row of which a test names what matters."""
    usual: dict[str, Any] = {
        "id": "q",
        "type": "factoid",
        "question": "?",
        "outcome": "right",
        "worth": 1.0,
        "status": "answered",
    }
    return Row(**(usual | fields))


def without_times(evaluation: Evaluation) -> dict[str, Any]:
    """What must be the same in every run: all but the times and the date."""
    data = evaluation.to_dict()
    del data["date"]
    for group in data["summary"]:
        group["figures"] = [f for f in group["figures"] if f["name"] not in ("median", "p95")]
    for each in data["rows"]:
        each.pop("milliseconds", None)
    return data
