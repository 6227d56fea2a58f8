"""The process in which documents are parsed, with limits on what it may use.

Started as a script, so that the packages around it, and what they load, stay out: see `_main`.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.readers.article import Job, Outcome

_FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.exec",
              "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.remove", "os.rename",
              "os.rmdir", "shutil.rmtree", "urllib.Request")  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def serve(requests: IO[bytes], replies: IO[bytes], cpu_seconds: int) -> None:
    """Reads one document after the other until the requests end."""
    from index.readers import wire
    from index.readers.article import Job

    while message := wire.receive(requests):
        header, data = message
        fresh = True
        limit_cpu(cpu_seconds)
        try:
            for outcome in _outcomes(Job(**header), data):
                wire.send(replies, *_message(outcome))
                limit_cpu(cpu_seconds)
        except (MemoryError, RecursionError) as error:
            # What the libraries keep may be half done: the next document gets a new process.
            fresh = False
            wire.send(replies, {"exhausted": type(error).__name__})
        wire.send(replies, {"done": True})
        if not fresh:
            return


def _outcomes(job: Job, data: bytes) -> Iterator[Outcome]:
    from importlib import import_module

    from index.readers.article import Problem, ReadError

    read = import_module(f"index.readers.{_MODULES.get(job.format, job.format)}").read
    try:
        yield from read(data, job)
    except ReadError as error:
        yield Problem(str(error))
    except (MemoryError, RecursionError):
        raise
    except Exception:  # whatever a library raises on a document that isn't what it says it is
        yield Problem(f"It can't be read as {_CALLED[job.format]}: it is damaged, or isn't one.")


_MODULES = {"mbox": "mail", "jsonl": "table", "json": "table", "csv": "table", "zip": "archive",
            "html": "page"}  # fmt: skip
_CALLED = {
    "html": "an HTML page",
    "pdf": "a PDF",
    "docx": "a Word document",
    "epub": "an EPUB book",
    "mail": "an e-mail",
    "mbox": "a mailbox",
    "feed": "a feed (RSS or Atom)",
    "json": "a JSON file",
    "jsonl": "a file of JSON lines",
    "csv": "a CSV table",
    "zip": "a zip archive",
}


def _message(outcome: Outcome) -> tuple[dict[str, Any], bytes]:
    from index.readers.article import Article, Entry

    if isinstance(outcome, Entry):
        return {"entry": outcome.name}, outcome.data
    if isinstance(outcome, Article):
        return {
            "claims": outcome.claims,
            "places": outcome.places,
            "address": outcome.address,
            "item": outcome.item,
            "encoding": outcome.encoding,
        }, outcome.text.encode("utf-8", "surrogatepass")
    return {"problem": outcome.reason, "item": outcome.item}, b""


# --- limits --------------------------------------------------------------------------------------


def limit_process(memory_bytes: int) -> None:
    """Bounds the memory of this process and forbids it to write files, connect or start others.

    The system enforces the memory (not on macOS and Windows); the rest is refused by Python, which
    keeps libraries from it by mistake, not machine code that a document has smuggled in.
    """
    try:
        import resource
    except ImportError:  # Windows
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse)


def limit_cpu(seconds: int) -> None:
    """Ends this process when it has computed so many seconds more."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, resource.RLIM_INFINITY))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"a reader may not use {event}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError("a reader may not write files")


def _main() -> None:
    # `index` and `index.readers` without their __init__, which load numpy, SQLite and more: the
    # readers need none of it, and a process that starts faster is started more freely.
    root = Path(__file__).resolve().parent.parent
    for name, folder in (("index", root), ("index.readers", root / "readers")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    memory_bytes, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # what a library prints must not get into the replies
    limit_process(memory_bytes)
    serve(requests, replies, cpu_seconds)


if __name__ == "__main__":
    _main()
