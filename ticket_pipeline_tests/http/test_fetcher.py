"""One fetch on a real connection: its limits, its retries, its permits, what is sent, and what is logged."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from ticket_pipeline.errors import (
    Blocked,
    MarketplaceError,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.market.vocabulary import RawResponse
from ticket_pipeline_tests.http.certificates import write_certificate
from ticket_pipeline_tests.http.wire import (
    ONE_TRY,
    THREE_TRIES,
    RecordingGate,
    Wire,
    drip,
    fetch,
    hang,
    outcome,
    request_to,
    reset_after,
    response,
    serve_wire,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_good_response_carries_body_status_times_and_tries() -> None:
    date = "Mon, 01 Jun 2026 13:00:00 GMT"
    found, heads = outcome(response(body=b'[{"a":1}]', date=date), clock=lambda: NOW)
    assert isinstance(found, RawResponse)
    assert (found.body, found.status, found.tries, found.captured_at) == (b'[{"a":1}]', 200, 1, NOW)
    assert (found.external_id, found.served_at) == ("1", NOW + HOUR)
    assert found.latency_seconds > 0
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reset_after(b"HTTP/1.1 403 X\r\ncontent-length: 900\r\n\r\n<ht"), Blocked),
        (b"HTTP/1.1 204 X\r\n\r\n", UnexpectedPayload),
        (response(200, b"no gzip", content_encoding="gzip"), UnexpectedPayload),
        (b"SSH-2.0-OpenSSH\r\n\r\n", TemporarilyUnavailable),
        (b"", TemporarilyUnavailable),
        (response(content_length="100"), TemporarilyUnavailable),
        (reset_after(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n[1,"), TemporarilyUnavailable),
    ],
)
def test_a_broken_response_becomes_its_own_error(given: Wire, expected: type[MarketplaceError]) -> None:
    error, heads = outcome(given)
    assert type(error) is expected
    assert isinstance(error, MarketplaceError)
    assert str(error).startswith("Fetching event 1 from stubhub (GET http://127.0.0.1:")
    assert error.tries == len(heads) == 1
    assert error.outcome != "timeout"


def test_a_connection_that_fails_is_temporary() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can listen there
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TemporarilyUnavailable, match="connection failed"):
            asyncio.run(fetch(request_to(f"http://127.0.0.1:{taken.getsockname()[1]}/")))


def test_an_untrusted_certificate_is_not_retried(tmp_path: Path) -> None:
    gate = RecordingGate()

    async def run() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*write_certificate(tmp_path))
        async with serve_wire(response(), tls=context) as server:
            await fetch(request_to(server.url), policy=THREE_TRIES, gate=gate)

    with pytest.raises(RequestRejected, match="certificate is not trusted"):
        asyncio.run(run())
    assert (gate.acquired, gate.departed) == (1, 0)  # it departs with its connection ready


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:port/"])
def test_a_malformed_request_is_rejected_before_it_is_sent(url: str) -> None:
    with pytest.raises(RequestRejected, match="not sent"):
        asyncio.run(fetch(request_to(url)))


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    async def run() -> None:
        async with serve_wire(response()) as server:
            await fetch(request_to(server.url, headers={"cookie": "S3CRET\r\nx: y"}))

    with pytest.raises(RequestRejected) as caught:
        asyncio.run(run())
    assert "S3CRET" not in str(caught.value)
    assert caught.value.__suppress_context__  # the original quotes the header


# --- limits of one request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slow", "limits"),
    [
        (hang, {"read_timeout_seconds": 0.05}),
        (hang, {"policy": dataclasses.replace(ONE_TRY, request_seconds=0.1)}),
        (drip, {"policy": dataclasses.replace(ONE_TRY, request_seconds=0.1)}),
    ],
    ids=["silent", "deadline", "dripping"],
)
def test_a_slow_response_is_a_time_out(slow: Wire, limits: dict[str, object]) -> None:
    error, _ = outcome(slow, **limits)  # type: ignore[arg-type]  # a policy or a number, as named
    assert isinstance(error, TemporarilyUnavailable)
    assert error.is_timeout


def test_an_error_page_that_drips_or_never_ends_does_not_hide_its_status() -> None:
    async def forbidden(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 X\r\n\r\n")
        await hang(writer)

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 X\r\n\r\n")
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    assert [type(outcome(each)[0]) for each in (forbidden, endless)] == [Blocked, RequestRejected]


@pytest.mark.parametrize(
    "big",
    [
        response(body=b"[]", content_length="1001"),
        response(body=gzip.compress(b" " * 1001), content_encoding="gzip"),
        b"HTTP/1.1 200 X\r\n\r\n" + b" " * 1001,
    ],
    ids=["announced", "unzipped", "unannounced"],
)
def test_a_body_over_the_limit_is_rejected(big: bytes) -> None:
    error, _ = outcome(big, policy=dataclasses.replace(ONE_TRY, max_body_bytes=1000))
    assert isinstance(error, UnexpectedPayload)
    assert "1000 are allowed" in str(error)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_at_the_limit_is_unpacked(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = b"[" + b" " * 998 + b"]"
    policy = dataclasses.replace(ONE_TRY, max_body_bytes=1000)
    found, _ = outcome(response(body=pack(body), content_encoding=encoding), policy=policy)
    assert isinstance(found, RawResponse)
    assert found.body == body


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ('["Tribüne"]'.encode("latin-1"), "application/json; charset=iso-8859-1"),
        ('["Tribüne"]'.encode("cp1252"), "text/html; charset=windows-1252"),
        ('["Tribüne"]'.encode("utf-16"), "application/json; charset=utf-16"),
        ('["Tribüne"]'.encode("gb18030"), "application/json; charset=gb2312"),
        ('["Tribüne"]'.encode(), "application/json; charset=iso-8859-1"),
        ('["Tribüne"]'.encode(), "application/json; charset=nonsense"),
        *(
            ('["Tribüne"]'.encode("latin-1"), f"application/json{label}")
            for label in ("", "; charset=utf-8", "; charset=undefined", "; charset=rot13")
        ),
    ],
)
def test_a_body_is_read_by_its_label_where_it_is_not_utf_8(body: bytes, label: str) -> None:
    found, _ = outcome(response(body=body, content_type=label))
    assert isinstance(found, RawResponse)
    assert found.body.decode() == '["Tribüne"]'


@pytest.mark.parametrize(
    ("charset", "label", "text"),
    [
        ("cp1252", "iso-8859-1", "Süd \u2013 5 \u20ac"),
        ("cp1252", "us-ascii", "Côté \u201cA\u201d"),
        ("gb18030", "gbk", "看台 \u20ac"),
        ("cp932", "shift_jis", "①階 髙"),
        ("cp949", "euc-kr", "똠 석"),
    ],
)
def test_a_charset_is_the_larger_one_that_is_sent_under_its_name(charset: str, label: str, text: str) -> None:
    found, _ = outcome(response(body=f'["{text}"]'.encode(charset), content_type=f"application/json; charset={label}"))
    assert isinstance(found, RawResponse)
    assert found.body.decode() == f'["{text}"]'


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_requests_name_the_program_and_what_can_be_decoded() -> None:
    _, heads = outcome(response())
    head = heads[0].lower()
    assert "user-agent: ticket-pipeline/0.1\r\n" in head
    assert "accept-encoding: gzip, deflate\r\n" in head


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_request_that_could_have_a_body_announces_none(method: str) -> None:
    async def run() -> str:
        async with serve_wire(response()) as server:
            await fetch(request_to(server.url, method=method))
            return server.heads[0]

    head = asyncio.run(run())
    assert head.startswith(f"{method} / HTTP/1.1")
    assert "content-length: 0\r\n" in head.lower()


def test_a_redirect_is_not_followed() -> None:
    async def run() -> list[str]:
        async with serve_wire(response()) as other, serve_wire(response(302, location=other.url)) as server:
            with pytest.raises(RequestRejected):
                await fetch(request_to(server.url, headers={"cookie": "c=1"}), policy=THREE_TRIES)
            return other.heads

    assert asyncio.run(run()) == []


def test_a_cookie_that_a_response_sets_is_not_sent_back() -> None:
    _, heads = outcome(response(503, set_cookie="session=theirs"), response(), policy=THREE_TRIES)
    assert len(heads) == 2
    assert "cookie" not in heads[1].lower()


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert isinstance(outcome(response())[0], RawResponse)


# --- what is logged -------------------------------------------------------------------------------------------------


def test_logs_show_each_try_and_no_log_of_any_library_a_secret(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> list[str]:
        async with serve_wire(response(503), response()) as server:
            request = request_to(f"{server.url}/x?id=7&token=S3CRET", headers={"cookie": "S3CRET"})
            request = dataclasses.replace(request, secret_query={"apikey": SecretStr("S3CRETvalue&x=1")})
            await fetch(request, policy=THREE_TRIES)
            return server.heads

    with caplog.at_level(logging.DEBUG):
        heads = asyncio.run(run())
    assert heads[0].split()[1] == "/x?id=7&token=S3CRET&apikey=S3CRETvalue%26x%3D1"
    ours = [record for record in caplog.records if record.name.startswith("ticket_pipeline")]
    lines = [record.getMessage() for record in ours if record.levelno >= logging.INFO]
    assert len(lines) == 2
    assert len(caplog.records) > len(ours)
    assert "id=7" in lines[0]
    assert "503" in lines[0]
    assert "200, 2 bytes" in lines[1]
    printed = capsys.readouterr()
    assert "S3CRET" not in "".join(record.getMessage() for record in ours) + printed.out + printed.err
    assert "S3CRETvalue" not in caplog.text


def test_debugging_shows_both_sides_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    sent = {"cookie": "b=S3CRET1", "x-csrf": "HDRS3CRETvalue", "activeaccountid": "S3CRET7"}
    body = b'[{"token": "S3CRET1"}, "HDRS3CRETvalue", "S3CRET7"]'

    async def run() -> None:
        async with serve_wire(response(body=body, set_cookie="a=S3CRET", x_echo="HDRS3CRETvalue")) as server:
            request = request_to(f"{server.url}/x?id=1", headers=sent)
            await fetch(request)

    with caplog.at_level(logging.DEBUG, logger="ticket_pipeline"):
        asyncio.run(run())
    (shown,) = (record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG)
    for part in ("/x?id=1", "token", "'x-csrf': '***'", "'user-agent': 'ticket-pipeline/0.1'"):
        assert part in shown
    assert "S3CRET" not in shown


def test_a_good_body_is_stored_without_the_keys_that_were_sent_and_with_its_data() -> None:
    sent = {"x-csrf": "S3CRETofTheSession1", "activeaccountid": "77712345", "x-city": "Dark City"}
    body = b'[{"csrf": "S3CRETofTheSession1", "id": 77712345, "zone": "Dark City"}]'

    async def run() -> RawResponse:
        async with serve_wire(response(body=body)) as server:
            return await fetch(request_to(server.url, headers=sent))

    assert asyncio.run(run()).body == b'[{"csrf": "***", "id": 77712345, "zone": "Dark City"}]'
