"""Marketplace ids as people enter them, and the damage that spreadsheets do to them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ticket_pipeline.market.vocabulary import DIGITS, Marketplace, MarketplaceTraits
from ticket_pipeline.sheet.cells import CellProblem

# What people write for "none"; some of these would pass as a Ticketmaster id.
_PLACEHOLDERS = frozenset({"", "-", "--", "\u2013", "\u2014", "?", "n/a", "na", "none", "null", "nan", "tbd", "tba"})

_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SEPARATED = re.compile(r"[0-9]{1,3}(?:[., '\u2019][0-9]{3})+")
_FLOAT = re.compile(r"([0-9]+)[.,]0+")
_LARGEST_EXACT = 2**53  # above it, a spreadsheet's number does not hold every digit
_AS_TEXT = "format the column as plain text and enter the digits again"


def parse_event_id(marketplace: Marketplace, text: str) -> str | None:
    """The id in a cleaned cell; blank and the usual signs for "none" are None.

    A number loses its leading zeros and a decimal part of zeros; the marketplace's own event address yields its id.
    Rejected because digits may be lost or the reading is not certain: scientific notation, thousands separators, more
    digits than a spreadsheet's number can hold, any other address.
    """
    if text.casefold() in _PLACEHOLDERS:
        return None
    traits = marketplace.traits
    is_number = traits.id_pattern == DIGITS
    if "/" in text:
        text = _id_in_url(traits, text)
    elif is_number:
        text = _undo_number_format(text)
    if not re.fullmatch(traits.id_pattern, text):
        raise CellProblem(f"is not a {marketplace} id, which is {traits.id_words}: copy it again from the marketplace")
    if not is_number:
        return text
    if int(text) > _LARGEST_EXACT:
        raise CellProblem(f"has more digits than a spreadsheet's number can hold, so digits are lost: {_AS_TEXT}")
    return text.lstrip("0")


def _undo_number_format(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise CellProblem(f"is in scientific notation, so digits are lost: {_AS_TEXT}")
    if _SEPARATED.fullmatch(text):
        raise CellProblem(f"has thousands separators: {_AS_TEXT}")
    decimal = _FLOAT.fullmatch(text)
    return decimal[1] if decimal else text


def _id_in_url(traits: MarketplaceTraits, text: str) -> str:
    """The one id in the path of a marketplace's own address; the query may contain other ids and is ignored."""
    if traits.id_in_url is None:
        raise CellProblem(f"is an address, which does not hold the id: enter the id itself, {traits.id_words}")
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        labels = set((address.hostname or "").split("."))
    except ValueError:  # such as "http://[half"
        labels = set()
    found = set(re.findall(traits.id_in_url, address.path)) if labels & traits.hosts else set()
    if len(found) != 1:
        raise CellProblem(f"is an address that does not name exactly one event: enter the id itself, {traits.id_words}")
    return str(found.pop())
