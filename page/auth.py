"""Who may use the page: names and passwords from a file, and the gate that asks for them."""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import SettingsError
from page.headers import headers_of, refuse

if TYPE_CHECKING:
    from gradio.routes import App
    from starlette.types import ASGIApp, Receive, Scope, Send

MCP_PATH = "/gradio_api/mcp"

# What the browser needs to show the login form; all else, whatever Gradio adds, needs a login.
_OPEN = re.compile(
    r"/|/login/?|/logout|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json"
    r"|/(static|assets|svelte)/.*|/gradio_api/(login_check|app_id|startup-events)/?"
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Names with their passwords; made by `read_accounts`."""

    digests: Mapping[str, bytes] = field(repr=False)
    """The SHA-256 of each password in UTF-8, by name."""

    def admit(self, name: str, password: str) -> bool:
        """Whether the password is the name's; it takes as long for any name and password."""
        expected = self.digests.get(name, b"\0" * sha256().digest_size)
        return hmac.compare_digest(_digest(password), expected)


def read_accounts(path: Path) -> Accounts:
    """The accounts in a file with a line `NAME:PASSWORD` for each, in UTF-8.

    Blank lines and lines that begin with `#` are left out. A password may have colons.

    Raises:
        SettingsError: the file can't be read, others than its owner can read it too, it has no
            account, or a line isn't one. No password is ever in the message.
    """
    accounts: dict[str, bytes] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, password = line.partition(":")
        name = name.strip()
        if wrong := _fault(name, colon, password, accounts):
            raise SettingsError(f"Line {number} of the file for --auth, {path}, {wrong}.")
        accounts[name] = _digest(password)
    if not accounts:
        raise SettingsError(f"The file for --auth, {path}, is empty: write NAME:PASSWORD in it.")
    return Accounts(accounts)


def login_needed(app: ASGIApp, page: App, accounts: Accounts) -> ASGIApp:
    """The application, closed to those who haven't logged in, but for the login form.

    `page` is Gradio's application, which knows who has logged in. An MCP client gives name and
    password with each request instead (HTTP Basic).
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]):
            await app(scope, receive, send)
            return
        headers = headers_of(scope)
        for_mcp = scope["path"].startswith(MCP_PATH)
        if _logged_in(headers, page) or (for_mcp and _gives_password(headers, accounts)):
            await app(scope, receive, send)
            return
        asked = {"www-authenticate": 'Basic realm="Pincite", charset="UTF-8"'} if for_mcp else {}
        await refuse(send, 401, "Log in first.", asked)

    return wrapped


def _logged_in(headers: Mapping[str, str], page: App) -> bool:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return False
    names = (f"access-token-{page.cookie_id}", f"access-token-unsecure-{page.cookie_id}")
    return any(name in cookies and cookies[name].value in page.tokens for name in names)


def _gives_password(headers: Mapping[str, str], accounts: Accounts) -> bool:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        name, _, password = b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return False
    return accounts.admit(name, password)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise SettingsError(
                    f"The file for --auth, {path}, can be read by others on this machine: "
                    f"run `chmod 600 {path}`."
                )
            return file.read().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"The file for --auth, {path}, can't be read: {error.strerror or error}."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"The file for --auth, {path}, isn't in UTF-8: save it in that encoding."
        ) from None


def _fault(name: str, colon: str, password: str, before: Mapping[str, bytes]) -> str | None:
    if not colon:
        return "has no colon: write NAME:PASSWORD"
    if not name:
        return "has no name before the colon: write NAME:PASSWORD"
    if not password.strip():
        return "has no password behind the colon: write NAME:PASSWORD"
    if name in before:
        return "has a name that an earlier line has too: leave one of them out"
    return None


def _digest(password: str) -> bytes:
    return sha256(password.encode("utf-8", "surrogatepass")).digest()
