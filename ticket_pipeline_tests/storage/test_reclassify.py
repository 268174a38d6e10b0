"""Stored captures are brought to changed rules of what is a seat, and back, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.admission import AdmissionRule, AdmissionRules, EventAdmission
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.sale_rates import DEFAULT_SALE_RULES
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, ParsedListings
from ticket_pipeline.storage.admission_rules import replace_admission_rules
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.sales import update_sales
from ticket_pipeline.storage.snapshots import Capture
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    NOON,
    capture_of,
    empty,
    query,
    watch_one,
    write,
)

DAY = Span(NOON, NOON + 2 * HOUR)
SECTIONS = ("305", "Grounds pass", "Gold Lot", "VIP upgrade", "Terrace")
NOTES = (None, "Parking only", "Not an event ticket", "Grounds pass")
LISTINGS = [("305", None, 271.44), ("Grounds pass", None, 92.53), ("Gold Lot", None, 35.0), ("Terrace", NOTES[2], 20.5)]
RULES = {
    "none": [],
    "lots are seats": [AdmissionRule(None, "Harbor Garden", "*Lot", Admission.SEAT)],
    "everything": [AdmissionRule("stubhub", None, "*", Admission.SEAT)],
    "nothing": [AdmissionRule(None, None, "*", Admission.EXTRA)],
    "terrace": [
        AdmissionRule(None, None, "Terrace", Admission.PARKING),
        AdmissionRule(None, None, "305", Admission.GROUNDS),
    ],
}


def judged(
    event: Event, at: datetime, listings: list[tuple[str | None, str | None, float]], rules: EventAdmission | None
) -> Capture:
    """A capture of listings of (section, notes, price), as polling stores it under these rules."""
    rows: list[dict[str, Any]] = [
        dict.fromkeys(LISTING_COLUMNS)
        | {"listing_id": str(number), "section": section, "notes": notes, "all_in_price": price}
        | {"quantity": 2, "splits": (1, 2), "currency": "USD", "is_general_admission": False, "is_speculative": False}
        for number, (section, notes, price) in enumerate(listings)
    ]
    columns = {name: [row[name] for row in rows] for name in LISTING_COLUMNS}
    parsed = ParsedListings(rows, list(range(len(rows))), columns, [])
    (validated,) = validate_listings([parsed], None if rules is None else [rules])
    return replace(
        capture_of(event, at, rejected=validated.rejected),
        received=validated.received,
        columns={name: validated.columns[name] for name in STORED_COLUMNS},
        tickets=validated.tickets,
        currency=validated.currency,
        fee_basis=validated.fee_basis,
        set_aside=validated.set_aside,
        admission_rules=rules and rules.fingerprint,
    )


def stored(database: Database) -> dict[str, list[Row]]:
    """All that rules of what is a seat decide, but the place of what was excluded among the rejected.

    A listing that is rejected for something else too stays rejected, with the reasons of its time; price classes are
    those of the capture when it was stored.
    """
    update_sales(database, DEFAULT_SALE_RULES)
    return {
        "snapshots": query(
            database,
            "select captured_at, received, accepted, rejected, set_aside, tickets, currency, fee_basis, is_suspect,"
            " admission_rules from snapshots order by captured_at",
        ),
        "listings": [
            {name: value for name, value in row.items() if name != "price_class"}
            for row in query(database, "select * from listings order by captured_at, listing_id")
        ],
        "rejected": query(
            database,
            "select captured_at, reasons, listing ->> 'listing_id' as id, (listing ->> 'price')::numeric as price"
            " from rejected_listings where listing is not null order by captured_at, listing ->> 'listing_id'",
        ),
        "prices": query(
            database,
            "select zone, hour_at, currency, listings, tickets, get_in_1_price, observations from hourly_prices"
            " order by zone, hour_at, currency",
        ),
        "changes": query(database, "select * from listing_changes order by captured_at, listing_id, change"),
        "sales": query(database, "select * from estimated_sales order by zone, hour_at"),
    }


def stored_anew(database: Database, rules: list[AdmissionRule], listings: list[Any]) -> dict[str, list[Row]]:
    """What is stored where captures were judged by these rules from the beginning."""
    empty(database)
    event = watch_one(database)
    replace_admission_rules(database, rules)
    own = AdmissionRules(rules).for_event(event.marketplace, event.venue)
    for hours, some in enumerate((listings, listings[1:])):
        write(database, judged(event, NOON + hours * HOUR, some, own))
    rebuild_hourly(database, DAY)
    return stored(database)


@given(
    path=st.lists(st.sampled_from(sorted(RULES)), min_size=2, max_size=4),
    listings=st.lists(
        st.tuples(
            st.sampled_from((None, *SECTIONS)), st.sampled_from(NOTES), st.sampled_from((10.5, 35.0, 99.99, 0.0))
        ),
        min_size=1,
        max_size=6,
    ),
)
@EXAMPLES_SHARE_A_DATABASE
def test_a_rebuild_under_changed_rules_equals_captures_judged_by_them(
    database: Database, path: list[str], listings: list[tuple[str | None, str | None, float]]
) -> None:
    expected = stored_anew(database, RULES[path[-1]], listings)
    stored_anew(database, RULES[path[0]], listings)
    for name in path[1:]:
        replace_admission_rules(database, RULES[name])
        rebuild_hourly(database, DAY)
        balance = query(
            database,
            "select s.accepted + s.rejected = s.received and s.rejected = (select count(*) from rejected_listings as r"
            " where r.captured_at = s.captured_at) as holds from snapshots as s",
        )
        assert all(row["holds"] for row in balance)
    assert stored(database) == expected
    rebuild_hourly(database, DAY)
    assert stored(database) == expected


def test_history_of_before_there_were_rules_is_judged_by_what_was_stored(database: Database) -> None:
    event = watch_one(database)
    everything = AdmissionRules(RULES["everything"]).for_event(event.marketplace, event.venue)
    write(database, replace(judged(event, NOON, LISTINGS, everything), admission_rules=None))
    rebuild_hourly(database, DAY)
    (snapshot,) = stored(database)["snapshots"]
    assert (snapshot["accepted"], snapshot["rejected"], snapshot["set_aside"], snapshot["tickets"]) == (2, 2, 2, 2)
    (whole,) = (row for row in stored(database)["prices"] if row["zone"] == "*")
    assert (float(whole["get_in_1_price"]), whole["listings"]) == (271.44, 1)
    moved = query(
        database, "select position, raw::jsonb = listing as is_raw, raw from rejected_listings order by position"
    )
    assert [(row["position"], row["is_raw"]) for row in moved] == [(4, True), (5, True)]
    assert '"section": "Gold Lot"' in moved[0]["raw"]


def test_a_capture_whose_listings_are_gone_keeps_its_counts(database: Database) -> None:
    event = watch_one(database)
    own = AdmissionRules().for_event(event.marketplace, event.venue)
    write(database, judged(event, NOON, LISTINGS, own))
    with database.connection() as connection:
        connection.execute("delete from listings")
    before = stored(database)["snapshots"]
    replace_admission_rules(database, RULES["nothing"])
    rebuild_hourly(database, DAY)
    (after,) = stored(database)["snapshots"]
    assert after == before[0] | {"admission_rules": after["admission_rules"]}
    assert after["admission_rules"] != own.fingerprint


def test_captures_outside_the_span_and_of_other_events_stay(database: Database) -> None:
    event = watch_one(database)
    own = AdmissionRules().for_event(event.marketplace, event.venue)
    for hours in (-1, 0, 2):
        write(database, judged(event, NOON + hours * HOUR, LISTINGS, own))
    replace_admission_rules(database, RULES["lots are seats"])
    rebuild_hourly(database, Span(NOON, NOON + HOUR))
    assert [row["accepted"] for row in stored(database)["snapshots"]] == [2, 3, 2]
