"""One fetch: every row of the table of answers seen on a real wire, and the limits that hold it together."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import logging
import random
import socket
import ssl
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    QuotaExhausted,
    RateLimited,
    RequestNotPermitted,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.http.answers import error_of_exception, judge_answer
from ticket_pipeline.http.retries import Course, RetryPolicy, RetryRule
from ticket_pipeline.http.secrets import known_secrets
from ticket_pipeline.market.vocabulary import RawResponse
from ticket_pipeline_tests.http.wire import (
    ONE_TRY,
    THREE_TRIES,
    CountedPermit,
    RecordingGate,
    answer,
    drip,
    fetch,
    hang,
    outcome,
    request_to,
    reset_after,
    serve_wire,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ticket_pipeline_tests.http.wire import Answer

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LOGIN_PAGE = b"<!doctype html><title>StubHub</title><a href='/'>Sign In</a>"
CHALLENGE = b"<html><title>Challenge Validation</title></html>"
PLAIN_PAGE = b"\xef\xbb\xbf  <html><title>Maintenance</title>Back soon</html>"


def _html(status: int, body: bytes) -> bytes:
    return answer(status, body, content_type="text/html; charset=utf-8")


# --- what answers mean ----------------------------------------------------------------------------------------------


def test_a_good_answer_carries_body_status_time_and_tries() -> None:
    response, heads = outcome(answer(body=b'[{"a":1}]'), clock=lambda: NOW)
    assert isinstance(response, RawResponse)
    assert (response.body, response.status, response.tries, response.captured_at) == (b'[{"a":1}]', 200, 1, NOW)
    assert response.external_id == "1"
    assert response.latency_seconds > 0
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(401), Blocked),
        (answer(403), Blocked),
        (reset_after(b"HTTP/1.1 403 X\r\ncontent-length: 900\r\n\r\n<ht"), Blocked),
        (answer(404), EventGone),
        (answer(410), EventGone),
        (answer(429), RateLimited),
        (_html(429, CHALLENGE), Blocked),
        (answer(408), TemporarilyUnavailable),
        (answer(425), TemporarilyUnavailable),
        (answer(500), TemporarilyUnavailable),
        (answer(503), TemporarilyUnavailable),
        (_html(503, b"<title>Just a moment...</title>"), Blocked),
        (_html(503, LOGIN_PAGE), TemporarilyUnavailable),
        (answer(599), TemporarilyUnavailable),
        (answer(400), RequestRejected),
        (answer(418), RequestRejected),
        (answer(302, location="https://account.example.com/login?to=x"), Blocked),
        (answer(303, location="/SignIn"), Blocked),
        (answer(301, location="https://elsewhere.example.com/api"), RequestRejected),
        (answer(302, location="http://[broken"), RequestRejected),
        (answer(304), RequestRejected),
        (answer(200, LOGIN_PAGE), Blocked),
        (_html(200, CHALLENGE), Blocked),
        (_html(202, CHALLENGE), Blocked),
        (answer(200, b'{"url":"https://geo.captcha-delivery.com/c"}'), Blocked),
        (_html(200, PLAIN_PAGE), UnexpectedPayload),
        (answer(200, PLAIN_PAGE), UnexpectedPayload),
        (answer(200, b""), UnexpectedPayload),
        (answer(200, b" \n"), UnexpectedPayload),
        (answer(202), UnexpectedPayload),
        (answer(206), UnexpectedPayload),
        (b"HTTP/1.1 204 X\r\n\r\n", UnexpectedPayload),
        (answer(200, b"no gzip", content_encoding="gzip"), UnexpectedPayload),
        (b"SSH-2.0-OpenSSH\r\n\r\n", TemporarilyUnavailable),
        (b"", TemporarilyUnavailable),
        (answer(content_length="100"), TemporarilyUnavailable),
        (reset_after(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n[1,"), TemporarilyUnavailable),
    ],
)
def test_each_answer_becomes_its_own_error(given: Answer, expected: type[MarketplaceError]) -> None:
    error, heads = outcome(given)
    assert type(error) is expected
    assert isinstance(error, MarketplaceError)
    assert str(error).startswith("Asked stubhub for event 1 (GET http://127.0.0.1:")
    assert error.tries == len(heads) == 1
    assert error.outcome != "timeout"


@pytest.mark.parametrize(
    "place",
    [
        "/Account/Logon?ReturnUrl=%2fapi",
        "/Account/LogOn",
        "/UserLogin.aspx",
        "/userlogin",
        "/log-on",
        "/users/sign_in",
        "/UserSignIn",
        "/signinpage",
        "/usersignin",
        "/membersignin",
        "/authwall",
        "/authn",
        "/authenticated",
        "/account.aspx",
        "/my/account/?from=api",
        "/session/new",
        "/sessions/new",
        "/session-expired",
        "/auth",
        "/auth/realms/x",
        "/oauth",
        "/oauth2/authorize",
        "/connect/authorize",
        "/authentication",
        "/sso",
        "/saml2/idp",
        "https://sso.example.com/",
        "https://auth0.example.com/u",
        "https://accounts.example.com/",
        "https://identity.example.com/connect",
        "/validate-captcha",
    ],
)
def test_a_redirect_to_a_login_is_a_block(place: str) -> None:
    error = judge_answer("Asked", 302, {"location": place}, b"", tries=1, now=NOW)
    assert isinstance(error, Blocked)
    assert place.partition("?")[0].removeprefix("https://") in str(error)


@pytest.mark.parametrize(
    "place",
    [
        "https://api2.example.com/api/Listing/GetCompListingsByEventId",
        "/api/v2/Listing/GetCompListingsByEventId/",
        "/api/catalog-inventory",
        "/api/catalog/info",
        "/api/CatalogInfo",
        "/blog-index",
        "/api/authors",
        "/api/author/7",
        "/api/session/7",
        "/api/sessions",
        "/design-inventory",
        "/Signing/7",
        "/designing",
        "/designinventory",
        "/assigning",
        "/assigninventory",
        "/consigninventory",
        "/authnet",
        "/account/listings",
        "/account.json",
        "/api/account-listings",
        "/api/accounts.json",
        "/assorted",
        "/",
        "",
    ],
)
def test_a_redirect_to_another_place_of_an_api_is_none(place: str) -> None:
    error = judge_answer("Asked", 302, {"location": place}, b"", tries=1, now=NOW)
    assert isinstance(error, RequestRejected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"Logon", Blocked),
        (b"Please log on", Blocked),
        (b"Single Sign-On", Blocked),
        (b"id='userLogin'", Blocked),
        (b"our blog in spring", UnexpectedPayload),
        (b"the catalog on sale", UnexpectedPayload),
    ],
)
def test_a_page_that_asks_to_log_in_is_a_block(said: bytes, expected: type[MarketplaceError]) -> None:
    page = b"<html><p>" + said + b"</p></html>"
    assert type(judge_answer("Asked", 200, {}, page, tries=1, now=NOW)) is expected


def test_the_error_of_an_answer_carries_its_status() -> None:
    statuses = []
    for status in (301, 403, 404, 408, 418, 429, 503):
        error, _ = outcome(answer(status, location="/"))
        assert isinstance(error, MarketplaceError)
        statuses.append(error.status)
    assert statuses == [301, 403, 404, 408, 418, 429, 503]


def test_an_error_says_what_the_marketplace_said_without_its_secrets() -> None:
    error, _ = outcome(answer(400, b'{"message":"bad id","apikey":"S3CRET"}'))
    assert "bad id" in str(error)
    assert "S3CRET" not in str(error)


def test_a_longer_wait_than_a_day_is_cut_to_a_day() -> None:
    error, _ = outcome(answer(429, retry_after="9" * 30))
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(days=1)


def test_the_page_of_an_error_is_read_only_so_far() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 X\r\n\r\n")
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    error, _ = outcome(endless)
    assert isinstance(error, RequestRejected)


def test_a_refused_connection_is_a_passing_trouble() -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else can come and listen there
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TemporarilyUnavailable, match="connection failed"):
            asyncio.run(fetch(request_to(f"http://127.0.0.1:{taken.getsockname()[1]}/")))


def test_an_untrusted_certificate_is_not_tried_again(tmp_path: Path) -> None:
    gate = RecordingGate()

    async def run() -> None:
        async with serve_wire(answer(), tls=_self_signed(tmp_path)) as server:
            await fetch(request_to(server.url), policy=THREE_TRIES, gate=gate)

    with pytest.raises(RequestRejected, match="certificate is not trusted"):
        asyncio.run(run())
    assert gate.acquired == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:port/"])
def test_a_malformed_request_is_rejected_before_it_is_sent(url: str) -> None:
    with pytest.raises(RequestRejected, match="not sent"):
        asyncio.run(fetch(request_to(url)))


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    async def run() -> None:
        async with serve_wire(answer()) as server:
            await fetch(request_to(server.url, headers={"cookie": "S3CRET\r\nx: y"}))

    with pytest.raises(RequestRejected) as caught:
        asyncio.run(run())
    assert "S3CRET" not in str(caught.value)
    # A traceback would print the original too, and that one quotes the header.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_words_of_another_library_are_redacted() -> None:
    error = error_of_exception("Asked", httpx.ConnectError("no route to https://h/?token=S3CRET"), tries=1)
    assert "no route to https://h/?token=***" in str(error)


# --- limits of one request ------------------------------------------------------------------------------------------


def test_a_silent_server_is_a_time_out() -> None:
    error, _ = outcome(hang, read_timeout_seconds=0.05)
    assert isinstance(error, TemporarilyUnavailable)
    assert error.is_timeout
    assert "waiting for the answer took too long" in str(error)


@pytest.mark.parametrize("slow", [hang, drip])
def test_the_whole_request_has_a_deadline_that_a_dripping_body_cannot_stretch(slow: Answer) -> None:
    error, _ = outcome(slow, policy=dataclasses.replace(ONE_TRY, request_seconds=0.1))
    assert isinstance(error, TemporarilyUnavailable)
    assert error.is_timeout
    assert "not complete after 0.1 s" in str(error)


def test_a_dripping_error_page_does_not_hide_its_status() -> None:
    async def forbidden(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 X\r\n\r\n")
        await hang(writer)

    error, _ = outcome(forbidden)
    assert isinstance(error, Blocked)


@pytest.mark.parametrize(
    "big",
    [
        answer(body=b"[]", content_length="1001"),
        answer(body=gzip.compress(b" " * 1001), content_encoding="gzip"),
        b"HTTP/1.1 200 X\r\n\r\n" + b" " * 1001,
    ],
    ids=["announced", "unzipped", "unannounced"],
)
def test_a_body_over_the_limit_is_refused(big: bytes) -> None:
    error, _ = outcome(big, policy=dataclasses.replace(ONE_TRY, max_body_bytes=1000))
    assert isinstance(error, UnexpectedPayload)
    assert "1000 are allowed" in str(error)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_at_the_limit_is_unpacked(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = b"[" + b" " * 998 + b"]"
    response, _ = outcome(
        answer(body=pack(body), content_encoding=encoding), policy=dataclasses.replace(ONE_TRY, max_body_bytes=1000)
    )
    assert isinstance(response, RawResponse)
    assert response.body == body


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_requests_say_who_asks_and_what_can_be_decoded() -> None:
    _, heads = outcome(answer())
    head = heads[0].lower()
    assert "user-agent: tests/1\r\n" in head
    assert "accept-encoding: gzip, deflate\r\n" in head


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_request_that_could_have_a_body_says_it_has_none(method: str) -> None:
    async def run() -> str:
        async with serve_wire(answer()) as server:
            await fetch(request_to(server.url, method=method))
            return server.heads[0]

    head = asyncio.run(run())
    assert head.startswith(f"{method} / HTTP/1.1")
    assert "content-length: 0\r\n" in head.lower()


def test_a_redirect_is_not_followed_with_credentials_or_without() -> None:
    async def run() -> list[str]:
        async with serve_wire(answer()) as other, serve_wire(answer(302, location=other.url)) as server:
            with pytest.raises(RequestRejected):
                await fetch(request_to(server.url, headers={"cookie": "c=1"}), policy=THREE_TRIES)
            return other.heads

    assert asyncio.run(run()) == []


def test_a_cookie_that_an_answer_sets_is_not_sent_back() -> None:
    _, heads = outcome(answer(503, set_cookie="session=theirs"), answer(), policy=THREE_TRIES)
    assert len(heads) == 2
    assert "cookie" not in heads[1].lower()


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    response, _ = outcome(answer())
    assert isinstance(response, RawResponse)


# --- trying again ---------------------------------------------------------------------------------------------------


def test_a_passing_trouble_is_tried_again_until_it_passes() -> None:
    response, heads = outcome(answer(503), reset_after(b"HTT"), answer(), policy=THREE_TRIES)
    assert isinstance(response, RawResponse)
    assert response.tries == len(heads) == 3


def test_tries_are_capped_and_the_last_error_is_raised() -> None:
    error, heads = outcome(answer(500), answer(502), answer(503), policy=THREE_TRIES)
    assert isinstance(error, TemporarilyUnavailable)
    assert (error.status, error.tries, len(heads)) == (503, 3, 3)
    assert "try 3 of 3" in str(error)


@pytest.mark.parametrize("given", [answer(401), answer(404), answer(400), answer(200, b"")])
def test_an_error_that_will_not_pass_is_not_tried_again(given: bytes) -> None:
    _, heads = outcome(given, policy=THREE_TRIES)
    assert len(heads) == 1


@pytest.mark.parametrize(
    "asked",
    [
        "3600",
        format_datetime(NOW + timedelta(hours=1), usegmt=True),
        "Mon, 01 Jun 2026 13:00:00 -0000",
        "Mon, 01 Jun 2026 15:00:00 +0200",
    ],
)
def test_a_wait_beyond_the_time_left_ends_the_fetch_at_once_and_is_told(asked: str) -> None:
    error, heads = outcome(answer(429, retry_after=asked), policy=THREE_TRIES, clock=lambda: NOW)
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(hours=1)
    assert len(heads) == 1


@pytest.mark.parametrize("asked", ["0", format_datetime(NOW - timedelta(hours=1), usegmt=True), "soon", "-3"])
def test_a_wait_that_is_over_or_unreadable_leaves_the_usual_back_off(asked: str) -> None:
    _, heads = outcome(answer(429, retry_after=asked), answer(), policy=THREE_TRIES, clock=lambda: NOW)
    assert len(heads) == 2


def test_time_from_the_first_request_is_capped() -> None:
    moments = iter([0.0, *[1000.0] * 10])
    error, heads = outcome(answer(503), policy=THREE_TRIES, monotonic=lambda: next(moments))
    assert isinstance(error, TemporarilyUnavailable)
    assert len(heads) == 1


def _course(*, seconds: float = 0.0, rng: random.Random | None = None, **limits: float) -> Course:
    now = iter([0.0])
    policy = RetryPolicy(**limits)  # type: ignore[arg-type]  # only the float fields are given
    course = Course(policy, rng or random.Random(1), lambda: next(now, seconds))  # noqa: S311 - a test
    course.begin_try()
    return course


def test_a_wait_the_server_asked_for_is_honoured_to_the_second() -> None:
    course = _course(jitter_seconds=0)
    course.hear_retry_after("70", NOW)
    assert course.next_wait(RateLimited("x")) == 70


def test_the_wait_asked_for_in_one_answer_is_forgotten_with_the_next_try() -> None:
    course = _course(jitter_seconds=0)
    course.hear_retry_after("70", NOW)
    course.begin_try()
    assert course.next_wait(TemporarilyUnavailable("x")) == 2


def test_waits_double_up_to_the_longest_and_carry_jitter() -> None:
    course = _course(max_tries=9, first_wait_seconds=2, longest_wait_seconds=5, jitter_seconds=1, retry_seconds=1e9)
    waits = []
    for _ in range(4):
        waits.append(course.next_wait(TemporarilyUnavailable("x")))
        course.begin_try()
    for wait, floor in zip(waits, [2, 4, 5, 5], strict=True):
        assert floor <= wait <= floor + 1
    assert waits[2] != waits[3]


def test_a_later_try_ends_with_the_time_of_the_fetch() -> None:
    course = _course(seconds=100, request_seconds=60, retry_seconds=120)
    assert course.request_limit() == 60
    course.begin_try()
    assert course.request_limit() == 20


# --- permits --------------------------------------------------------------------------------------------------------


def test_every_try_has_its_own_permit_and_the_breaker_learns_each_outcome() -> None:
    gate = RecordingGate()
    outcome(answer(503), answer(), policy=THREE_TRIES, gate=gate)
    assert gate.released == [(1, True), (2, True)]
    assert gate.recorded == ["TemporarilyUnavailable", None]


def test_a_request_that_timed_out_is_released_as_unanswered() -> None:
    gate = RecordingGate()
    outcome(hang, policy=dataclasses.replace(ONE_TRY, request_seconds=0.05), gate=gate)
    assert gate.released == [(1, False)]
    assert gate.recorded == ["TemporarilyUnavailable"]


def test_a_cancelled_fetch_gives_its_permit_back_and_blames_nobody() -> None:
    gate = RecordingGate()
    asked = asyncio.Event()

    async def asked_then_hang(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await hang(writer)

    async def run() -> None:
        async with serve_wire(asked_then_hang) as server:
            task = asyncio.create_task(fetch(request_to(server.url), policy=THREE_TRIES, gate=gate))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert gate.released == [(1, False)]
    assert gate.recorded == []
    assert gate.acquired == 1


def test_nothing_is_sent_when_the_gate_says_no() -> None:
    class ClosedGate(RecordingGate):
        async def acquire(self) -> CountedPermit:
            raise RequestNotPermitted("the breaker is open")

    gate = ClosedGate()
    error, heads = outcome(answer(), policy=THREE_TRIES, gate=gate)
    assert isinstance(error, RequestNotPermitted)
    assert heads == []
    assert gate.released == []
    assert gate.recorded == []


# --- what is said ---------------------------------------------------------------------------------------------------


def test_log_lines_tell_the_answer_and_hide_keys(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with serve_wire(answer(503), answer()) as server:
            await fetch(
                request_to(f"{server.url}/x?id=7&apikey=S3CRET", headers={"cookie": "S3CRET"}), policy=THREE_TRIES
            )

    with caplog.at_level(logging.INFO, logger="ticket_pipeline"):
        asyncio.run(run())
    said = [record.getMessage() for record in caplog.records if record.name.startswith("ticket_pipeline")]
    assert len(said) == 2
    assert "id=7" in said[0]
    assert "503" in said[0]
    assert "200, 2 bytes" in said[1]
    assert "S3CRET" not in "".join(said)


def test_retrying_prints_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with serve_wire(answer(503), answer()) as server:
            await fetch(request_to(f"{server.url}/x?apikey=S3CRET", headers={"cookie": "S3CRET"}), policy=THREE_TRIES)

    asyncio.run(run())
    printed = capsys.readouterr()
    assert "S3CRET" not in printed.out + printed.err


def _self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509  # noqa: PLC0415 - a heavy import for one test
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - likewise
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - likewise

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    both = folder / "both.pem"
    both.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


def test_a_secret_part_of_the_query_is_sent_and_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = "S3CRETvalue&x=1"  # noqa: S105 - a made-up one, to look for

    async def run() -> list[str]:
        async with serve_wire(answer()) as server:
            request = dataclasses.replace(
                request_to(f"{server.url}/x?id=1"), secret_query={"apikey": SecretStr(secret)}
            )
            await fetch(request)
            await fetch(dataclasses.replace(request, url=f"{server.url}/x"))
            return server.heads

    with caplog.at_level(logging.DEBUG):
        heads = asyncio.run(run())
    assert [head.split()[1] for head in heads] == [
        "/x?id=1&apikey=S3CRETvalue%26x%3D1",
        "/x?apikey=S3CRETvalue%26x%3D1",
    ]
    assert "GET" in caplog.text
    assert "S3CRET" not in caplog.text


def test_an_error_class_may_have_fewer_tries_and_other_waits() -> None:
    policy = dataclasses.replace(THREE_TRIES, rules={RateLimited: RetryRule(2, 0.0, 0.0)})
    assert [len(outcome(answer(status), policy=policy)[1]) for status in (429, 503)] == [2, 3]


def test_the_rule_of_the_nearest_class_counts() -> None:
    rules = {MarketplaceError: RetryRule(2, 1, 1), QuotaExhausted: RetryRule(1, 0, 0)}
    policy = RetryPolicy(rules=rules)
    assert policy.rule_for(QuotaExhausted("x")) == rules[QuotaExhausted]
    assert policy.rule_for(RateLimited("x")) == rules[MarketplaceError]
    assert RetryPolicy().rule_for(RateLimited("x")) == RetryRule(3, 1.0, 30.0)


def test_debugging_shows_request_and_answer_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with serve_wire(answer(body=b'[{"token": "S3CRET"}]', set_cookie="a=S3CRET")) as server:
            request = request_to(f"{server.url}/x?id=1", headers={"cookie": "b=S3CRET"})
            await fetch(request, policy=ONE_TRY)

    with caplog.at_level(logging.DEBUG, "ticket_pipeline"):
        asyncio.run(run())
    shown = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert [text.count("/x?id=1") for text in shown] == [1, 1]
    assert "token" in shown[1]
    assert "S3CRET" not in "".join(shown)


def test_debugging_hides_every_header_that_came_as_a_secret_whatever_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = answer(body=b'["HDRS3CRETvalue", "S3CRET7"]', x_echo="HDRS3CRETvalue", x_whom="S3CRET7")

    async def run() -> None:
        async with serve_wire(said) as server:
            request = request_to(f"{server.url}/x", headers={"x-csrf": "HDRS3CRETvalue", "activeaccountid": "S3CRET7"})
            await fetch(request, policy=ONE_TRY)

    with caplog.at_level(logging.DEBUG, "ticket_pipeline"):
        asyncio.run(run())
    assert "'x-csrf': '***'" in caplog.text
    assert "'user-agent': 'tests/1'" in caplog.text
    assert "S3CRET" not in caplog.text


_OWN = {
    "cookie": "session=S3CRETofTheSession; theme=dark; tz=America%2FNew_York",
    "activeaccountid": "77712345",
    "x-csrf": "S3CRET/in+a+header",
    "x-requested-with": "XMLHttpRequest",
}


def _told(wire: Answer) -> RawResponse | MarketplaceError:
    """What comes of an answer to a request with the user's own headers."""

    async def run() -> RawResponse | MarketplaceError:
        async with serve_wire(wire) as server:
            try:
                return await fetch(request_to(f"{server.url}/x", headers=_OWN))
            except MarketplaceError as error:
                return error

    return asyncio.run(run())


