"""The organiser behind the simulated vivenu: events, buyers, tickets, coupons, and what happens to them.

What belongs here: what is true, and changing it. What does not: how it looks on the wire (`vivenu_payloads`), the
routes (`vivenu`), and the sums over it (`vivenu_truth`).

Everything is drawn from a seed. Every value that tells who a buyer is carries the word `CANARY`, so that a test can
look for it wherever it must never be; birth dates are known by their year: nothing else here happened before 2013.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CANARY = "CANARY"
SELLER_ID = "6500000000000000000000aa"

SOLD = frozenset({"VALID", "DETAILSREQUIRED"})
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
"""What buyers answer, and which gender that is."""

_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Sydney")
_TYPES = (
    ("RACE MEN | Saturday", 8900, 0.34),
    ("RACE WOMEN  | Saturday", 8900, 0.30),  # two blanks, as organisers type them
    ("DOUBLES MIXED 🔥 | Sunday", 15900, 0.18),
    ("SPECTATOR", 1500, 0.15),
    ("VOLUNTEER", 0, 0.03),
)
_STATUSES = (("VALID", 0.86), ("INVALID", 0.06), ("DETAILSREQUIRED", 0.05), ("RESERVED", 0.02), ("BLANK", 0.01))
_ORIGINS = (("yourticket", 0.80), ("pos", 0.12), ("rebooking", 0.05), ("upgrade", 0.03))
_COUPON_SHARE = 0.15
_SECOND_COUPON_SHARE = 0.05
_EVENT_SPACING = timedelta(days=13)
SALE_DAYS = 150
"""Days before its start that an event goes on sale."""

_FOLLOWING = {"VALID": "INVALID", "DETAILSREQUIRED": "VALID", "RESERVED": "VALID", "BLANK": "VALID"}
_LEAST_SOLD = 0.01


@dataclass(frozen=True, slots=True)
class FieldStyle:
    """How one organiser asks for age and gender; a slug that is None is not asked for."""

    gender_slug: str | None
    gender_name: str
    age_slug: str | None
    age_name: str
    age_type: str  # "date" or "number"


_STYLES = (
    FieldStyle("gender", "Gender", "birth_date", "Date of birth", "date"),
    FieldStyle("geschlecht_1", "Geschlecht", "geburtsdatum", "Geburtsdatum", "date"),
    FieldStyle("q_77", "Sex / Sexe", "age", "Age on race day", "number"),
    FieldStyle("gender", "Gender", "birth_date", "Date of birth", "date"),
    FieldStyle(None, "", None, "", "date"),
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
    style: FieldStyle

    @property
    def event_on(self) -> date:
        """The day of the event on its own calendar."""
        return self.starts_at.astimezone(ZoneInfo(self.timezone)).date()


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
    """A ticket; `number` is what its personal data are made from."""

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
    gender: int | None  # index into ANSWERS
    birth_on: date | None

    @property
    def is_sold(self) -> bool:
        """Whether somebody holds it."""
        return self.status in SOLD

    def age_at_event(self) -> int | None:
        """Whole years on the day of the event, where the buyer said when they were born."""
        if self.birth_on is None:
            return None
        on = self.event.event_on
        return on.year - self.birth_on.year - ((on.month, on.day) < (self.birth_on.month, self.birth_on.day))


@dataclass
class VivenuWorld:
    """All of one organiser. Change it by its methods only: they move `updated_at` as the real one does."""

    events: list[OrganisedEvent]
    coupons: list[OrganisedCoupon]
    tickets: dict[str, OrganisedTicket] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    advance: Callable[[datetime], None] = lambda _: None
    """Plays what happens up to a moment; nothing does, unless `vivenu_life` takes it over."""
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - chance, not secrecy

    def set_status(self, ticket_id: str, status: str, at: datetime) -> None:
        """Change a ticket's status."""
        ticket = self.tickets[ticket_id]
        ticket.status = status
        ticket.updated_at = _to_milliseconds(at)

    def sell(self, event: OrganisedEvent, at: datetime, count: int = 1) -> list[OrganisedTicket]:
        """Sell tickets at a moment; they are VALID."""
        sold = []
        for _ in range(count):
            (ticket,) = self._buy(event, _to_milliseconds(at), most=1)
            ticket.status = "VALID"
            ticket.updated_at = ticket.created_at
            sold.append(ticket)
        return sold

    def remove(self, ticket_id: str) -> None:
        """Make a ticket vanish, as if it had never been."""
        del self.tickets[ticket_id]

    def change_some(self, count: int, at: datetime) -> list[str]:
        """Change the status of tickets drawn by chance; returns their ids."""
        chosen = self._random.sample([one for one in self.tickets.values() if one.status in _FOLLOWING], count)
        for ticket in chosen:
            self.set_status(ticket.ticket_id, _FOLLOWING[ticket.status], at)
        return [ticket.ticket_id for ticket in chosen]

    def of_event(self, event_id: str) -> list[OrganisedTicket]:
        """The tickets of one event."""
        return [ticket for ticket in self.tickets.values() if ticket.event.event_id == event_id]

    def numbered(self, number: int) -> OrganisedTicket | None:
        """The ticket of a number, from 1 on, unless it was removed."""
        return self.tickets.get(_ticket_id(number))

    def _buy(self, event: OrganisedEvent, at: datetime, *, most: int) -> list[OrganisedTicket]:
        """One purchase of up to `most` tickets."""
        origin = _draw(self._random, _ORIGINS)
        purchase = None
        if origin != "pos":
            coupons: tuple[OrganisedCoupon, ...] = ()
            if self._random.random() < _COUPON_SHARE:
                wanted = 2 if self._random.random() < _SECOND_COUPON_SHARE else 1
                coupons = tuple(self._random.sample(self.coupons, wanted))
            number = len(self.purchases) + 1
            purchase = Purchase(f"65c{number:021x}", event, coupons, at)
            self.purchases[purchase.transaction_id] = purchase
        return [self._issue(event, at, origin, purchase) for _ in range(self._random.randint(1, most))]

    def _issue(self, event: OrganisedEvent, at: datetime, origin: str, purchase: Purchase | None) -> OrganisedTicket:
        rng = self._random
        number = len(self.tickets) + 1
        while _ticket_id(number) in self.tickets:  # one was removed
            number += 1
        kind = event.types[_draw_index(rng, [share for _, _, share in _TYPES])]
        status = _draw(rng, _STATUSES)
        cut = min(sum(coupon.percent for coupon in purchase.coupons), 100) if purchase else 0
        asks = event.style.gender_slug is not None and origin != "pos" and status != "DETAILSREQUIRED"
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
            gender=rng.randrange(len(ANSWERS)) if asks and rng.random() < 0.97 else None,  # noqa: PLR2004 - a chance
            birth_on=_birth_date(rng, event.event_on) if asks and rng.random() < 0.97 else None,  # noqa: PLR2004 - a chance
        )
        self.tickets[ticket.ticket_id] = ticket
        return ticket


