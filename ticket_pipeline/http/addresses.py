"""What a base URL and a path of a setting may be: nothing that sends a request, or a session, somewhere else."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ticket_pipeline.errors import ConfigurationError


def check_address(
    base_url: str, path: str, *, base_setting: str, path_setting: str, example: str, credentials: str | None = None
) -> None:
    """Check an address: it must be valid, and no request to it may reach another host than the base URL names.

    Args:
        base_url: scheme and host, optionally a path; without a trailing slash.
        path: of the request, appended to it.
        base_setting: the setting that holds the base URL, for the message.
        path_setting: the setting that holds the path, likewise.
        example: a valid base URL, for the message.
        credentials: what is sent along and must not travel unencrypted, such as "your StubHub session"; None: nothing.

    Raises:
        ConfigurationError: the message names the setting and what to write there.
    """
    write_it = f"Write it like {example}."
    # It is repeated in headers, which take only ASCII; `urlsplit` ignores line breaks.
    if not re.fullmatch(r"[\x21-\x7e]*", base_url):
        raise ConfigurationError(
            f"{base_setting} contains a blank, a line break or a character that is not ASCII. {write_it} Write an "
            "international domain name in its form that begins with xn--."
        )
    try:
        base, whole = urlsplit(base_url), urlsplit(f"{base_url}{path}")
        _ = base.port  # raises where the port is not a number
    except ValueError:
        raise ConfigurationError(f"{base_setting} is not a URL. {write_it}") from None
    if base.scheme not in {"http", "https"} or not base.hostname or base.query or base.fragment or "@" in base.netloc:
        raise ConfigurationError(
            f"{base_setting} must be a scheme and a host, without user, query or fragment. {write_it}"
        )
    # Without its slash a path such as "@evil.example.com" would make the base's host a user name.
    if not path.startswith("/") or whole.query or whole.fragment:
        raise ConfigurationError(f"{path_setting} must begin with / and contain neither ? nor #.")
    if base.scheme == "http" and credentials is not None and not is_loopback(base.hostname):
        raise ConfigurationError(
            f"{base_setting}: {credentials} would travel unencrypted to {base.hostname}. Use https."
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