@pytest.mark.parametrize(
    "wire",
    [
        answer(418, b"session S3CRETofTheSession of user 77712345 unknown, S3CRET/in+a+header"),
        answer(400, b'{"header": "S3CRET/in\\u002Ba\\u002Bheader", "again": "S3CRET\\/in+a+header", "user": 77712345}'),
        answer(404, b"S3CRET%2Fin%2Ba%2Bheader"),
        _html(200, b"<title>S3CRETofTheSession of 77712345</title>"),
        answer(302, location="/of/77712345/S3CRETofTheSession"),
        b"S3CRETofTheSession 77712345\r\n\r\n",
        answer(503, b"S3CRETofTheSession"),
    ],
)
def test_an_answer_that_repeats_what_was_sent_is_quoted_without_it(wire: Answer) -> None:
    error = _told(wire)
    assert isinstance(error, MarketplaceError)
    assert "S3CRET" not in str(error)
    assert "77712345" not in str(error)


def test_an_answer_is_judged_as_it_came_and_quoted_without_secrets() -> None:
    hide = known_secrets({"x-page": SecretStr("signin"), "x-site": SecretStr("stubhub")}).out_of_text
    blocked = judge_answer("Asked", 302, {"location": "/signin"}, b"", tries=1, now=NOW, hide=hide)
    assert isinstance(blocked, Blocked)
    assert "to the login at /***." in str(blocked)
    moved = judge_answer("Asked", 302, {"location": "https://stubhub/x"}, b"", tries=1, now=NOW, hide=hide)
    assert "to ***/x. Redirects" in str(moved)
    page = judge_answer("Asked", 200, {}, b"<p>signin</p>", tries=1, now=NOW, hide=hide)
    assert isinstance(page, Blocked)


