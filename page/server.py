"""Serves the page: on which address, to whom, and until when."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from assistant import Assistant, SettingsError
from assistant.sample import is_sample
from page.api import answer_mcp_in_json
from page.auth import MCP_PATH, Accounts, login_needed, read_accounts
from page.headers import (
    fetching_nothing,
    for_own_pages_only,
    for_this_machine_only,
    is_loopback,
    with_safety_headers,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio.routes import App
    from starlette.types import ASGIApp
    from uvicorn import Server

HOST = "127.0.0.1"
PORT = 7860
MAX_PORT = 65535

MAX_UPLOAD = "20mb"
"""Per file, as much as `pincite add` takes."""
MAX_SESSIONS = 500
"""Conversations that are kept in memory; the one not used for longest goes first."""
MAX_THREADS = 40
SECONDS_TO_END = 1
"""How long answers in the making may go on when the server is stopped."""


def serve(
    assistant: Assistant,
    *,
    host: str = HOST,
    port: int = PORT,
    auth_file: Path | None = None,
    open_to_all: bool = False,
    mcp: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until the process is interrupted or terminated, then return.

    Args:
        assistant: answers the questions; its library is the one that is shown.
        host: the address to listen on, or its name.
        port: 0 for any free one.
        auth_file: names and passwords of those who may use the page; see `read_accounts`.
        open_to_all: whether a host that others can reach may be served without `auth_file`.
        mcp: whether the endpoints are MCP tools too, at `/gradio_api/mcp`.
        ready: told the page's address, such as `http://127.0.0.1:7860`, once it answers.

    Raises:
        SettingsError: the page can't be served so; see `check`.
    """
    accounts = _accounts(host, auth_file, open_to_all)
    with (
        _listening(host, port) as listener,
        _until_signalled(),
        _upload_folder(assistant) as uploads,
        _gradio_kept_private(uploads),
    ):
        app = _application(assistant, accounts, mcp)
        guarded = _guarded(app, accounts, is_loopback(_bare(host)))
        address = _address(host, listener.getsockname()[1])
        asyncio.run(_run(_server(guarded), listener, _gradio_app(app), ready, address))


def check(host: str, port: int, auth_file: Path | None, open_to_all: bool) -> None:
    """Whether the page could be served so, before anything costly is done.

    Raises:
        SettingsError: others can reach the host and nothing says that they may, the file with
            the accounts is faulty, or the host or port can't be listened on.
    """
    _accounts(host, auth_file, open_to_all)
    with _listening(host, port):
        pass


def _accounts(host: str, auth_file: Path | None, open_to_all: bool) -> Accounts | None:
    if auth_file is not None:
        return read_accounts(auth_file)
    if not (open_to_all or is_loopback(_bare(host))):
        raise SettingsError(
            f"With the host {host}, anybody who can reach this machine could read the library: "
            "give --auth FILE, or --open to allow it."
        )
    return None


# --- the address ---------------------------------------------------------------------------------


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to host and port; IPv4 goes first where the host has both."""
    if port not in range(MAX_PORT + 1):
        raise SettingsError(f"There is no port {port}: --port takes 0 to {MAX_PORT}.")
    try:
        found = socket.getaddrinfo(
            _bare(host) or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise SettingsError(
            f"There is no host {host!r} to listen on: correct --host, such as {HOST}."
        ) from None
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    with socket.socket(family, kind, protocol) as listener:
        if os.name == "posix":  # elsewhere it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(socket.SOMAXCONN)
        except OSError as error:
            raise SettingsError(
                f"Port {port} of {host} can't be used ({error.strerror}): "
                "name another with --port, or 0 for any free one."
            ) from None
        yield listener


def _bare(host: str) -> str:
    """The host without the brackets that an IPv6 address has in a URL."""
    return host.removeprefix("[").removesuffix("]")


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the page; "any address" is none for a browser."""
    bare = {"0.0.0.0": HOST, "::": "::1", "": HOST}.get(_bare(host), _bare(host))
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


# --- the application -----------------------------------------------------------------------------


