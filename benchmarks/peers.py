"""Pincite beside LlamaIndex's CitationQueryEngine: the same questions, embedding and model.

    python benchmarks/peers.py SET... --work WORK --base-url URL [--model NAME] [--limit N]
        [--out ROWS.jsonl] [--report]

SET is a folder with corpus.jsonl and questions.jsonl, or a .jsonl file with questions about the
sample articles (or the library in --library DIR); see docs/evaluation.md. Public originals: XQuAD
at github.com/google-deepmind/xquad, its questions without an answer at
rajpurkar.github.io/SQuAD-explorer, RGB at github.com/chen700564/RGB. WORK keeps the libraries and
indexes built from them. The model is one behind any server that speaks the OpenAI protocol; for one
of your own, `pip install 'llama-cpp-python[server]'` and
`python -m llama_cpp.server --model FILE.gguf --n_ctx 8192`. Nothing else is needed:
CitationQueryEngine is in llama-index-core, and gets its model over Pincite's connection.

Four systems are asked:

  Pincite                  the sources' own sentences, no model
  Pincite, model           the model words the answer
  LlamaIndex               CitationQueryEngine as documented: 3 chunks of 512 tokens. Its index has
                           chunks of that size too, as the embedding reads no more
  LlamaIndex, paragraphs   the same with 8 paragraphs, each a node of its own

What an answer cites is what its marks lead to: in Pincite a quote, in LlamaIndex the whole chunk. A
chunk cites each paragraph of which it has half, or that has half of it. CitationQueryEngine states
no offsets, so whether its words stand in the source is found by searching for them. It only writes
text; whether that refuses is read from its words (`standing` in peers_replies.py), and replies that
can't be told are counted as unsure, neither refused nor for certain an answer. Follow-up questions
are left out, as it takes no conversation, and so are claims.

--limit N asks N questions of each set, spread over it, always the same ones. A row for each
question and system is written to --out (a file in WORK by default) as soon as it is there, and what
is there isn't asked again, so after a kill the same command goes on. --report asks nothing and only
prints the table, which compares only questions that all systems have answered. Measure on an idle
machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import ValidationError  # noqa: E402

from assistant import Assistant  # noqa: E402
from assistant.citations import holds  # noqa: E402
from assistant.evaluation.asked import Asked  # noqa: E402
from assistant.evaluation.made import program  # noqa: E402
from assistant.evaluation.sets import QuestionSet, read_file, read_folder  # noqa: E402
from assistant.model_use import model_use  # noqa: E402
from assistant.models import ChatModel, Message, load_model  # noqa: E402
from assistant.settings import load_settings  # noqa: E402
from assistant.types import Answer, Citation  # noqa: E402
from benchmarks.corpora import library_of  # noqa: E402
from benchmarks.peers_replies import Passage, Reply  # noqa: E402
from benchmarks.peers_table import Pair, table  # noqa: E402
from index import Library, PinciteError, load_embedder  # noqa: E402

TIMEOUT = 600.0
PINCITE, PINCITE_MODEL = "Pincite", "Pincite, model"
LLAMAINDEX, LLAMAINDEX_PARAGRAPHS = "LlamaIndex", "LlamaIndex, paragraphs"
SYSTEMS = (PINCITE, PINCITE_MODEL, LLAMAINDEX, LLAMAINDEX_PARAGRAPHS)

Ask = Callable[[Asked], Reply]


@dataclass(frozen=True)
class Opened:
    """A set, ready to be asked."""

    name: str
    library: Library
    asked: tuple[Asked, ...]


# --- the sets ------------------------------------------------------------------------------------


def opened(path: Path, given: argparse.Namespace) -> Opened:
    if path.is_dir():
        library = library_of(path, given.work)
        questions = read_folder(path)
    else:
        library = Assistant.open(given.library, model="extractive").library
        questions = read_file(path, library)
    return Opened(questions.name, library, _picked(questions, given.limit))


def _picked(questions: QuestionSet, limit: int | None) -> tuple[Asked, ...]:
    """In an order that mixes their kinds, so that the first few are a fair sample too."""
    usable = tuple(q for q in questions.questions if not q.is_claim and not q.history)
    picked = list(replace(questions, questions=usable).spread(limit))
    random.Random(0).shuffle(picked)
    return tuple(picked)


# --- the systems ---------------------------------------------------------------------------------


def pincite(system: str, opened: Opened, model: ChatModel | None, made: dict[str, str]) -> Ask:
    settings = load_settings()
    assistant = Assistant(opened.library, model_use(model, settings) if model else None)
    opened.library.embed_question("Is it ready?")

    def ask(asked: Asked) -> Reply:
        start = time.perf_counter()
        answer = assistant.ask(asked.question, sources=asked.sources)
        seconds = time.perf_counter() - start
        return Reply(
            set=opened.name,
            question=asked.id,
            system=system,
            text=_prose(answer),
            refused=answer.status == "abstained",
            passages=tuple(_passage(each, opened.library) for each in answer.citations),
            seconds=seconds,
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
            made=made,
        )

    return ask


def _prose(answer: Answer) -> str:
    """Without the parts that it leaves open: they are words of the question."""
    return answer.model_copy(update={"unanswered": ()}).text


def _passage(citation: Citation, library: Library) -> Passage:
    holding = holds(citation, library.indexed(citation.source_id))
    return Passage(
        source_id=citation.source_id,
        paragraphs=(citation.paragraph,),
        characters=len(citation.quote),
        verbatim=holding,
        placed=holding,
    )


def llamaindex(
    system: str, opened: Opened, model: ChatModel, made: dict[str, str], work: Path
) -> Ask:
    try:
        from benchmarks import peers_llamaindex as peer
    except ImportError as error:
        sys.exit(f"LlamaIndex isn't there ({error}): run `pip install llama-index-core`.")
    in_scope = {id for each in opened.asked for id in each.sources or opened.library.content()}
    sources = [opened.library.indexed(each) for each in sorted(in_scope)]
    cut, most = (
        (peer.chunks, peer.CHUNKS) if system == LLAMAINDEX else (peer.paragraphs, peer.PARAGRAPHS)
    )
    index = peer.index_of(sources, cut, load_embedder(), work)
    engine = peer.engine(index, most, sources, model)

    def ask(asked: Asked) -> Reply:
        start = time.perf_counter()
        said = engine(asked.question, asked.sources)
        seconds = time.perf_counter() - start
        return Reply(
            set=opened.name,
            question=asked.id,
            system=system,
            text=said.text,
            refused=None,
            passages=said.passages,
            seconds=seconds,
            prompt_tokens=said.prompt_tokens,
            completion_tokens=said.completion_tokens,
            made=made,
        )

    return ask


def made_of(system: str, model: ChatModel) -> dict[str, str]:
    """Names and versions of what the replies of a system depend on."""
    embedding = load_embedder().identity
    if system == PINCITE:
        return {"pincite": version("pincite"), "program": program(), "embedding": embedding}
    if system == PINCITE_MODEL:
        return made_of(PINCITE, model) | {"model": model.name}
    core = version("llama-index-core")
    return {"llama-index-core": core, "embedding": embedding, "model": model.name}


# --- asking --------------------------------------------------------------------------------------


def run(sets: Sequence[Opened], model: ChatModel, work: Path, out: Path) -> None:
    """Ask what isn't in `out` yet, set by set in turn, so that a kill leaves something of each."""
    made = {system: made_of(system, model) for system in SYSTEMS}
    done = {_key(reply) for reply in replies(out) if reply.made == made.get(reply.system)}
    turns = [
        (each, asked, system)
        for each, asked in _in_turn(sets)
        for system in SYSTEMS
        if (each.name, asked.id, system) not in done
    ]
    if not turns:
        return
    check(model)

    @cache
    def ask_of(name: str, system: str) -> Ask:
        of = next(each for each in sets if each.name == name)
        if system in (PINCITE, PINCITE_MODEL):
            return pincite(system, of, model if system == PINCITE_MODEL else None, made[system])
        return llamaindex(system, of, model, made[system], work)

    with out.open("a+b") as file:
        _end_last_line(file)
        for count, (each, asked, system) in enumerate(turns):
            print(f"\r{count} of {len(turns)} replies ", end="", file=sys.stderr, flush=True)
            reply = ask_of(each.name, system)(asked)
            file.write(f"{reply.model_dump_json()}\n".encode())
            file.flush()
    print("\r", end="", file=sys.stderr)


