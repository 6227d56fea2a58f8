import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from index import (
    Library,
    LibraryMismatchError,
    LibraryNotFoundError,
    SettingsError,
    SourceError,
    Stated,
    StorageError,
    source_from_text,
)
from index.catalog import FILE_NAME
from index.chroma_folder import folder_store
from index.homes import has_library

BRIDGE = "The bridge\n\nThe old bridge was built in 1901. It fell.\n\nThe new bridge is long."
SOUP = "The soup\n\nSoup needs salt. It must be hot."


def outcomes(results) -> list[tuple[str, str | None]]:
    return [(result.outcome, result.source_id) for result in results]


def rows(library: Library) -> dict[str, int]:
    """How much is stored of all sources, everywhere."""
    connection = sqlite3.connect(library.path / FILE_NAME)
    tables = ("sources", "paragraphs", "sentences", "passages", "twins", "lexical")
    counts = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}
    counts["words"] = connection.execute("SELECT count(*) FROM lexical_words").fetchone()[0]
    chroma = connection.execute("SELECT value FROM meta WHERE key = 'chroma'").fetchone()[0]
    connection.close()
    store = folder_store(library.path / chroma)
    counts["chroma"] = store.count()
    store.close()
    return counts


def ids_near(library: Library, question: str, k: int = 9, sources=None) -> list[str]:
    vector = library.embed_question(question)
    return [passage.id for passage, _ in library.nearest_dense(vector, k, sources)]


# --- what is stored and found


def test_a_source_comes_back_as_it_was_given(library: Library):
    source = source_from_text(BRIDGE, id="bridge", publisher=Stated("The Daily", "caller"))
    library.add([source])
    indexed = library.indexed("bridge")
    assert indexed.source == source
    assert [paragraph.kind for paragraph in indexed.paragraphs] == ["title", "body", "body"]
    assert [BRIDGE[s.start : s.end] for s in indexed.sentences] == [
        "The bridge",
        "The old bridge was built in 1901.",
        "It fell.",
        "The new bridge is long.",
    ]
    assert indexed.sentence_vectors.shape == (4, 64)
    summary = library.sources()[0]
    assert (summary.id, summary.title) == ("bridge", Stated("The bridge", "paragraph 1"))
    assert (summary.publisher, summary.paragraphs) == (source.publisher, 3)


