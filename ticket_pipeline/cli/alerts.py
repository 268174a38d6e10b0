"""`alerts`: where the rules stand, what fired, what was sent; test, mute, and try rules on the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.alerts.channels import find_channels, send
from ticket_pipeline.alerts.replay import Replayed, replay_rules
from ticket_pipeline.alerts.rule_problems import find_rule_problems
from ticket_pipeline.cli.formats import NOTHING, ago, counted, local_time, parse_duration, plain, until, utc_now
from ticket_pipeline.cli.incidents import incidents
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import choose_event, open_migrated
from ticket_pipeline.cli.tables import JsonOption, note, progress, show, show_json, table_of
from ticket_pipeline.errors import ConfigurationError, TicketPipelineError
from ticket_pipeline.market.alert_grammar import RuleProblemsError, parse_rule
from ticket_pipeline.market.alert_rules import AlertField
from ticket_pipeline.market.vocabulary import Health
from ticket_pipeline.queries.alerts import (
    AlertDelivery,
    AlertEvent,
    AlertStanding,
    alert_deliveries,
    alert_events,
    alert_standings,
)
from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.storage.alerts import StoredRule, mute_alert, read_alert_rules

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Price alerts: where they stand, what fired, what was sent. And incidents of the pipeline itself.",
)
commands.command("incidents")(incidents)

EventOption = Annotated[str | None, typer.Option("--event", help="Only this event: an id, or words of its name.")]
SinceOption = Annotated[
    timedelta, typer.Option("--since", parser=parse_duration, metavar="DURATION", help="How far back: 6h, 30d.")
]
AlertName = Annotated[str, typer.Argument(metavar="ALERT", help="The name of the alert, or the beginning of it.")]


@commands.command("list")
@with_formats
def list_alerts(*, event: EventOption = None, output: Output) -> None:
    """List the rules and where each stands, with why one has no data.

    ticket-pipeline alerts list
    """
    settings = load_settings()
    this_moment = utc_now()
    with open_migrated(settings) as database:
        event_id = _event_id(database, event)
        found = alert_standings(database, this_moment=this_moment, event_id=event_id)
        problems = list(find_rule_problems(database, settings, this_moment))
    if output.write(found, ([one] for one in found), if_empty=_nothing(settings)):
        return
    if found:
        show(table_of(found, _standing_columns(this_moment)))
    else:
        note(_nothing(settings))
    if problems:
        note("Rules to check:")
    for name, why in problems:
        note(f"{plain(name)}: {plain(why)}")


def _standing_columns(this_moment: datetime) -> dict[str, Callable[[AlertStanding], str]]:
    return {
        "Alert": lambda one: plain(f"{one.alert} ({one.measure} {one.condition})"),
        "Event": lambda one: plain(one.name),
        "Where": _where,
        "State": _state,
        ">Value": lambda one: one.shown_value or NOTHING,
        "Seen": lambda one: ago(one.captured_at, this_moment),
    }


def _where(one: AlertStanding) -> str:
    if one.marketplace is None:
        return NOTHING
    market = "all markets" if one.marketplace == "*" else one.marketplace
    return market if one.zone == "*" else f"{market}, {plain(one.zone)}"


def _state(one: AlertStanding) -> str:
    if one.state is None:
        return "no data yet"
    words = f"{one.state}{', muted' * one.is_muted}"
    if one.health not in (None, Health.OK):
        return f"{words} (waits: {one.health})"
    return f"{words}: {one.obstacle}" if one.obstacle else words


@commands.command("history")
@with_formats
def history(
    *,
    since: SinceOption = "30d",  # type: ignore[assignment] # typer parses the default
    event: EventOption = None,
    output: Output,
) -> None:
    """Show what fired and what ended, the newest first, and what was sent of it.

    ticket-pipeline alerts history --since 7d
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        found = alert_events(database, since=this_moment - since, event_id=_event_id(database, event))
    nothing = "Nothing fired in this time."
    if output.write(found, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    columns: dict[str, Callable[[AlertEvent], str]] = {
        "When": lambda one: local_time(one.captured_at, one.timezone),
        "Event": lambda one: plain(one.name),
        "What": lambda one: f"{plain(one.summary)}\n({plain(one.alert)}, {counted(one.captures, 'capture')})",
        "Told": lambda one: "muted" if one.is_muted else one.deliveries or NOTHING,
    }
    show(table_of(found, columns))


@commands.command("deliveries")
@with_formats
def deliveries(
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only messages that could not be delivered.")] = False,
    since: SinceOption = "30d",  # type: ignore[assignment] # typer parses the default
    output: Output,
) -> None:
    """Show messages by channel: sent, queued until when, or dead with the error.

    ticket-pipeline alerts deliveries --dead
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        found = alert_deliveries(database, states=["dead"] if dead else None, since=this_moment - since)
    nothing = "No message could not be delivered." if dead else "There was no message in this time."
    if output.write(found, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    columns: dict[str, Callable[[AlertDelivery], str]] = {
        "Made": lambda one: ago(one.created_at, this_moment),
        "Channel": lambda one: one.channel,
        "Message": lambda one: plain(one.title),
        "State": lambda one: (
            f"queued, {until(one.next_attempt_at, this_moment)}" if one.state == "queued" else one.state
        ),
        ">Tries": lambda one: str(one.attempts),
        "Error": lambda one: plain(one.error),
    }
    show(table_of(found, columns))


@commands.command("test")
def send_test(*, as_json: JsonOption = False) -> None:
    """Send a test message to each channel of ALERT_URLS, and show which of them took it.

    ticket-pipeline alerts test
    """
    channels, unreadable = find_channels(load_settings())
    if unreadable and not channels:
        raise ConfigurationError(unreadable[0])
    if not channels:
        raise ConfigurationError("ALERT_URLS is not set: there is no channel. Write an Apprise URL into it.")
    results = []
    for channel in channels:
        with progress(f"Sending to {channel.label}"):
            error = send(channel, "Test of ticket-pipeline", "Alerts of prices will arrive here.")
        results.append({"channel": channel.label, "tags": sorted(channel.tags), "is_sent": not error, "error": error})
    if as_json:
        show_json(results)
    else:
        columns: dict[str, Callable[[dict[str, object]], str]] = {
            "Channel": lambda row: str(row["channel"]),
            "Tags": lambda row: plain(", ".join(row["tags"])) or NOTHING,  # type: ignore[arg-type]
            "Result": lambda row: "sent" if row["is_sent"] else f"failed: {plain(row['error'])}",
        }
        show(table_of(results, columns))
    for problem in unreadable:
        note(f"Error: {problem}")
    if unreadable or not all(row["is_sent"] for row in results):
        raise typer.Exit(1)


@commands.command("mute")
def mute(
    alert: AlertName,
    *,
    event: EventOption = None,
    for_: Annotated[
        timedelta | None,
        typer.Option(
            "--for", parser=parse_duration, metavar="DURATION", help="For 6h, 2d; unset: until it has recovered."
        ),
    ] = None,
) -> None:
    """Mute an alert, for one event or all that it has seen: it is still evaluated and stored, but sends nothing.

    ticket-pipeline alerts mute "Cheap pair" --event "glass orchard" --for 2d
    """
    ends = None if for_ is None else utc_now() + for_
    with open_migrated(load_settings()) as database:
        rule = _find_rule(database, alert)
        subjects = mute_alert(
            database, rule.rule_id, event_id=_event_id(database, event), until=ends, until_resolved=ends is None
        )
    words = "until it has recovered" if ends is None else f"until {ends:%Y-%m-%d %H:%M} UTC"
    show(f"{plain(rule.rule.name)}: {counted(subjects, 'subject')} muted {words}.")


@commands.command("unmute")
def unmute(alert: AlertName, *, event: EventOption = None) -> None:
    """End a mute.

    ticket-pipeline alerts unmute "Cheap pair"
    """
    with open_migrated(load_settings()) as database:
        rule = _find_rule(database, alert)
        subjects = mute_alert(database, rule.rule_id, event_id=_event_id(database, event))
    show(f"{plain(rule.rule.name)}: {counted(subjects, 'subject')} not muted any more.")


@commands.command("replay")
@with_formats
def replay(
    *,
    since: SinceOption = "30d",  # type: ignore[assignment] # typer parses the default
    event: EventOption = None,
    output: Output,
) -> None:
    """Show what the rules would have fired on the captures that are stored. Nothing is changed or sent.

    ticket-pipeline alerts replay --since 14d
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database, progress("Trying the rules on stored captures"):
        rules = read_alert_rules(database)
        found = replay_rules(database, rules, this_moment - since, this_moment, event_id=_event_id(database, event))
    _show_replayed(found, output, counted(len(rules), "rule"))


@commands.command("preview")
@with_formats
def preview(
    measure: Annotated[str, typer.Argument(help="Such as 'floor', 'get-in 2', 'tickets', 'sales 24h'.")],
    condition: Annotated[str, typer.Argument(help="Such as 'below 150', 'falls 15% in 24h', 'new low'.")],
    *,
    event: Annotated[str, typer.Option(help="As the column Event: an id, words, 'Group: name'; unset: all.")] = "",
    marketplace: Annotated[str, typer.Option(help="As the column Marketplace.")] = "",
    zone: Annotated[str, typer.Option(help="As the column Zone.")] = "",
    captures: Annotated[str, typer.Option(help="As the column Captures.")] = "",
    since: SinceOption = "30d",  # type: ignore[assignment] # typer parses the default
    output: Output,
) -> None:
    """Try a rule while writing it: what it would have fired on the captures that are stored.

    ticket-pipeline alerts preview "get-in 2" "falls 15% in 24h" --event "glass orchard"
    """
    fields = (AlertField.MEASURE, AlertField.CONDITION, AlertField.EVENT, AlertField.MARKETPLACE, AlertField.ZONE)
    cells = dict(zip(map(str, fields), (measure, condition, event, marketplace, zone), strict=True))
    try:
        rule = parse_rule(cells | {str(AlertField.CAPTURES): captures})
    except RuleProblemsError as problems:
        raise ConfigurationError(" ".join(problems.reasons)) from None
    this_moment = utc_now()
    with open_migrated(load_settings()) as database, progress("Trying the rule on stored captures"):
        found = replay_rules(database, [StoredRule(0, rule)], this_moment - since, this_moment)
    _show_replayed(found, output, f"The rule '{rule.name}'")


def _show_replayed(found: Replayed, output: Output, who: str) -> None:
    tried = f"{who}: {counted(found.captures, 'capture')} of {counted(found.events, 'event')} tried"
    nothing = f"{tried}; nothing would have fired."
    if output.write(found, ([one] for one in found.occurrences), if_empty=nothing):
        return
    if found.occurrences:
        columns: dict[str, Callable[[AlertEvent], str]] = {
            "When": lambda one: local_time(one.captured_at, one.timezone),
            "Event": lambda one: plain(one.name),
            "What": lambda one: f"{one.kind}: {plain(one.summary)}",
        }
        show(table_of(found.occurrences, columns))
        fired = sum(one.kind == "fired" for one in found.occurrences)
        show(f"{tried}; it would have fired {counted(fired, 'time')}.")
    else:
        show(nothing)
    show(*found.limits)


def _find_rule(database: Database, name: str) -> StoredRule:
    rules = read_alert_rules(database)
    wanted = name.casefold()
    exact = [one for one in rules if one.rule.name.casefold() == wanted]
    found = exact or [one for one in rules if one.rule.name.casefold().startswith(wanted)]
    if len(found) != 1:
        listed = ", ".join(f"'{one.rule.name}'" for one in found or rules) or "none"
        raise TicketPipelineError(f"'{name}' names {len(found)} alerts. The alerts are: {listed}.")
    return found[0]


def _event_id(database: Database, key: str | None) -> int | None:
    return None if key is None else choose_event(database, [key], None)[0].event_id


def _nothing(settings: Settings) -> str:
    if settings.alerts is None:
        return "There is no rule: ALERTS is not set. docs/alerts.md shows how to write one."
    return "There is no rule yet: run `ticket-pipeline sync-events`, which reads ALERTS, too."
