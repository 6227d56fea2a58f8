"""What is counted over a whole library is counted once, and anew when the library changes."""

from index import records, source_from_text


def test_counts_are_those_of_what_is_stored(library):
    library.add([source_from_text("Wheat failed.\n\nBread rose.\n", id="a")])
    assert (library.source_count, library.paragraph_count, library.passage_count) == (1, 2, 2)
    assert library.document_frequency(["bread", "none"]) == {"bread": 1, "none": 0}
    library.add([source_from_text("Bread fell.\n", id="b")])
    assert (library.source_count, library.paragraph_count, library.passage_count) == (2, 3, 3)
    assert library.document_frequency(["bread", "wheat"]) == {"bread": 2, "wheat": 1}


def test_the_digest_changes_with_the_content_and_not_with_its_order(library):
    texts = [source_from_text(f"Text {name}.", id=name) for name in "ab"]
    library.add(texts)
    both = library.content_digest
    library.remove("a")
    assert library.content_digest != both
    library.add(texts)
    assert library.content_digest == both


def test_what_a_question_needs_is_counted_once(library, monkeypatch):
    library.add([source_from_text("Wheat failed.\n\nBread rose.\n", id="a")])
    counted = []
    count = records.count_passages
    monkeypatch.setattr(records, "count_passages", lambda c: counted.append(c) or count(c))
    assert [library.passage_count for _ in range(3)] == [2, 2, 2]
    assert len(counted) == 1


def test_frequencies_are_remembered_within_bounds(library, monkeypatch):
    monkeypatch.setattr("index.census.MAX_WORDS", 2)
    library.add([source_from_text("Wheat failed.\n\nBread rose.\n", id="a")])
    for wanted in (["bread", "wheat"], ["bread", "failed"], ["rise", "fail"], ["bread"]):
        found = library.document_frequency(wanted)
        assert found == {word: int(word != "failed") for word in wanted}


def test_ids_that_no_source_has_are_told(library):
    library.add([source_from_text("Wheat failed.", id="a")])
    assert library.unknown(["a"]) == []
    assert library.unknown(["z", "a", "б", "\ud83d", "a\0"]) == ["a\0", "z", "б", "\ud83d"]
