"""The failures that Pincite expects. Each message is one sentence that also says what to do."""


class PinciteError(Exception):
    """Base of every failure that is raised on purpose; anything else is a bug."""


class SourceError(PinciteError):
    """A text can't be read or stored: mend or leave out that one; the others are not affected."""


class LibraryNotFoundError(PinciteError):
    """There is no library here: create it or name another."""


class LibraryMismatchError(PinciteError):
    """The library was built by another version or with other settings: reindex it."""


class LibraryLockedError(PinciteError):
    """Another process is writing to the library: wait and try again."""


class StorageError(PinciteError):
    """The library can't be read or written: a full disk, missing rights, a damaged file."""


class SettingsError(PinciteError):
    """A setting, option or environment variable is wrong: correct it."""


class QuestionError(PinciteError):
    """The question can't be asked as it stands: change it."""


class ModelError(PinciteError):
    """The language model can't be used: correct its name, key or address, or try again."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        """Whether the same request may work later: a time-out, a rate limit, a broken server."""


class ClusterError(PinciteError):
    """The Ray cluster can't be used: mend it, name another, or do without."""


class StoppedError(PinciteError):
    """The answer was stopped by whoever asked for it: ask again."""


class AnswerError(PinciteError):
    """A stored answer or conversation can't be read back: it isn't one, or of another version."""
