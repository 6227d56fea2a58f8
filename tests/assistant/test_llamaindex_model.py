"""LlamaIndex's language models: given as an object, or found by the name of their provider."""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.models import ChatModel, Message, SchemaRefusedError, load_model
from index.errors import ModelError
from index.tokens import count_tokens

KEY = "sk-scripted-0123456789abcdef"
QUESTION = [Message("system", "Be brief."), Message("user", "How long is the bridge?")]


def ask(model: ChatModel) -> str:
    return "".join(model.reply(QUESTION, max_tokens=50))


def make_llm(**fields: Any) -> Any:
    """An LLM that says its words, fails at "fail", and knows whether it was stopped."""
    from llama_index.core.llms import ChatMessage, ChatResponse, CustomLLM, LLMMetadata
    from pydantic import Field

    class PlainLLM(CustomLLM):
        words: list[str] = Field(default_factory=list)
        api_key: str = KEY
        tells_deltas: bool = True
        seen: list[Any] = Field(default_factory=list)

        @property
        def metadata(self) -> Any:
            return LLMMetadata(model_name="plain")

        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            raise NotImplementedError

        def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            raise NotImplementedError

        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            self.seen.append(messages)
            return self._stream()

        def _stream(self) -> Iterator[Any]:
            said = ""
            try:
                for word in self.words:
                    if word == "fail":
                        raise RuntimeError(f"no connection with {self.api_key}\n" + "x" * 300)
                    said += word
                    yield ChatResponse(
                        message=ChatMessage(role="assistant", content=said),
                        delta=word if self.tells_deltas else None,
                    )
            finally:
                self.seen.append("stopped")

    return PlainLLM(**fields) if fields else PlainLLM


@pytest.mark.parametrize("tells_deltas", [True, False])
def test_an_llm_of_llama_index_replies(tells_deltas: bool) -> None:
    llm = make_llm(words=["The ", "bridge."], tells_deltas=tells_deltas)
    model = load_model(llm)
    assert model.name == "PlainLLM:plain"
    reply = model.reply(QUESTION, max_tokens=50)
    assert list(reply) == ["The ", "bridge."]
    assert (reply.prompt_tokens, reply.completion_tokens) == (
        sum(count_tokens(each.content) for each in QUESTION),
        3,
    )
    assert [(each.role, each.content) for each in llm.seen[0]] == [
        (each.role, each.content) for each in QUESTION
    ]


def test_an_llm_of_llama_index_takes_no_schema() -> None:
    model = load_model(make_llm(words=["{}"]))
    assert not model.takes_schema
    with pytest.raises(SchemaRefusedError):
        model.reply(QUESTION, max_tokens=50, schema={"type": "object"})


def test_an_llm_of_llama_index_is_stopped() -> None:
    llm = make_llm(words=["The ", "bridge."])
    with load_model(llm).reply(QUESTION, max_tokens=50) as reply:
        next(reply)
    assert llm.seen[-1] == "stopped"


def test_an_llm_of_llama_index_is_held_to_max_tokens() -> None:
    llm = make_llm(words=["word "] * 100)
    reply = load_model(llm).reply(QUESTION, max_tokens=5)
    assert len(list(reply)) < 10
    assert reply.cut
    assert llm.seen[-1] == "stopped"


def test_a_failing_llm_of_llama_index_is_a_failing_model() -> None:
    reply = load_model(make_llm(words=["The ", "fail"])).reply(QUESTION, max_tokens=50)
    assert next(reply) == "The "
    with pytest.raises(ModelError, match=r"failed \(no connection with \[key\] xxx") as caught:
        next(reply)
    assert caught.value.retryable
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def install(monkeypatch: pytest.MonkeyPatch, **exported: Any) -> None:
    """A package of LlamaIndex called "invented"."""
    name = "llama_index.llms.invented"
    module = types.ModuleType(name)
    vars(module).update(exported, __spec__=types.SimpleNamespace(name=name))
    monkeypatch.setitem(sys.modules, name, module)


def test_an_integration_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from llama_index.core.llms import LLM

    class Named(make_llm()):  # type: ignore[misc]
        def __init__(self, model: str, api_base: str = "", **kwargs: Any) -> None:
            super().__init__(words=[model, api_base], **kwargs)

    class NamedByOtherMeans(Named):
        pass

    install(monkeypatch, LLM=LLM, NamedByOtherMeans=NamedByOtherMeans, Named=Named)
    model = load_model("invented:small", base_url="http://here", api_key="secret")
    assert model.name == "invented:small"
    assert list(model.reply(QUESTION, max_tokens=50)) == ["small", "http://here"]


def test_an_option_that_an_integration_does_not_take_is_not_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Named(make_llm()):  # type: ignore[misc]
        def __init__(self, model_name: str) -> None:
            super().__init__(words=[model_name])

    install(monkeypatch, Named=Named)
    assert ask(load_model("invented:small")) == "small"
    with pytest.raises(ModelError, match=r"can't be set up \(Named takes no base_url\)"):
        load_model("invented:small", base_url="http://here")


@pytest.mark.parametrize("error", [ValueError(f"{KEY} is no key"), ImportError(f"no {KEY}")])
def test_an_integration_that_cannot_be_set_up_is_a_failing_model(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Named(make_llm()):  # type: ignore[misc]
        def __init__(self, model: str, api_key: str) -> None:
            raise error

    install(monkeypatch, Named=Named)
    with pytest.raises(ModelError, match=r"can't be set up \(.*\[key\]") as caught:
        load_model("invented:small", api_key=KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_integration_without_a_model_is_a_failing_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch)
    with pytest.raises(ModelError, match=r"llama_index\.llms\.invented has no LLM"):
        load_model("invented:small")
