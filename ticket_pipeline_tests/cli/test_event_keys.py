"""How users name an event: by any id, or by words; unknown, ambiguous and replaced keys."""

from __future__ import annotations

import pytest

from ticket_pipeline_tests.cli.conftest import Cli

COMMANDS = ["show-listings", "price-history", "section-prices", "fetch-listings", "event-details"]


@pytest.fixture
def named(cli: Cli) -> Cli:
    """A watchlist of names, places and dates of which no two events share all."""
    keys = cli.loopback.keys
    cli.write_watchlist(
        [
            ["Glass Orchard", "Harbor Garden", "Boston", "United States", "2031-11-05 19:30", keys[0], "TRUE"],
            ["Glass Orchard", "Harbor Garden", "Boston", "United States", "2031-11-06 19:30", keys[1], "TRUE"],
            ["Beyonc\u00e9: Live", "Crowd Arena", "Montr\u00e9al", "Canada", "2031-12-01 20:00", keys[2], "TRUE"],
            ["Old Boston Derby", "Crowd Arena", "Chicago", "United States", "2031-10-01 20:00", keys[3], "FALSE"],
        ]
    )
    assert cli.run("sync-events").exit_code == 0
    return cli


def test_words_of_name_venue_city_and_date_name_an_event(named: Cli) -> None:
    for words, number in (
        ("glass orchard 2031-11-06", 1),
        ("GARD gl 2031-11-05", 0),
        ("live beyonce", 2),
        ("MONTREAL", 2),
        ("crowd chicago", 3),
        ("boston derby", 3),
    ):
        for arguments in ([words], words.split()):
            ids = named.ask("show-listings", *arguments)["event"]["ids"]
            assert ids == {"stubhub": named.loopback.keys[number]}, words


def test_a_word_in_a_script_without_blanks_is_found_anywhere(named: Cli) -> None:
    named.loopback.rows("update events set venue = %s where city = 'Chicago'", "\u6771\u4eac\u30c9\u30fc\u30e0")
    found = named.ask("show-listings", "\u30c9\u30fc\u30e0")["event"]
    assert found["city"] == "Chicago"


def test_what_is_no_beginning_of_a_word_and_no_date_names_nothing(named: Cli) -> None:
    for words in ("orchard 03", "lass orchard 2031-11-05", "garden 05", "!!!", "2031-11-07 glass"):
        assert "No event has the id" in named.run("show-listings", words).stderr, words


def test_several_matches_are_listed_with_what_to_type_and_those_still_followed_first(named: Cli) -> None:
    keys = named.loopback.keys
    for command in COMMANDS:
        result = named.run(command, "boston")
        assert (result.exit_code, result.stdout) == (1, ""), command
        first, *lines = result.stderr.splitlines()
        assert first == "Error: 'boston' names 3 events. Type the id of one, or more words:", command
        dates = [(keys[0], "2031-11-05"), (keys[1], "2031-11-06"), (keys[3], "2031-10-01")]
        assert [tuple(line.split()[:2]) for line in lines] == dates, command
        assert lines[0].endswith("Glass Orchard, Harbor Garden, Boston")


def test_words_that_are_nearly_right_are_met_with_the_nearest_events(named: Cli) -> None:
    stderr = named.run("price-history", "beyonce", "motreal").stderr
    assert "No event has the id 'beyonce motreal', or these words in its name" in stderr
    assert [line.split()[0] for line in stderr.splitlines() if line.startswith("  ")] == [named.loopback.keys[2]]


def test_an_unknown_id_is_met_with_near_ones_and_what_to_do(synced: Cli) -> None:
    for command in COMMANDS:
        result = synced.run(command, "158000009")
        assert (result.exit_code, result.stdout) == (1, ""), command
        assert "No event has the id '158000009'" in result.stderr, command
        assert "4 ids are known. Nearest:\n  15800000" in result.stderr, command
        assert "ticket-pipeline show-events --all" in result.stderr, command
        assert "Traceback" not in result.output, command


def test_an_event_that_is_not_at_a_marketplace_says_where_it_is(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    result = synced.run("show-listings", key, "--marketplace", "vivid_seats")
    assert f"The watchlist has no vivid_seats id of Event 0, only {key} (stubhub)." in result.stderr


def test_the_same_id_at_two_marketplaces_needs_the_marketplace(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    synced.loopback.rows(
        "insert into event_sources (marketplace, external_id, event_id) values ('vivid_seats', %s, "
        "(select max(event_id) from events))",
        key,
    )
    refused = synced.run("show-listings", key)
    assert refused.exit_code == 1
    assert f"{key!r} names 2 events. Choose one with --marketplace" in refused.stderr
    assert "Event 3, Crowd Arena, Boston (vivid_seats)" in refused.stderr
    assert synced.ask("show-listings", key, "--marketplace", "vivid_seats")["event"]["name"] == "Event 3"


def test_a_replaced_id_names_its_event_with_a_note_and_the_new_one_is_fetched(synced: Cli) -> None:
    old, new = synced.loopback.keys[0], "158999999"
    text = synced.watchlist.read_text(encoding="utf-8")
    synced.watchlist.write_text(text.replace(old, new), encoding="utf-8")
    synced.run("sync-events")
    shown = synced.run("show-listings", f" {old} ")
    assert (shown.exit_code, f"replaced {old}" in shown.stderr) == (0, True)
    synced.run("fetch-listings", old)
    assert {record.external_id for record in synced.loopback.log.records()} == {new}


def test_a_replaced_id_without_another_is_not_fetched(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    synced.loopback.rows("update event_sources set is_current = false where external_id = %s", key)
    fetched = synced.run("fetch-listings", key)
    assert (fetched.exit_code, "so they are not fetched" in fetched.stderr) == (1, True)
    assert synced.loopback.log.records() == []


def test_a_name_in_a_message_cannot_steer_the_terminal(named: Cli) -> None:
    named.loopback.rows("update events set name = %s where name like 'Glass%%'", "Glass \x1b[2J Orchard")
    assert "\x1b" not in named.run("show-listings", "glass").stderr
