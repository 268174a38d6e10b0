"""Signed JWT assertions of service accounts, judged as Google's token endpoint judges them.

What belongs here: signature, issuer, audience and time of one assertion. What does not: handing out tokens
(`ticket_pipeline.simulator.sheets`).
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric import rsa

LONGEST_LIFE = timedelta(hours=1)
CLOCK_SKEW = timedelta(minutes=5)
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"  # what google-auth signs for, wherever token_uri points


def issuer_of(assertion: str, accounts: Mapping[str, dict[str, Any]], now: datetime) -> str:
    """The client e-mail of the account that signed `assertion`.

    Args:
        assertion: a JWT in its compact form.
        accounts: trusted service accounts by client e-mail, in the shape of their key files.
        now: aware UTC.

    Raises:
        ValueError: the assertion is malformed, signed by no trusted account, for another audience or out of its time.
    """
    try:
        header, payload, signature = assertion.split(".")
        algorithm = json.loads(_decoded(header))["alg"]
        claims: dict[str, Any] = json.loads(_decoded(payload))
        issuer = str(claims["iss"])
        expires_at = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
        signed = _decoded(signature)
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        raise ValueError("Bad Request: the assertion is no JWT with issuer and expiry") from error
    account = accounts.get(issuer)
    if account is None:
        raise ValueError("Invalid grant: account not found")
    if algorithm != "RS256" or not _is_signed_by(account["private_key"], f"{header}.{payload}".encode(), signed):
        raise ValueError("Invalid JWT Signature.")
    if claims.get("aud") not in {account["token_uri"], GOOGLE_AUDIENCE}:
        raise ValueError("Invalid JWT: Failed audience check.")
    if not now - CLOCK_SKEW <= expires_at <= now + LONGEST_LIFE + CLOCK_SKEW:
        raise ValueError("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
    return issuer


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _is_signed_by(private_key_pem: str, message: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - a development dependency; only here
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - only here
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - only here

    key = cast("rsa.RSAPrivateKey", serialization.load_pem_private_key(private_key_pem.encode(), password=None))
    try:
        key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