def test_both_halves_of_retrieval_find_passages(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    passage, cosine = library.nearest_dense(library.embed_question("soup needs salt"), 1)[0]
    assert (passage.source_id, passage.paragraph) == ("soup", 2)
    assert 0.5 < cosine <= 1
    passage, score = library.nearest_lexical("How long?", 3)[0]
    assert (passage.source_id, passage.paragraph) == ("bridge", 3)
    assert score > 0
    assert library.document_frequency(["bridg", "none"]) == {"bridg": 3, "none": 0}
    assert library.passage_count == library.paragraph_count == 5


def test_sources_limit_both_halves(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    assert all(each.startswith("soup@") for each in ids_near(library, "bridge", 9, ["soup"]))
    assert library.nearest_lexical("bridge", 9, ["soup"]) == []
    assert ids_near(library, "bridge", 9, []) == []
    assert ids_near(library, "bridge", 0) == []


def test_the_same_text_is_embedded_once(library: Library, embedder):
    library.add([source_from_text(BRIDGE, id="bridge")])
    assert sorted(embedder.embedded) == sorted(set(embedder.embedded))


def test_an_indexed_source_is_kept_in_memory_until_it_changes(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    before = library.indexed("bridge")
    assert library.indexed("bridge") is before
    library.add([source_from_text(SOUP, id="bridge")])
    assert library.indexed("bridge").source.text == SOUP


def test_progress_tells_how_far_each_source_is(library: Library):
    events = []
    library.add([source_from_text(BRIDGE, id="bridge")], events.append)
    assert {event.source_id for event in events} == {"bridge"}
    assert (events[0].done, events[-1].done) == (0, events[-1].texts)


def test_the_sample_library_answers_in_another_language(sample_library: Library):
    vector = sample_library.embed_question("Wann haben Trump und Putin telefoniert?")
    found = [(p.source_id, p.paragraph) for p, _ in sample_library.nearest_dense(vector, 4)]
    assert ("whats-at-stake", 8) in found
    assert ("why-its-dangerous", 9) in found


# --- adding


def test_what_is_known_is_told_apart(library: Library):
    first = source_from_text(BRIDGE, id="bridge", uri="file:///a/bridge.txt")
    elsewhere = replace(source_from_text(SOUP, id="bridge"), uri="file:///b/bridge.txt")
    changed = source_from_text(BRIDGE + " More.", id="bridge", uri=first.uri)
    copied = source_from_text(SOUP, id="copy", uri="file:///copy.txt")
    results = library.add([first, first, elsewhere, elsewhere, changed, copied])
    assert outcomes(results) == [
        ("added", "bridge"),
        ("unchanged", "bridge"),
        ("added", "bridge-2"),
        ("unchanged", "bridge-2"),
        ("updated", "bridge"),
        ("refused", None),
    ]
    assert "same content as 'bridge-2'" in (results[-1].reason or "")


def test_an_update_leaves_nothing_of_the_old_text(library: Library):
    library.add([source_from_text(BRIDGE, id="s")])
    library.add([source_from_text(SOUP, id="s")])
    alone = rows(library)
    assert alone["sources"] == 1
    assert alone["passages"] == alone["chroma"] == alone["lexical"] == 2
    assert library.document_frequency(["bridg"]) == {"bridg": 0}


def test_one_bad_text_does_not_affect_the_others(library: Library, tmp_path: Path):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(SOUP)
    bad.write_bytes(b"\xe9\xff")
    forged = replace(source_from_text(BRIDGE, id="forged"), sha256="0" * 64)
    surrogate = replace(forged, id="surrogate", text="half \ud800")
    assert outcomes(library.add([forged, surrogate])) == [("refused", None)] * 2
    results = library.add([bad, tmp_path / "missing.txt", good])
    assert [result.outcome for result in results] == ["refused", "refused", "added"]
    assert all(r.reason and r.reason.endswith(".") for r in results[:2])


def test_texts_of_all_scripts_and_line_ends_are_kept_verbatim(library: Library):
    text = "\u200fשלום עולם.\r\n\r\n😀 漢字。次。\u2028हिन्दी \x85 e\u0301 ﬁ\n \n\tlast\u00a0"
    library.add([source_from_text(text, id="s")])
    indexed = library.indexed("s")
    assert indexed.source.text == text
    for item in (*indexed.paragraphs, *indexed.sentences, *indexed.passages):
        assert text[item.start : item.end].strip() == text[item.start : item.end] != ""


def test_a_failing_embedding_leaves_the_library_as_it_was(library: Library, embedder, monkeypatch):
    library.add([source_from_text(BRIDGE, id="bridge")])
    before = rows(library)

    def fail(texts):
        raise SettingsError("The embedding failed: try again.")

    monkeypatch.setattr(embedder, "embed_passages", fail)
    with pytest.raises(SettingsError):
        library.add([source_from_text(SOUP, id="soup")])
    assert rows(library) == before
    assert ids_near(library, "bridge")


# --- removing


def test_a_removed_source_leaves_no_row_anywhere(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    library.remove("bridge")
    library.remove("soup")
    assert set(rows(library).values()) == {0}
    assert library.sources() == ()
    assert ids_near(library, "bridge") == []
    with pytest.raises(SourceError, match="no source 'bridge'"):
        library.indexed("bridge")
    with pytest.raises(SourceError, match="no source 'bridge'"):
        library.remove("bridge")


def test_a_removed_source_can_be_added_again(library: Library):
    source = source_from_text(BRIDGE, id="bridge")
    library.add([source])
    before = ids_near(library, "bridge")
    library.remove("bridge")
    library.add([source])
    assert ids_near(library, "bridge") == before


def test_a_removed_source_is_nobodys_twin(tmp_path: Path, embedder):
    text = "\n\n".join(f"Paragraph {n} is about thing{n} and stuff{n}." for n in range(6))
    with Library.create(tmp_path / "l", embedding=embedder) as library:
        sources = [source_from_text(text + end, id=f"s{n}") for n, end in enumerate(("", " Yes."))]
        library.add(sources)
        assert [summary.twins for summary in library.sources()] == [("s1",), ("s0",)]
        library.remove("s0")
        assert library.sources()[0].twins == ()


# --- opening


def test_where_there_is_no_library_the_command_to_make_one_is_named(tmp_path: Path):
    with pytest.raises(LibraryNotFoundError, match="pincite add --library"):
        Library.open(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_opening_changes_no_file(tmp_path: Path, embedder):
    with Library.create(tmp_path / "l", embedding=embedder) as library:
        library.add([source_from_text(BRIDGE, id="bridge")])
    before = (tmp_path / "l" / FILE_NAME).read_bytes()
    with Library.open(tmp_path / "l", embedding=embedder) as library:
        assert library.sources()[0].id == "bridge"
    assert (tmp_path / "l" / FILE_NAME).read_bytes() == before


def test_a_library_is_made_once(tmp_path: Path, embedder):
    Library.create(tmp_path, embedding=embedder).close()
    with pytest.raises(StorageError, match="already"):
        Library.create(tmp_path, embedding=embedder)
    Library.open_or_create(tmp_path, embedding=embedder).close()


def test_a_killed_creation_is_no_library_and_can_be_repeated(tmp_path: Path, embedder):
    sqlite3.connect(tmp_path / FILE_NAME).close()
    with pytest.raises(LibraryNotFoundError):
        Library.open(tmp_path, embedding=embedder)
    Library.open_or_create(tmp_path, embedding=embedder).close()


def test_another_embedding_is_a_mismatch_that_names_the_mending_command(library, embedder):
    other = type(embedder)("words 2")
    with pytest.raises(LibraryMismatchError, match=r"embedding.*pincite reindex --library"):
        Library.open(library.path, embedding=other)


def test_a_library_of_a_later_version_is_left_alone(library: Library, embedder):
    connection = sqlite3.connect(library.path / FILE_NAME)
    connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    connection.commit()
    connection.close()
    for attempt in (Library.open, Library.reindex):
        with pytest.raises(LibraryMismatchError, match="later version"):
            attempt(library.path, embedding=embedder)


def test_a_damaged_catalog_is_told_in_one_sentence(tmp_path: Path, embedder):
    (tmp_path / FILE_NAME).write_bytes(b"junk" * 1000)
    with pytest.raises(StorageError, match="damaged"):
        Library.open(tmp_path, embedding=embedder)


# --- reindexing


def test_reindexing_mends_a_mismatch_and_keeps_the_texts(library: Library, embedder):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    before, other = rows(library), type(embedder)("words 2")
    with Library.reindex(library.path, embedding=other) as mended:
        assert mended.fingerprint != library.fingerprint
        assert [summary.id for summary in mended.sources()] == ["bridge", "soup"]
        assert ids_near(mended, "soup needs salt")[0].startswith("soup@")
    assert rows(library) == before
    assert len(list(library.path.glob("chroma-*"))) == 1
    with pytest.raises(LibraryMismatchError):
        library.sources()


def test_a_failed_reindex_changes_nothing(library: Library, embedder, monkeypatch):
    library.add([source_from_text(BRIDGE, id="bridge")])
    before = rows(library)
    other = type(embedder)("words 2")
    monkeypatch.setattr(other, "embed_passages", lambda texts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Library.reindex(library.path, embedding=other)
    assert rows(library) == before
    assert len(list(library.path.glob("chroma-*"))) == 1
    assert ids_near(library, "bridge")


# --- threads


def test_threads_may_ask_while_one_adds(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    failures: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                assert "bridge" in library.indexed("bridge").source.id
                assert ids_near(library, "old bridge", 3)
                assert library.nearest_lexical("bridge", 3)
        except BaseException as error:  # told by the test, not by the thread
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    library.add([source_from_text(f"{SOUP} Part {n}.", id=f"soup-{n}") for n in range(5)])
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert library.passage_count == 3 + 5 * 2


def test_a_folder_may_be_named_from_where_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not has_library(Path("own"))
    Library.create("own").close()
    assert has_library(Path("own"))
