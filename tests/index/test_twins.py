import numpy as np
import pytest

from index.twins import near_sources, renderings

RANDOM = np.random.default_rng(1)
ORIGINAL = RANDOM.normal(size=(8, 64)).astype(np.float32)
ORIGINAL /= np.linalg.norm(ORIGINAL, axis=1, keepdims=True)


def rendered(original: np.ndarray) -> np.ndarray:
    other = original + RANDOM.normal(scale=0.02, size=original.shape).astype(np.float32)
    return other / np.linalg.norm(other, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("other", "twins"),
    [
        pytest.param(rendered(ORIGINAL), True, id="another rendering"),
        pytest.param(rendered(ORIGINAL[[0, 2, 3, 5, 7]]), True, id="a shortened one"),
        pytest.param(rendered(ORIGINAL[::-1]), False, id="the same in another order"),
        pytest.param(rendered(ORIGINAL[:2]), False, id="two paragraphs only"),
        pytest.param(RANDOM.permuted(ORIGINAL, axis=1), False, id="another text"),
        pytest.param(
            np.concatenate([rendered(ORIGINAL[:3]), RANDOM.permuted(ORIGINAL, axis=1)[:7]]),
            False,
            id="a text that quotes a part",
        ),
    ],
)
def test_twins_have_most_paragraphs_in_common_in_order(other: np.ndarray, twins: bool):
    assert any(renderings(ORIGINAL, other)) is twins
    assert any(renderings(other, ORIGINAL)) is twins


def test_a_shortened_text_renders_the_long_one_and_not_the_other_way_round():
    assert renderings(rendered(ORIGINAL[:5]), ORIGINAL) == (True, False)
    assert renderings(ORIGINAL, rendered(ORIGINAL)) == (True, True)


def test_only_near_sources_are_compared():
    bodies = {"near": rendered(ORIGINAL), "far": RANDOM.permuted(ORIGINAL, axis=1)}

    def nearest(vectors, k):
        return [nearest_to(vector)[:k] for vector in vectors]

    def nearest_to(vector):
        found = [(name, float(cos)) for name, body in bodies.items() for cos in body @ vector]
        return sorted(found, key=lambda pair: -pair[1])

    def firsts_of(source_ids):
        return {source_id: {source_id} for source_id in source_ids}

    assert near_sources(ORIGINAL, nearest, firsts_of, "own") == ["near"]


def test_the_two_samples_are_twins(sample_library):
    one, other = sample_library.sources()
    assert (one.twins, other.twins) == ((other.id,), (one.id,))
