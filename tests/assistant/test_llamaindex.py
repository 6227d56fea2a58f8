"""The retriever and the query engine, in the LlamaIndex programs that they are made for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import (
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.question_gen.types import BaseQuestionGenerator, SubQuestion
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import (
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    ObjectType,
    QueryBundle,
    RelatedNodeInfo,
)
from llama_index.core.tools import QueryEngineTool

from assistant import Answer, Assistant, QuestionError, SettingsError, SourceError
from assistant.evidence import gather
from assistant.llamaindex import PinciteQueryEngine, PinciteRetriever
from assistant.questions import read_question
from index import Library

ROOT = Path(__file__).parents[2]

CALL = "When did Trump and Putin speak by phone?"
AUTHOR = "Who is the author of the article?"
ABSENT = "How many tonnes of lithium does Ukraine have?"
QUESTIONS = (CALL, AUTHOR, "What did Berzina say about the summit?", "Warum ist das gefährlich?")


def _assert_verbatim(found: NodeWithScore, library: Library) -> None:
    node = found.node
    source = library.indexed(node.metadata["source_id"])
    assert node.text == source.source.text[node.start_char_idx : node.end_char_idx]
    assert node.text
    paragraph = source.paragraph(node.metadata["paragraph"])
    assert paragraph.start <= node.start_char_idx < node.end_char_idx <= paragraph.end
    assert node.metadata["sha256"] == source.source.sha256
    assert node.source_node == RelatedNodeInfo(
        node_id=source.source.id, node_type=ObjectType.DOCUMENT, hash=source.source.sha256
    )
    assert list(node.relationships) == [NodeRelationship.SOURCE]


def _retriever_engine(retriever: PinciteRetriever) -> RetrieverQueryEngine:
    return RetrieverQueryEngine(retriever, get_response_synthesizer(llm=MockLLM()))


# --- the retriever -------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_node_is_verbatim_and_knows_its_place(sample: Assistant, question: str) -> None:
    found = PinciteRetriever(sample).retrieve(question)
    assert found
    for each in found:
        _assert_verbatim(each, sample.library)


def test_offsets_count_code_points(own_library: Callable[..., Library]) -> None:
    text = "🌊 Tides\r\n\r\nThe 🌊 tide turned at noon.\r\n\r\nIt turned back at dusk 🌒, he said."
    library = own_library({"tides": text})
    found = PinciteRetriever(library).retrieve("When did the tide turn?")
    assert {each.text for each in found} == set(text.split("\r\n\r\n")[1:])
    for each in found:
        _assert_verbatim(each, library)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_finds_what_the_assistant_finds_best_first(sample: Assistant, question: str) -> None:
    library = sample.library
    found = PinciteRetriever(library).retrieve(question)
    evidence = gather(library, read_question(question), library.embed_question(question))
    assert [each.node_id for each in found] == [hit.passage.id for hit in evidence.hits]
    assert [each.score for each in found] == [hit.score for hit in evidence.hits]
    assert found == sorted(found, key=lambda each: each.score, reverse=True)


def test_titles_and_bylines_are_found_only_for_questions_about_the_text(sample: Assistant) -> None:
    def kinds(question: str) -> set[str]:
        return {
            sample.library.indexed(each.metadata["source_id"])
            .paragraph(each.metadata["paragraph"])
            .kind
            for each in PinciteRetriever(sample).retrieve(question)
        }

    assert kinds(CALL) == {"body"}
    assert "byline" in kinds(AUTHOR)


def test_a_node_is_the_same_whatever_is_asked(sample: Assistant) -> None:
    retriever = PinciteRetriever(sample, k=40)
    first, second = ({n.node_id: n.node for n in retriever.retrieve(q)} for q in QUESTIONS[::2])
    assert len(first.keys() & second.keys()) > 10
    assert all(first[id].hash == second[id].hash for id in first.keys() & second.keys())


def test_metadata_hold_only_what_is_stated(sample: Assistant) -> None:
    found = PinciteRetriever(sample, k=40).retrieve(CALL)
    by_source = {each.metadata["source_id"]: each.metadata for each in found}
    assert by_source.keys() == sample.library.content().keys()
    for source_id, metadata in by_source.items():
        source = sample.library.indexed(source_id).source
        assert source.title
        assert metadata["title"] == source.title.value
        assert metadata.get("published") == (source.published and source.published.value)
        assert metadata.get("uri") == source.uri
        assert None not in metadata.values()
    assert any("published" in metadata for metadata in by_source.values())
    assert not all("published" in metadata for metadata in by_source.values())


def test_models_see_the_title_and_no_ids(sample: Assistant) -> None:
    found = PinciteRetriever(sample, sources=["why-its-dangerous"]).retrieve(CALL)
    node = found[0].node
    title, published = node.metadata["title"], node.metadata["published"]
    assert node.get_content(MetadataMode.EMBED) == f"title: {title}\n\n{node.text}"
    assert node.get_content(MetadataMode.LLM) == (
        f"title: {title}\npublished: {published}\n\n{node.text}"
    )


def test_the_search_keeps_to_the_named_sources(sample: Assistant) -> None:
    for sources in ("whats-at-stake", ["whats-at-stake"], iter(["whats-at-stake"])):
        retriever = PinciteRetriever(sample, sources=sources)
        for question in (CALL, AUTHOR):  # twice: an iterator must not be used up by the first
            found = retriever.retrieve(question)
            assert {each.metadata["source_id"] for each in found} == {"whats-at-stake"}


def test_k_counts_different_passages(sample: Assistant) -> None:
    best = PinciteRetriever(sample, k=1, sources="whats-at-stake").retrieve(CALL)
    more = PinciteRetriever(sample, k=5, sources="whats-at-stake").retrieve(CALL)
    assert len(best) == 1
    assert len(more) == 5
    assert more[0].node_id == best[0].node_id


@pytest.mark.parametrize("make", [PinciteRetriever, PinciteQueryEngine])
def test_wrong_sources_are_refused_when_it_is_made(
    sample: Assistant, make: Callable[..., Any]
) -> None:
    with pytest.raises(SourceError, match="no source 'nowhere'"):
        make(sample, sources=["nowhere"])
    with pytest.raises(SettingsError, match="No source is named"):
        make(sample, sources=[])


def test_to_find_nothing_is_refused(sample: Assistant) -> None:
    with pytest.raises(SettingsError, match="k is 0"):
        PinciteRetriever(sample, k=0)


def test_a_source_removed_later_is_reported(own_library: Callable[..., Library]) -> None:
    library = own_library({"one": "The tide turned at noon.", "two": "It turned at dusk."})
    retriever = PinciteRetriever(library, sources=["two"])
    engine = PinciteQueryEngine(Assistant(library), sources=["two"])
    library.remove("two")
    with pytest.raises(SourceError, match="no source 'two'"):
        retriever.retrieve("When did it turn?")
    with pytest.raises(SourceError, match="no source 'two'"):
        engine.query("When did it turn?")


def test_errors_pass_through(sample: Assistant) -> None:
    retriever, engine = PinciteRetriever(sample), PinciteQueryEngine(sample)
    with pytest.raises(QuestionError):
        retriever.retrieve("  ")
    with pytest.raises(QuestionError):
        asyncio.run(retriever.aretrieve("?"))
    with pytest.raises(QuestionError):
        engine.query("?")
    with pytest.raises(QuestionError):
        asyncio.run(engine.aquery("  "))


# --- the query engine ----------------------------------------------------------------------------


def test_the_response_is_the_answer_and_its_nodes_are_the_cited_quotes(sample: Assistant) -> None:
    answer = sample.ask(CALL)
    response = PinciteQueryEngine(sample).query(CALL)
    assert str(response) == answer.text
    assert len(response.source_nodes) == len(answer.citations) > 0
    for number, (each, citation) in enumerate(
        zip(response.source_nodes, answer.citations, strict=True), start=1
    ):
        assert each.metadata["number"] == citation.number == number
        assert each.text == citation.quote
        assert (each.node.start_char_idx, each.node.end_char_idx) == (citation.start, citation.end)
        assert each.metadata["title"] == citation.source_title
        assert each.metadata["paragraph"] == citation.paragraph
        assert each.score is None
        _assert_verbatim(each, sample.library)
    again = PinciteQueryEngine(sample).query(QueryBundle(CALL))
    assert [n.node_id for n in again.source_nodes] == [n.node_id for n in response.source_nodes]
    assert len({n.node_id for n in again.source_nodes}) == len(again.source_nodes)


@pytest.mark.parametrize("question", [*QUESTIONS, ABSENT])
def test_nothing_of_the_answer_is_lost(sample: Assistant, question: str) -> None:
    response = PinciteQueryEngine(sample).query(question)
    stored = json.loads(json.dumps(response.metadata))["answer"]
    answer = Answer.from_dict(stored)
    assert answer.to_dict() == stored
    unlike = {"timings_ms"}
    assert answer.model_dump(exclude=unlike) == sample.ask(question).model_dump(exclude=unlike)


def test_a_refusal_says_so_and_cites_nothing(sample: Assistant) -> None:
    response = PinciteQueryEngine(sample).query(ABSENT)
    assert str(response) == "The sources don't answer this question."
    assert response.source_nodes == []
    assert response.metadata
    assert response.metadata["answer"]["status"] == "abstained"
    assert response.metadata["answer"]["nearest"]


def test_the_engine_keeps_to_the_named_sources(sample: Assistant) -> None:
    engine = PinciteQueryEngine(sample, sources=iter(["whats-at-stake"]))
    for _ in range(2):
        cited = engine.query(CALL).source_nodes
        assert {each.metadata["source_id"] for each in cited} == {"whats-at-stake"}


# --- async ---------------------------------------------------------------------------------------


def test_async_gives_the_same(sample: Assistant) -> None:
    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(
            PinciteRetriever(sample).aretrieve(CALL), PinciteQueryEngine(sample).aquery(CALL)
        )

    found, response = asyncio.run(both())
    assert found == PinciteRetriever(sample).retrieve(CALL)
    expected = PinciteQueryEngine(sample).query(CALL)
    assert str(response) == str(expected)
    assert response.source_nodes == expected.source_nodes


@pytest.mark.parametrize("way", ["aretrieve", "aquery"])
def test_async_leaves_the_event_loop_free(
    sample: Assistant, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    started, released = threading.Event(), threading.Event()
    embed = sample.library.embed_question

    def wait_and_embed(text: str) -> Any:
        started.set()
        assert released.wait(20), "the event loop was blocked"
        return embed(text)

    monkeypatch.setattr(sample.library, "embed_question", wait_and_embed)

    async def ask() -> Any:
        made = PinciteRetriever(sample) if way == "aretrieve" else PinciteQueryEngine(sample)
        task = asyncio.create_task(getattr(made, way)(CALL))
        while not started.is_set():
            await asyncio.sleep(0.01)
        released.set()
        return await task

    assert asyncio.run(ask())


# --- inside LlamaIndex ---------------------------------------------------------------------------


def test_a_retriever_query_engine_gives_its_model_the_passages(sample: Assistant) -> None:
    retriever = PinciteRetriever(sample, k=2)
    response = _retriever_engine(retriever).query(CALL)
    for each in retriever.retrieve(CALL):
        assert f"title: {each.metadata['title']}" in str(response)  # MockLLM repeats its prompt
        assert each.text in str(response)
        assert each.metadata["sha256"] not in str(response)
        assert each.metadata["source_id"] not in str(response)
    for each in response.source_nodes:
        _assert_verbatim(each, sample.library)


def test_fused_retrievers_merge_the_same_passage(sample: Assistant) -> None:
    retrievers = [PinciteRetriever(sample), PinciteRetriever(sample, sources="whats-at-stake")]
    fused = QueryFusionRetriever(
        retrievers,
        llm=MockLLM(),
        mode="reciprocal_rerank",
        num_queries=1,
        similarity_top_k=50,
        use_async=False,
    ).retrieve(CALL)
    expected = {each.node_id for r in retrievers for each in r.retrieve(CALL)}
    assert sorted(each.node_id for each in fused) == sorted(expected)
    for each in fused:
        _assert_verbatim(each, sample.library)


class _Second(BaseSelector):
    """Selects the second tool, as a model might."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None: ...

    def _select(self, choices: Any, query: QueryBundle) -> SelectorResult:
        return SelectorResult(selections=[SingleSelection(index=1, reason="It cites.")])

    async def _aselect(self, choices: Any, query: QueryBundle) -> SelectorResult:
        return self._select(choices, query)


