"""Single cells: values, and the reasons for rejected ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ticket_pipeline.sheet.cells import (
    CellProblem,
    check_formula,
    clean,
    parse_capacity,
    parse_interval,
    parse_text,
    parse_tracked,
    shown,
    storable,
)


@pytest.mark.parametrize(
    ("pasted", "seen"),
    [
        *(("\u00a0 Kaseya\u00a0Center \n", "Kaseya Center"), ("\u200b157284301\ufeff", "157284301")),
        *(("two\r\nlines\tand  gaps", "two lines and gaps"), ("Beyonce\u0301", "Beyonc\u00e9"), ("\u200b\u00a0", "")),
        ("bad\x00\ud800cell", "bad\ufffd\ufffdcell"),
    ],
)
def test_cells_that_look_alike_are_alike(pasted: str, seen: str) -> None:
    assert clean(pasted) == seen
    assert storable(" a\x00b\udfff\u200b ") == " a\ufffdb\ufffd\u200b "  # only what a database cannot hold


def test_a_long_value_is_shortened_in_messages() -> None:
    assert shown("x" * 60) == f"'{'x' * 60}'"
    assert shown("x" * 61) == f"'{'x' * 59}…'"


@pytest.mark.parametrize(
    "text",
    [
        *("#REF!", "#N/A", "#NAME?", "#DIV/0!", "#SPILL!", "#ERROR!", "########", "Loading...", "Loading…"),
        *("#N/A Requesting Data...", "Getting data...", "Calculating…"),
        *("#BEZUG!", "#NV", "Err:508", "#WERT!", "#ÜBERLAUF!", "Wird geladen..."),
        *("#¡REF!", "#¿NOMBRE?", "#¡DIV/0!", "Cargando..."),
        *("#NOM?", "#VALEUR!", "Chargement..."),
        *("#ССЫЛКА!", "#ЗНАЧ!", "#ИМЯ?", "#Н/Д", "Загрузка..."),  # noqa: RUF001 - Cyrillic
        *("#ADR!", "#BRAK", "#PUUTTUU!", "#SAYI/0!", "#YOK", "#I/T", "読み込んでいます..."),
    ],
)
def test_an_error_or_loading_value_of_any_language_is_rejected(text: str) -> None:
    with pytest.raises(CellProblem, match="error of the sheet itself: fix the formula"):
        check_formula(clean(text))


@pytest.mark.parametrize("text", ["#REF! the musical", "#1 Fan", "#blessed!", "Loading", "Waiting...", "N/A", "#7?"])
def test_a_name_that_only_resembles_a_sheet_error_passes(text: str) -> None:
    check_formula(text)


def test_text_longer_than_an_index_entry_allows_is_rejected() -> None:
    assert parse_text("é" * 200) == "é" * 200
    assert parse_text("") is None
    with pytest.raises(CellProblem, match="201 characters"):
        parse_text("é" * 201)


@pytest.mark.parametrize(
    ("text", "seats"),
    [("", None), ("18203", 18203), ("18,203", 18203), ("18.203", 18203), ("18 203", 18203), ("500.0", 500), ("1", 1)],
)
def test_a_capacity_is_a_whole_number_with_or_without_separators(text: str, seats: int | None) -> None:
    assert parse_capacity(text) == seats


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        *(("", None), ("4h", timedelta(hours=4)), ("4 Hours", timedelta(hours=4)), ("30m", timedelta(minutes=30))),
        *(("90 min", timedelta(minutes=90)), ("1d", timedelta(days=1)), ("1h 30m", timedelta(minutes=90))),
        *(("1h30m", timedelta(minutes=90)), ("2:30", timedelta(minutes=150))),
        *(("2:30:30", timedelta(minutes=150, seconds=30)), ("6", timedelta(hours=6)), ("0.5", timedelta(minutes=30))),
        *(("1,5 h", timedelta(minutes=90)), ("1m", timedelta(minutes=1)), ("14d", timedelta(days=14))),
    ],
)
def test_an_interval_is_read_in_the_ways_people_write_it(text: str, interval: timedelta | None) -> None:
    assert parse_interval(text) == interval


YES = ("TRUE", "t", "Yes", "y", "1", "x", "✓", "", "WAHR", "VRAI", "Verdadero", "ИСТИНА", "Sí", "DOĞRU", "はい")
YES += ("✔\ufe0f", "☑\ufe0f", "1,0", "ВЯРНО")
NO = (
    "FALSE",
    "f",
    "No",
    "n",
    "0",
    "FALSCH",
    "FAUX",
    "falso",
    "ЛОЖЬ",
    "NEIN",
    "YANLIŞ",
    "FAŁSZ",
    "いいえ",
    "ΨΕΥΔΗΣ",
    "VÄÄR",
    "아니오",
    "NETOČNO",
    "✖\ufe0f",
    "⬜",
    "0,0",
)


@pytest.mark.parametrize(("text", "is_tracked"), [*((text, True) for text in YES), *((text, False) for text in NO)])
def test_yes_and_no_are_read_in_their_spellings_and_blank_is_yes(text: str, is_tracked: bool) -> None:
    assert parse_tracked(text) is is_tracked


NO_SEATS = ("0", "-5", "1,00", "18.5", "1,000,001", "about 500", "1e4", "1٣", "9" * 5000)
NO_INTERVALS = ("soon", "4 parsecs", "h", "4h later", "-1h", "2:75", "nan", "inf", "1e3")


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        *((parse_tracked, text, "neither yes nor no: write TRUE") for text in ("maybe", "2", "TRUE FALSE", "-")),
        *((parse_capacity, text, "must be a whole number from 1 to 1,000,000") for text in NO_SEATS),
        *((parse_interval, text, "is not an interval") for text in NO_INTERVALS),
        *((parse_interval, text, "out of bounds") for text in ("0", "0.5m", "15d", "14d 1m", "999999")),
    ],
)
def test_anything_else_is_rejected_with_the_way_to_write_it(
    parse: Callable[[str], object], text: str, reason: str
) -> None:
    with pytest.raises(CellProblem, match=reason):
        parse(text)
