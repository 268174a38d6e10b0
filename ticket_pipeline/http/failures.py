"""What a body says of itself in words: that it is an error, failed, is not finished, or asks for a login.

No server promises such keys, so they are recognized by their words. What a body's totals contradict is in
`marketplaces.envelopes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ticket_pipeline.http.scrubbing import excerpt

_ERROR_WORDS = {"error", "errors", "fault", "faults", "exception", "exceptions", "failure", "failures", "failed"}
_ERROR_WORDS |= {"problem", "problems"}
_SUCCESS_KEYS = {"success", "issuccess", "successful", "issuccessful", "succeeded", "ok", "valid", "isvalid"}
_FAILED_WORDS = {"expired", "denied", "timed", "aborted", "unauthorized", "unauthenticated"}
_STATE_KEYS = {
    "status",
    "statuscode",
    "httpstatus",
    "httpcode",
    "httpstatuscode",
    "state",
    "result",
    "outcome",
    "code",
    "responsecode",
    "resultcode",
    "returncode",
    "type",
    "level",
    "severity",
}
_FAILED_STATES = _ERROR_WORDS | _FAILED_WORDS | {"fail", "forbidden", "timeout", "invalid"}
_MESSAGE_KEYS = {"message", "detail", "details", "reason", "description", "msg", "title"}
_NOTHING_SAID = {"", "0", "200", "false", "none", "null", "no", "ok", "success"}
_ERROR_CODE = re.compile(r"[45][0-9]{2}|-[0-9]+|e(?:rr)?[-_]?[0-9]+")

# Beside a list that is empty these say why; beside one that is not, they say nothing.
_AUTHORIZED_KEYS = {"authenticated", "isauthenticated", "authorized", "isauthorized", "loggedin", "isloggedin"}
_LOGIN_WORDS = {"login", "auth", "authentication", "authorization", "signin"}
_NEEDED_WORDS = {"required", "requires", "needed", "needs"}
_UNFINISHED = {
    "partial",
    "incomplete",
    "degraded",
    "loading",
    "pending",
    "processing",
    "queued",
    "maintenance",
    "blocked",
}
_AROUND = {"is", "in", "under", "result", "results", "response"}
_MORE_KEYS = {"hasmore", "hasnext", "hasnextpage"}
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}
_REMARK_KEYS = {"message", "messages", "msg", "reason", "detail", "details", "warning", "warnings"}
_REFUSAL = re.compile(
    r"\b(?:expired|blocked|unauthori[sz]ed|not authori[sz]ed|denied|forbidden|errors?|failed|failure|exception|invalid"
    r"|tim(?:ed?|ing)[ -]?out|partial|incomplete"
    r"|(?:log|sign)(?:ged)?[ -]?in|too many requests|rate (?:limit\w*|exceeded)|went wrong|maintenance"
    r"|abgelaufen|fehler\w*|fehlgeschlagen|erreur|expirée?|caducad[ao]|expirad[ao]|scadut[ao]|verlopen)\b",
    re.IGNORECASE,
)

_CONTAINERS = {"meta", "metadata", "page", "paging", "pagination", "stats", "summary", "status", "result", "response"}
_CONTAINERS |= {"data", "global", "header", "payload", "total", "totals", "count", "counts", "hits"}
_MOST_WORDS = 200
_DEPTH = 4


def find_failure(found: Mapping[str, Any]) -> str | None:
    """The server's words where a body says that it is an error, on one line and quoted; None where it does not."""
    for part in parts_of(found):
        failures = {key: value for key, value in part.items() if _is_failure(key, value)}
        if failures:
            said = [text for key, value in failures.items() if words_of(key) & _ERROR_WORDS for text in _texts(value)]
            said += [text for key, value in part.items() if key.lower() in _MESSAGE_KEYS for text in _texts(value)]
            said += [f"{key}: {value}" for key, value in failures.items() if not said]
            return repr(excerpt("; ".join(dict.fromkeys(said)), _MOST_WORDS))
    return None


def find_refusal(found: Mapping[str, Any]) -> str | None:
    """What in a body without items says that it is no empty list, on one line and quoted."""
    for part in parts_of(found):
        for key, value in part.items():
            words, plain = words_of(key), re.sub(r"[^a-z]", "", key.lower())
            needs_login = words & _LOGIN_WORDS and words & _NEEDED_WORDS
            text = str(value).strip().lower() if isinstance(value, str | int | float) else ""
            is_set = text in _YES and (needs_login or plain in _MORE_KEYS or words <= _UNFINISHED | _AROUND)
            is_unfinished = plain in _STATE_KEYS and words_of(text) & _UNFINISHED
            if (text in _NO and plain in _AUTHORIZED_KEYS) or is_set or is_unfinished:
                return repr(f"{key}: {value}")
            remarks = [text for text in _texts(value) if _REFUSAL.search(text)] if plain in _REMARK_KEYS else []
            if remarks:
                return repr(excerpt("; ".join(remarks), _MOST_WORDS))
    return None


def _is_failure(key: str, value: object) -> bool:
    plain = re.sub(r"[^a-z]", "", key.lower())
    text = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if plain in _SUCCESS_KEYS:
        return text in _NO | _FAILED_STATES
    if plain in _STATE_KEYS:
        is_failed = isinstance(value, str) and not words_of(value).isdisjoint(_FAILED_STATES)
        return is_failed or _ERROR_CODE.fullmatch(text) is not None
    if words_of(key) & _FAILED_WORDS:
        return text in {"true", "yes"}
    if not words_of(key) & _ERROR_WORDS:
        return False
    return text not in _NOTHING_SAID if isinstance(value, str | int | float) else bool(value)


def parts_of(found: Mapping[str, Any], depth: int = _DEPTH) -> Iterator[Mapping[str, Any]]:
    """The body itself, and what in it describes the whole."""
    yield found
    for key, value in found.items() if depth else ():
        if key.lower() in _CONTAINERS and isinstance(value, dict):
            yield from parts_of(value, depth - 1)


def words_of(key: str) -> set[str]:
    """The words of `totalCount`, `total_count` or `TotalCount`."""
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key).lower()))


def _texts(value: object, depth: int = _DEPTH) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part, depth - 1)
