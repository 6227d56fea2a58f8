"""The time that fetching one address may take altogether."""

from __future__ import annotations

import time

from index.errors import SourceError


class Deadline:
    """Ends `seconds` after it was made; pauses don't count."""

    def __init__(self, seconds: float, host: str) -> None:
        self._seconds = seconds
        self._host = host
        self._end = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Gives back the time of a pause."""
        self._end += seconds

    def at_most(self, seconds: float) -> float:
        """How long one step may take, at most `seconds`; SourceError when the time is up."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise SourceError(
                f"The server {self._host!r} took longer than {self._seconds:g} seconds altogether: "
                "try again later, or save the page and add the file."
            )
        return min(seconds, left)
