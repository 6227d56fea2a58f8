"""Trains the reader of assistant/reader.py and writes it as an int8 ONNX file.

    python benchmarks/train_reader.py DATA MODEL WORK

DATA holds the sets shifts_wiki, shifts_amazon, shifts_reddit and squad2_dev_half in the common
format (docs/evaluation.md); the first three are the new test sets of Miller et al. (2020, "The
Effect of Natural Distribution Shift on Question Answering Models"), without New York Times. MODEL
is a folder with MiniLM-L6-H384 as sentence-transformers publish it (all-MiniLM-L6-v2, Apache-2.0).
WORK keeps the weights of each stage, so that a stopped run goes on with the next one.

The first stage learns to read from the shifted sets, the second what a near miss is from SQuAD 2.0,
the third goes over both again. Every other article of SQuAD 2.0 is left out (`unseen`): what the
reader is worth, and the features that it gives, are measured on these.

Needs torch (CPU), transformers, tokenizers, scikit-learn, onnx and onnxruntime, beside what Pincite
needs; takes about an hour and a half on two cores.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reader_examples import Example, examples, near_misses, unseen
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel

from assistant.reader import QUESTION_TOKENS, SPAN_TOKENS, WINDOW_TOKENS

SHIFTED = ("shifts_wiki", "shifts_amazon", "shifts_reddit")
NEAR = "squad2_dev_half"
LENGTHS = (64, 88, WINDOW_TOKENS, WINDOW_TOKENS)
"""Tokens of a window; of several lengths, as pieces of a text are."""
BATCH = 32
WARM_UP = 0.06
"""Share of the steps in which the learning rate grows."""
LEAST = 0.02
"""Share of the learning rate that it falls to."""
TARGET = Path(__file__).parent.parent / "assistant" / "reader_model" / "reader.onnx"


FROZEN_LAYERS = 1


@dataclass(frozen=True)
class Stage:
    name: str
    learning_rate: float
    told: float
    """Weight of the loss of "is there an answer" beside that of the span."""
    tempting: float
    """How often a window without an answer is the best of a few, by the question's words."""


READING = Stage("reading", learning_rate=1.6e-4, told=0.5, tempting=0.0)
NEAR_MISSES = Stage("near-misses", learning_rate=8e-5, told=0.5, tempting=0.0)
BOTH = Stage("both", learning_rate=1.2e-4, told=1.0, tempting=0.7)
TRIES = 4
"""Windows among which a tempting one is chosen."""
BOTH_WINDOWS = 26_400


@dataclass(frozen=True)
class Window:
    """Tokens of a question and of a stretch of its paragraph; the answer's first and last, or 0."""

    ids: list[int]
    head: int
    """Tokens before the paragraph's."""
    first: int
    last: int


class Reader(nn.Module):
    """MiniLM with two logits a token for the answer's start and end, one for there being any."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(folder, attn_implementation="eager")
        self.body.pooler = None
        self.span = nn.Linear(self.body.config.hidden_size, 2)
        self.answerable = nn.Linear(self.body.config.hidden_size, 1)

    def forward(
        self, input_ids: torch.Tensor, token_type_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        hidden = self.body(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        ).last_hidden_state
        start, end = self.span(hidden).unbind(-1)
        return start, end, self.answerable(hidden[:, 0])[:, 0]


def window(
    tokenizer: Tokenizer, example: Example, dice: random.Random, length: int
) -> Window | None:
    """A stretch of the paragraph that holds the answer; None if that doesn't fit."""
    asked = tokenizer.encode(example.question, add_special_tokens=False).ids[:QUESTION_TOKENS]
    told = tokenizer.encode(example.paragraph, add_special_tokens=False)
    room = length - 3 - len(asked)
    first = last = None
    if example.answers:
        start, end = dice.choice(example.answers)
        inside = [i for i, (a, b) in enumerate(told.offsets) if b > start and a < end]
        if not inside or len(inside) >= room:
            return None
        first, last = inside[0], inside[-1]
    low, high = 0, max(0, len(told.ids) - room)
    if first is not None and last is not None:
        low = max(0, last - room + 1)
        high = max(low, min(first, high))
    at = dice.randint(low, high)
    begin, separate = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    head = [begin, *asked, separate]
    ids = [*head, *told.ids[at : at + room], separate]
    if first is None or last is None:
        return Window(ids, len(head), 0, 0)
    return Window(ids, len(head), first - at + len(head), last - at + len(head))


def windows(
    tokenizer: Tokenizer, given: Sequence[Example], dice: random.Random, tempting: float
) -> list[Window]:
    made = []
    for example in given:
        length = dice.choice(LENGTHS)
        tries = TRIES if not example.answers and dice.random() < tempting else 1
        tried = [window(tokenizer, example, dice, length) for _ in range(tries)]
        made += [max((each for each in tried if each), key=_shared, default=None)]
    return [each for each in made if each is not None]


def _shared(row: Window) -> int:
    """How many of the question's tokens stand in the paragraph's stretch too."""
    return len({*row.ids[1 : row.head - 1]} & {*row.ids[row.head : -1]})


