"""Recognise what keeps a program out: challenges, login pages, redirects to a login or a queue.

What is looked for are the marks of a challenge itself, such as an interstitial's script, header or cookie. The name of
a vendor is no mark: its everyday scripts are also on ordinary pages, such as one about maintenance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_SNIFFED_BYTES = 65_536
_SMALL_BODY = 4096

# `x-amzn-waf-action: captcha`, `cf-mitigated: challenge`; a header such as content-security-policy only mentions them.
_CHALLENGE_VALUE = re.compile(r"(?:js[-_ ]?)?(?:challenge|captcha)", re.IGNORECASE)
_CHALLENGE_COOKIE = re.compile(r"\s*[\w.-]*(?:challenge|captcha|_chl_|sec_cpt)[\w.-]*=", re.IGNORECASE)
_CHALLENGE_PAGE = re.compile(
    rb"challenge-platform|sec-if-cpt-container|captcha-delivery\.com|_cf_chl|challenge\.js\b|awswafcaptcha"
    rb"|(?:id|class|name)=[\"']?[\w -]*(?:captcha|challenge)|<title[^>]*>[^<]*(?:captcha|challenge|access denied)"
    rb"|verify (?:that )?you are|are you (?:a )?(?:human|robot)|you are not a (?:human|robot)|not a robot"
    rb"|unusual traffic|just a moment|pardon our interruption|press (?:&amp;|&|and) hold"
    rb"|(?:complete|solve) (?:the|a) captcha"
    rb"|enable javascript and cookies to continue|(?:waiting room|you are (?:now )?in (?:the |a )?(?:line|queue))",
    re.IGNORECASE,
)
# In small JSON: a key or an address, since an event may well be called "Challenge Cup".
_CHALLENGE_JSON = re.compile(
    rb"\"[\w-]*(?:captcha|challenge)[\w-]*\"\s*:|(?:https?://|/)[^\"\s]*(?:captcha|challenge)[^\"\s]*\"", re.IGNORECASE
)
_LOGIN_PAGE = re.compile(rb"\b(?:log|sign)[ -](?:in|on)\b|(?:log|sign)(?:in|on)\b|type=[\"']?password", re.IGNORECASE)
# Whole words, where humps part words as well: an API may well move to `/catalog-inventory`, `/authors` or `/session/7`.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LOGIN_URL = re.compile(
    r"(?<!cata)(?<!b)log[io]n|(?<!as)(?<!con)(?<!de)sign[io]n(?!g)|/account(?:\.(?:aspx?|html?|jsp|php))?/?$"
    r"|(?<![a-z])(?:(?:log|sign)[-_]?(?:in|on)|o?auth[0-9]*|auth(?:n|wall)|authori[sz]e|authenticat(?:ed?|ion)"
    r"|sso|saml[0-9]*|oidc|openid|sessions?[/_-](?:new|create|expired|timeout|ended)|queue(?:-it)?|waiting-?room)(?![a-z])"
    r"|^[^/]*(?<![a-z])accounts?\.|identity|challenge|captcha",
    re.IGNORECASE,
)


def has_challenge(headers: httpx.Headers, body: bytes) -> bool:
    """Whether a response of any status asks to prove that a person or a browser sent the request."""
    for name, value in headers.multi_items():
        if _CHALLENGE_VALUE.fullmatch(value.strip()) or (name == "set-cookie" and _CHALLENGE_COOKIE.match(value)):
            return True
    if is_html(headers, body):
        return _CHALLENGE_PAGE.search(body[:_SNIFFED_BYTES]) is not None
    return len(body) <= _SMALL_BODY and _CHALLENGE_JSON.search(body) is not None


def is_html(headers: httpx.Headers, body: bytes) -> bool:
    """Whether a body is HTML, by its first character; by its label only where it is not JSON either."""
    start = body[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start == b"<" or (start not in {b"{", b"["} and "html" in headers.get("content-type", "").lower())


def is_login_page(body: bytes) -> bool:
    """Whether an HTML page asks to log in."""
    return _LOGIN_PAGE.search(body[:_SNIFFED_BYTES]) is not None


def is_login_url(place: str) -> bool:
    """Whether a redirect to this host and path leads to a login, a challenge or a queue."""
    return _LOGIN_URL.search(_HUMP.sub("-", place)) is not None
