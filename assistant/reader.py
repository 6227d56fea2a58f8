"""A small extractive reader: where in a passage the answer to a question stands, if it does.

Word matching and similarity can't tell an answer from a near miss, a sentence about the right
things that answers another question; a reader can, to a degree. It is a MiniLM of six layers that
`benchmarks/train_reader.py` trains as BERT is for SQuAD 2.0 (Devlin et al., 2019, arXiv 1810.04805,
section 4.3): the span's start and end by two logits a token, "no answer here" by the first token's.
It reads English.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

WINDOW_TOKENS = 112
"""Question and text together, as in training; a longer passage is read in overlapping windows."""
OVERLAP_TOKENS = 24
QUESTION_TOKENS = 32
SPAN_TOKENS = 20
"""The longest answer."""
REMEMBERED = 64
"""Readings that are kept."""
THREADS = 2
"""Passages read at a time, at most; OMP_NUM_THREADS, the embedding's threads, holds here too."""

WEIGHTS = Path(__file__).with_name("reader_model") / "reader.onnx"
VOCABULARY = WEIGHTS.with_name("vocabulary.txt")

FIRST_MARK, LAST_MARK = 101, 102
"""The vocabulary's [CLS] and [SEP]."""

Span = tuple[int, int]
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one passage."""

    start: int
    end: int
    """The likeliest answer's offsets in the passage; both 0 where the passage is empty."""
    margin: float
    """That span's score (sum of two logits) less the score of there being no answer."""
    answerable: float
    """Logit of the passage answering the question at all."""


NOTHING = Reading(0, 0, -20.0, -10.0)


@dataclass(frozen=True, slots=True)
class _Window:
    ids: list[int]
    head: int
    """Tokens before the passage's: the question's and the marks."""
    offsets: list[Span]
    """Where in the passage each of its tokens stands."""


def read(question: str, passages: Sequence[str]) -> tuple[Reading, ...]:
    """The reading of each of the passages, that of its best window; about 5 ms a window."""
    # Of a text that several sources print, one copy is read.
    distinct = list(dict.fromkeys(passages))
    best = dict(zip(distinct, _each(partial(_read, question), distinct), strict=True))
    return tuple(best[passage] for passage in passages)


@lru_cache(maxsize=REMEMBERED)
def _read(question: str, passage: str) -> Reading:
    """Several steps of an answer ask the same of the same passages."""
    found = (_reading(window) for window in _windows(question, passage))
    return max(found, key=lambda reading: reading.margin, default=NOTHING)


def _each(read_one: Callable[[str], Reading], passages: Sequence[str]) -> Iterable[Reading]:
    """The readings of the passages, in their order.

    Two threads that read a window each are 1.4 times as fast as two that share in one.
    """
    return map(read_one, passages) if _threads() == 1 else _pool().map(read_one, passages)


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", THREADS))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), "reader")


def _windows(question: str, passage: str) -> Iterator[_Window]:
    asked = _tokenizer().encode(question, add_special_tokens=False).ids[:QUESTION_TOKENS]
    told = _tokenizer().encode(passage, add_special_tokens=False)
    head = [FIRST_MARK, *asked, LAST_MARK]
    room = WINDOW_TOKENS - len(head) - 1
    for at in range(0, max(1, len(told.ids) - OVERLAP_TOKENS), room - OVERLAP_TOKENS):
        if ids := told.ids[at : at + room]:
            yield _Window([*head, *ids, LAST_MARK], len(head), told.offsets[at : at + room])


def _reading(window: _Window) -> Reading:
    """Windows are read one by one: together, each would change the others' eight-bit scale."""
    kinds = [int(i >= window.head) for i in range(len(window.ids))]
    given = {"input_ids": window.ids, "token_type_ids": kinds, "attention_mask": [1] * len(kinds)}
    outputs = _session().run(None, {name: np.array([row]) for name, row in given.items()})
    starts, ends, answerable = (output[0] for output in outputs)
    inside = slice(window.head, len(window.ids) - 1)
    scores = starts[inside, None] + ends[None, inside]
    allowed = np.triu(np.tril(np.ones_like(scores, dtype=bool), SPAN_TOKENS - 1))
    scores = np.where(allowed, scores, -np.inf)
    first, last = np.unravel_index(int(scores.argmax()), scores.shape)
    return Reading(
        start=window.offsets[int(first)][0],
        end=window.offsets[int(last)][1],
        margin=float(scores[first, last] - starts[0] - ends[0]),
        answerable=float(answerable),
    )


@cache
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import WordPiece

    tokenizer = Tokenizer(WordPiece.from_file(str(VOCABULARY), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _session() -> InferenceSession:
    with _loading:
        return _loaded()


@cache
def _loaded() -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    return InferenceSession(WEIGHTS, options, providers=["CPUExecutionProvider"])
