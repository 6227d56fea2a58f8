"""Serves the page."""

from __future__ import annotations

from assistant import Assistant

HOST = "127.0.0.1"
PORT = 7860


def serve(assistant: Assistant, *, host: str = HOST, port: int = PORT) -> None:
    """Serve the page until the process is interrupted."""
    from page.blocks import build_page
    from page.look import head, theme

    blocks = build_page(assistant)
    blocks.launch(
        server_name=host,
        server_port=port,
        quiet=True,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        theme=theme(),
        head=head(),
    )
