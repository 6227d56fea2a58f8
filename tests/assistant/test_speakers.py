"""Who says it: the speaker that the text names, or nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.speakers import attributed_name, quoted_spans, speaker_of
from index import IndexedSource


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("“We go,” said Ann Lee.", "Ann Lee", id="verb first"),
        pytest.param("“We go,” Ann Lee said.", "Ann Lee", id="name first"),
        pytest.param("Ann Lee has also said that we go.", "Ann Lee", id="helpers between"),
        pytest.param("Ann Lee repeatedly warned of it.", "Ann Lee", id="adverb between"),
        pytest.param("Ann Lee, head of the School, warned of it.", "Ann Lee", id="role in commas"),
        pytest.param("Ann Lee of the School explained it.", "Ann Lee", id="affiliation between"),
        pytest.param("“We go,” says Ann Lee of the School.", "Ann Lee", id="affiliation behind"),
        pytest.param("According to Ann Lee, we go.", "Ann Lee", id="according to"),
        pytest.param("Laut Anna Berg regnet es.", "Anna Berg", id="laut"),
        pytest.param("По словам Ивана Петрова, идет дождь.", "Ивана Петрова", id="по словам"),
        pytest.param("Ann Lee told Ben Stone to go.", "Ann Lee", id="not the one who is told"),
        pytest.param("Ann Lee blamed Ben Stone for it.", "Ann Lee", id="not the one who is blamed"),
        pytest.param("Ann Lee said Ben Stone left.", "Ann Lee", id="not the one spoken of"),
        pytest.param("The mayor blamed Ben Stone for it.", None, id="a role blames someone"),
        pytest.param("Ann Lee was asked to go.", None, id="passive"),
        pytest.param("Ann Lee was blamed by Ben Stone.", None, id="passive with an agent"),
        pytest.param("He met Ben Stone and said so.", None, id="another subject"),
        pytest.param("The mayor of Berlin said so.", None, id="place of a role"),
        pytest.param("The American president said so.", None, id="adjective of a role"),
        pytest.param("“We go,” says the mayor.", None, id="a role alone"),
        pytest.param("“Ben Stone said no,” he added.", None, id="speaker inside the quotation"),
        pytest.param("Ben Stone said no,” said Ann Lee.", "Ann Lee", id="end of a quotation"),
        pytest.param('Ben Stone said no," said Ann Lee.', "Ann Lee", id="end in straight marks"),
        pytest.param("It rained.", None, id="nobody"),
    ],
)
def test_words_are_attributed_to_the_name_that_says_them(text: str, name: str | None) -> None:
    found = attributed_name(text)
    assert (found.text if found else None) == name
    assert found is None or text[found.start : found.end] == found.text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("He said “so it is” and left.", ["“so it is”"]),
        ('"Yes" and "no".', ['"Yes"', '"no"']),
        ("„Ja“ und «oui»", ["„Ja“", "«oui»"]),
        ("“It goes on", ["“It goes on"]),
        ("It’s a dog’s life", []),
        ("and so it is,” he said.", ["and so it is,”"]),
        ('and so it is," he said. "Always."', ['and so it is,"', '"Always."']),
        ('(he said "yes") and ("no")', ['"yes"', '"no"']),
    ],
)
def test_quotations_are_found_in_any_marks(text: str, quoted: list[str]) -> None:
    assert [text[start:end] for start, end in quoted_spans(text)] == quoted


TEXT = """\
“We must go at once to the city. The river rises fast every day. Nobody will help us now,” \
said Ann Lee of the School. “It is late in the year.” The rain went on for hours. Ben Stone left.

Ben Stone said that it had rained. “It was a bad day for all of us.”

“Nobody came to see the show at all,” the mayor said.
"""


@pytest.mark.parametrize(
    ("begins", "speaker", "named_in"),
    [
        pytest.param("“We must go", "Ann Lee", "Nobody will", id="attribution behind"),
        pytest.param("The river", "Ann Lee", "Nobody will", id="inside a long quotation"),
        pytest.param("Nobody will", "Ann Lee", "Nobody will", id="attribution in the sentence"),
        pytest.param("“It is late", "Ann Lee", "Nobody will", id="quotation goes on"),
        pytest.param("The rain", None, None, id="narration after it"),
        pytest.param("“It was a bad", None, None, id="narration before it, be it about a speaker"),
        pytest.param("“Nobody came", None, None, id="a role, not a name"),
    ],
)
def test_a_sentence_has_the_speaker_of_its_quotation(
    indexed: Callable[..., IndexedSource], begins: str, speaker: str | None, named_in: str | None
) -> None:
    source = indexed(TEXT)
    (sentence,) = (s for s in source.sentences if s.text.startswith(begins))
    found = speaker_of(sentence, source)
    assert (found.name if found else None) == speaker
    if found and named_in:
        assert found.sentence.text.startswith(named_in)


def test_the_sample_articles_attribute_their_quotations_rightly(
    articles: tuple[IndexedSource, ...],
) -> None:
    said = {
        "People are not sure whether": "Kristina Berzina",
        "There are many theories": "Bergman",
        "Russia would move quickly": "Bergman",
        "There is a very clear difference": "Bayev",
        "That gap is very visible": "Bayev",
        "It all comes down to": "Bajev",
        "It will become very dangerous": None,  # the expert
        "That power will evaporate": "Berzina",
    }
    found = {
        part: speaker.name if (speaker := speaker_of(sentence, article)) else None
        for part in said
        for article in articles
        for sentence in article.sentences
        if part in sentence.text
    }
    assert found == said


QUARREL = """“The bridge is safe,” said Mayor Ann Lee. “We tested it twice,” she added.
“It is not,” said a resident.

“Trade will recover,” said Ann Lee. Ben Stone disagreed. “It will never recover,” he told reporters.

“Now it is too late for us,” said Telco manager Rob Finn.
“My cellar is wet,” said the farmer, Gus Holm.
"""


@pytest.mark.parametrize(
    ("begins", "speaker"),
    [
        pytest.param("“We tested", None, id="she, whoever that is"),
        pytest.param("“It is not", None, id="somebody without a name"),
        pytest.param("“It will never", None, id="he, after narration"),
        pytest.param("“Now it is", "Rob Finn", id="a company's manager"),
        pytest.param("“My cellar", "Gus Holm", id="a role and a comma"),
    ],
)
def test_nobody_is_named_for_an_attribution_to_somebody_else(indexed, begins, speaker):
    source = indexed(QUARREL)
    sentence = next(s for s in source.sentences if s.text.startswith(begins))
    found = speaker_of(sentence, source)
    assert (found.name if found else None) == speaker
