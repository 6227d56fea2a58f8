"""Questions for the people whom the sources quote."""

from assistant.questions import read_question
from assistant.quoted_people import asks_for_quoted_people


def test_it_is_told_from_a_question_for_what_somebody_said():
    assert asks_for_quoted_people(read_question("Which experts are quoted?"))
    assert asks_for_quoted_people(read_question("Who is quoted in the articles?"))
    leaning = "Which think tanks do they belong to? (Which experts are quoted)"
    assert asks_for_quoted_people(read_question(leaning))
    assert not asks_for_quoted_people(read_question("Who said that the war makes no sense?"))
    assert not asks_for_quoted_people(read_question("What is Max Bergman quoted as saying?"))
    assert not asks_for_quoted_people(read_question("How much is quoted for a barrel of oil?"))


def test_each_expert_is_introduced_in_the_words_of_each_source(sample):
    answer = sample.ask("Which experts are quoted?")
    for institution in ("German Marshall Fund", "Brookings", "Strategic and International Studies"):
        told = [claim for claim in answer.claims if institution in claim.text]
        sources = [answer.citation(number).source_id for c in told for number in c.citations]
        assert sorted(sources) == ["whats-at-stake", "why-its-dangerous"]


def test_an_introduction_is_cited_to_its_own_sentence_alone(sample):
    answer = sample.ask("Which experts are quoted?")
    for claim in answer.claims:
        (number,) = claim.citations
        assert claim.text in answer.citation(number).quote


def test_different_affiliations_of_one_expert_are_a_disagreement(sample):
    answer = sample.ask("Which experts are quoted?")
    assert [each.kind for each in answer.disagreements] == ["affiliation"]
    assert all("Bergman" in side.text for side in answer.disagreements[0].sides)


def test_whoever_is_quoted_includes_politicians(sample):
    text = " ".join(claim.text for claim in sample.ask("Who is quoted in the articles?").claims)
    assert "Zelensky" in text
    assert "Ryabkov" in text


def test_compound_questions_about_them_say_it_once(sample):
    answer = sample.ask("Which experts are quoted and which think tanks do they belong to?")
    assert not answer.unanswered
    assert len({claim.text for claim in answer.claims}) == len(answer.claims) == 6
