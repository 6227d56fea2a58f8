"""Draws docs/images/ask.svg, what `pincite ask` shows on a terminal: python docs/screenshots.py"""

import io
import re
from pathlib import Path

from rich.console import Console

from assistant import Assistant
from assistant.terminal import show_answer

QUESTIONS = (
    "How much are the Ukrainian rare earth deposits in the proposed deal worth?",
    "Did the Saudi Arabia meeting take place before or after the phone call?",
)
TARGET = Path(__file__).parent / "images" / "ask.svg"


def main() -> None:
    """Ask the questions and write what the terminal shows."""
    assistant = Assistant.open()
    console = Console(
        record=True, width=96, force_terminal=True, file=io.StringIO(), highlight=False
    )
    for question in QUESTIONS:
        console.print(f"[green]$[/green] pincite ask [bold]{question!r}[/bold]\n")
        show_answer(assistant.ask(question), console)
        console.print()
    svg = console.export_svg(title="pincite")
    # The picture must fetch nothing: without its web fonts it shows in the reader's own.
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE), encoding="utf-8")


if __name__ == "__main__":
    main()
