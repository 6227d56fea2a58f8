"""Counts altered claims that `pincite check` would call supported.

    python benchmarks/altered_checks.py SET [--cases N] [--show K]

Takes the false and the true claims that altered.py makes of the set's sentences, and grades each
against the paragraphs that its sentences stand in. Prints for each kind how many are supported
literally, supported by degree, partly supported, and not. A claim that points at the wrong sentence
of its paragraph is no alteration here, so that kind is left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from altered import FALSE_CLAIMS, TRUE_CLAIMS, Claim, Pool, picked, places, read_set

from assistant.support import Graded, support_of

CASES = 60
UNALTERED = "wrong sentence, same paragraph"


def outcome(graded: Graded) -> str:
    literal = all(part.examined.is_literal for part in graded.parts)
    return "literally" if graded.verdict == "supported" and literal else graded.verdict


def checked(claim: Claim) -> Graded:
    return support_of(claim.text, list(dict.fromkeys(claim.surroundings)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts altered claims that pass as supported.")
    parser.add_argument("set", type=Path, help="folder with corpus.jsonl")
    parser.add_argument("--cases", type=int, default=CASES, help="of each kind, at most")
    parser.add_argument("--show", type=int, default=0, help="how many that came out wrong to print")
    given = parser.parse_args()
    pool = Pool(places(read_set(given.set)))
    columns = ("literally", "supported", "partly", "not")
    for title, kinds in (("altered claims", FALSE_CLAIMS), ("true claims", TRUE_CLAIMS)):
        print(f"\n{title:36}{'cases':>7}" + "".join(f"{name:>11}" for name in columns))
        total: Counter[str] = Counter()
        for kind, make in kinds.items():
            if kind == UNALTERED:
                continue
            judged = [(c, outcome(checked(c))) for c in picked(kind, make, pool, given.cases)]
            counts = Counter(found for _, found in judged)
            total += counts
            print(f"{kind:36}{len(judged):7}" + "".join(f"{counts[n]:11}" for n in columns))
            passed = ("literally", "supported")
            wrong = [c for c, found in judged if (found in passed) == (kinds is FALSE_CLAIMS)]
            for claim in wrong[: given.show]:
                print(f"    claim: {claim.text}\n    quote: {' … '.join(claim.quotes)}\n")
        print(f"{'all':36}{total.total():7}" + "".join(f"{total[n]:11}" for n in columns))


if __name__ == "__main__":
    main()