def _application(assistant: Assistant, accounts: Accounts | None, mcp: bool) -> FastAPI:
    """The page in an application of its own.

    Mounted rather than launched: `launch` would take signals, ports and proxies from the
    environment, and can put the page on a public address.
    """
    import gradio as gr
    from fastapi import FastAPI

    from page.blocks import build_page
    from page.look import head, theme

    blocks = build_page(assistant)
    blocks.max_threads = MAX_THREADS
    blocks.state_session_capacity = MAX_SESSIONS
    blocks.has_launched = True  # only then does Gradio refuse files that weren't uploaded
    app: FastAPI = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        app_kwargs={"openapi_url": None},
        auth=accounts.admit if accounts else None,
        show_error=False,
        max_file_size=MAX_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=mcp,
        theme=theme(),
        head=head(),
    )
    if mcp:
        answer_mcp_in_json(blocks)
    return app


def _gradio_app(app: FastAPI) -> App:
    """Gradio's own application, which `mount_gradio_app` has mounted last."""
    mounted: App = app.routes[-1].app  # type: ignore[attr-defined]
    return mounted


def _guarded(app: FastAPI, accounts: Accounts | None, local: bool) -> ASGIApp:
    guarded: ASGIApp = fetching_nothing(app)
    if accounts:
        guarded = login_needed(guarded, _gradio_app(app), accounts)
    guarded = for_own_pages_only(guarded)
    if local:
        guarded = for_this_machine_only(guarded)
    return with_safety_headers(guarded)


# --- from start to end ---------------------------------------------------------------------------


def _server(app: ASGIApp) -> Server:
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_END,
        )
    )


async def _run(
    server: Server,
    listener: socket.socket,
    gradio_app: App,
    ready: Callable[[str], None] | None,
    address: str,
) -> None:
    """Serve until the server is told to exit, and end what its visitors have open."""
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.01)
    if server.started and ready:
        ready(address)
    while not (server.should_exit or serving.done()):
        await asyncio.sleep(0.1)
    gradio_app.stop_event.set()
    # What is cut off now is no failure, and nothing that anybody has to read about.
    with redirect_stderr(StringIO()):
        await serving


class _Signalled(BaseException):
    """The process is asked to end."""


@contextmanager
def _until_signalled() -> Iterator[None]:
    """Ends the block, and all that it has opened, when the process is interrupted or terminated.

    While uvicorn runs it takes the signals; it ends what it does and then raises them again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of its business
        return
    watched = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, _signalled) for each in watched}
    try:
        yield
    except _Signalled:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _signalled(*_: object) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # what is being tidied up isn't to be cut short
    raise _Signalled


# --- files and settings of Gradio ----------------------------------------------------------------


@contextmanager
def _upload_folder(assistant: Assistant) -> Iterator[Path]:
    """A new folder for uploads that only this user can enter; removed at the end.

    Inside the library where that can be changed, so that texts don't lie about elsewhere.
    """
    library = assistant.library
    inside = not is_sample(library) and os.access(library.path, os.W_OK)
    folder = tempfile.mkdtemp(prefix="uploads-", dir=library.path if inside else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _gradio_kept_private(uploads: Path) -> Iterator[None]:
    """The environment in which Gradio sends nothing, fetches nothing and shows nothing else.

    Its variables could open folders, rewrite the code from the page, or share it with the world.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith(("GRADIO_", "SPACE_", "SPACES_", "OAUTH_")) or name == "SYSTEM":
            del os.environ[name]
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        _fetch_nothing()
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _fetch_nothing() -> None:
    """Gradio would fetch a file that a visitor gives as an address, from this machine."""
    from gradio import Error, processing_utils

    async def refuse(*_: object, **__: object) -> NoReturn:
        raise Error("Files are uploaded, never fetched from an address.", print_exception=False)

    processing_utils.async_ssrf_protected_get = refuse


def mcp_address(address: str) -> str:
    """Where MCP clients find the endpoints of the page at `address`."""
    return f"{address}{MCP_PATH}/"