def following_status(ticket: OrganisedTicket) -> str | None:
    """What a ticket may become next; None: it stays as it is."""
    return _FOLLOWING.get(ticket.status)


def organised_world(now: datetime, *, events: int = 20, tickets: int = 50_000, seed: int = 0) -> VivenuWorld:
    """An organiser with `events` events around `now`, half of them over, and exactly `tickets` tickets.

    Args:
        now: aware UTC; nothing was sold later.
        events: how many events, thirteen days apart.
        tickets: how many tickets, all events together.
        seed: chance of everything.
    """
    rng = random.Random(seed)  # noqa: S311 - chance, not secrecy
    starts = [
        (now + _EVENT_SPACING * (number - events // 2 + 0.4)).replace(minute=30, second=0, microsecond=0)
        for number in range(events)
    ]
    shares = [_sold_share(starts_at, now) for starts_at in starts]
    organised = [_event(number, starts_at, tickets / sum(shares)) for number, starts_at in enumerate(starts)]
    world = VivenuWorld(organised, list(_coupons()), _random=rng)
    while len(world.tickets) < tickets:
        (event,) = rng.choices(organised, shares)
        at = _sale_moment(rng, event, now)
        for ticket in world._buy(event, at, most=min(4, tickets - len(world.tickets))):  # noqa: SLF001 - its own maker
            ticket.updated_at = min(ticket.updated_at, _to_milliseconds(now))  # nothing was changed in the future
    return world


def personal_values(world: VivenuWorld) -> set[str]:
    """Every text of the world that tells who a buyer is and no birth date; each holds `CANARY`."""
    return {value for ticket in world.tickets.values() for value in person_of(ticket.number).values()}


def birth_dates(world: VivenuWorld) -> set[str]:
    """Every birth date of the world, as it is sent."""
    return {ticket.birth_on.isoformat() for ticket in world.tickets.values() if ticket.birth_on}


def person_of(number: int) -> dict[str, str]:
    """The personal data of the buyer of ticket `number`, by the names vivenu has for them."""
    return {
        "name": f"{CANARY}first{number} {CANARY}last{number}",
        "firstname": f"{CANARY}first{number}",
        "lastname": f"{CANARY}last{number}",
        "email": f"{CANARY}{number}@example.invalid",
        "company": f"{CANARY} Works {number}",
        "street": f"{CANARY} Street {number}",
        "city": f"{CANARY}ville{number % 50}",
        "postal": f"{CANARY}-{number % 900}",
        "secret": f"{CANARY}-secret-{number}",
        "barcode": f"{CANARY}{number:09d}",
        "customerId": f"{CANARY}-customer-{number}",
        "phone": f"{CANARY}+1555{number:07d}",
    }


def _event(number: int, starts_at: datetime, capacity: float) -> OrganisedEvent:
    """Event `number`; a little more than its capacity is sold by its start, as with the real ones."""
    types = tuple(
        TicketType(f"65b{number:010x}{kind:011x}", name, price, max(1, round(capacity * share)))
        for kind, (name, price, share) in enumerate(_TYPES)
    )
    timezone = _ZONES[number % len(_ZONES)]
    return OrganisedEvent(
        f"65a{number:021x}", f"RACE {number + 1}", starts_at, timezone, types, _STYLES[number % len(_STYLES)]
    )


def _sold_share(starts_at: datetime, now: datetime) -> float:
    """Share of an event's tickets that is sold by now: sales grow steadily from its first day to its start."""
    passed = 1 - (starts_at - now) / timedelta(days=SALE_DAYS)
    return min(max(passed**2 if passed > 0 else 0, _LEAST_SOLD), 1)


def _coupons() -> Iterator[OrganisedCoupon]:
    for number in range(6):
        yield OrganisedCoupon(f"65e{number:021x}", f"SAVE{number}", 10 + 5 * number, f"Spring offer {number}", None)
    for number in range(6, 12):
        series = number % 2
        yield OrganisedCoupon(
            f"65e{number:021x}", f"SER{number}", 20 + 10 * series, f"Partner series {series}", f"65f{series:021x}"
        )


def _sale_moment(rng: random.Random, event: OrganisedEvent, now: datetime) -> datetime:
    last = min(event.starts_at, now) - timedelta(minutes=1)
    first = min(event.starts_at - timedelta(days=SALE_DAYS), now - timedelta(days=10))
    return _to_milliseconds(first + (last - first) * rng.random() ** 0.5)  # more and more towards the end


def _birth_date(rng: random.Random, on: date) -> date:
    """Somebody of 14 to 85 on that day; one in twenty has a birthday on it or beside it."""
    if rng.random() < 0.05:  # noqa: PLR2004 - a chance
        day = on + timedelta(days=rng.randint(-1, 1))
        return day.replace(year=day.year - rng.randint(14, 85), day=min(day.day, 28))
    return on - timedelta(days=rng.randint(round(14 * 365.25), round(85 * 365.25)))


def _ticket_id(number: int) -> str:
    return f"65d{number:021x}"


def _draw(rng: random.Random, choices: tuple[tuple[str, float], ...]) -> str:
    return choices[_draw_index(rng, [share for _, share in choices])][0]


def _draw_index(rng: random.Random, shares: list[float]) -> int:
    reached, edges = 0.0, []
    for share in shares:
        reached += share
        edges.append(reached)
    return min(bisect_right(edges, rng.random()), len(shares) - 1)


def _to_milliseconds(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
