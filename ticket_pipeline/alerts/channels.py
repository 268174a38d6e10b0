"""Who is told: Apprise URLs from ALERT_URLS, which are secrets. What is stored and shown of a channel is its label.

What belongs here: reading the setting, and one message to one channel. What does not: which message, and when again.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.http.scrubbing import Scrubber, redact_text
from ticket_pipeline.settings.secret_files import warn_of_other_readers

if TYPE_CHECKING:
    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.settings.alerts import AlertSettings

_SCHEME = re.compile(r"([a-z][a-z0-9+]{1,20})://\S", re.IGNORECASE)
_TAGS = re.compile(r"tags?=(\S+)", re.IGNORECASE)
_PARTS = re.compile(r"[/:@?&=,#;\s]+")
_SEND_SECONDS = 20
_LONGEST_ERROR = 300
_CONFIGURATION = frozenset({"config", "file"})


@dataclass(frozen=True, slots=True)
class Channel:
    """One address; `label` is its scheme and a hash, `tags` are what rules call it."""

    url: str = field(repr=False)
    tags: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What is stored and shown of it."""
        scheme = self.url.partition("://")[0].lower()
        return f"{scheme}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"

    def is_meant_by(self, rule: AlertRule) -> bool:
        """Whether a rule tells it."""
        return not rule.channels or not self.tags.isdisjoint(rule.channels)


def find_channels(settings: AlertSettings) -> tuple[list[Channel], list[str]]:
    """The channels of ALERT_URLS, and what of it cannot be read, in sentences that quote no line.

    It holds URLs, or the path of a file with one on each line, after `tag=` where it has tags.
    """
    if settings.alert_urls is None:
        return [], []
    text = settings.alert_urls.get_secret_value().strip()
    where = "ALERT_URLS"
    channels: dict[str, Channel] = {}
    problems: list[str] = []
    try:
        if "://" not in text:
            where, text = "the file of ALERT_URLS", _read_file(Path(text))
    except ConfigurationError as error:
        return [], [str(error)]
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            channels |= {channel.url: channel for channel in _read_line(line, f"{where}, line {number}")}
        except ConfigurationError as error:
            problems.append(str(error))
    return list(channels.values()), problems


def is_readable(channel: Channel) -> bool:
    """Whether Apprise can make anything of the address; nothing is sent."""
    with _quiet_libraries():
        import apprise  # noqa: PLC0415 - it takes half a second

        return bool(apprise.Apprise(asset=apprise.AppriseAsset(secure_logging=True)).add(channel.url))


def _read_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        # Without the path: it may be a key that somebody took for an address.
        raise ConfigurationError(
            f"Could not read the file that ALERT_URLS names: {reason}. "
            "Name one with an Apprise URL on each line, or write the URL itself."
        ) from None
    warn_of_other_readers(path, "the file of ALERT_URLS")
    return text


def _read_line(line: str, where: str) -> Iterator[Channel]:
    words = line.split() if not line.lstrip().startswith("#") else []
    tags: frozenset[str] = frozenset()
    for word in words:
        if tagged := _TAGS.fullmatch(word):
            tags = frozenset(filter(None, tagged[1].casefold().split(",")))
            continue
        scheme = _SCHEME.match(word)
        if scheme is None or scheme[1].lower() in _CONFIGURATION:
            raise ConfigurationError(
                f"{where}: not an Apprise URL. Write one such as ntfy://topic or json://host/path, after tag=name if "
                "rules are to name it."
            )
        yield Channel(word, tags)


def send(channel: Channel, title: str, body: str) -> str | None:
    """Send one message; returns why it failed, without any part of the address, or None."""
    with _quiet_libraries():
        import apprise  # noqa: PLC0415 - it takes half a second, and only sending needs it

        asset = apprise.AppriseAsset(async_mode=False, secure_logging=True)
        sender = apprise.Apprise(asset=asset)
        if not sender.add(channel.url):
            return "Apprise cannot read the address: see its documentation of the service"
        result = sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, timeout=_SEND_SECONDS)
        if result:
            return None
        said = [entry.message for one in result.results for entry in one.logs()]
        words = said[-1] if said else result.status.name.lower()
    return _without_address(words, channel.url)


def _without_address(text: str, url: str) -> str:
    parts = [part for part in _PARTS.split(url.partition("://")[2]) if part]
    return redact_text(Scrubber([url, *parts]).text(" ".join(text.split())))[:_LONGEST_ERROR]


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep addresses out of every log: at DEBUG, Apprise and urllib3 write whole paths, which are the secret."""
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3.connectionpool", "requests_oauthlib")]
    before = [(logger, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.propagate = False
    try:
        with warnings.catch_warnings():
            # Modules of services that it loads on first use import what later Pythons lack.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for logger, propagate in before:
            logger.propagate = propagate
