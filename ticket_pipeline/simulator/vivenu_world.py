"""The organiser behind the simulated vivenu: events, buyers, tickets, coupons, and how they change over time.

Everything is drawn from a seed. Every value that identifies a buyer carries the word `CANARY`, so that a test can look
for it wherever it must not be; birth dates are recognised by their year: nothing else here happened before 2013.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CANARY = "CANARY"
SELLER_ID = "6500000000000000000000aa"

ANSWERS = (
    ("Female", "female"),
    ("Male 남성", "male"),
    ("Female เพศหญิง", "female"),
    ("männlich", "male"),
    ("weiblich", "female"),
    ("divers", "diverse"),
    ("Homme", "male"),
    ("Femme", "female"),
    ("Non-binary", "diverse"),
    ("Prefer not to say", "undisclosed"),
    ("Xyzzy", None),  # in no table of ours: must be counted as unknown and listed
)
"""What buyers answer, and the gender it means."""

_ANSWER_PERCENT = (18, 24, 4, 14, 13, 1, 9, 11, 1, 4, 1)

SALE_TIME = timedelta(days=150)  # from an event's first sale to its start

_MINUTE = timedelta(minutes=1)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Sydney")
_TYPES = (
    ("RACE MEN | Saturday", 8900, 0.34),
    ("RACE WOMEN  | Saturday", 8900, 0.30),  # two spaces, as organisers type them
    ("DOUBLES MIXED 🔥 | Sunday", 15900, 0.18),
    ("SPECTATOR", 1500, 0.15),
    ("VOLUNTEER", 0, 0.03),
)
_STATUSES = {"VALID": 0.86, "INVALID": 0.06, "DETAILSREQUIRED": 0.05, "RESERVED": 0.02, "BLANK": 0.01}
_ORIGINS = {"yourticket": 0.80, "pos": 0.12, "rebooking": 0.05, "upgrade": 0.03}
_FOLLOWING = {"VALID": "INVALID", "DETAILSREQUIRED": "VALID", "RESERVED": "VALID", "BLANK": "VALID"}
_COUPON_SHARE, _SECOND_COUPON_SHARE = 0.15, 0.05
_ANSWERED_SHARE, _BIRTHDAY_SHARE = 0.97, 0.05
_YOUNGEST, _OLDEST = 14, 85
_AGE_SHAPE = 3.2, 7.0  # of a gamma distribution over the youngest: mean 36, standard deviation 13
_CHANGES_PER_MINUTE = 0.1
_EVENT_SPACING = timedelta(days=13)
_LEAST_SOLD = 0.01


@dataclass(frozen=True, slots=True)
class FieldStyle:
    """How an organiser asks for age and gender."""

    gender_slug: str
    gender_name: str
    age_slug: str
    age_name: str
    age_type: str  # "date" or "number"


_STYLES = (
    FieldStyle("gender", "Gender", "birth_date", "Date of birth", "date"),
    FieldStyle("geschlecht_1", "Geschlecht", "geburtsdatum", "Geburtsdatum", "date"),
    FieldStyle("q_77", "Sex / Sexe", "age", "Age on race day", "number"),
    FieldStyle("gender", "Gender", "birth_date", "Date of birth", "date"),
    None,
)


@dataclass(frozen=True, slots=True)
class TicketType:
    """A kind of ticket of one event; money in cents."""

    type_id: str
    name: str
    price_cents: int
    capacity: int


@dataclass(slots=True)
class OrganisedEvent:
    """An event of the organiser; `starts_at` is aware UTC."""

    event_id: str
    name: str
    starts_at: datetime
    timezone: str
    types: tuple[TicketType, ...]
    style: FieldStyle | None  # None: neither is asked for

    @property
    def event_on(self) -> date:
        """The local day of the event."""
        return self.starts_at.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def capacity(self) -> int:
        """Tickets of all types."""
        return sum(kind.capacity for kind in self.types)


@dataclass(frozen=True, slots=True)
class OrganisedCoupon:
    """A coupon; one of a series has no name and discount of its own."""

    coupon_id: str
    code: str
    percent: int
    name: str
    series_id: str | None


@dataclass(slots=True)
class Purchase:
    """A transaction: one buyer, some tickets, perhaps coupons."""

    transaction_id: str
    event: OrganisedEvent
    coupons: tuple[OrganisedCoupon, ...]
    updated_at: datetime


@dataclass(slots=True)
class OrganisedTicket:
    """A ticket; its personal data are made from `number`, `gender` is an index into `ANSWERS`."""

    number: int
    ticket_id: str
    event: OrganisedEvent
    type: TicketType
    status: str
    created_at: datetime
    updated_at: datetime
    paid_cents: int
    origin: str
    purchase: Purchase | None
    gender: int | None
    birth_on: date | None

    @property
    def is_sold(self) -> bool:
        """Whether somebody holds it."""
        return self.status in {"VALID", "DETAILSREQUIRED"}

    def age_at_event(self) -> int | None:
        """Whole years on the day of the event, where the birth date is given."""
        if self.birth_on is None:
            return None
        on = self.event.event_on
        return on.year - self.birth_on.year - ((on.month, on.day) < (self.birth_on.month, self.birth_on.day))


@dataclass
class VivenuWorld:
    """One organiser; its methods move `updated_at` as the real API does.

    Attributes:
        issued: tickets by type: one whose capacity is spent is bought only where all are.
    """

    events: list[OrganisedEvent]
    coupons: list[OrganisedCoupon]
    tickets: dict[str, OrganisedTicket] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    issued: Counter[str] = field(default_factory=Counter)
    advance: Callable[[datetime], None] = lambda _: None
    """Plays what happens up to a moment, in a `living_world`."""
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - chance, not secrecy

    def set_status(self, ticket_id: str, status: str, at: datetime) -> None:
        """Change a ticket's status."""
        ticket = self.tickets[ticket_id]
        ticket.status = status
        ticket.updated_at = _to_milliseconds(at)

    def sell(self, event: OrganisedEvent, at: datetime, count: int = 1) -> list[OrganisedTicket]:
        """Sell tickets at a moment; they are VALID."""
        sold = [self.buy(event, _to_milliseconds(at), most=1)[0] for _ in range(count)]
        for ticket in sold:
            self.set_status(ticket.ticket_id, "VALID", at)
        return sold

    def change_some(self, count: int, at: datetime) -> list[str]:
        """Change the status of random tickets; returns their ids."""
        chosen = self.chance.sample([one for one in self.tickets.values() if one.status in _FOLLOWING], count)
        for ticket in chosen:
            self.set_status(ticket.ticket_id, _FOLLOWING[ticket.status], at)
        return [ticket.ticket_id for ticket in chosen]

    def of_event(self, event_id: str) -> list[OrganisedTicket]:
        """The tickets of one event."""
        return [ticket for ticket in self.tickets.values() if ticket.event.event_id == event_id]

    def buy(self, event: OrganisedEvent, at: datetime, *, most: int) -> list[OrganisedTicket]:
        """Make one purchase of up to `most` tickets."""
        rng = self.chance
        origin = _draw(rng, _ORIGINS)
        purchase = None
        if origin != "pos":
            coupons: tuple[OrganisedCoupon, ...] = ()
            if rng.random() < _COUPON_SHARE:
                coupons = tuple(rng.sample(self.coupons, 2 if rng.random() < _SECOND_COUPON_SHARE else 1))
            number = len(self.purchases) + 1
            purchase = Purchase(f"65c{number:021x}", event, coupons, at)
            self.purchases[purchase.transaction_id] = purchase
        return [self._issue(event, at, origin, purchase) for _ in range(rng.randint(1, most))]

    def _issue(self, event: OrganisedEvent, at: datetime, origin: str, purchase: Purchase | None) -> OrganisedTicket:
        rng = self.chance
        number = len(self.tickets) + 1
        while _ticket_id(number) in self.tickets:  # one was removed
            number += 1
        left = [max(kind.capacity - self.issued[kind.type_id], 0) for kind in event.types]
        kind = rng.choices(event.types, left if any(left) else [share for _, _, share in _TYPES])[0]
        self.issued[kind.type_id] += 1
        status = _draw(rng, _STATUSES)
        cut = min(sum(coupon.percent for coupon in purchase.coupons), 100) if purchase else 0
        is_asked = event.style is not None and origin != "pos" and status != "DETAILSREQUIRED"
        later = timedelta(seconds=rng.randint(1, 86_400)) if status == "INVALID" else timedelta(seconds=2)
        ticket = OrganisedTicket(
            number=number,
            ticket_id=_ticket_id(number),
            event=event,
            type=kind,
            status=status,
            created_at=at,
            updated_at=at + later,
            paid_cents=kind.price_cents * (100 - cut) // 100,
            origin=origin,
            purchase=purchase,
            gender=_draw_answer(rng) if is_asked and rng.random() < _ANSWERED_SHARE else None,
            birth_on=_birth_date(rng, event.event_on) if is_asked and rng.random() < _ANSWERED_SHARE else None,
        )
        self.tickets[ticket.ticket_id] = ticket
        return ticket


