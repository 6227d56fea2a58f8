"""Reading ahead: the order stays, what is embedded is kept, and no more is read than is needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import Library, SettingsError, Vectors, source_from_text
from index.additions import add_all
from index.ahead import MAX_SIZE, Foreseen, embedded_ahead
from index.unfinished import BATCH_TEXTS, FILE_NAME, Unfinished
from tests.index.conftest import WordEmbedder

ROOM = 4


class SlowWorkers:
    """Embed as the embedder does, and finish batches in whatever order they are told to."""

    def __init__(self, embedder: WordEmbedder, order: Sequence[int] = (0,)) -> None:
        self._embedder = embedder
        self._order = list(order)
        self._running: list[Sequence[str]] = []
        self.most = 0

    @property
    def has_room(self) -> bool:
        return len(self._running) < ROOM

    def submit(self, texts: Sequence[str]) -> None:
        assert self.has_room
        assert len(texts) <= BATCH_TEXTS
        self._running.append(texts)
        self.most = max(self.most, len(self._running))

    def finished(self, *, waiting: bool) -> Iterator[tuple[Sequence[str], Vectors]]:
        if waiting:
            assert self._running
            self._order.append(self._order.pop(0))
            texts = self._running.pop(self._order[-1] % len(self._running))
            yield texts, self._embedder.embed_passages(texts)


def foreseen(item: str) -> Foreseen | None:
    """An item is its texts, a letter each; one in capitals isn't embedded."""
    if item.isupper():
        return None
    return Foreseen(item, tuple(dict.fromkeys(item)), size=len(item))


def ahead(items: Iterator[str], workers: SlowWorkers, unfinished: Unfinished) -> Iterator[str]:
    return embedded_ahead(items, foreseen, workers, unfinished, lambda *_: None)


@pytest.fixture
def unfinished(tmp_path: Path, embedder: WordEmbedder) -> Iterator[Unfinished]:
    opened = Unfinished(tmp_path, embedder)
    yield opened
    opened.close()


ITEMS = st.lists(st.text("abcdefghij", max_size=6) | st.just("X"), max_size=30)


@settings(max_examples=40)
@given(ITEMS, st.lists(st.integers(0, ROOM), min_size=1))
def test_each_comes_in_its_order_with_all_that_it_needs(items: list[str], order: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        unfinished = Unfinished(Path(folder), WordEmbedder())
        workers = SlowWorkers(WordEmbedder(), order)
        came = []
        for item in ahead(iter(items), workers, unfinished):
            came.append(item)
            if not item.isupper():
                assert unfinished.missing(list(item)) == []
            unfinished.forget(item)  # as whoever stores it does
        assert came == items
        unfinished.close()
        assert not (Path(folder) / FILE_NAME).exists()


def test_what_several_need_is_embedded_once(embedder: WordEmbedder, unfinished: Unfinished) -> None:
    for item in ahead(iter(["abc", "bcd", "cde"]), SlowWorkers(embedder), unfinished):
        unfinished.forget(item)
    assert sorted(embedder.embedded) == list("abcde")


def test_several_batches_are_worked_on_at_a_time(
    embedder: WordEmbedder, unfinished: Unfinished
) -> None:
    workers = SlowWorkers(embedder)
    assert len(list(ahead(iter("abcdefgh"), workers, unfinished))) == 8
    assert workers.most == ROOM


def test_no_more_is_read_than_the_workers_need(
    embedder: WordEmbedder, unfinished: Unfinished
) -> None:
    read: list[str] = []
    coming = (read.append(item) or item for item in map(chr, range(0x4E00, 0x4F00)))
    for done, _ in enumerate(ahead(coming, SlowWorkers(embedder), unfinished), 1):
        assert len(read) - done <= ROOM


def test_large_documents_do_not_pile_up(embedder: WordEmbedder, unfinished: Unfinished) -> None:
    read: list[str] = []
    coming = (read.append(item) or item for item in "abcdef")
    large = embedded_ahead(
        coming,
        lambda item: Foreseen(item, (item,), size=MAX_SIZE),
        SlowWorkers(embedder),
        unfinished,
        lambda *_: None,
    )
    for done, _ in enumerate(large, 1):
        assert len(read) - done <= 1


def test_a_failure_of_reading_comes_in_its_turn(
    embedder: WordEmbedder, unfinished: Unfinished
) -> None:
    def broken() -> Iterator[str]:
        yield from ("abc", "def")
        raise SettingsError("The feed is gone: try again.")

    coming = ahead(broken(), SlowWorkers(embedder), unfinished)
    assert [next(coming), next(coming)] == ["abc", "def"]
    with pytest.raises(SettingsError, match="feed"):
        next(coming)


def test_what_is_not_stored_after_all_leaves_nothing(
    tmp_path: Path, embedder: WordEmbedder
) -> None:
    unfinished = Unfinished(tmp_path, embedder)
    assert list(ahead(iter(["abc"]), SlowWorkers(embedder), unfinished)) == ["abc"]
    unfinished.close()
    assert not (tmp_path / FILE_NAME).exists()


def test_a_library_is_the_same_as_without(tmp_path: Path) -> None:
    texts = {
        "one": "The harbour\n\nIt reopened in May.\n\nPhoto: A. Lee",
        "two": "The bridge\n\nIt was painted red.\n\nPhoto: A. Lee",
        "same": "The harbour\n\nIt reopened in May.\n\nPhoto: A. Lee",
        "three": "The hills\n\nIt rained all day.\n\nPhoto: A. Lee",
    }
    items = [source_from_text(text, id=name) for name, text in texts.items()]
    items.append(tmp_path / "nothing.txt")
    libraries = []
    for name in ("without", "with"):
        embedder = WordEmbedder()
        with Library.create(tmp_path / name, embedding=embedder) as library:
            library.add([source_from_text(texts["two"], id="two")])
            workers = SlowWorkers(embedder) if name == "with" else None
            with library._writer() as writer:
                results = add_all(items, writer, library._catalog, lambda *_: None, workers)
            assert not (library.path / FILE_NAME).exists()
            libraries.append((results, library.content(), len(embedder.embedded)))
    assert libraries[0][:2] == libraries[1][:2]
    outcomes = [result.outcome for result in libraries[1][0]]
    assert outcomes == ["added", "unchanged", "refused", "added", "refused"]
    assert libraries[1][2] <= libraries[0][2]
