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


def test_each_expert_is_introduced_once_with_both_sources(sample):
    answer = sample.ask("Which experts are quoted?")
    said = [claim.text for claim in answer.claims]
    for institution in ("German Marshall Fund", "Brookings", "Strategic and International Studies"):
        assert sum(institution in text for text in said) == 1
    for claim in answer.claims:
        assert {answer.citation(n).source_id for n in claim.citations} == {
            "whats-at-stake",
            "why-its-dangerous",
        }


def test_whoever_is_quoted_includes_politicians(sample):
    text = " ".join(claim.text for claim in sample.ask("Who is quoted in the articles?").claims)
    assert "Zelensky" in text
    assert "Ryabkov" in text


def test_compound_questions_about_them_say_it_once(sample):
    answer = sample.ask("Which experts are quoted and which think tanks do they belong to?")
    assert answer.status == "answered"
    assert len({claim.text for claim in answer.claims}) == len(answer.claims) == 3