def padded(rows: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    length = max(len(row.ids) for row in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    kinds, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        kinds[i, row.head : len(row.ids)] = 1
        mask[i, : len(row.ids)] = 1
    return ids, kinds, mask


def batches(rows: Sequence[Window], dice: random.Random) -> list[list[Window]]:
    """All rows in random batches of about the same length each."""
    order = list(range(len(rows)))
    dice.shuffle(order)
    found = []
    for at in range(0, len(order), BATCH * 50):
        part = sorted(order[at : at + BATCH * 50], key=lambda i: len(rows[i].ids))
        found += [[rows[i] for i in part[n : n + BATCH]] for n in range(0, len(part), BATCH)]
    dice.shuffle(found)
    return found


def loss_of(reader: Reader, rows: Sequence[Window], stage: Stage) -> torch.Tensor:
    ids, kinds, mask = padded(rows)
    first = torch.tensor([row.first for row in rows])
    last = torch.tensor([row.last for row in rows])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        start, end, answerable = reader(ids, kinds, mask)
    start, end = (each.float().masked_fill(mask == 0, -1e4) for each in (start, end))
    told = nn.functional.binary_cross_entropy_with_logits(answerable.float(), (first > 0).float())
    spans = nn.functional.cross_entropy(start, first) + nn.functional.cross_entropy(end, last)
    return spans + stage.told * told


def train(reader: Reader, rows: Sequence[Window], stage: Stage, dice: random.Random) -> None:
    """One pass over the rows."""
    fixed = [reader.body.embeddings, *reader.body.encoder.layer[:FROZEN_LAYERS]]
    for module in fixed:
        module.requires_grad_(False)
    heads = [*reader.span.parameters(), *reader.answerable.parameters()]
    body = [p for p in reader.body.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": body, "lr": stage.learning_rate},
            {"params": heads, "lr": 5 * stage.learning_rate},
        ],
        weight_decay=0.01,
    )
    given = batches(rows, dice)

    def rate(step: int) -> float:
        return min(1.0, (step + 1) / (WARM_UP * len(given))) * max(LEAST, 1 - step / len(given))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    reader.train()
    began, losses = time.monotonic(), []
    for step, batch in enumerate(given, start=1):
        loss = loss_of(reader, batch, stage)
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(loss.item())
        if step % 100 == 0:
            speed = step * BATCH / (time.monotonic() - began)
            print(f"{step}/{len(given)}: loss {np.mean(losses[-100:]):.3f}, {speed:.1f} a second")
            sys.stdout.flush()


def report(reader: Reader, rows: Sequence[Window]) -> str:
    """How well the reader tells windows with an answer from others, and finds it."""
    reader.eval()
    margins, overlaps = np.zeros(len(rows)), []
    with torch.no_grad():
        for i, row in enumerate(rows):
            start, end, _ = (each[0].numpy() for each in reader(*padded([row])))
            inside = slice(row.head, len(row.ids) - 1)
            scores = start[inside, None] + end[None, inside]
            allowed = np.triu(np.tril(np.ones_like(scores, dtype=bool), SPAN_TOKENS - 1))
            scores = np.where(allowed, scores, -np.inf)
            first, last = np.unravel_index(int(scores.argmax()), scores.shape)
            margins[i] = scores[first, last] - start[0] - end[0]
            if row.first:
                overlaps.append(first + row.head <= row.last and last + row.head >= row.first)
    answered = [row.first > 0 for row in rows]
    auc = roc_auc_score(answered, margins)
    return f"{len(rows)} unseen windows: AUC {auc:.3f}, answer overlapped {np.mean(overlaps):.3f}"


def export(reader: Reader, target: Path) -> None:
    """Write the reader with its weights, embeddings too, in eight bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    reader.eval()
    ids = torch.randint(1000, 2000, (2, 20))
    names = ["input_ids", "token_type_ids", "attention_mask"]
    free = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared = Path(folder, "whole.onnx"), Path(folder, "prepared.onnx")
        torch.onnx.export(
            reader,
            (ids, torch.zeros_like(ids), torch.ones_like(ids)),
            str(whole),
            input_names=names,
            output_names=["start", "end", "answerable"],
            dynamic_axes={
                **dict.fromkeys([*names, "start", "end"], free),
                "answerable": {0: "batch"},
            },
            opset_version=17,
            dynamo=False,
        )
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(str(prepared), str(target), per_channel=True, weight_type=QuantType.QInt8)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


def shifted(data: Path, dice: random.Random, changed: float, share: float) -> list[Example]:
    found: list[Example] = []
    for name in SHIFTED:
        found += examples(data / name, dice, changed)
        found += near_misses(data / name, dice, share)
    return found


def seen_examples(data: Path, dice: random.Random, changed: float) -> list[Example]:
    found = examples(data / NEAR, dice, changed)
    left_out = unseen(each.article for each in found)
    return [each for each in found if each.article not in left_out]


def examples_of(stage: Stage, data: Path, dice: random.Random) -> list[Example]:
    if stage is READING:
        return shifted(data, dice, changed=0.55, share=0.12)
    if stage is NEAR_MISSES:
        near = seen_examples(data, dice, changed=0.25)
        others = shifted(data, dice, changed=0.3, share=0.1)
        return [*near, *near, *dice.sample(others, len(near) // 2)]
    near = seen_examples(data, dice, changed=0.3)
    others = shifted(data, dice, changed=0.5, share=0.12)
    return [*near, *near, *dice.sample(others, BOTH_WINDOWS - 2 * len(near))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("work", type=Path)
    given: Any = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    tokenizer = Tokenizer.from_file(str(given.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    reader = Reader(given.model)
    for number, stage in enumerate((READING, NEAR_MISSES, BOTH)):
        weights = given.work / f"{stage.name}.pt"
        if weights.exists():
            reader.load_state_dict(torch.load(weights))
            continue
        dice = random.Random(number)
        made = examples_of(stage, given.data, dice)
        train(reader, windows(tokenizer, made, dice, stage.tempting), stage, dice)
        torch.save(reader.state_dict(), weights)
    dice = random.Random(0)
    near = examples(given.data / NEAR, dice, changed=0.0)
    left_out = unseen(each.article for each in near)
    rows = [each for each in near if each.article in left_out]
    print(report(reader, windows(tokenizer, rows, dice, tempting=1.0)))
    export(reader, TARGET)


if __name__ == "__main__":
    main()
