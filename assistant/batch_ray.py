"""Answers the rows of a list on the machines of a Ray cluster, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from assistant import extractive
from assistant.assistant import Assistant
from assistant.batch_workers import Pool, asked, result_of, said
from assistant.question_lists import ListedQuestion, RowResult
from index import ClusterError, Filter, PinciteError, SettingsError
from index.cluster.connection import QUEUED, check_reachable, connected
from index.cluster.tasks import WorkerLostError, node_name
from index.server_address import is_address

_FUNCTION = "assistant.batch_ray:answer"
_LOST = (
    "Two workers of the Ray cluster ended while they answered it, as they do where memory runs "
    "out: free some, and ask it again with --retry-failed."
)


def check_ray(assistant: Assistant, address: str) -> None:
    """Raise where a list can't be answered through Ray, before anything is asked or written.

    Raises SettingsError with a model, or where the address makes no sense or Ray isn't installed;
    ClusterError where nothing answers there.
    """
    if assistant.model is not None:
        raise SettingsError(
            "--ray is for answering without a model: leave it out, or the model (--model "
            "extractive)."
        )
    check_reachable(address)


@contextmanager
def cluster_workers(assistant: Assistant, address: str, width: int | None) -> Iterator[Pool]:
    """A pool of the cluster's workers, which answer as the assistant does.

    Up to `width` rows are answered at a time, by default as many as the cluster has processors.
    """
    with connected(address) as cluster:

        def answer_row(row: ListedQuestion) -> RowResult:
            library = assistant.library
            call = cluster.call(
                _FUNCTION,
                library.address,
                library.content_digest,
                assistant.strictness,
                assistant.only.given(),
                asked(row),
            )
            try:
                return result_of(row, call.result())
            except WorkerLostError:
                return RowResult(row, None, _LOST)

        at_once = width or cluster.processors * QUEUED
        pool = Pool(answer_row, at_once, at_once)
        try:
            yield pool
        finally:
            pool.close()


def answer(
    address: str, digest: str, strictness: float, only: Mapping[str, Any], row: Mapping[str, Any]
) -> dict[str, Any]:
    """In a worker: what becomes of a row, by the library at `address` with this content."""
    assistant = _opened(address, strictness)
    if not is_address(address):  # a server has what it has for all of them, and may be added to
        _check_content(assistant, digest)
    return said(assistant.limited_to(Filter(**only)), row)


@cache
def _opened(address: str, strictness: float) -> Assistant:
    try:
        return Assistant.open(address, model=extractive.NAME, strictness=strictness)
    except PinciteError as error:
        raise ClusterError(
            f"The library {address!r} can't be opened on the Ray node {node_name()}: share or copy "
            f"its folder so that every node has it by this path. There: {error}"
        ) from error


@cache
def _check_content(assistant: Assistant, digest: str) -> None:
    """Raises ClusterError where this isn't the library that was asked, but say an older copy."""
    if assistant.library.content_digest != digest:
        raise ClusterError(
            f"The library {assistant.library.address!r} on the Ray node {node_name()} holds other "
            "texts: copy it there again."
        )
