"""Pincite inside LlamaIndex: a retriever and a query engine for programs that are built with it.

Importing this module imports `llama_index.core`, which takes seconds; nothing else here does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from llama_index.core import Settings
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    ObjectType,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from assistant.assistant import Assistant
from assistant.evidence import PASSAGES, find
from assistant.questions import clean_question, read_question
from assistant.scope import scope_of
from assistant.types import Answer, Citation
from index import EVERYTHING, Hit, Library, SettingsError

_SHOWN_TO_MODELS = frozenset({"title", "published"})
_EMBEDDED = frozenset({"title"})
"""Ids, numbers and addresses tell a model nothing about the text, and it might repeat them."""


class PinciteRetriever(BaseRetriever):
    """Finds passages as the assistant does; each node is verbatim, with its place in the source.

    A node's `text` is `source.text[start_char_idx:end_char_idx]`, its id that of the passage, and
    neither it nor its metadata depend on the question, so that LlamaIndex can merge results. The
    scores rank the nodes of one question; they aren't similarities. Only the text of a query
    counts: an embedding or strings to embed that come with it were made for other models.
    """

    def __init__(
        self,
        library: Library | Assistant,
        *,
        sources: Iterable[str] | None = None,
        k: int = PASSAGES,
    ) -> None:
        """Search `library`, or the one that this assistant answers from.

        Args:
            library: where to search.
            sources: ids of the sources to search; all by default.
            k: how many different passages to find; near-duplicates of them come on top.

        Raises:
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none, no source meets the filter of the
                assistant, or `k` is less than 1.
        """
        if k < 1:
            raise SettingsError(f"k is {k}, so nothing would be found: make it 1 or more.")
        self._library = library.library if isinstance(library, Assistant) else library
        self._only = library.only if isinstance(library, Assistant) else EVERYTHING
        self._sources = scope_of(self._library, sources)
        self._scope()  # checked here: LlamaIndex's engines may swallow a later error
        self._k = k
        super().__init__(callback_manager=Settings.callback_manager)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._find(query_bundle.query_str)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._find, query_bundle.query_str)

    def _scope(self) -> frozenset[str] | None:
        """What is searched now: sources may have come and gone."""
        return scope_of(self._library, self._sources, self._only)

    def _find(self, text: str) -> list[NodeWithScore]:
        question = clean_question(text)
        found = find(
            self._library,
            read_question(question),
            self._library.embed_question(question),
            self._scope(),
            self._k,
        )
        return [NodeWithScore(node=_passage_node(hit), score=hit.score) for hit, _ in found]


class PinciteQueryEngine(BaseQueryEngine):
    """Answers with verified claims; the response's nodes are the quotes that it cites.

    The response is `answer.text`, its `[1]` the first of the `source_nodes`, and its
    `metadata["answer"]` is `answer.to_dict()`, of which `Answer.from_dict` makes the answer again.
    When the sources don't answer, the response says so and cites nothing.
    """

    def __init__(self, assistant: Assistant, *, sources: Iterable[str] | None = None) -> None:
        """Answer with `assistant`.

        Args:
            assistant: who answers.
            sources: ids of the sources to search; all by default.

        Raises:
            SourceError: `sources` names one that the library doesn't have.
            SettingsError: `sources` is given and names none, or no source meets the filter of the
                assistant.
        """
        self._assistant = assistant
        self._sources = scope_of(assistant.library, sources)
        assistant.scope(self._sources)  # checked here, as above
        super().__init__(callback_manager=Settings.callback_manager)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        question = query_bundle.query_str
        with self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: question}
        ) as event:
            response = self._answer(question)
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        question = query_bundle.query_str
        with self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: question}
        ) as event:
            response = await asyncio.to_thread(self._answer, question)
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    def _answer(self, question: str) -> Response:
        return _response(self._assistant.ask(question, sources=self._sources))


def _response(answer: Answer) -> Response:
    return Response(
        response=answer.text,
        # A citation has no rank among the others, hence no score.
        source_nodes=[NodeWithScore(node=_citation_node(c)) for c in answer.citations],
        metadata={"answer": answer.to_dict()},
    )


def _passage_node(hit: Hit) -> TextNode:
    passage, source = hit.passage, hit.source.source
    return _node(
        id=passage.id,
        text=source.text[passage.start : passage.end],
        start=passage.start,
        end=passage.end,
        source_id=source.id,
        sha256=source.sha256,
        metadata={
            "title": source.title.value if source.title else None,
            "uri": source.uri,
            "published": source.published.value if source.published else None,
            "paragraph": passage.paragraph,
        },
    )


def _citation_node(citation: Citation) -> TextNode:
    version = f"{citation.source_id}@{citation.source_sha256[:12]}"
    return _node(
        id=f"{version}:{citation.paragraph}:{citation.start}-{citation.end}",
        text=citation.quote,
        start=citation.start,
        end=citation.end,
        source_id=citation.source_id,
        sha256=citation.source_sha256,
        metadata={
            "number": citation.number,
            "title": citation.source_title,
            "uri": citation.source_uri,
            "paragraph": citation.paragraph,
            "page": citation.page,
        },
    )


def _node(
    *,
    id: str,
    text: str,
    start: int,
    end: int,
    source_id: str,
    sha256: str,
    metadata: Mapping[str, str | int | None],
) -> TextNode:
    """A node whose metadata are those that are known: not all vector stores take None."""
    known = {"source_id": source_id, "sha256": sha256, **metadata}
    known = {key: value for key, value in known.items() if value is not None}
    return TextNode(
        id_=id,
        text=text,
        start_char_idx=start,
        end_char_idx=end,
        metadata=known,
        excluded_llm_metadata_keys=[key for key in known if key not in _SHOWN_TO_MODELS],
        excluded_embed_metadata_keys=[key for key in known if key not in _EMBEDDED],
        relationships={
            NodeRelationship.SOURCE: RelatedNodeInfo(
                node_id=source_id, node_type=ObjectType.DOCUMENT, hash=sha256
            )
        },
    )
