"""The highlighted span is the shortest that answers, and nothing where that can't be told."""

from __future__ import annotations

import pytest

from assistant.highlight import answer_span
from assistant.questions import read_question


@pytest.mark.parametrize(
    ("question", "text", "span"),
    [
        ("When did they meet?", "They met in Bonn on 12 May.", "12 May"),
        ("Wann trafen sie sich?", "They met on 12 May.", "12 May"),
        ("How many people came?", "In 2019, 300 people came with 20 dogs.", "300"),
        ("How many dogs came?", "In 2019, 300 people came with 20 dogs.", "20"),
        ("How much did it cost?", "Ann paid $5 million in 2014 for 3 boats.", "$5 million"),
        ("How long did it last?", "It lasted three hours.", "three hours"),
        ("Who said it rained?", "It rained, said Ann Lee of the Post.", "Ann Lee"),
        ("Who said Ann Lee came?", "Ann Lee came, said Ben Stone.", "Ben Stone"),
        ("Where did Ann Lee go?", "Ann Lee went to Bonn with Ben Stone.", "Bonn"),
        ("Why did she go?", "She went to Bonn on 12 May.", None),
        ("What happened on 12 May?", "They met on 12 May.", None),
        ("When did it happen on 12 May?", "It happened on 12 May.", None),
        ("Who came?", "nobody came.", None),
        ("Who wrote the article?", "Author: Ann Lee", "Ann Lee"),
        ("Who opened it?", "The Senate and the USA sent Ann Lee to it.", "Ann Lee"),
        ("Who said it rained?", "“It rained in Bonn with Ann Lee,” the expert says.", None),
        ("Where did she go?", "Ann Lee avoided Ben Stone.", None),
        ("When did they meet?", "They met early.", None),
    ],
)
def test_the_answering_span_is_found(question: str, text: str, span: str | None) -> None:
    found = answer_span(read_question(question), text)
    assert (text[slice(*found)] if found else None) == span