def test_a_router_asks_it_as_a_tool(sample: Assistant) -> None:
    tools = [
        QueryEngineTool.from_defaults(_retriever_engine(PinciteRetriever(sample)), name="passages"),
        QueryEngineTool.from_defaults(PinciteQueryEngine(sample), name="pincite"),
    ]
    router = RouterQueryEngine(_Second(), tools, llm=MockLLM())
    for response in (router.query(CALL), asyncio.run(router.aquery(CALL))):
        answer = Answer.from_dict(response.metadata["answer"])
        assert str(response) == answer.text
        assert [each.text for each in response.source_nodes] == [
            citation.quote for citation in answer.citations
        ]


def test_an_agent_calls_it_as_a_tool(sample: Assistant) -> None:
    tool = QueryEngineTool.from_defaults(PinciteQueryEngine(sample), name="pincite")
    answer = sample.ask(CALL)
    for output in (tool.call(CALL), asyncio.run(tool.acall(input=CALL))):
        assert output.content == answer.text
        assert [each.text for each in output.raw_output.source_nodes] == [
            citation.quote for citation in answer.citations
        ]


class _Halves(BaseQuestionGenerator):
    """Splits a question at its " | ", as a model might."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None: ...

    def generate(self, tools: Any, query: QueryBundle) -> list[SubQuestion]:
        return [
            SubQuestion(sub_question=half, tool_name=tools[0].name)
            for half in query.query_str.split(" | ")
        ]

    async def agenerate(self, tools: Any, query: QueryBundle) -> list[SubQuestion]:
        return self.generate(tools, query)


def test_sub_questions_keep_their_citations(sample: Assistant) -> None:
    llm = MockLLM()
    engine = SubQuestionQueryEngine(
        question_gen=_Halves(),
        response_synthesizer=get_response_synthesizer(llm=llm),
        query_engine_tools=[
            QueryEngineTool.from_defaults(PinciteQueryEngine(sample), name="pincite")
        ],
        verbose=False,
    )
    response = engine.query(f"{CALL} | {ABSENT}")
    assert f"Response: {sample.ask(CALL).text}" in str(response)
    assert "Response: The sources don't answer this question." in str(response)
    cited = [each for each in response.source_nodes if "number" in each.metadata]
    assert [each.text for each in cited] == [c.quote for c in sample.ask(CALL).citations]
    for each in cited:
        _assert_verbatim(each, sample.library)


def test_llama_index_is_told_of_questions_and_searches(
    sample: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    monkeypatch.setattr(Settings, "_callback_manager", CallbackManager([handler]))
    response = PinciteQueryEngine(sample).query(CALL)
    asyncio.run(PinciteQueryEngine(sample).aquery(CALL))
    PinciteRetriever(sample).retrieve(CALL)
    asked = handler.get_event_pairs(CBEventType.QUERY)
    assert len(asked) == 2
    assert asked[0][1].payload["response"] is response
    assert len(handler.get_event_pairs(CBEventType.RETRIEVE)) == 1


def test_neither_has_prompts_to_change(sample: Assistant) -> None:
    assert PinciteRetriever(sample).get_prompts() == {}
    assert PinciteQueryEngine(sample).get_prompts() == {}


def test_only_who_asks_for_it_imports_llama_index() -> None:
    code = (
        "import sys, assistant, assistant.cli\n"
        "print('llama_index' in sys.modules)\n"
        "import assistant.llamaindex\n"
        "print('llama_index.core' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
