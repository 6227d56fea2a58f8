"""Hybrid search on small libraries with a word embedder, and on the samples with the true one."""

from index import search, source_from_text


def found(library, question, **options):
    hits = search(library, question, library.embed_question(question), **options)
    return [(hit.passage.source_id, hit.passage.paragraph) for hit in hits]


def add(library, texts):
    results = library.add(source_from_text(text, id=id) for id, text in texts.items())
    assert all(result.outcome == "added" for result in results)


FLEET = "The harbour of Varna reopened after the storm had sunk seven ships in one night."
BREAD = "The price of bread rose by nine percent because the wheat harvest failed in spring."
MUSIC = "An orchestra of children played the anthem while the minister cut the ribbon slowly."


def test_the_passage_that_shares_the_words_comes_first(library):
    add(library, {"a": f"{FLEET}\n\n{BREAD}\n\n{MUSIC}\n"})
    assert found(library, "Why did the price of bread rise?")[0] == ("a", 2)


def test_a_search_can_be_limited_to_sources(library):
    add(library, {"a": FLEET, "b": BREAD})
    assert found(library, "bread price wheat", sources={"a"}) == [("a", 1)]
    assert found(library, "bread price wheat", sources=set()) == []


def test_a_search_can_be_limited_to_kinds_of_paragraphs(library):
    add(library, {"a": f"Bread price rises\n\n{BREAD}\n\n{FLEET}\n"})
    assert ("a", 1) in found(library, "bread price")
    assert ("a", 1) not in found(library, "bread price", kinds={"body"})


def test_near_duplicates_in_other_sources_do_not_crowd_others_out(library):
    copies = {
        f"copy{n}": f"{BREAD}\n\nNumber {n} of the copies tells nothing new.\n" for n in "abcde"
    }
    add(library, {**copies, "other": f"{FLEET}\n\n{MUSIC}\n"})
    places = found(library, "What happened to the price of bread?", k=3)
    assert {(f"copy{n}", 1) for n in "abcde"} <= set(places)
    assert len(set(places) - {(f"copy{n}", 1) for n in "abcde"}) == 2


def test_equal_scores_are_ordered_by_passage_id(library):
    add(library, {"b": f"{BREAD}\n\n{FLEET}\n", "a": f"{BREAD}\n\n{MUSIC}\n"})
    first = found(library, "bread")
    assert first[:2] == [("a", 1), ("b", 1)]
    assert found(library, "bread") == first


def test_a_question_that_shares_no_word_is_ranked_by_meaning_alone(sample_library):
    question = "Колко струват находищата на редки земни елементи?"
    vector = sample_library.embed_question(question)
    hits = search(sample_library, question, vector)
    assert (hits[0].passage.source_id, hits[0].passage.paragraph) == ("whats-at-stake", 25)
    assert hits[0].lexical == 0.0


def test_hits_carry_the_evidence_they_are_ranked_by(sample_library):
    question = "Who rejected the proposal on rare earth deposits?"
    vector = sample_library.embed_question(question)
    hits = search(sample_library, question, vector)
    assert hits[0].lexical > 0
    assert 0 < hits[0].dense <= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_empty_library_has_no_hits(library):
    assert found(library, "anything at all") == []


def test_a_text_that_many_sources_have_copied_comes_with_twelve_of_the_copies(library):
    copies = {f"copy{n:02}": BREAD + "\n" * n for n in range(20)}
    add(library, {**copies, "other": f"{FLEET}\n\n{MUSIC}\n"})
    places = found(library, "What happened to the price of bread?", k=7)
    assert len([source_id for source_id, _ in places if source_id != "other"]) == 13
    assert ("other", 1) in places


def test_only_the_sources_of_hits_are_loaded(library, monkeypatch):
    add(library, {f"s{n:02}": f"{BREAD} It was the year {n}.\n\n{MUSIC}\n" for n in range(5)})
    add(library, {"fleet": FLEET})
    loaded = []
    indexed = library.indexed
    monkeypatch.setattr(library, "indexed", lambda id: loaded.append(id) or indexed(id))
    hits = found(library, "Which storm sank ships in the harbour?", k=1)
    assert set(loaded) == {source_id for source_id, _ in hits} == {"fleet"}
