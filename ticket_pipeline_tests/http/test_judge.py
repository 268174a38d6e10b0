# ruff: noqa: RUF001 - letters and marks of other scripts look like Latin ones
"""What responses mean: every row of the judge's table, challenges in disguise, Retry-After, and what messages quote."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from pydantic import SecretStr

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RateLimited,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.http.judge import ResponseJudge, error_of_exception, read_retry_after
from ticket_pipeline.http.scrubbing import Scrubber, scrubber_for
from ticket_pipeline_tests.http.wire import NOON, received

HTML = "text/html; charset=utf-8"
LOGINS = """
/Account/Logon?ReturnUrl=%2fapi /UserLogin.aspx /log-on /users/sign_in /UserSignIn /signinpage /membersignin /authwall
/authn /account.aspx /my/account/?from=api /session/new /session-expired /auth/realms/x /oauth2/authorize
/connect/authorize /authentication /sso /saml2/idp https://auth0.example.com/u https://accounts.example.com/
https://identity.example.com/connect /validate-captcha https://example.queue-it.net/?c=x /waiting-room /queue/7
https://waitingroom.example.com/ /distil_r_blocked.html /anmelden /connexion /iniciar-sesion
/blocked /access-denied /robot-check /verify/human /virtual-line/3 /sorry/
"""
OTHER_PLACES = """
https://api2.example.com/api/Listing/GetCompListingsByEventId /api/v2/Listing/ /api/catalog-inventory /api/CatalogInfo
/blog-index /api/authors /api/session/7 /api/sessions /design-inventory /Signing/7 /assigninventory /consigninventory
/authnet /account/listings /account.json /api/accounts.json /assorted /queued-listings /human-league
/sorry-tickets /unblocked / http://[broken
"""


def judged(
    status: int,
    body: bytes = b"[]",
    judge: ResponseJudge | None = None,
    scrubber: Scrubber | None = None,
    **headers: str,
) -> MarketplaceError | None:
    """The verdict on a response; `content_type=...` is the header Content-Type."""
    return (judge or ResponseJudge()).judge(received(status, body, scrubber=scrubber, **headers))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b"", Blocked),
        (403, b"", Blocked),
        (404, b"", EventGone),
        (410, b"", EventGone),
        (429, b"", RateLimited),
        (408, b"", TemporarilyUnavailable),
        (425, b"", TemporarilyUnavailable),
        (500, b"", TemporarilyUnavailable),
        (599, b"", TemporarilyUnavailable),
        (400, b"", RequestRejected),
        (418, b"", RequestRejected),
        (304, b"", RequestRejected),
        (200, b"", UnexpectedPayload),
        (200, b" \n", UnexpectedPayload),
        (202, b"[]", UnexpectedPayload),
        (206, b"[]", UnexpectedPayload),
        (200, b"\xef\xbb\xbf  <html><title>Maintenance</title>Back soon</html>", UnexpectedPayload),
    ],
)
def test_each_status_becomes_its_own_error(status: int, body: bytes, expected: type[MarketplaceError]) -> None:
    error = judged(status, body)
    assert type(error) is expected
    assert str(error).startswith(f"Fetching it returned {status} ")
    assert error is not None
    assert (error.status, error.tries, error.outcome == "timeout") == (status, 1, False)


@pytest.mark.parametrize("place", LOGINS.split())
def test_a_redirect_to_a_login_or_a_queue_is_a_block(place: str) -> None:
    error = judged(302, location=place)
    assert isinstance(error, Blocked)
    assert place.partition("?")[0].removeprefix("https://") in str(error)


@pytest.mark.parametrize("place", OTHER_PLACES.split())
def test_a_redirect_to_another_place_of_an_api_is_not(place: str) -> None:
    assert isinstance(judged(302, location=place), RequestRejected)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (304, "304 Not Modified: nothing was asked about a stored copy"),
        (300, "a redirect that names no place"),
        (302, "a redirect that names no place"),
        (307, "a redirect that names no place"),
    ],
)
def test_a_304_is_no_redirect_and_a_redirect_to_nowhere_is_named(status: int, words: str) -> None:
    assert words in str(judged(status))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Logon", Blocked),
        ("Please log on", Blocked),
        ("Single Sign-On", Blocked),
        ("<a href='/'>Sign In</a>", Blocked),
        ("id='userLogin'", Blocked),
        ("our blog in spring", UnexpectedPayload),
        ("the catalog on sale", UnexpectedPayload),
    ],
)
def test_a_page_that_asks_to_log_in_is_a_block(text: str, expected: type[MarketplaceError]) -> None:
    assert type(judged(200, f"<html><p>{text}</p></html>".encode())) is expected


@pytest.mark.parametrize("status", [200, 202, 405, 428, 429, 503])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-waf-action": "captcha"}, b""),
        ({"x-amzn-waf-action": "challenge"}, b""),
        ({"cf-mitigated": "challenge"}, b"<html>"),
        ({"set-cookie": "__chl_tk=1; Path=/"}, b"<html></html>"),
        ({"set-cookie": "sec_cpt=x~1; Path=/"}, b"{}"),
        ({}, b"<html><div id='sec-if-cpt-container'></div></html>"),
        ({}, b"<title>Just a moment...</title>"),
        ({}, b"<html><script src='/cdn-cgi/challenge-platform/h/b/orchestrate'></script>"),
        ({}, b"<html><script src='https://x.token.awswaf.com/1/challenge.js'></script></html>"),
        ({}, b"<title>Challenge Validation</title>"),
        ({}, b'<html><div class="h-captcha"></div>Verify you are human</html>'),
        ({}, b'{"url":"https://geo.captcha-delivery.com/captcha/?initialCid=1"}'),
        ({}, b'{"sec-cp-challenge":"true","provider":"crypto"}'),
        ({"x-queueit-redirect": "https%3A%2F%2Fx.queue-it.net"}, b"{}"),
        ({"set-cookie": "js_challenge=1"}, b""),
        ({}, b"<html><div class='cf-turnstile'></div></html>"),
        ({}, b"<html><script>AwsWafIntegration.checkForceRefresh()</script>Back soon</html>"),
        ({}, b"<html><iframe id=main-iframe src='/_Incapsula_Resource?x'></iframe></html>"),
        ({}, b"<META NAME='robots' CONTENT='noindex,nofollow'><script src='/_Incapsula_Resource?SWJ'></script>"),
        ({}, b"<title>Attention Required! | Cloudflare</title>"),
        ({}, "<html>Bitte bestätigen Sie, dass Sie kein Roboter sind</html>".encode()),
        ({}, b"<title>Bot Verification</title>"),
        ({}, b"<html>Checking your browser</html>"),
        ({}, b'{"error":"captcha_required"}'),
        ({}, b'{"code": "CHALLENGE_REQUIRED"}'),
        ({}, b'{"redirectUrl":"https://tickets.queue-it.net/?c=x"}'),
        ({}, b'{"appId":"PX1","blockScript":"/x/captcha/captcha.js?a=c"}'),
        ({}, b"<html><script>window.KPSDK={}</script><script src='/149e/2d20/ips.js?tkrm=x'></script></html>"),
        ({}, b"<html><meta http-equiv='refresh' content='5; URL=/?bm-verify=AAQA'></html>"),
        ({}, b"<html><script>location.href='/_sec/cp_challenge/crypto-4-3.htm'</script></html>"),
        ({}, b"<title>One moment, please...</title>Please wait while your request is being verified"),
        ({}, "<title>Un instant...</title>Vérifiez que vous êtes humain".encode()),
        ({}, "<title>請稍候…</title>確認您是真人".encode()),
        ({}, "<html>Подтвердите, что вы не робот</html>".encode()),
        ({}, "<html>Lütfen robot olmadığınızı doğrulayın</html>".encode()),
        ({}, b"<title>Warteraum</title>Sie befinden sich in der Warteschlange"),
        ({}, "<html>Vous êtes dans la file d’attente</html>".encode()),
        ({}, b"<html>There are 4000 people ahead of you</html>"),
        ({}, b'{"cpr_chlge":"true","t":"x"}'),
        ({}, b'{"inQueue":true,"position":12}'),
        ({}, b'{"status":"blocked","reason":"bot_detected"}'),
        ({}, b'{"message":"Please complete the security check to continue"}'),
    ],
)
def test_a_challenge_in_any_disguise_is_a_block(status: int, headers: dict[str, str], body: bytes) -> None:
    assert isinstance(judged(status, body, **headers), Blocked)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            503,
            b"<html><script src='https://js.datadome.co/tags.js'></script>Down for maintenance</html>",
            TemporarilyUnavailable,
        ),
        (503, b"<title>StubHub</title><a href='/'>Sign In</a>", TemporarilyUnavailable),
        (502, b"<html>Bad gateway<footer>This site is protected by reCAPTCHA</footer></html>", TemporarilyUnavailable),
        (404, b'{"error":"no event named Challenge Cup"}', EventGone),
        (
            503,
            b"<html><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script></html>",
            TemporarilyUnavailable,
        ),
        (
            503,
            b"<html><script src='https://x.token.awswaf.com/challenge.js'></script>Maintenance",
            TemporarilyUnavailable,
        ),
        (200, b"<title>Maintenance</title><form class='g-recaptcha'></form>", UnexpectedPayload),
        (200, b"<title>Wartung</title><a href='/login'>Login</a>", UnexpectedPayload),
        (200, b"<title>NBA Skills Challenge Tickets</title>", UnexpectedPayload),
        (404, b"<title>No such event</title><form class='g-recaptcha'></form>", EventGone),
        (200, b'{"captchaRequired":false,"challenge":null,"listings":[]}', type(None)),
        (200, b'{"listings":[{"url":"https://x.com/events/challenge-cup-final"}]}', type(None)),
        (200, b'{"listings":[{"url":"/nfl-skills-challenge"}]}', type(None)),
        (200, b'[{"section":"ATP Challenger, Lower Bowl"}]', type(None)),
        (200, b'{"listings":[{"notes":"Captcha is a band"}]}', type(None)),
        (404, b"<title>Page introuvable</title><a href='/faq'>File d'attente</a>", EventGone),
        (200, b'{"queueToken":"","queueUrl":"/queue-faq","queuePosition":0,"listings":[]}', type(None)),
        (200, b'{"captchaSiteKey":"6Lc","challengeFlag":"false","listings":[]}', type(None)),
        (200, b'{"recaptcha":{"siteKey":"6Lc"},"challenge":"three point","listings":[{"id":1}]}', type(None)),
        (503, "<title>Технические работы</title><form class='g-recaptcha'></form>".encode(), TemporarilyUnavailable),
        (503, "<title>Bakım çalışması</title><form class='g-recaptcha'></form>".encode(), TemporarilyUnavailable),
        (503, "<title>系统维护中</title><form class='g-recaptcha'></form>".encode(), TemporarilyUnavailable),
    ],
)
def test_everyday_words_and_scripts_are_not(status: int, body: bytes, expected: type) -> None:
    content_security_policy = "frame-src https://challenges.example.com"
    verdict = judged(
        status, body, content_security_policy=content_security_policy, set_cookie="challenge_cup=x; Path=/"
    )
    assert type(verdict) is expected


@pytest.mark.parametrize("label", [HTML, "text/plain", "application/octet-stream", ""])
def test_json_under_another_label_is_read(label: str) -> None:
    assert judged(200, b' {"listings": []}', content_type=label) is None


def test_a_text_labelled_as_html_is_html() -> None:
    assert "HTML instead of JSON" in str(judged(200, b"back soon", content_type=HTML))


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress"])
def test_a_compression_that_was_not_requested_is_named_and_not_quoted(encoding: str) -> None:
    error = judged(200, b"\x1b\x00\xff\xf8", content_encoding=encoding)
    assert isinstance(error, UnexpectedPayload)
    assert repr(encoding) in str(error)
    assert str(error).isprintable()
    assert judged(200, b"[]", content_encoding=encoding) is None  # the label is wrong


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["7"], 7),
        (["1.5"], 1.5),
        (["0.25", "3"], 3),
        (["120, 60"], 120),
        (["+60"], 60),
        (["5, Mon, 01 Jun 2026 13:00:00 GMT"], 3600),
        (["Mon, 01 Jun 2026 13:00:00 GMT, 7200"], 7200),
        (["Monday, 01-Jun-26 13:00:00 GMT"], 3600),
        (["Mon, 01 Jun 2026 12:10:00 GMT, Mon, 01 Jun 2026 12:20:00 GMT"], 1200),
        (["2026-06-01T12:30:00Z"], 1800),
        (["2026-06-01T14:30:00+02:00, 5"], 1800),
        ([str(int(NOON.timestamp()) + 1200)], 1200),
        (["1000000000"], 0),
        (["120s"], None),
        (["9" * 30], 86_400),
        ([format_datetime(NOON + timedelta(hours=1), usegmt=True)], 3600),
        (["Mon, 01 Jun 2026 13:00:00 -0000"], 3600),
        (["Mon, 01 Jun 2026 15:00:00 +0200", "5"], 3600),
        ([format_datetime(NOON - timedelta(hours=1), usegmt=True)], 0),
        (["soon"], None),
        (["-3"], None),
        ([""], None),
        ([], None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date(values: list[str], seconds: float | None) -> None:
    assert read_retry_after(values, NOON) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_wait_that_is_asked_for_is_named(status: int) -> None:
    assert "it asks to wait 90 s." in str(judged(status, retry_after="90"))
    assert "asks to wait" not in str(judged(status))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectTimeout(""), TemporarilyUnavailable),
        (httpx.ReadError("reset"), TemporarilyUnavailable),
        (httpx.RemoteProtocolError("cut"), TemporarilyUnavailable),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), RequestRejected),
        (httpx.LocalProtocolError("Illegal header value b'S3CRET'"), RequestRejected),
        (httpx.UnsupportedProtocol("ftp://"), RequestRejected),
        (httpx.InvalidURL("S3CRET"), RequestRejected),
        (httpx.DecodingError("gzip"), UnexpectedPayload),
        (httpx.ConnectError("no route to https://h/?token=S3CRET"), TemporarilyUnavailable),
    ],
)
def test_each_failure_of_the_connection_becomes_its_own_error(
    error: httpx.HTTPError | httpx.InvalidURL, expected: type[MarketplaceError]
) -> None:
    found = error_of_exception("Fetching it", error, tries=2, scrubber=Scrubber([]), judge=ResponseJudge())
    assert type(found) is expected
    assert found.tries == 2
    assert (found.outcome == "timeout") == isinstance(error, httpx.TimeoutException)
    assert "S3CRET" not in str(found)


# --- what messages quote --------------------------------------------------------------------------------------------

SECRETS = scrubber_for({"x-csrf": SecretStr("S3CRETofTheSession"), "x-page": SecretStr("signin")})


def test_an_error_quotes_the_marketplace_without_secrets() -> None:
    error = str(judged(400, b'{"message":"bad id","apikey":"abcdef","by":"S3CRETofTheSession"}', scrubber=SECRETS))
    assert "bad id" in error
    assert "abcdef" not in error
    assert "S3CRET" not in error


def test_no_half_of_a_secret_is_quoted_where_a_quotation_is_cut() -> None:
    text = b"x" * 70 + b" S3CRETofTheSession"
    for status, body in ((418, text), (200, b"<title>" + text)):
        assert "S3C" not in str(judged(status, body, scrubber=SECRETS))


def test_a_response_is_judged_as_it_came_and_quoted_without_secrets() -> None:
    error = judged(302, location="/signin", scrubber=SECRETS)
    assert isinstance(error, Blocked)
    assert "at /***." in str(error)


def test_a_judge_that_must_not_quote_bodies_quotes_none() -> None:
    judge = ResponseJudge(quotes_bodies=False)
    for status, body in ((400, b"Jane Doe"), (200, b"<title>Jane Doe</title>"), (429, b"Jane Doe"), (500, b"Jane Doe")):
        assert "Jane" not in str(judged(status, body, judge))
    lost = httpx.RemoteProtocolError("illegal status line: Jane Doe")
    assert "Jane" not in str(error_of_exception("It", lost, tries=1, scrubber=Scrubber([]), judge=judge))
