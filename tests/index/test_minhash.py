import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.minhash import (
    BANDS,
    SHINGLE_WORDS,
    buckets,
    from_bytes,
    resemblance,
    signature,
    to_bytes,
)

TEXT = [f"word{number}" for number in range(300)]
SHOWN = "from index.minhash import buckets, signature; print(buckets(signature(list('abcdef'))))"


def shingles(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[shift:] for shift in range(SHINGLE_WORDS)), strict=False))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 1.0])
def test_the_resemblance_of_signatures_is_about_that_of_the_shingles(share: float):
    dice = random.Random(1)
    other = [word if dice.random() < share else "other" + word for word in TEXT]
    ours, theirs = shingles(TEXT), shingles(other)
    true = len(ours & theirs) / len(ours | theirs)
    found = resemblance(signature(TEXT), signature(other))
    assert found == pytest.approx(true, abs=0.12)


@given(st.lists(st.text(min_size=1), max_size=60))
def test_any_words_have_a_signature_that_comes_back_as_it_was_stored(words: list[str]):
    made = signature(words)
    assert (made is None) == (len(words) < SHINGLE_WORDS)
    if made is not None:
        assert np.array_equal(from_bytes(to_bytes(made)), made)
        found = buckets(made)
        assert len(found) == BANDS
        assert all(-(2**63) <= bucket < 2**63 for bucket in found)


def test_copies_share_buckets_and_other_texts_none():
    edited = [*TEXT[:100], "but", *TEXT[105:250]]
    own = set(buckets(signature(TEXT)))
    assert len(own & set(buckets(signature(edited)))) > BANDS / 3
    assert not own & set(buckets(signature([word + "s" for word in TEXT])))


def test_the_same_words_have_the_same_buckets_in_every_process_and_version():
    shown = subprocess.run(
        [sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True
    )
    found = buckets(signature(list("abcdef")))
    assert shown.stdout.strip() == str(found)
    # Changed values need a higher SIGNATURES_VERSION.
    assert found[:2] == [-7480190834448171903, 9115664295491990323]
