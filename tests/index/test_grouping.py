"""Which sources of a library are twins, however many there are and in whatever way they came."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from index import Library, source_from_text
from index.catalog import FILE_NAME
from tests.index.conftest import WordEmbedder

PLACES = ("mill", "quay", "forge", "barn", "well", "yard", "inn", "tower", "gate", "lock")
FINDS = ("coins", "bones", "shards", "beams", "letters", "nails", "ropes", "tiles", "seeds", "keys")


class Bilingual(WordEmbedder):
    """Its texts are in two languages: a word of the second is one of the first behind a q."""

    def _vector(self, text: str):
        words = text.split()
        return super()._vector(" ".join(word.removeprefix("q") for word in words))


def sentence(number: int) -> str:
    place, find = PLACES[number % 10], FINDS[number // 10 % 10]
    return f"At the old {place} of lot {number} workers dug up {number + 3} {find} under a floor."


def text(*numbers: int) -> str:
    return "\n\n".join(sentence(number) for number in numbers)


def translated(told: str) -> str:
    paragraphs = told.split("\n\n")
    return "\n\n".join(" ".join(f"q{word}" for word in each.split()) for each in paragraphs)


def add(library: Library, **texts: str) -> None:
    for source_id, told in texts.items():
        library.add([source_from_text(told, id=source_id.replace("_", "-"), lang=None)])


def twins(library: Library) -> dict[str, set[str]]:
    found = {summary.id: set(summary.twins) for summary in library.sources()}
    assert found == {source_id: library.twins(source_id) for source_id in found}
    return found


def noted(library: Library) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(library.path / FILE_NAME)) as connection:
        return sorted(connection.execute("SELECT source_id, first_id FROM twins"))


# --- copies


def test_all_copies_of_a_text_are_twins_at_one_row_each(library: Library):
    names = {f"paper{number}" for number in range(60)}
    add(library, **{name: f"{text(1, 2, 3)}\n\n© {name}" for name in names}, other=text(4, 5, 6))
    assert twins(library) == {"other": set()} | {name: names - {name} for name in names}
    assert len(noted(library)) == 61


def test_a_copied_paragraph_is_enough(library: Library):
    told = text(1) + " " + sentence(2)
    add(library, one=told, two=f"{told}\n\nhttps://example.org/")
    assert library.twins("one") == {"two"}


def test_reports_of_one_form_are_no_twins_though_their_vectors_are_near(library: Library):
    form = "In the {} on Monday {} beat {} with {} goals before {} people, as was to be expected."
    names = ["Aldo Brix", "Celia Dorn", "Egon Fink", "Gerda Hopf", "Igor Jahn", "Karla Lenz"]
    for number in range(6):
        told = names[number:] + names[:number]
        paragraphs = [form.format(*told[part : part + 3], 7 + number, 100 * number + part)
                      for part in range(1, 4)] * 2  # fmt: skip
        add(library, **{f"match{number}": "\n\n".join(paragraphs)})
    assert set(map(len, twins(library).values())) == {0}


def test_versions_of_a_live_report_are_no_single_chain(library: Library):
    versions = {f"v{n:02}": text(*range(n, n + 10)) for n in range(0, 40, 2)}
    add(library, **versions)
    found = twins(library)
    for name, next_name in zip(versions, [*versions][1:], strict=False):
        far = {other for other in found if abs(int(other[1:]) - int(name[1:])) > 8}
        assert not found[name] & far
        assert found[name] or found[next_name]


def test_two_texts_that_continue_one_report_are_its_twins_but_not_each_others(library: Library):
    add(
        library,
        report=text(1, 2, 3, 4),
        first=text(*range(1, 13)),
        second=text(1, 2, 3, 4, *range(30, 38)),
    )
    assert twins(library) == {
        "report": {"first", "second"}, "first": {"report"}, "second": {"report"},
    }  # fmt: skip


# --- renderings


@pytest.fixture
def bilingual(tmp_path: Path):
    with Library.create(tmp_path / "bilingual", embedding=Bilingual()) as made:
        yield made


@pytest.mark.parametrize("seed", range(3))
def test_all_copies_of_a_text_and_of_its_translation_are_twins(bilingual: Library, seed: int):
    told = text(*range(1, 8))
    texts = {f"own{n}": f"{told}\n\n© {n}" for n in range(12)}
    texts |= {f"foreign{n}": f"{translated(told)}\n\n© q{n}" for n in range(12)}
    names = list(texts)
    random.Random(seed).shuffle(names)
    add(bilingual, **{name: texts[name] for name in names})
    assert twins(bilingual) == {name: set(names) - {name} for name in names}


def test_a_long_text_is_found_among_many_that_are_near_it(bilingual: Library):
    told = text(*range(1, 8))
    near = [text(*range(1, 4), *range(50 + 7 * n, 54 + 7 * n)) for n in range(12)]
    add(bilingual, **{f"near{n}": each for n, each in enumerate(near)})
    add(bilingual, own=told, foreign=translated(told))
    assert bilingual.twins("foreign") == {"own"}


# --- changes


def test_when_the_first_of_many_copies_goes_the_others_stay_twins(library: Library):
    add(library, **{f"paper{n}": f"{text(1, 2, 3)}\n\n© {n}" for n in range(30)})
    for gone in range(28):
        library.remove(f"paper{gone}")
        left = {f"paper{n}" for n in range(gone + 1, 30)}
        if gone % 9 == 0:
            assert twins(library) == {name: left - {name} for name in left}
    assert twins(library) == {"paper28": {"paper29"}, "paper29": {"paper28"}}


def test_a_new_version_is_compared_anew(library: Library):
    add(library, one=text(1, 2, 3), two=text(1, 2, 3) + "\n\n© two", other=text(4, 5, 6))
    assert library.twins("one") == {"two"}
    add(library, one=text(4, 5, 6) + "\n\n© one")
    assert twins(library) == {"one": {"other"}, "two": set(), "other": {"one"}}


@pytest.mark.parametrize("seed", [4, 7])
def test_what_is_noted_depends_only_on_what_is_there(tmp_path: Path, embedder, seed: int):
    dice = random.Random(seed)
    texts: dict[str, str] = {}
    with (
        Library.create(tmp_path / "changed", embedding=embedder) as changed,
        Library.create(tmp_path / "fresh", embedding=embedder) as fresh,
    ):
        for number in range(40):
            name = f"s{dice.randrange(12)}"
            if name in texts and dice.random() < 0.4:
                changed.remove(name)
                del texts[name]
                continue
            start = dice.randrange(8)
            texts[name] = text(*range(start, start + dice.choice((8, 12)))) + f"\n\n© {number}"
            add(changed, **{name: texts[name]})
        add(fresh, **texts)
        assert noted(changed) == noted(fresh)
        assert twins(changed) == twins(fresh)
    with Library.reindex(tmp_path / "changed", embedding=embedder) as again:
        assert noted(again) == noted(changed)
