"""LlamaIndex's CitationQueryEngine over the sources of a library.

It is given what Pincite has: the same texts, embedding and connection to the model, at temperature
0 and with the same room for prompt and reply. The rest is its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llama_index.core import (
    Document,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.indices.base import BaseIndex
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import BaseNode, NodeWithScore, TextNode
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from pydantic import PrivateAttr

from assistant.budget import DEFAULT_CONTEXT_TOKENS, DEFAULT_MAX_TOKENS
from assistant.models import ChatModel, Message
from benchmarks.peers_replies import Passage, passage_of
from index import Embedder, IndexedSource

CHUNK_TOKENS, CHUNK_OVERLAP = 512, 20
"""Its own size of a citation, for its index too: of its 1024 there the embedding reads half."""
CHUNKS = 3
"""How many its documentation retrieves."""
PARAGRAPHS = 8

Nodes = Callable[[IndexedSource], Iterable[BaseNode]]


@dataclass(frozen=True)
class Said:
    """What the engine replied."""

    text: str
    passages: tuple[Passage, ...]
    prompt_tokens: int
    completion_tokens: int


Ask = Callable[[str, Sequence[str] | None], Said]
"""Asks a question over the sources with these ids, or over all."""


def engine(
    index: BaseIndex[Any], most: int, sources: Sequence[IndexedSource], model: ChatModel
) -> Ask:
    """The engine over an index of these sources; it retrieves so many nodes."""
    llm = ServedModel(model)
    by_id = {each.source.id: each for each in sources}

    def ask(question: str, scope: Sequence[str] | None) -> Said:
        retriever = index.as_retriever(similarity_top_k=most, filters=_only(scope))
        llm.prompt_tokens = llm.completion_tokens = 0
        response = CitationQueryEngine.from_args(
            index, llm=llm, retriever=retriever, citation_chunk_size=CHUNK_TOKENS
        ).query(question)
        passages = tuple(_passage(each, by_id) for each in response.source_nodes)
        return Said(str(response).strip(), passages, llm.prompt_tokens, llm.completion_tokens)

    return ask


def index_of(
    sources: Sequence[IndexedSource], cut: Nodes, embedder: Embedder, work: Path
) -> BaseIndex[Any]:
    """The index of these sources, cut into nodes; built once, then read from below `work`."""
    embedding = SharedEmbedding(embedder)
    nodes = [node for source in sources for node in cut(source)]
    digest = hashlib.sha256(embedder.identity.encode())
    for node in nodes:
        digest.update(f"{node.metadata}\0{node.get_content()}\0".encode())
    folder = work / f"llamaindex-{digest.hexdigest()[:16]}"
    if folder.exists():
        stored = StorageContext.from_defaults(persist_dir=str(folder))
        return load_index_from_storage(stored, embed_model=embedding)
    index = VectorStoreIndex(nodes, embed_model=embedding)
    with TemporaryDirectory(dir=work) as unfinished:
        index.storage_context.persist(Path(unfinished) / "index")
        (Path(unfinished) / "index").rename(folder)
    return index


def chunks(source: IndexedSource) -> Iterable[BaseNode]:
    """The text as LlamaIndex cuts it."""
    document = Document(id_=source.source.id, text=source.source.text, **_known(source))
    splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=CHUNK_OVERLAP)
    return splitter.get_nodes_from_documents([document])


def paragraphs(source: IndexedSource) -> Iterable[BaseNode]:
    """A node for each paragraph."""
    for each in source.paragraphs:
        yield TextNode(text=source.source.text[each.start : each.end], **_known(source))


def _known(source: IndexedSource) -> dict[str, Any]:
    """The title goes with the words, to the embedding and the model; the id is for us alone."""
    title = source.source.title
    return {
        "metadata": {"source_id": source.source.id} | ({"title": title.value} if title else {}),
        "excluded_embed_metadata_keys": ["source_id"],
        "excluded_llm_metadata_keys": ["source_id"],
    }


def _only(scope: Sequence[str] | None) -> MetadataFilters | None:
    if scope is None:
        return None
    named = MetadataFilter(key="source_id", operator=FilterOperator.IN, value=list(scope))
    return MetadataFilters(filters=[named])


def _passage(found: NodeWithScore, sources: dict[str, IndexedSource]) -> Passage:
    """The source behind a mark, without the "Source 1:" that the engine writes above it."""
    words = found.node.get_content().partition(":\n")[2].removesuffix("\n")
    return passage_of(words, sources[found.node.metadata["source_id"]])


class SharedEmbedding(BaseEmbedding):
    """Pincite's embedding as LlamaIndex takes one."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.name)
        self._embedder = embedder

    def _get_query_embedding(self, query: str) -> list[float]:
        return list(map(float, self._embedder.embed_question(query)))

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [list(map(float, vector)) for vector in self._embedder.embed_passages(texts)]


class ServedModel(CustomLLM):
    """The model over Pincite's connection; a prompt is one message of the user's."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    """As the server counts them."""
    _model: ChatModel = PrivateAttr()

    def __init__(self, model: ChatModel) -> None:
        super().__init__()
        self._model = model

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=DEFAULT_CONTEXT_TOKENS,
            num_output=DEFAULT_MAX_TOKENS,
            model_name=self._model.name,
        )

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        reply = self._model.reply([Message("user", prompt)], max_tokens=DEFAULT_MAX_TOKENS)
        text = "".join(reply)
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        return CompletionResponse(text=text)

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **_: Any
    ) -> CompletionResponseGen:
        raise NotImplementedError  # the engine doesn't stream as it is made here
