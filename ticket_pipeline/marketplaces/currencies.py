# ruff: noqa: RUF001 - letters and digits of other scripts look like Latin ones
"""Which currencies a symbol beside an amount can mean, and amounts that contradict the currency of their listing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.vocabulary import FINER_THAN_CENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_pipeline.marketplaces.values import Problems

_SYMBOLS = """
$ USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BBD BMD BSD BZD DOP FJD JMD KYD TTD XCD | us$ USD | c$ CAD | ca$ CAD
cdn$ CAD | a$ AUD | au$ AUD | nz$ NZD | s$ SGD | sg$ SGD | hk$ HKD | nt$ TWD | mx$ MXN | r$ BRL | £ GBP EGP FKP GIP
$us USD | $ca CAD | $a AUD | € EUR | euro EUR | euros EUR | ￡ GBP | pounds GBP | ¥ JPY CNY | ￥ JPY CNY | 円 JPY
元 CNY TWD HKD | ₹ INR | rs INR PKR LKR NPR MUR SCR | ₩ KRW | 원 KRW | ₪ ILS | ₺ TRY | tl TRY | ฿ THB | ₱ PHP | ₫ VND
kr SEK NOK DKK ISK | zł PLN | kč CZK | ft HUF | lei RON | fr CHF | sfr CHF | r ZAR | rm MYR | rp IDR | ₽ RUB | руб RUB
₴ UAH | ₦ NGN | ₡ CRC | s/ PEN | رس SAR | دإ AED
"""
_MEANINGS = {entry.split()[0]: frozenset(entry.split()[1:]) for entry in re.split(r"[|\n]", _SYMBOLS) if entry.strip()}
"""Symbol in lower case, without points → the currencies that it stands for."""

_CODES = frozenset().union(*_MEANINGS.values(), FINER_THAN_CENTS, {"AED", "SAR", "QAR", "BGN", "RUB", "UAH", "NGN"})
_NUMERIC = "0123456789.,'\u2019+- \u00a0\u202f\u2009"
_WITHOUT_NUMBERS = str.maketrans("", "", _NUMERIC)
_THOUSAND = 1000
_ONE_GROUP = re.compile(r"[^0-9.,]*[0-9]{1,3}[.,][0-9]{3}[^0-9.,]*")


@lru_cache(maxsize=1024)
def contradicts(symbol: str, currency: str) -> bool:
    """Whether what stands beside an amount, such as `£` or `CA$`, means another currency; an unknown word does not."""
    whole = "".join(symbol.casefold().replace(".", "").split())
    words = re.findall(r"[^\W\d_]+|[^\w\s]", symbol)
    named = {word for word in (whole.upper(), *words) if word in _CODES}
    if whole in _MEANINGS:
        return currency not in _MEANINGS[whole]
    if named:
        return currency not in named
    meanings = [_MEANINGS[word] for word in words if word in _MEANINGS]
    return bool(meanings) and not any(currency in meaning for meaning in meanings)


def is_in_another(shown: object, currency: str) -> bool:
    """Whether an amount as it is shown names another currency."""
    return isinstance(shown, str) and contradicts(shown.strip(_NUMERIC), currency)


def agreeing_amounts(
    name: str,
    amounts: list[float | None],
    shown: Sequence[Any],
    currencies: Sequence[str | None],
    problems: Problems,
) -> list[float | None]:
    """The amounts without those that are shown in another currency, or that could be thousands or decimals there.

    Args:
        name: of the field, for `problems`.
        amounts: as read.
        shown: as sent or displayed; only texts are looked at.
        currencies: of the listings.
        problems: gets what is wrong.
    """
    # All characters at once: a capture has thousands of amounts, and usually no mark but one symbol.
    try:
        together = "".join(shown)
    except TypeError:
        together = "".join(text for text in shown if isinstance(text, str))
    marks = set(together.translate(_WITHOUT_NUMBERS))
    codes = set(currencies) - {None}
    rows: dict[int, str] = {}
    if any(mark.isalpha() or contradicts(mark, code) for mark in marks for code in codes):
        for row, (text, code) in enumerate(zip(shown, currencies, strict=True)):
            if code is not None and is_in_another(text, code):
                rows[row] = "is shown in another currency"
    if not FINER_THAN_CENTS.isdisjoint(codes):
        for row, (text, code) in enumerate(zip(shown, currencies, strict=True)):
            is_grouped = code in FINER_THAN_CENTS and isinstance(text, str) and _ONE_GROUP.fullmatch(text)
            if is_grouped and (amounts[row] or 0) >= _THOUSAND:
                rows[row] = "may be thousands or decimals"
    if not rows:
        return amounts
    for row, why in rows.items():
        problems.add(row, name, why)
    return [None if row in rows else amount for row, amount in enumerate(amounts)]
