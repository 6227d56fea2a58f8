"""How long Pincite takes, beside the bare work that can't be saved.

    python benchmarks/speed.py [DATA]

Builds the sample library in a temporary folder, asks it cold and warm, and prints each time with
its ratio to embedding alone, measured in the same run. With DATA (a folder that holds summit
questions as `gold/*.jsonl` or a set with questions.jsonl) those questions are asked as well.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

QUESTIONS = (
    "When did the two presidents speak by phone?",
    "How much are the rare earth deposits worth?",
    "Which organisations do the quoted experts work for?",
    "Who said that the rapprochement brings no economic benefit?",
    "Why can no elections be held?",
    "Where did the delegations meet?",
    "Were representatives of Europe present at the talks?",
    "What is the capital of Australia?",
    "Who wrote the article and when was it published?",
    "Кой обвини кого за войната?",
)
COLD = """
import json, sys, time
parts, start = {}, time.perf_counter()
def lap(name):
    global start
    now = time.perf_counter()
    parts[name], start = round(now - start, 2), now
from assistant import Assistant
lap("import assistant")
import chromadb
lap("import chromadb")
assistant = Assistant.open()
lap("open the library")
assistant.library.embed_question("warm")
lap("load the embedding")
assistant.ask(sys.argv[1])
lap("answer the first question")
print(json.dumps(parts))
"""


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def build() -> None:
    from assistant.sample import open_sample, sample_sources
    from index import load_embedder
    from index.build import with_context
    from index.paragraphs import split_paragraphs
    from index.passages import split_passages
    from index.sentences import split_sentences

    embedder = load_embedder()
    embedder.embed_question("load the model first")
    texts: list[str] = []
    for source in sample_sources():
        paragraphs = split_paragraphs(source.id, source.text)
        sentences = [s for p in paragraphs for s in split_sentences(source.id, p, source.text)]
        texts += [s.text for s in sentences]
        texts += with_context(source, paragraphs, split_passages(source, paragraphs, sentences))
    bare = timed(
        lambda: [embedder.embed_passages(texts[i : i + 16]) for i in range(0, len(texts), 16)]
    )
    whole = timed(lambda: open_sample().close())
    print(f"build the sample library   {whole:6.2f} s   {whole / bare:.2f} x embedding its "
          f"{len(texts)} texts ({bare:.2f} s)")  # fmt: skip


def cold() -> None:
    command = Path(sys.executable).parent / "pincite"
    ask = [str(command), "ask", QUESTIONS[0]]
    seconds = min(
        timed(lambda: subprocess.run(ask, capture_output=True, check=False)) for _ in range(3)
    )
    code = [sys.executable, "-c", COLD, QUESTIONS[0]]
    parts = json.loads(subprocess.run(code, capture_output=True, text=True, check=True).stdout)
    print(f"pincite ask, cold          {seconds:6.2f} s   of which, in another run: "
          + ", ".join(f"{name} {value:.2f}" for name, value in parts.items()))  # fmt: skip


def warm(questions: Sequence[str], name: str) -> None:
    from assistant import Assistant

    assistant = Assistant.open()
    for question in questions[:5]:
        assistant.ask(question)
    bare = sorted(timed(lambda q=q: assistant.library.embed_question(q)) for q in questions)
    whole = sorted(timed(lambda q=q: assistant.ask(q)) for q in questions)
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"{name:26} {statistics.median(whole) * 1000:5.0f} ms median, "
          f"{whole[int(len(whole) * 0.95)] * 1000:.0f} ms p95   {ratio:.2f} x embedding it "
          f"({statistics.median(bare) * 1000:.0f} ms)")  # fmt: skip


def verification(questions: Sequence[str]) -> None:
    """Grounding and verifying eight claims, as a model makes them, against all that was found."""
    from assistant import Assistant
    from assistant.drafts import Draft
    from assistant.evidence import gather
    from assistant.generative import MAX_PASSAGE_TOKENS, pool_of
    from assistant.grounding import ground
    from assistant.packing import pack
    from assistant.questions import read_question
    from assistant.replies import Stated
    from assistant.verify import verify_draft

    assistant = Assistant.open(model="extractive")
    library = assistant.library
    spent = []
    for text in questions:
        evidence = gather(library, read_question(text), library.embed_question(text))
        packed, pool = pack([evidence], MAX_PASSAGE_TOKENS), pool_of([evidence])
        claims = [
            Stated(candidate.sentence.text.strip('“”"'), (label,))
            for label, candidate in enumerate(packed.sentences[:8], 1)
        ]

        def check(claims=claims, packed=packed, pool=pool) -> None:
            for claim in claims:
                draft = ground(claim, packed.labelled(claim.labels), pool)
                if isinstance(draft, Draft):
                    verify_draft(draft, library)

        spent.append(timed(check))
    print(f"verifying 8 claims         {statistics.median(spent) * 1000:5.1f} ms median")


def gold_questions(data: Path) -> list[str]:
    files = sorted(data.glob("gold/*.jsonl")) or sorted(data.glob("questions.jsonl"))
    if not files:
        sys.exit(f"{data} has neither gold/*.jsonl nor questions.jsonl: name a folder that has.")
    lines = (line for file in files for line in file.read_text("utf-8").splitlines())
    return [json.loads(line)["question"] for line in lines if line.strip()][:500]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        os.environ.pop("PINCITE_LIBRARY", None)
        build()
        cold()
        warm(QUESTIONS * 5, "a question, warm")
        verification(QUESTIONS)
        if len(sys.argv) > 1:
            warm(gold_questions(Path(sys.argv[1])), "a question of the data")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory at its peak         {peak:6.0f} MB")


if __name__ == "__main__":
    main()