def organised_world(now: datetime, *, events: int = 20, tickets: int = 50_000, seed: int = 0) -> VivenuWorld:
    """An organiser with events thirteen days apart around `now` (aware UTC), half of them over."""
    rng = random.Random(seed)  # noqa: S311 - chance, not secrecy
    starts = [
        (now + _EVENT_SPACING * (number - events // 2 + 0.4)).replace(minute=30, second=0, microsecond=0)
        for number in range(events)
    ]
    shares = [_sold_share(starts_at, now) for starts_at in starts]
    organised = [_event(number, starts_at, tickets / sum(shares)) for number, starts_at in enumerate(starts)]
    world = VivenuWorld(organised, [_coupon(number) for number in range(12)], chance=rng)
    while len(world.tickets) < tickets:
        (event,) = rng.choices(organised, shares)
        first, last = min(event.starts_at - SALE_TIME, now - timedelta(days=10)), min(event.starts_at, now) - _MINUTE
        at = _to_milliseconds(first + (last - first) * rng.random() ** 0.5)  # more and more towards the end
        for ticket in world.buy(event, at, most=min(4, tickets - len(world.tickets))):
            ticket.updated_at = min(ticket.updated_at, _to_milliseconds(now))
    return world


def living_world(now: datetime, *, seed: int = 0, **size: int) -> VivenuWorld:
    """An organiser that goes on from `now`: tickets are sold and change, minute by minute.

    Minutes are played in order, each once, so the state at a moment follows from the seed and the clock alone.
    """
    world = organised_world(now, seed=seed, **size)
    rng = random.Random(f"{seed} life")  # noqa: S311 - chance, not secrecy
    left = {event.event_id: event.capacity - len(world.of_event(event.event_id)) for event in world.events}
    minutes = 0

    def advance(until: datetime) -> None:
        nonlocal minutes
        while minutes < (until - now) // _MINUTE:
            minutes += 1
            play(now + minutes * _MINUTE)

    def play(at: datetime) -> None:
        for event in world.events:
            expected = _expected_sales(event, at)
            sold = min(int(expected) + (rng.random() < expected % 1), left[event.event_id])
            if sold > 0:
                left[event.event_id] -= len(world.sell(event, at, sold))
        if rng.random() < _CHANGES_PER_MINUTE:
            ticket = world.tickets.get(_ticket_id(rng.randint(1, len(world.tickets))))
            if ticket is not None and ticket.status in _FOLLOWING:
                world.set_status(ticket.ticket_id, _FOLLOWING[ticket.status], at)

    world.advance = advance
    return world


def _event(number: int, starts_at: datetime, capacity: float) -> OrganisedEvent:
    types = tuple(
        TicketType(f"65b{number:010x}{kind:011x}", name, price, max(1, round(capacity * share)))
        for kind, (name, price, share) in enumerate(_TYPES)
    )
    timezone, style = _ZONES[number % len(_ZONES)], _STYLES[number % len(_STYLES)]
    return OrganisedEvent(f"65a{number:021x}", f"RACE {number + 1}", starts_at, timezone, types, style)


def _sold_share(starts_at: datetime, now: datetime) -> float:
    """Share of an event's tickets that is sold by now: sales grow steadily from its first day to its start."""
    passed = 1 - (starts_at - now) / SALE_TIME
    return min(max(passed**2 if passed > 0 else 0, _LEAST_SOLD), 1)


def _expected_sales(event: OrganisedEvent, at: datetime) -> float:
    """Tickets sold in one minute: more and more towards the event, its capacity in total, none after its start."""
    passed = 1 - (event.starts_at - at) / SALE_TIME
    return 2 * passed * (_MINUTE / SALE_TIME) * event.capacity if 0 < passed < 1 else 0.0


def _coupon(number: int) -> OrganisedCoupon:
    """Six coupons of their own, then coupons of two series."""
    coupon_id, series = f"65e{number:021x}", number % 2
    if number < 6:  # noqa: PLR2004 - see above
        return OrganisedCoupon(coupon_id, f"SAVE{number}", 10 + 5 * number, f"Spring offer {number}", None)
    name = f"Partner series {series}"
    return OrganisedCoupon(coupon_id, f"SER{number}", 20 + 10 * series, name, f"65f{series:021x}")


def _birth_date(rng: random.Random, on: date) -> date:
    """Somebody aged 14 to 85 on that day, mostly about 30; some have their birthday on it or beside it."""
    age = min(_OLDEST, _YOUNGEST + rng.gammavariate(*_AGE_SHAPE))
    if rng.random() < _BIRTHDAY_SHARE:
        day = on + timedelta(days=rng.randint(-1, 1))
        return day.replace(year=day.year - int(age), day=min(day.day, 28))
    return on - timedelta(days=round(age * 365.25))


def _draw_answer(rng: random.Random) -> int:
    return rng.choices(range(len(ANSWERS)), _ANSWER_PERCENT)[0]


def _ticket_id(number: int) -> str:
    return f"65d{number:021x}"


def _draw(rng: random.Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]


def _to_milliseconds(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