def test_no_half_of_a_secret_is_quoted_where_a_quotation_is_cut() -> None:
    hide = known_secrets({"x-csrf": SecretStr("S3CRETofTheSession")}).out_of_text
    said = b"x" * 70 + b" S3CRETofTheSession"
    for status, body in ((418, said), (200, b"<title>" + said)):
        error = judge_answer("Asked", status, {}, body, tries=1, now=NOW, hide=hide)
        assert "S3C" not in str(error)


def test_a_good_body_is_kept_without_secrets_and_with_its_data() -> None:
    body = b'[{"section": "S3CRETofTheSession", "csrf": "S3CRET/in+a+header", "id": 77712345, "zone": "dark"}]'
    response = _told(answer(body=body))
    assert isinstance(response, RawResponse)
    assert response.body == b'[{"section": "***", "csrf": "***", "id": 77712345, "zone": "dark"}]'


def test_a_good_body_without_secrets_stays_as_it_came() -> None:
    body = '[{"zone": "America/New_York", "by": "XMLHttpRequest", "fan": "Ärzte 77712345 dark", "x": "***"}]'.encode()
    response = _told(answer(body=body))
    assert isinstance(response, RawResponse)
    assert response.body == body


def test_the_log_shows_how_a_try_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with serve_wire(answer(status=503)) as server:
            with pytest.raises(TemporarilyUnavailable):
                await fetch(request_to(f"{server.url}/x"), policy=ONE_TRY)

    with caplog.at_level(logging.INFO, logger="ticket_pipeline"):
        asyncio.run(run())
    assert "503" in caplog.records[-1].getMessage()
    assert caplog.records[-1].getMessage().startswith("Asked")
