"""`python -m assistant` is the `pincite` command."""

from assistant.cli import main

main()
