import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import content_words, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Leaders leading", ["leader", "lead"], id="english stems"),
        pytest.param("Россией России", ["росс", "росс"], id="russian stems"),
        pytest.param("1,000 tonnes, 3.5%.", ["1,000", "tonn", "3.5"], id="numbers"),
        pytest.param("Trump's don’t", ["trump", "don't"], id="apostrophes"),
        pytest.param("ﬁnance ＡＢＣ", ["financ", "abc"], id="compatibility forms"),
        pytest.param("हिन्दी", ["हिन्दी"], id="marks stay in the word"),
        pytest.param("日本go", ["日", "本", "go"], id="scripts without spaces"),
        pytest.param('" OR * NEAR(', ["or", "near"], id="operators are words"),
        pytest.param("…—!", [], id="nothing"),
    ],
)
def test_words(text: str, found: list[str]):
    assert words(text) == found


def test_function_words_are_left_out_but_negations_stay():
    assert content_words("What did he not say about the summit?") == ["not", "say", "summit"]
    assert content_words("Der Gipfel ist nicht in der Stadt") == ["gipfel", "nicht", "stadt"]
    assert content_words("Это не было в Москве") == words("не Москве")


@given(st.text())
def test_words_hold_no_space_and_no_mark_that_the_index_would_split_at(text: str):
    for word in words(text):
        assert word == "".join(word.split()) != ""
        assert all(sign.isalnum() or sign in ".,_'" for sign in word if sign.isascii())


def test_long_texts_take_linear_time():
    started = time.perf_counter()
    for piece in ("a", "1,", "a'", "漢", "\u0301"):
        words(piece * 100_000)
    assert time.perf_counter() - started < 10


def test_words_are_the_same_in_all_threads():
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(words("Leaders leading " * 2000)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each == words("Leaders leading " * 2000) for each in found)
    assert len(found) == 4