def _end_last_line(file: IO[bytes]) -> None:
    """A kill may have cut it."""
    if file.tell():
        file.seek(-1, os.SEEK_END)
        file.write(b"" if file.read() == b"\n" else b"\n")


def _in_turn(sets: Sequence[Opened]) -> Iterator[tuple[Opened, Asked]]:
    for row in zip_longest(*(each.asked for each in sets)):
        yield from ((each, asked) for each, asked in zip(sets, row, strict=True) if asked)


def check(model: ChatModel) -> None:
    """That the server answers, before minutes go into building. Raises ModelError."""
    with model.reply([Message("user", "Is it ready?")], max_tokens=1) as reply:
        for _ in reply:
            pass


def replies(out: Path) -> list[Reply]:
    if not out.exists():
        return []
    found = []
    for line in out.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Reply.model_validate_json(line))
        except ValidationError:  # the line that a kill cut short
            print(f"A line of {out} can't be read and is left out.", file=sys.stderr)
    return found


def _key(reply: Reply) -> tuple[str, str, str]:
    return reply.set, reply.question, reply.system


# --- telling -------------------------------------------------------------------------------------


def tell(sets: Sequence[Opened], out: Path) -> None:
    """Print the table, what it was made with, and the replies that the rule can't tell."""
    latest = {_key(reply): reply for reply in replies(out)}
    shown = {}
    for each in sets:
        asked = [q for q in each.asked if all((each.name, q.id, s) in latest for s in SYSTEMS)]
        if asked:
            shown[each.name] = {
                system: [Pair(q, latest[each.name, q.id, system]) for q in asked]
                for system in SYSTEMS
            }
    if not shown:
        sys.exit(f"No question has replies of all systems in {out}: leave --report out.")
    print(table(shown))
    used = {
        f"{name} {value}"
        for systems in shown.values()
        for pairs in systems.values()
        for pair in pairs
        for name, value in pair.reply.made.items()
    }
    print(f"\nMade with {', '.join(sorted(used))}, Python {platform.python_version()}.")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="default")
    parser.add_argument("--library", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", action="store_true")
    return parser


def main() -> None:
    given = arguments().parse_args()
    missing = next((path for path in given.sets if not path.exists()), None)
    if missing:
        sys.exit(f"There is no {missing}: name a set; the beginning of this file says where from.")
    if not given.base_url and not given.report:
        sys.exit("Where is the model? Name its server with --base-url.")
    given.work.mkdir(parents=True, exist_ok=True)
    out = given.out or given.work / "replies.jsonl"
    try:
        sets = [opened(path, given) for path in given.sets]
        if not given.report:
            model = load_model(f"openai:{given.model}", base_url=given.base_url, timeout=TIMEOUT)
            run(sets, model, given.work, out)
        tell(sets, out)
    except PinciteError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
