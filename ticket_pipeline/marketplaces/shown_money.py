# ruff: noqa: RUF001 - letters and digits of other scripts look like Latin ones
"""Read an amount as it is shown to people: "$1,234.50", "1 226,00 €", "Rs. 1,22,600", "CHF 1'226.50"."""

from __future__ import annotations

import re

# Blanks of every kind are plain ones by then. A point may end a word beside the number ("Rs.", "kr.", "S/."),
# but "$.50" is not fifty, and neither is "kr.50"; a dash stands in place of no cents.
_MARK = r"[^0-9.,\-()]"
_SHOWN = re.compile(
    rf"(?P<sign>-?)(?P<before>(?:{_MARK}|(?<=[^\W\d_])\.(?=\D|[0-9]+[,.' ][0-9]|[0-9]{{3}})|(?<=/)\.){{0,8}})"
    r"(?P<number>[0-9](?:[0-9.,' ]{0,30}[0-9])?)(?P<no_cents>[.,:]-{1,2})?"
    rf"(?P<behind>(?:{_MARK}|(?<=[^\W\d_])\.){{0,8}})"
)
_THOUSANDS = frozenset(".,' ")
# In India all groups but the last have two digits.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[.,' ][0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
_CENTS = re.compile(r"(?P<whole>.*)[.,](?P<cents>[0-9]{1,2})")

_DIGITS = {ord(zero) + digit: str(digit) for zero in "٠۰०０" for digit in range(10)}
_PLAIN = _DIGITS | {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2019\u00b4`\u02bc"), "'"),
    ord("\u066b"): ".",
    ord("\u066c"): ",",
    ord("\uff0c"): ",",
    ord("\uff0e"): ".",
}
"""Digits and separators of other scripts, dashes and apostrophes → the plain ones."""

_END = r"(?![^\W\d_])"
_INEXACT = re.compile(
    r"[~≈<>±%¢‰+]|\b(?:from|ab|desde|dès|da|vanaf|fra|från|od|от|min|max|up|to|bis|over|under|about)\b|起|から|부터"
)
_MULTIPLIED = re.compile(
    rf" ?(?:(?:k|m|mn|mln|mio|mil|tsd|bn|lakhs?|lacs?|crores?|cr|million|тыс|p|ct|cts|cents?|pence){_END}|c(?![$\w])"
    r"|[万萬千億亿만천억])"
)
"""Of "$1.2k" the number is no amount, nor of "99p"."""


def read_shown_amount(text: str) -> float:
    """Read an amount in major units; the last separator is the decimal one where one or two digits follow it.

    Raises:
        ValueError: its text completes "price …".
    """
    shown = _SHOWN.fullmatch(text.translate(_PLAIN))
    if shown is None:
        raise ValueError("is not a number")
    before, behind = shown["before"].casefold(), shown["behind"].casefold()
    if _INEXACT.search(before) or _INEXACT.search(behind) or _MULTIPLIED.match(behind):
        raise ValueError("is not an exact amount")
    number = shown["number"]
    cents = None if shown["no_cents"] else _CENTS.fullmatch(number)
    whole, fraction = (cents["whole"], cents["cents"]) if cents else (number, "0")
    if not whole.isdecimal():
        separators = set(whole) & _THOUSANDS
        if not _GROUPED.fullmatch(whole) or len(separators) > 1 or (cents and number[-len(fraction) - 1] in separators):
            raise ValueError("is not a number")
        # "$1.234" may be 1234 or 1.234; a comma or a blank alone, or a group before cents, can only separate thousands.
        if cents is None and not shown["no_cents"] and separators == {"."} and whole.count(".") == 1:
            raise ValueError("may be thousands or decimals")
    return float(f"{shown['sign']}{re.sub('[^0-9]', '', whole)}.{fraction}")
