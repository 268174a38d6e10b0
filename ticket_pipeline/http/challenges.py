# ruff: noqa: RUF001 - letters and marks of other scripts look like Latin ones
"""Recognise what keeps a program out: challenges, login pages, redirects to a login or a queue.

What is looked for are the marks of a challenge itself, such as an interstitial's script, header or cookie. The name of
a vendor is no mark: its everyday scripts are also on ordinary pages, such as one about maintenance.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_SNIFFED_BYTES = 65_536
_SMALL_BODY = 4096

# `x-amzn-waf-action: captcha`, `cf-mitigated: challenge`; a header such as content-security-policy only mentions them.
_CHALLENGE_VALUE = re.compile(r"(?:js[-_ ]?)?(?:challenge|captcha)", re.IGNORECASE)
_CHALLENGE_COOKIE = re.compile(
    r"\s*(?:[\w.-]*(?:captcha|_chl_|sec_cpt)[\w.-]*|[\w.-]*challenge(?:[_-]?(?:token|id|key))?)=", re.IGNORECASE
)
_QUEUE_HEADER = "x-queueit-redirect"
"""By which a queue answers requests of scripts, instead of redirecting them."""

_CHALLENGE_PAGE = re.compile(
    rb"challenge-platform/[^\"'\s]*orchestrate|sec-if-cpt-container|captcha-delivery\.com|_cf_chl|awswafcaptcha"
    rb"|AwsWafIntegration\.(?:saveReferrer|checkForceRefresh|forceRefreshToken)"
    rb"|id=[\"']?main-iframe|incapsula incident|noindex,\s*nofollow[^>]*>.{0,500}_Incapsula_Resource"
    rb"|<title[^>]*>[^<]*(?:captcha|access denied|attention required)"
    rb"|<title[^>]*>\s*(?:(?:client|js|javascript|security|bot|human|browser) )?challenge(?: \w+)?\s*<"
    rb"|verify (?:that )?you are|are you (?:a )?(?:human|robot)|you are not a (?:human|robot)|not a robot"
    rb"|robot or human|(?:bot|robot|human) (?:verification|check)|prove (?:that )?you|checking your browser"
    rb"|security check|unusual (?:traffic|activity)|you have been blocked|<title[^>]*>\s*just a moment"
    rb"|pardon our interruption|press (?:&amp;|&|and) hold|(?:complete|solve) (?:the|a) captcha"
    rb"|enable javascript and cookies to continue"
    rb"|waiting room|you are (?:now )?in (?:the |a )?(?:line|queue)|virtual (?:line|queue)"
    rb"|/_sec/cp_challenge|[?&]bm-verify=|/ips\.js\?|verifying (?:that )?you|being verified|security verification"
    rb"|suspicious activity|(?:people|users) ahead of you|(?:place|number|position) in (?:the )?(?:line|queue)"
    rb"|estimated wait(?:ing)? time",
    re.IGNORECASE | re.DOTALL,
)
# The same words in other languages.
_CHALLENGE_WORDS = re.compile(
    r"ein mensch sind|kein roboter|êtes (?:bien )?(?:un )?(?:être )?humain|pas un robot"
    r"|(?:eres|es) (?:un )?(?:ser )?humano"
    r"|no (?:eres|es|soy) un robot|você é (?:um )?(?:ser )?humano|não (?:é|sou) um robô|non sei un robot|essere umano"
    r"|een mens bent|geen robot|jesteś człowiekiem|nie jest(?:eś|em) robotem|robot olmadığınız|вы (?:человек|не робот)"
    r"|人間であること|ロボットではありません|是真人|不是[机機]器人|로봇이 아닙니다"
    r"|file d[’']attente|warteraum|warteschlange|sala de espera|sala d[’']attesa"
    r"|fila virtual|wachtrij|jesteś w kolejce|в очереди",
    re.IGNORECASE,
)
# Ordinary pages have these, too, such as one about maintenance that can be written to.
_CHALLENGE_WIDGET = re.compile(
    rb"challenge\.js\b|(?:id|class|name)=[\"']?[\w -]*(?:captcha|challenge|turnstile)", re.IGNORECASE
)
_MAINTENANCE = re.compile(
    r"maintenance|be (?:right |soon )?back|back (?:soon|shortly|later|online)|temporarily (?:unavailable|down)"
    r"|wartung|mantenimiento|manuten|onderhoud|underhåll|vedli[gk]ehold|konserwac|údržb|karbantart|bakım|huolto"
    r"|технически|συντήρηση|メンテナンス|[维維][护護]|점검",
    re.IGNORECASE,
)
_NO_PAGE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
# In small JSON: a key that is set, what an error names, or an address: an event may well be called "Challenge Cup".
_CHALLENGE_JSON = re.compile(
    rb"\"[\w-]*(?:captcha|challenge|chlge)(?!_?sitekey)[\w-]*\"\s*:"
    rb"(?!\s*(?:\"?(?:false|null|no|0)\b|\"\"|\[\s*\]|\{\s*\}))"
    rb"|\"(?:error|code|message|reason|action|detail)\w*\"\s*:\s*\"[^\"]{0,60}(?:captcha"
    rb"|bot[ _-]?(?:detect|protect|verif)|security check|you are (?:a )?human|blocked by)"
    rb"|\"(?:is_?)?in_?(?:queue|waiting_?room)\"\s*:\s*true|\"queue_?(?:token|position)\"\s*:\s*(?:\"[^\"]|[1-9])"
    rb"|\"(?:error|code|reason|action)\w*\"\s*:\s*\"(?:\w+[_ -])?challenge(?:[_ -]required)?\""
    rb"|(?:https?:/)?/(?:[^\"\s]*[/_])?(?:captcha|challenge)(?:\.\w+)?(?=[/?#\"])"
    rb"|https?://[^/\"\s]*(?:captcha|challenge|\bqueue\b)[^/\"\s]*[/?\"]|/waiting-?room\b",
    re.IGNORECASE,
)
_LISTED = re.compile(rb"^\s*(?:\[|\{.*\"(?:listings|tickets|events|rows)\"\s*:\s*\[)\s*\{", re.DOTALL)
"""Something is for sale: whatever else such a body has, it answers."""
_LOGIN_PAGE = re.compile(rb"\b(?:log|sign)[ -](?:in|on)\b|(?:log|sign)(?:in|on)\b", re.IGNORECASE)
_PASSWORD = re.compile(rb"type=[\"']?password", re.IGNORECASE)
# Whole words, where humps part words as well: an API may well move to `/catalog-inventory`, `/authors` or `/session/7`.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LOGIN_URL = re.compile(
    r"(?<!cata)(?<!b)log[io]n|(?<!as)(?<!con)(?<!de)sign[io]n(?!g)|/account(?:\.(?:aspx?|html?|jsp|php))?/?$"
    r"|(?<![a-z])(?:(?:log|sign)[-_]?(?:in|on)|anmeld(?:en|ung)|connexion|iniciar-?sesion|inloggen|logowanie|o?auth[0-9]*|auth(?:n|wall)|authori[sz]e|authenticat(?:ed?|ion)"
    r"|access-?denied|(?:robot|bot)-?check|verify[-/]?human|virtual-(?:line|queue)|sso|saml[0-9]*|oidc|openid|sessions?[/_-](?:new|create|expired|timeout|ended)|queue(?:-it)?|waiting-?room)(?![a-z])"
    r"|/(?:blocked|sorry)(?:/|$)|_blocked(?![a-z])|^[^/]*(?<![a-z])accounts?\.|identity|challenge|captcha",
    re.IGNORECASE,
)


def has_challenge(status: int, headers: httpx.Headers, body: bytes) -> bool:
    """Whether a response of any status asks to prove that a person or a browser sent the request."""
    for name, value in headers.multi_items():
        if name == _QUEUE_HEADER or _CHALLENGE_VALUE.fullmatch(value.strip()):
            return True
        if name == "set-cookie" and _CHALLENGE_COOKIE.match(value):
            return True
    if is_html(headers, body):
        page = body[:_SNIFFED_BYTES]
        is_ordinary = status in _NO_PAGE or _is_maintenance(page)
        return bool(
            _CHALLENGE_PAGE.search(page)
            or (status not in _NO_PAGE and _CHALLENGE_WORDS.search(page.decode("utf-8", "replace")))
            or (not is_ordinary and _CHALLENGE_WIDGET.search(page))
        )
    return len(body) <= _SMALL_BODY and _LISTED.match(body) is None and _CHALLENGE_JSON.search(body) is not None


def is_html(headers: httpx.Headers, body: bytes) -> bool:
    """Whether a body is HTML, by its first character; by its label only where it is not JSON either."""
    start = body[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start == b"<" or (start not in {b"{", b"["} and "html" in headers.get("content-type", "").lower())


def is_login_page(body: bytes) -> bool:
    """Whether an HTML page asks to log in; one about maintenance may only link to where."""
    page = body[:_SNIFFED_BYTES]
    return bool(_PASSWORD.search(page) or (_LOGIN_PAGE.search(page) and not _is_maintenance(page)))


def _is_maintenance(page: bytes) -> bool:
    return _MAINTENANCE.search(page.decode("utf-8", "replace")) is not None


def is_login_url(place: str) -> bool:
    """Whether a redirect to this host and path leads to a login, a challenge or a queue."""
    return _LOGIN_URL.search(_HUMP.sub("-", place)) is not None
