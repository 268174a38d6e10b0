"""What words of a listing say that it is no seat: the built-in table, in the languages that sellers write.

What belongs here: the patterns. What does not: how they are applied, and the user's own rules (`admission`).

Patterns meet folded text: lower case, no accents (`entree`), single blanks, plain quotes and dashes, and `0` for any
number. Of a listing's section, row and zone the whole text is judged; of its notes each sentence, by stricter patterns,
because notes mostly mention what a seat comes with. In doubt a listing is a seat.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ticket_pipeline.market.admission_words import (
    ACCESS,
    ANY_PARKING,
    AREA,
    CAMPING,
    DELIVERY,
    ELSEWHERE,
    EVENT,
    GOODS,
    GROUNDS_TEXT,
    HOUSE_RULE,
    INCLUDED,
    NEEDS_TICKET,
    NO_SPACES,
    NOT_A_TICKET,
    ON_SITE,
    ONLY,
    PARKING,
    PERMIT,
    SEATED,
    SHUTTLE,
    STORED,
    THIS,
    TICKET,
    TOUR,
    UPGRADE,
    VEHICLE,
    VIRTUAL,
    WITHOUT_TICKET,
)


class Admission(StrEnum):
    """What a listing admits to."""

    SEAT = "seat"  # to the event itself, standing included
    GROUNDS = "grounds"  # to the grounds, a lawn or a screen, at an event that sells seats too
    PARKING = "parking"
    EXTRA = "extra"  # to no event: upgrades, merchandise, shuttles …


class Where(StrEnum):
    """Which texts of a listing a rule is for."""

    PLACE = "section, row or zone, less what its seat comes with"
    WHOLE_PLACE = "section, row or zone as it stands"
    NOTES = "a sentence of the notes"


class Rule(NamedTuple):
    """A text that matches `pattern`, and does not match `unless`, has this admission."""

    admission: Admission
    where: Where
    pattern: str
    unless: str = ""


_S, _W, _N = Where.PLACE, Where.WHOLE_PLACE, Where.NOTES

RULES = (
    Rule(Admission.PARKING, _W, rf"{ANY_PARKING}(?: {PERMIT})* ?[(-]? ?{ONLY}\b|\b{ONLY} {ANY_PARKING}"),
    Rule(Admission.PARKING, _S, ANY_PARKING),
    Rule(Admission.GROUNDS, _S, GROUNDS_TEXT, rf"\bupgrades?\b|{NOT_A_TICKET}|\bshuttles?\b|\brentals?\b"),
    Rule(
        Admission.GROUNDS,
        _S,
        r"^(?:[\w-]+ ){0,2}grounds(?: ga| ?\+| plus)?$|^(?:courts? )?annexes$|\bfanmeile\b"
        r"|^(?:\w+ )?fan ?(?:zone|fest|festival|park|village)$"
        r"|\bfan ?(?:zone|fest|festival|park|village) (?:pass(?:es)?|tickets?|admission|entry|access|only)\b",
    ),
    Rule(
        Admission.GROUNDS,
        _S,
        r"\blawns?\b|\bberm\b|\bgrass (?:seating|area|berm|hill|lawn)\b",
        r"\blawns? (?:box|boxes|suites?|clubs?|terrace|tables?|cabanas?|courts?|stand|grandstand|tennis|view|chairs?)\b"
        r"|\breserved seat|\bbox(?:es)?\b|\bupgrades?\b|\brentals?\b",
    ),
    Rule(Admission.EXTRA, _W, f"{NOT_A_TICKET}|{WITHOUT_TICKET}|{NEEDS_TICKET}"),
    Rule(Admission.EXTRA, _W, r"\bnot valid (?:for|as) (?:\w+ )?(?:entry|admission|entrance)\b"),
    Rule(Admission.EXTRA, _S, UPGRADE, r"\bfree upgrade"),
    Rule(
        Admission.EXTRA,
        _W,
        rf"\b{AREA}(?: {ACCESS})* {ONLY}\b|\b{ONLY} {AREA}\b",
        r"\b(?:sec(?:tion)?|row|block|seats?) ?0|\bseats? only",
    ),
    Rule(
        Admission.EXTRA,
        _S,
        r"\b(?:lounge|club|backstage|pit|sound ?check|fast[- ]?(?:lane|track)|early[- ]entry"
        r"|(?:pre|after|post)[- ]?(?:game|show|race|concert|party|match))(?: \w+)? (?:pass(?:es)?|wristbands?"
        r"|credentials?|lanyards?)\b"
        r"|\b(?:lounge|backstage|sound ?check|locker ?room|(?:pre|post)[- ]?(?:game|show)(?: field)?) access\b"
        r"|\b(?:pase|pass|acces|acceso|acesso|accesso|zugang) (?:a |al |au |ao |de |alla |zur )?(?:vip )?lounge\b"
        r"|\blounge[- ]?(?:zugang|zutritt|pas)\b"
        r"|^(?:\w+ )?(?:pre|after|post)[- ]?(?:(?:game|show|race|concert|match) ?)?part(?:y|ies)$"
        r"|\b(?:meet-greets?|m&g)(?: \w+)? (?:pass(?:es)?|experience)\b"
        r"|\bphoto ?op\w*|\bautograph (?:session|pass|signing)",
        rf"{SEATED}|\btickets?\b|\badmission\b",
    ),
    Rule(
        Admission.EXTRA,
        _S,
        r"^(?:\w+ )?(?:pre|after|post)[- ]?part(?:y|ies)[- ](?:tickets?|admission|entry|access)(?: only)?$"
        r"|\btailgate part(?:y|ies)\b|\bpit(?: lane)? walk(?:about)?s?\b|\bskip the (?:line|queue)\b"
        r"|\bq(?:ueue)?[- ]?jump\b"
        r"|^fast[- ]?(?:lane|track|pass)$"
        r"|^(?:vip )?pre[- ]?(?:show|theat(?:re|er)|concert|game|match)"
        r" (?:vip )?(?:dinner|dining|meal|buffet|reception|lounge)$",
        SEATED,
    ),
    Rule(Admission.EXTRA, _S, f"{SHUTTLE}|{STORED}|{VIRTUAL}", r"\b(?:suite|club|stand|terrace|bar|table)\b"),
    Rule(Admission.EXTRA, _S, TOUR, SEATED),
    Rule(Admission.EXTRA, _S, GOODS, r"\b(?:seats|seating|sec(?:tion)?|row|block|box|suite|club|bar|lounge)\b"),
    Rule(
        Admission.EXTRA,
        _S,
        CAMPING,
        r"\btickets?\b|\bweekend\b|\b0[- ]day\b|\bga\b|\badmission\b|\bclub\b|\bsuite|\bworld\b",
    ),
    # --- notes: only what is said of the listing itself ---
    Rule(
        Admission.PARKING,
        _N,
        rf"(?:{PARKING}|\bgarage|\blot)(?: (?:{PERMIT}|lot|garage))* ?[(-]? ?only\b|{VEHICLE} only\b"
        rf"|\b{ONLY} (?:(?:valid |good )?for |es (?:el )?|\w+ )?{PARKING}"
        rf"|{PARKING}(?: {PERMIT})* {ONLY}\b",
        ON_SITE,
    ),
    Rule(Admission.PARKING, _N, rf"(?:{NO_SPACES})\S{{0,3}}(?:のみ|だけ|만)|[仅僅只](?:限|含|有|供)?(?:{NO_SPACES})"),
    Rule(
        Admission.PARKING,
        _N,
        rf"{THIS}.{{0,30}}\b(?:is|are|for|a)\b.{{0,20}}{PARKING}",
        rf"{INCLUDED}|\b(?:required|needed|separate)\b",
    ),
    Rule(
        Admission.PARKING,
        _N,
        rf"(?:{PARKING}|\b(?:garage|lot))(?: {PERMIT})*[ ,*(-]*(?:and |but )?not? {EVENT}(?:{TICKET}|seat)\b",
        r"\b(?:includ\w*|incl|required|needed)\b",
    ),
    Rule(
        Admission.GROUNDS,
        _N,
        rf"^(?:\W*(?:this|these|listing|tickets?|is|are|for|an?|the|valid|good"
        rf"|0) )*(?:{GROUNDS_TEXT})(?: (?:only|tickets?))?\W*$"
        rf"|^grounds only\b|(?:{GROUNDS_TEXT}).{{0,12}}\bonly\b"
        rf"|\bonly (?:valid |good )?(?:for )?(?:the )?(?:{GROUNDS_TEXT})",
        r"\b(?:includ\w*|incl|also|with|plus|not)\b",
    ),
    Rule(
        Admission.GROUNDS,
        _N,
        r"\b(?:watch|view|screen)\w*\b.*\b(?:not inside|outside)(?: of)? (?:the )?(?:arena|stadium|venue|court|hall)\b"
        r"|\bfan ?(?:zone|fest|festival|park|village) (?:pass(?:es)?|tickets?|admission|entry|access)? ?only\b",
    ),
    Rule(
        Admission.EXTRA,
        _N,
        NOT_A_TICKET,
        rf"{DELIVERY}|{ELSEWHERE}|\bfees?\b|\b(?:parking|bus|train|food|drink|party|lounge|museum|tour|shuttle"
        r"|club) tickets?\b|\b(?:child\w*|kids?|infants?|under|until|till|before|after)\b",
    ),
    # As a sentence of its own: "No tickets will be mailed" is about something else.
    Rule(Admission.EXTRA, _N, rf"^\W*(?:{WITHOUT_TICKET})(?: (?:incl\w*|provided))?\W*$"),
    Rule(
        Admission.EXTRA,
        _N,
        r"^(?:this|it|(?:\w+ )?pass is)?\W*not valid (?:for|as) (?:\w+ )?(?:entry|admission|entrance)\W*$",
    ),
    Rule(Admission.EXTRA, _N, r"\bupgrade\b.{0,20}\brequires? .{0,20}\bticket"),
    Rule(Admission.EXTRA, _N, NEEDS_TICKET, rf"{HOUSE_RULE}|{ELSEWHERE}|\bparking\b"),
    Rule(
        Admission.EXTRA,
        _N,
        rf"{THIS}.{{0,25}}\b(?:is|are|for)\b.{{0,20}}(?:\bupgrades?\b|\badd-?ons?\b|{SHUTTLE}|\bmerch\w*"
        rf"|\blockers?\b|{TOUR}"
        r"|\bcamping\b|\blounge access\b)",
        INCLUDED,
    ),
    Rule(Admission.EXTRA, _N, rf"\b{AREA}(?: {ACCESS})* only\b", rf"{ON_SITE}|\b(?:via|through|parking)\b|{SEATED}"),
)
"""Every rule; of several that match a listing the first admission of parking, grounds, extra counts."""

_EXTRA_NOUN = (
    rf"(?:{UPGRADE}|{SHUTTLE}|{STORED}|{TOUR}|{GOODS}|{CAMPING}|{GROUNDS_TEXT}|\b(?:lounge|club"
    rf"|backstage) access\b"
    r"|\bmeet-greets?\b|\bm&g\b)"
)
_JOIN = (
    r"(?:\b(?:incl\w*|inkl\w*|with|plus|and|no|mit|avec|con|com|met|med|et|und|och|og|en)\b\.?|\bw/|\bc/|\+|&(?!g\b)"
    r"|(?<=\S )(?:[ye]|ve)\b(?! lots?\b))"
)
COMES_WITH = (
    rf"{_JOIN}[^,;:(+&]{{0,25}}?(?:{ANY_PARKING}|{_EXTRA_NOUN})(?: {PERMIT}| access)*"
    rf"|\(0 (?:x )?{ANY_PARKING}(?: {PERMIT})*\)"
    rf"|{ANY_PARKING}(?: (?:{PERMIT}|is|are|ist|est|esta|not|0))*[ :(-]{{0,3}}(?:incl|inkl|inbegr|enthalten"
    rf"|compris)\w*"
    rf"|{ANY_PARKING}(?: {PERMIT})* ?(?:\+|&|\band\b|\bplus\b) ?(?:0 ?x? )?(?=(?:tickets?|seats?|admission|entry)\b)"
)
"""What the seat of a section comes with, or without: "Suite 4 incl. parking" is a seat. Taken out of the text before
the rules for a place are applied; what is left of "Parking and valet" is still parking."""

IDIOMS = (
    (r"\bmeet ?(?:and|&|n|'n'?|\+) ?greet", "meet-greet"),
    (r"\bm ?(?:&|and|\+) ?g\b", "m&g"),
    (r"\bpark[ -]?(?:and|&|n|'n'?|\+)[ -]?ride\b", "park-ride"),
    (r"\b(food|drinks?) ?(?:and|&) ?(?:beverages?|drinks?)\b", "food"),
)
"""Words that belong together though a joining word is between them."""
