"""Marketplace ids as people enter them, and the damage that spreadsheets do to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import CellProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

# What people write for "none"; some of these would pass as a Ticketmaster id.
_PLACEHOLDERS = frozenset({"", "-", "--", "\u2013", "\u2014", "?", "n/a", "na", "none", "null", "nan", "tbd", "tba"})

_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SEPARATED = re.compile(r"[0-9]{1,3}(?:[., '\u2019][0-9]{3})+")
_FLOAT = re.compile(r"([0-9]+)\.0+")
_LARGEST_EXACT = 2**53
"""Above it, a spreadsheet's number does not hold every digit."""


class _IdShape(NamedTuple):
    """What an id looks like, and where it is in the marketplace's own event URLs (None: nowhere)."""

    pattern: re.Pattern[str]
    words: str
    hosts: frozenset[str] = frozenset()
    in_url: re.Pattern[str] | None = None


_DIGITS = re.compile(r"(?=[0-9]*[1-9])[0-9]{1,20}")
_NUMBER = "a number of at most 16 digits"
_SHAPES: Mapping[Marketplace, _IdShape] = {
    Marketplace.STUBHUB: _IdShape(
        _DIGITS,
        _NUMBER,
        hosts=frozenset({"stubhub", "viagogo"}),
        # stubhub.com/<words>/event/<id>/ and viagogo.com/<words>/E-<id>
        in_url=re.compile(r"/(?:event/|E-)([0-9]{1,20})(?=/|$)", re.IGNORECASE),
    ),
    Marketplace.VIVID_SEATS: _IdShape(
        _DIGITS, _NUMBER, hosts=frozenset({"vividseats"}), in_url=re.compile(r"/production/([0-9]{1,20})(?=/|$)")
    ),
    # The id in a ticketmaster.com address is the old hexadecimal one, not the Discovery API's.
    Marketplace.TICKETMASTER: _IdShape(
        pattern=re.compile(r"[A-Za-z0-9_-]{1,40}"),
        words="1 to 40 letters, digits, '-' or '_', as the Discovery API has it",
    ),
    Marketplace.VIVENU: _IdShape(pattern=re.compile(r"[0-9a-f]{24}"), words="24 hexadecimal digits in lower case"),
}


def parse_event_id(marketplace: Marketplace, text: str) -> str | None:
    """The id in a cleaned cell; blank and the usual signs for "none" are None.

    A number loses its leading zeros and a decimal part of zeros; the marketplace's own event address yields its id.
    Rejected because digits may be lost or the reading is not certain: scientific notation, thousands separators, more
    digits than a spreadsheet's number can hold, any other address.
    """
    if text.casefold() in _PLACEHOLDERS:
        return None
    shape = _SHAPES[marketplace]
    if "/" in text:
        text = _id_in_url(shape, text)
    elif shape.pattern is _DIGITS:
        text = _undo_number_format(text)
    if not shape.pattern.fullmatch(text):
        raise CellProblem(f"is not a {marketplace} id, which is {shape.words}: copy it again from the marketplace")
    if shape.pattern is not _DIGITS:
        return text
    if int(text) > _LARGEST_EXACT:
        raise CellProblem(
            "has more digits than a spreadsheet's number can hold, so digits are lost: format the column as plain text "
            "and enter the id again"
        )
    return text.lstrip("0")


def _undo_number_format(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise CellProblem(
            "is in scientific notation, so digits are lost: format the column as plain text and enter the id again"
        )
    if _SEPARATED.fullmatch(text):
        raise CellProblem("has thousands separators: format the column as plain text and enter the digits only")
    decimal = _FLOAT.fullmatch(text)
    return decimal[1] if decimal else text


def _id_in_url(shape: _IdShape, text: str) -> str:
    """The one id in the path of a marketplace's own address; the query may contain other ids and is ignored."""
    if shape.in_url is None:
        raise CellProblem(f"is an address, which does not hold the id: enter the id itself, {shape.words}")
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        labels = set((address.hostname or "").split("."))
    except ValueError:  # such as "http://[half"
        labels = set()
    found = set(shape.in_url.findall(address.path)) if labels & shape.hosts else set()
    if len(found) != 1:
        raise CellProblem(f"is an address that does not name exactly one event: enter the id itself, {shape.words}")
    return str(found.pop())
