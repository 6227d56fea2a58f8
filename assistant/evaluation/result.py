"""The result of an evaluation: everything that was measured, and what it was measured with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from assistant.evaluation.asked import Support
from assistant.evaluation.changes import RunComparison
from assistant.evaluation.figures import Group, grouped
from assistant.evaluation.kinds import risk_coverage
from assistant.evaluation.lines import fault_of
from assistant.evaluation.rows import Row
from assistant.render import as_json, one_line
from assistant.types import LibraryStamp, Value
from index import SettingsError

SUPPORTS: tuple[Support, ...] = ("supported", "partly", "not")


class SetStamp(Value):
    """Which questions were asked."""

    name: str
    sha256: str
    """Of the file with the questions."""
    questions: int
    """How many it has."""
    asked: int
    """How many of them were asked."""


class Evaluation(Value):
    """What came of a set of questions, as `pincite.evaluation/1`.

    Runs of the same program over the same texts differ in `date` and times alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_: Literal["pincite.evaluation/1"] = Field(default="pincite.evaluation/1", alias="schema")
    set: SetStamp
    date: str
    """When it was summed up: ISO 8601, a day."""
    versions: dict[str, str]
    settings: dict[str, str | bool | int | float | None]
    """What the answers were made with; "program" changes with every file that shapes them."""
    library: LibraryStamp
    notes: tuple[str, ...] = ()
    """What should be told of the set, each in one sentence."""
    summary: tuple[Group, ...]
    """The figures of all questions, of each type, and of each group that was asked for."""
    curve: tuple[tuple[float, float], ...]
    """Coverage and risk; empty where no question has a probability."""
    confusion: dict[Support, dict[Support, int]] | None
    """For claims: how often each support had each verdict."""
    rows: tuple[Row, ...]
    against: RunComparison | None = None
    """What changed from an earlier run, where this one was compared."""

    @property
    def all(self) -> Group:
        """The figures of all questions."""
        return self.summary[0]

    def to_dict(self) -> dict[str, Any]:
        """The result as `pincite.evaluation/1`; what doesn't apply to a row isn't in it."""
        data = self.model_dump(mode="json")
        data["rows"] = [row.model_dump(mode="json", exclude_none=True) for row in self.rows]
        return data

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return as_json(self.to_dict(), indent)

    def rows_as_jsonl(self) -> str:
        """One line for each question."""
        rows = (row.model_dump(mode="json", exclude_none=True) for row in self.rows)
        return "".join(f"{as_json(row, None)}\n" for row in rows)

    def to_html(self) -> str:
        """The result as an HTML document that stands on its own."""
        from assistant.evaluation.report import evaluation_document

        return evaluation_document(self)


def summed_up(
    rows: tuple[Row, ...],
    *,
    set: SetStamp,
    date: str,
    versions: dict[str, str],
    settings: dict[str, str | bool | int | float | None],
    library: LibraryStamp,
    notes: tuple[str, ...],
) -> Evaluation:
    """The result that these rows make."""
    curve = risk_coverage(rows)
    return Evaluation(
        set=set,
        date=date,
        versions=versions,
        settings=settings,
        library=library,
        notes=notes,
        summary=tuple(grouped(rows)),
        curve=curve.curve if curve else (),
        confusion=_confusion(rows),
        rows=rows,
    )


def _confusion(rows: tuple[Row, ...]) -> dict[Support, dict[Support, int]] | None:
    claims = [(row.support, row.status) for row in rows if row.support is not None]
    if not claims:
        return None
    return {true: {said: claims.count((true, said)) for said in SUPPORTS} for true in SUPPORTS}


def read_evaluation(path: Path) -> Evaluation:
    """The result in a file that `pincite eval --json` has written.

    Raises:
        SettingsError: there is no such file, or no such result in it.
    """
    named = one_line(repr(str(path)))
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise SettingsError(f"There is no file {named}: check the name.") from None
    except ValidationError as fault:
        raise SettingsError(
            one_line(f"{named} is no result of pincite eval --json: {fault_of(fault)}.")
        ) from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise SettingsError(f"{named} can't be read: {reason}.") from None
