"""The arguments of `dagster asset materialize`: a mistake is one clear line; Dagster handles everything else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click
import dagster as dg
import pytest

from ticket_pipeline.defs.command_line import check_arguments


@contextlib.contextmanager
def command(path: str, **arguments: str | None) -> Iterator[None]:
    """Be inside a `dagster` command with these arguments."""
    with contextlib.ExitStack() as stack:
        parent = None
        for name in ("dagster", *path.split()):
            parent = click.Context(click.Command(name), parent=parent, info_name=name)
            stack.enter_context(parent)
        assert parent is not None
        parent.params = {"partition": None, "partition_range": None} | arguments
        yield


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"select": "hourly_price"}, "'hourly_price'. The assets are: daily_prices, estimated_sales, events, "),
        ({"select": "group:nope"}, "The assets are: daily_prices"),
        (
            {"select": "hourly_prices"},
            "FIRST...LAST; a key is the start of a window in UTC, written %Y-%m-%d-%H:%M.",
        ),
        ({"select": "events,stubhub_listings"}, "Partitioned: stubhub_listings. Add"),
        ({"select": "stubhub_listings"}, "a key is the marketplace's own id of an event, as in your watchlist."),
        ({"select": "group:prices", "partition": "2026-06-01"}, "daily_prices, hourly_prices have different"),
        ({"select": "daily_prices", "partition_range": "a..b"}, "'a..b' is not a range"),
        ({"select": "daily_prices", "partition_range": "a...b...c"}, "is not a range. Write FIRST...LAST"),
        ({"select": "daily_prices", "partition": "a", "partition_range": "a...b"}, "not both"),
        ({"select": "events", "partition": "1"}, "Not partitioned: events. Leave --partition and"),
    ],
)
def test_a_mistake_in_the_arguments_is_an_error_with_the_fix(
    defs: dg.Definitions, arguments: dict[str, str | None], message: str
) -> None:
    with command("asset materialize", **arguments), pytest.raises(click.UsageError) as raised:
        check_arguments(defs)
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("asset materialize", {"select": "events"}),
        ("asset materialize", {"select": "events,stubhub_listings", "partition": "1"}),
        ("asset materialize", {"select": "daily_prices", "partition_range": "a...b"}),
        ("asset materialize", {"renamed": "hourly_price"}),
        ("asset list", {"select": "hourly_price"}),
        ("job execute", {"job": "poll_stubhub"}),
    ],
)
def test_all_other_uses_pass(defs: dg.Definitions, path: str, arguments: dict[str, str | None]) -> None:
    with command(path, **arguments):
        check_arguments(defs)


def test_outside_of_dagsters_command_nothing_is_checked(defs: dg.Definitions) -> None:
    check_arguments(defs)
