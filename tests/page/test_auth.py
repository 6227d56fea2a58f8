"""Names and passwords: the file for `--auth`, and that nothing is given out without a login."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from assistant import Assistant, SettingsError
from page.auth import Accounts, read_accounts
from page.server import check
from tests.page.serving import ServedPage, connected, serving

PASSWORD = "a:colon, a space and ünïcode "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "accounts"
    path.touch(mode=0o600)
    return path


def accounts(file: Path, text: str) -> Accounts:
    file.write_bytes(text.encode())
    return read_accounts(file)


# --- the file ------------------------------------------------------------------------------------


def test_each_line_is_a_name_and_a_password(file: Path) -> None:
    read = accounts(file, f"\ufeff# who may in\n\nann: one\r\n  bob:{PASSWORD}\n")
    assert read.admit("ann", " one")
    assert read.admit("bob", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "two"), ("ann", ""), ("ann", "one "), ("bob", "one"), ("", ""), ("Ann", "one")],
)
def test_only_the_names_own_password_opens(file: Path, name: str, password: str) -> None:
    assert not accounts(file, "ann:one\nbob:two\n").admit(name, password)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ann:one\nsecret\n", "Line 2 of the file for --auth, FILE, has no colon"),
        (":secret\n", "Line 1 of the file for --auth, FILE, has no name before the colon"),
        ("\nann:\n", "Line 2 of the file for --auth, FILE, has no password behind the colon"),
        ("ann: \n", "Line 1 of the file for --auth, FILE, has no password behind the colon"),
        ("ann:one\n#\nann:secret\n", "Line 3 of the file for --auth, FILE, has a name that an"),
        ("", "The file for --auth, FILE, is empty"),
        ("# nobody\n", "The file for --auth, FILE, is empty"),
    ],
)
def test_a_fault_is_one_sentence_with_its_line(file: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        accounts(file, text)
    assert str(caught.value).startswith(said.replace("FILE", str(file)))
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(file: Path) -> None:
    file.write_bytes("ann:pässword\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="isn't in UTF-8"):
        read_accounts(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        read_accounts(tmp_path / "none")
    with pytest.raises(SettingsError, match="can't be read: Is a directory"):
        read_accounts(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.write_text("ann:one\n")
    file.chmod(mode)
    with pytest.raises(SettingsError, match=f"run `chmod 600 {file}`"):
        read_accounts(file)


def test_no_password_is_shown_or_kept(file: Path) -> None:
    read = accounts(file, "ann:secret\n")
    assert "secret" not in repr(read)
    assert b"secret" not in b"".join(read.digests.values())


# --- whom a server lets in -----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])
def test_a_host_that_others_reach_needs_accounts_or_a_word(host: str) -> None:
    with pytest.raises(SettingsError, match="give --auth FILE, or --open to allow it"):
        check(host, 0, None, False)


def test_a_host_that_others_reach_may_be_opened_or_guarded(file: Path) -> None:
    file.write_text("ann:one\n")
    check("0.0.0.0", 0, None, True)
    check("0.0.0.0", 0, file, False)


@pytest.fixture(scope="module")
def guarded(sample: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    path = tmp_path_factory.mktemp("auth") / "accounts"
    path.touch(mode=0o600)
    path.write_text(f"ann:{PASSWORD}\n", encoding="utf-8")
    with serving("--auth", path, "--mcp", "--host", "0.0.0.0") as page:
        yield page


READ = (
    "config",
    "monitoring",
    "monitoring/summary",
    "gradio_api/info",
    "gradio_api/openapi.json",
    "gradio_api/user",
    "gradio_api/token",
    "gradio_api/queue/status",
    "gradio_api/queue/data?session_hash=a",
    "gradio_api/call/ask/a",
    "gradio_api/call/v2/ask/a",
    "gradio_api/heartbeat/a",
    "gradio_api/upload_progress?upload_id=a",
    "gradio_api/file=/etc/hostname",
    "gradio_api/file/etc/hostname",
    "gradio_api/stream/a/b/1/playlist.m3u8",
    "gradio_api/deep_link?session_hash=a",
    "gradio_api/vibe-code",
    "gradio_api/runs",
    "gradio_api/mcp",
    "gradio_api/mcp/",
    "gradio_api/mcp/schema",
    "gradio_api/mcp/sse",
    "gradio_api/mcp/http/",
    "anything/else",
)
WRITE = (
    "gradio_api/run/ask",
    "gradio_api/api/ask",
    "gradio_api/call/ask",
    "gradio_api/call/v2/ask",
    "gradio_api/queue/join",
    "gradio_api/component_server",
    "gradio_api/upload",
    "gradio_api/cancel",
    "gradio_api/reset",
    "gradio_api/stream/a",
    "gradio_api/vibe-edit",
    "gradio_api/mcp/",
    "gradio_api/mcp/messages/",
)


@pytest.mark.parametrize(
    ("method", "path"), [*(("GET", each) for each in READ), *(("POST", each) for each in WRITE)]
)
@pytest.mark.parametrize("cookie", ["", "access-token-x=y", "=;;="])
def test_nothing_is_given_out_without_a_login(
    guarded: ServedPage, method: str, path: str, cookie: str
) -> None:
    url = f"{guarded.address}/{path}"
    answer = httpx.request(method, url, json={"data": ["Who?"]}, headers={"Cookie": cookie})
    assert (answer.status_code, answer.text) == (401, "Log in first.\n")


def test_the_login_form_tells_nothing_of_the_library(
    guarded: ServedPage, sample: Assistant
) -> None:
    form = httpx.get(guarded.address)
    assert form.status_code == 200
    assert '"auth_required":true' in form.text
    for source in sample.library.sources():
        assert source.id not in form.text
        assert source.title
        assert source.title.value not in form.text


def test_a_wrong_password_does_not_log_in(guarded: ServedPage) -> None:
    form = {"username": "ann", "password": "a:colon"}
    answer = httpx.post(f"{guarded.address}/login", data=form)
    assert answer.status_code == 400
    assert not answer.cookies
    with pytest.raises(ValueError, match="Could not login"):
        connected(guarded.address, ("ann", "a:colon"))


def test_the_password_opens_the_page_until_one_logs_out(guarded: ServedPage) -> None:
    with httpx.Client(base_url=guarded.address) as browser:
        form = {"username": "ann", "password": PASSWORD}
        assert browser.post("/login", data=form).json() == {"success": True}
        assert browser.get("/config").json()["components"]
        assert '"auth_required":true' not in browser.get("/").text
        browser.get("/logout")
        assert browser.get("/config").status_code == 401


def test_a_client_logs_in(guarded: ServedPage) -> None:
    assert connected(guarded.address, ("ann", PASSWORD)).predict(api_name="/sources")


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'ann:{password}'.encode()).decode()}"}


def test_an_mcp_client_gives_the_password_with_its_requests(guarded: ServedPage) -> None:
    async def tools() -> list[str]:
        async with (
            httpx.AsyncClient(headers=basic(PASSWORD)) as http,
            streamable_http_client(f"{guarded.address}/gradio_api/mcp/", http_client=http) as ends,
            ClientSession(ends[0], ends[1]) as session,
        ):
            await session.initialize()
            result = await session.call_tool("sources", {})
            assert not result.isError
            return [tool.name for tool in (await session.list_tools()).tools]

    assert asyncio.run(tools()) == ["ask", "sources", "show"]


@pytest.mark.parametrize(
    "header", ["Basic !", "Basic YQ==", "Bearer x", basic("no")["Authorization"]]
)
def test_a_wrong_password_opens_no_mcp(guarded: ServedPage, header: str) -> None:
    url = f"{guarded.address}/gradio_api/mcp/"
    assert httpx.post(url, headers={"Authorization": header}).status_code == 401


def test_the_mcp_password_opens_nothing_else(guarded: ServedPage) -> None:
    assert httpx.get(f"{guarded.address}/config", headers=basic(PASSWORD)).status_code == 401
