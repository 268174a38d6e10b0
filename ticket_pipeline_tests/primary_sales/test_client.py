"""The client of vivenu against a served organiser: whole reads of a moving set, tokens, limits, and every failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from ticket_pipeline.errors import (
    Blocked,
    ConfigurationError,
    EventGone,
    MarketplaceError,
    RateLimited,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.primary_sales.api import SIMULATED_KEY, ApiKey
from ticket_pipeline.primary_sales.client import VivenuClient, as_sent
from ticket_pipeline.primary_sales.paging import ReadSet
from ticket_pipeline.primary_sales.wire import TicketWire
from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline_tests.http.wire import Wire, response, serve_wire
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.primary_sales.organiser import NOW, Organiser, open_client, open_organiser, settings_of

_T = TypeVar("_T")
_PATIENCE_SECONDS = 100
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def organiser() -> Iterator[Organiser]:
    """Five events, six hundred tickets."""
    with open_organiser() as opened:
        yield opened


def ask(settings: Settings, question: Callable[[VivenuClient], Awaitable[_T]]) -> _T:

    async def run() -> _T:
        async with asyncio.timeout(_PATIENCE_SECONDS), open_client(settings) as client:
            return await question(client)

    return asyncio.run(run())


def tickets_of(settings: Settings, event_id: str, **query: object) -> ReadSet[TicketWire]:
    """The tickets of an event, as they are on the wire."""
    return ask(settings, lambda client: client.fetch_tickets(event_id, lambda ticket: ticket, **query))  # type: ignore[arg-type]


def failure(settings: Settings) -> MarketplaceError:
    """Why the events cannot be had."""
    with pytest.raises(MarketplaceError) as caught:
        ask(settings, VivenuClient.fetch_events)
    return caught.value


def run_wire(wire: Wire, work: Callable[[Settings], Awaitable[_T]], **changes: object) -> _T:
    """The result of some work with a server that sends exactly these bytes."""

    async def run() -> _T:
        async with asyncio.timeout(_PATIENCE_SECONDS), serve_wire(wire) as server:
            return await work(settings_of(server.url, **changes))

    return asyncio.run(run())


async def fetch_wire(settings: Settings) -> ReadSet[TicketWire]:
    """The tickets that such a server has."""
    async with open_client(settings) as client:
        return await client.fetch_tickets("e", lambda ticket: ticket)


# --- whole reads -----------------------------------------------------------------------------------------------------


def test_every_ticket_of_an_event_comes_once_and_of_no_other(organiser: Organiser) -> None:
    event = organiser.world.events[2].event_id
    found = tickets_of(organiser.settings(), event)
    assert set(found.rows) == {ticket.ticket_id for ticket in organiser.world.of_event(event)}
    assert (found.total, found.rejects) == (len(found.rows), {})
    assert len(organiser.log.records()) == -(-found.total // 50)
    assert abs(found.began_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_events_coupons_series_and_transactions_come_whole(organiser: Organiser) -> None:
    async def everything(client: VivenuClient) -> list[set[str]]:
        sets = [await client.fetch_events(), await client.fetch_coupons(), await client.fetch_transactions()]
        return [*(set(found.rows) for found in sets), set((await client.fetch_series()).rows)]

    world = organiser.world
    assert ask(organiser.settings(vivenu_page_size=7), everything) == [
        {event.event_id for event in world.events},
        {coupon.coupon_id for coupon in world.coupons},
        set(world.purchases),
        {coupon.series_id for coupon in world.coupons if coupon.series_id},
    ]


def test_a_ticket_that_moves_across_the_readers_place_is_not_missed(organiser: Organiser) -> None:
    event = organiser.world.events[0].event_id
    unread = min(organiser.world.of_event(event), key=lambda ticket: ticket.updated_at)
    organiser.desk.after_page = lambda _: organiser.world.set_status(unread.ticket_id, "INVALID", datetime.now(UTC))
    found = tickets_of(organiser.settings(), event)
    assert set(found.rows) == {ticket.ticket_id for ticket in organiser.world.of_event(event)}
    assert found.rows[unread.ticket_id].status == "INVALID"


def test_a_set_that_shrinks_is_read_again_from_its_start(organiser: Organiser) -> None:
    event = organiser.world.events[0].event_id
    first = max(organiser.world.of_event(event), key=lambda ticket: ticket.updated_at)

    def remove(_: str) -> None:
        if first.ticket_id in organiser.world.tickets:
            del organiser.world.tickets[first.ticket_id]

    organiser.desk.after_page = remove
    found = tickets_of(organiser.settings(), event)
    assert set(found.rows) == {ticket.ticket_id for ticket in organiser.world.of_event(event)}
    assert first.ticket_id not in found.rows


def test_a_set_that_never_stands_still_is_given_up_with_both_counts(organiser: Organiser) -> None:
    event = organiser.world.events[0]

    def sell(_: str) -> None:
        organiser.world.sell(event, datetime.now(UTC))

    organiser.desk.after_page = sell
    with pytest.raises(UnexpectedPayload, match=r"4 times and got [0-9]+ different rows of the [0-9]+"):
        tickets_of(organiser.settings(), event.event_id)


def test_only_what_changed_since_a_moment_is_served(organiser: Organiser) -> None:
    event = organiser.world.events[0].event_id
    changed = organiser.world.of_event(event)[0]
    organiser.world.set_status(changed.ticket_id, "INVALID", LATER)
    found = tickets_of(organiser.settings(), event, since=LATER)
    assert set(found.rows) == {changed.ticket_id}
    assert organiser.desk.served["tickets"] == 1


def test_a_row_that_cannot_be_read_is_counted_with_a_reason_that_quotes_nothing() -> None:
    good = {"_id": "1", "eventId": "e", "ticketTypeId": "t", "status": "VALID"}
    good |= {"createdAt": "2026-05-01T10:00:00.000Z", "updatedAt": "2026-05-01T10:00:00.000Z"}
    body = orjson.dumps({"total": 2, "rows": [good, good | {"_id": "2", "createdAt": "CANARY", "realPrice": "12.50"}]})
    found = run_wire(response(body=body), fetch_wire)
    assert set(found.rows) == {"1"}
    (reject,) = found.rejects.values()
    assert "createdAt" in reject.reason
    assert "CANARY" not in repr(reject)
    assert (reject.id, reject.is_identified, reject.updated_at) == ("2", True, datetime(2026, 5, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize("raw", [{"_id": 7, "name": "CANARY"}, {"_id": "CANARY Jane Doe"}, "CANARY", None, {}])
def test_a_row_without_an_id_of_its_own_is_marked_by_its_bytes(raw: object) -> None:
    found = run_wire(response(body=orjson.dumps({"total": 1, "rows": [raw]})), fetch_wire)
    (reject,) = found.rejects.values()
    assert (reject.id[:7], reject.is_identified, reject.updated_at) == ("(no id ", False, None)
    assert "CANARY" not in repr(reject)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_key_that_expires_is_read_again_from_its_file(organiser: Organiser, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old\n")
    organiser.desk.tokens = {"old"}

    def expire(_: str) -> None:
        organiser.desk.tokens = {"new"}
        file.write_text("new\n")

    organiser.desk.after_page = expire
    found = tickets_of(
        organiser.settings(vivenu_api_key="", vivenu_api_key_file=str(file)), organiser.world.events[0].event_id
    )
    assert len(found.rows) == found.total
    assert [record.status for record in organiser.log.records()].count(401) == 1


@pytest.mark.parametrize("content", [None, "", "two words", "two\nlines", "bell\x07"])
def test_a_key_file_of_no_use_is_a_mistake_of_configuration(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match="VIVENU_API_KEY_FILE"):
        ask(
            settings_of("http://127.0.0.1:9", vivenu_api_key="", vivenu_api_key_file=str(file)),
            VivenuClient.fetch_events,
        )


def test_a_key_file_that_others_can_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "key"
    file.write_text("S3CRETkey")
    for mode in (0o600, 0o644):
        assert caplog.text == ""
        file.chmod(mode)
        assert ApiKey(None, file).read().get_secret_value() == "S3CRETkey"
    assert f"Other users of this machine can read VIVENU_API_KEY_FILE {file}. Run chmod 600 on it." in caplog.text
    assert "S3CRET" not in caplog.text


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error", "requests"),
    [
        (FaultKind.RATE_LIMITED, RateLimited, 4),
        (FaultKind.SERVER_ERROR, TemporarilyUnavailable, 4),
        (FaultKind.UNAUTHORIZED, Blocked, 1),
        (FaultKind.NOT_FOUND, EventGone, 1),
        (FaultKind.WRONG_SHAPE, UnexpectedPayload, 1),
        (FaultKind.TRUNCATED, UnexpectedPayload, 1),
    ],
)
def test_each_failure_becomes_its_error_and_only_transient_ones_are_tried_again(
    organiser: Organiser, kind: FaultKind, error: type[MarketplaceError], requests: int
) -> None:
    organiser.faults.add(Fault(kind, times=None))
    raised = failure(organiser.settings(httpx_retries=3))
    assert type(raised) is error
    assert len(organiser.log.records()) == requests


def test_a_read_goes_on_after_a_few_failures_and_the_wait_of_the_server(organiser: Organiser) -> None:
    organiser.faults.add(Fault(FaultKind.RATE_LIMITED, times=2, retry_after="0"))
    organiser.faults.add(Fault(FaultKind.UNAVAILABLE))
    assert ask(organiser.settings(httpx_retries=3), VivenuClient.fetch_events).total == 5


def test_the_read_timeout_is_a_setting(organiser: Organiser) -> None:
    organiser.faults.add(Fault(FaultKind.HANG, times=None))
    error = failure(organiser.settings(httpx_timeout_read=0.05, httpx_retries=0))
    assert isinstance(error, TemporarilyUnavailable)
    assert error.is_timeout


def test_no_more_requests_are_under_way_than_there_may_be_connections(organiser: Organiser) -> None:
    async def many(client: VivenuClient) -> None:
        await asyncio.gather(*(client.fetch_events() for _ in range(12)))

    organiser.faults.add(Fault(FaultKind.SLOW, times=None, delay_seconds=0.02))
    ask(organiser.settings(httpx_max_connections=2), many)
    assert organiser.log.most_at_once() == 2


def test_checking_no_certificate_is_logged_as_a_warning(organiser: Organiser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        ask(organiser.settings(), VivenuClient.fetch_events)
        assert caplog.records == []
        ask(organiser.settings(httpx_verify_ssl=False), VivenuClient.fetch_events)
    assert "HTTPX_VERIFY_SSL is off" in caplog.text


def test_http2_without_its_library_names_what_to_install(organiser: Organiser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_pipeline.http.client.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"ticket-pipeline\[http2\]"):
        ask(organiser.settings(httpx_http2=True), VivenuClient.fetch_events)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"disabled_marketplaces": "vivenu"}, "DISABLED_MARKETPLACES"),
        ({"vivenu_api_key": "", "stubhub_api_base_url": "https://stubhub.example"}, "VIVENU_API_KEY"),
        ({"vivenu_api_base_url": "http://vivenu.example"}, "API key would travel unencrypted to vivenu.example"),
        ({"vivenu_api_base_url": "https://a:b@vivenu.example"}, "VIVENU_API_BASE_URL must be a scheme and a host"),
    ],
)
def test_requests_are_sent_only_where_vivenu_is_on_and_configured(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        ask(settings_of("https://vivenu.com", **changes), VivenuClient.fetch_events)


def test_an_address_without_a_key_is_rejected_with_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="VIVENU_API_BASE_URL needs VIVENU_API_KEY"):
        load_settings(vivenu_api_base_url="https://vivenu.dev")
    assert load_settings(vivenu_api_base_url="https://vivenu.dev", vivenu_api_key_file=tmp_path / "key").has_vivenu_key


def test_no_failure_shows_the_key(organiser: Organiser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for kind in (FaultKind.UNAUTHORIZED, FaultKind.SERVER_ERROR, FaultKind.WRONG_SHAPE, FaultKind.TRUNCATED):
            organiser.faults.add(Fault(kind, times=None))
            error = failure(organiser.settings(httpx_retries=0))
            assert SIMULATED_TOKEN not in str(error)
            organiser.faults.clear()
        assert SIMULATED_TOKEN not in caplog.text


def test_a_moment_is_sent_in_utc_with_milliseconds() -> None:
    assert as_sent(NOW + timedelta(microseconds=12_345)) == "2026-06-01T12:00:00.012Z"


def test_without_any_key_vivenu_is_simulated_and_with_one_nothing_is() -> None:
    assert SIMULATED_KEY == SIMULATED_TOKEN
    assert Settings(simulator_port=4000).vivenu_base_url == "http://127.0.0.1:4000/vivenu"
    real = settings_from({"vivenu_api_key": "k"})
    assert (real.vivenu_base_url, real.is_simulated) == ("https://vivenu.com", False)
