"""Vectors and words searched in Postgres: the same passages as in Chroma, and nothing left over."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import Library, SettingsError, StorageError, embeddings, examine, mend, source_from_text
from tests.index.conftest import SAMPLES, WordEmbedder

HERE = Path(__file__).parent
BRIDGE = "The bridge\n\nThe old bridge was built in 1901. It fell.\n\nThe new bridge is long."
SOUP = "The soup\n\nSoup needs salt. It must be hot."
QUESTIONS = (
    "When did Trump and Putin speak by phone?",
    "the the of and",
    "Was sagt Selenskyj über 500 milliarden?",
    "Who's the president's envoy, it's said: don't & can't | (Kellogg)!",
    "rare earth deposits",
    "xylophone",
)


class Postgres:
    """A real Postgres with pgvector, over a folder."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is no folder for what a session leaves
            import pgserver

            self._server = pgserver.get_server(folder)
        self.name = f"postgres:{self._server.get_uri().replace('postgres:@', 'postgres@')}"

    def sql(self, statement: str) -> str:
        return str(self._server.psql(statement))

    def count(self, table: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM {table};").split("\n")[2])

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    yield server
    server.stop()


@pytest.fixture
def store(postgres: Postgres) -> str:
    return postgres.name


@pytest.fixture
def library(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr(embeddings, "NanoEmbedder", WordEmbedder)
    made = Library.create(tmp_path / "library", embedding=WordEmbedder(), vector_store=store)
    with made:
        yield made


def table(library: Library) -> str:
    return "data_pincite_" + library._catalog.meta()["chroma"].removeprefix("chroma-")


def rows(postgres: Postgres, library: Library) -> int:
    return postgres.count(table(library))


def near(library: Library, question: str) -> list[tuple[float, str]]:
    """The nearest passages, those that are equally near by their ids."""
    found = library.nearest_dense(library.embed_question(question), 12)
    return sorted((-round(cosine, 4), passage.id) for passage, cosine in found)


def with_words(library: Library, question: str) -> dict[str, float]:
    return {each.id: round(score, 9) for each, score in library.nearest_lexical(question, 9)}


def test_it_finds_what_chroma_and_the_catalog_find(library: Library, tmp_path: Path):
    with Library.create(tmp_path / "chroma", embedding=WordEmbedder()) as other:
        for each in (library, other):
            each.add(SAMPLES)
        half = [other.sources()[0].id]
        for question in QUESTIONS:
            assert near(library, question) == near(other, question)
            found = library.nearest_lexical(question, 24)
            known = dict(other.nearest_lexical(question, 60))
            assert len(found) == min(24, len(known))
            for passage, score in found:
                assert score == pytest.approx(known[passage], rel=1e-6)
            assert library.nearest_lexical(question, 9, half) == other.nearest_lexical(
                question, 9, half
            )
        assert library.twins(half[0]) == other.twins(half[0])
        assert not (library.path / library._catalog.meta()["chroma"]).exists()


def test_what_is_replaced_or_removed_is_gone_from_the_table(library: Library, postgres: Postgres):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    assert rows(postgres, library) == library.passage_count == 5
    library.add([source_from_text(SOUP + "\n\nEat it.", id="soup")])
    assert rows(postgres, library) == library.passage_count == 6
    library.remove("bridge")
    assert rows(postgres, library) == library.passage_count == 3
    assert {each.partition("@")[0] for _, each in near(library, "bridge")} == {"soup"}


KILL = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from conftest import WordEmbedder
from index import Library, source_from_text
import index.writer, os, signal
library = Library.open(sys.argv[1], embedding=WordEmbedder())
index.writer._insert_split = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
library.add([source_from_text({BRIDGE!r}, id="bridge")])
"""


def test_what_a_killed_writer_left_the_next_one_deletes(library: Library, postgres: Postgres):
    library.add([source_from_text(SOUP, id="soup")])
    killed = subprocess.run(
        [sys.executable, "-c", KILL, str(library.path)], cwd=HERE.parents[1], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert rows(postgres, library) > library.passage_count
    assert {each.partition("@")[0] for _, each in near(library, "the old bridge")} == {"soup"}
    assert library.add([source_from_text("Salt\n\nSalt is white.", id="salt")])[0].source_id
    assert rows(postgres, library) == library.passage_count


def test_reindexing_moves_a_library_from_one_store_to_another(
    library: Library, postgres: Postgres, store: str
):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    before = [near(library, question) for question in QUESTIONS]
    old = table(library)
    Library.reindex(library.path, embedding=WordEmbedder(), vector_store="chroma").close()
    assert (library.path / library._catalog.meta()["chroma"]).exists()
    assert [near(library, question) for question in QUESTIONS] == before
    assert postgres.count(old) == 0
    Library.reindex(library.path, embedding=WordEmbedder(), vector_store=store).close()
    assert rows(postgres, library) == library.passage_count
    # Without a name the store stays as it is.
    Library.reindex(library.path, embedding=WordEmbedder()).close()
    assert rows(postgres, library) == library.passage_count
    assert not list(library.path.glob("chroma-*"))


def test_the_doctor_tells_what_is_missing_in_the_table_and_mends_it(
    library: Library, postgres: Postgres
):
    library.add([source_from_text(BRIDGE, id="bridge")])
    assert examine(library.path) == ()
    rows_of = table(library)
    postgres.sql(f"DELETE FROM {rows_of} WHERE id = (SELECT min(id) FROM {rows_of});")
    assert [each.part for each in examine(library.path)] == ["chroma"]
    assert mend(library.path).left == ()
    assert rows(postgres, library) == library.passage_count


def test_without_the_server_the_catalog_is_searched_and_nothing_can_be_added(
    tmp_path: Path,
):
    server = Postgres(tmp_path / "data")
    made = tmp_path / "library"
    with Library.create(made, embedding=WordEmbedder(), vector_store=server.name) as library:
        library.add([source_from_text(BRIDGE, id="bridge")])
        before = near(library, "bridge"), with_words(library, "bridge")
        server.stop()
        assert near(library, "bridge") == before[0]
        assert with_words(library, "bridge") == before[1]
        with pytest.raises(StorageError, match="check that their server runs"):
            library.add([source_from_text(SOUP, id="soup")])
        assert [each.id for each in library.sources()] == ["bridge"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("qdrant:http://localhost", "There is no vector store 'qdrant'"),
        ("postgres", "There is no vector store 'postgres'"),
        ("postgres:mysql://me@host/db", "There is no vector store 'postgres'"),
        ("postgres:postgresql://me:secret@host/db", "PGPASSWORD"),
    ],
)
def test_what_is_no_store_is_told_and_no_password_repeated(name: str, said: str, tmp_path: Path):
    with pytest.raises(SettingsError, match=said) as caught:
        Library.create(tmp_path / "library", embedding=WordEmbedder(), vector_store=name)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "library").exists()
