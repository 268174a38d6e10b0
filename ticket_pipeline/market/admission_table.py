"""What words of a listing say that it is no seat: the built-in table, in the languages that sellers write.

What belongs here: the patterns. What does not: how they are applied, and the user's own rules (`admission`).

Patterns meet folded text: lower case, no accents (`entree`), single blanks, plain quotes and dashes, and `0` for any
number. Of a listing's section, row and zone the whole text is judged; of its notes each sentence, by stricter patterns,
because notes mostly mention what a seat comes with. In doubt a listing is a seat.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


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


_PERMIT = r"(?:pass(?:es)?|permits?|tickets?|spots?|spaces?|place|stalls?|vouchers?|karte)"
_ONLY = (
    r"(?:only|nur|solo|juste|uniquement|seulement|somente|apenas|alleen|endast|kun"
    r"|tylko|sadece|pouze|doar|csak|только|само|лише|тільки)"
)
_NO_SPACES = (  # scripts and compounds in which a word has no bounds
    r"駐車|駐輪|バイク置き場|パーキング|停车|停車|泊车|泊車|주차|จอดรถ|पार्किंग|পার্কিং|பார்க்கிங்|పార్కింగ్"
    r"|garagenplatz|park(?:platz|zone|bereich|haus|schein|ticket|karte|ausweis|berechtigung|flache|gebuhr|deck|billet|pladser?|plass\w*|pass\b)"
    r"|(?<!rollstuhl)(?<!rollstuhl-)stellplatz(?! (?:fur )?rollstuhl)|tiefgarage"
)
_PARKING = (
    r"(?:\b(?:pa?rki?n?gs?|pkn?g|parkades?|carpark\w*|car parks?|self[- ]park|valet"
    # Spanish, Portuguese, French, Italian, Catalan
    r"|estacionamientos?|estacionamentos?|aparcamientos?|aparcaments?|parqueos?|parqueaderos?|cocheras?|garagem"
    r"|garajes?|stationnements?|voiturier|parc auto|parc[- ]?relais|parcheggi[oa]?|posteggi[oa]?|aparcacoches"
    r"|post[oi] (?:auto|macchina|moto)|box auto|sosta|vagas?(?= (?:coberta|descoberta|de)\b)|estac"
    # Dutch, Nordic, Turkish, Slavic, Romanian, Hungarian, Indonesian, Vietnamese
    r"|parken|park-ticket|parkeren|parkeer\w*|parkhuis|p-(?:hus|plats|plads|bil(?:j|l)et)\w*|parkering\w*|bilplats\w*"
    r"|pysakoint\w*|parkki\w*|otopark\w*|park yeri|parkingow\w*|parkovis\w*|parkovan\w*"
    r"|parkovac\w*|parkir\w*|parcare\w*|parkol\w*|parkimi\w*"
    r"|stovejim\w*|parkavim\w*|(?:auto)?stavviet\w*|bilast\w*|letak kereta|đ(?:o|au) xe|gui xe|einfahrt\w*|kurzparker"
    r"|(?:авто)?парков(?:к|оч)\w*|паркинг\w*|паркінг\w*|паркуван\w*|парком(?:ісц|ест|яст)\w*|паркирал\w*|(?:авто)?стоянк\w*|σταθμευσ\w*|παρκινγκ|חני[הי]\w*|חניון|פא?רקינג|موقف|مواقف)\b"
    rf"|{_NO_SPACES})"
)
_GARAGE = r"\bgarages?\b(?! (?:suite|club|bar|box|lounge|loft|seat|stage|rock|band|view|door)s?\b)"
_LOT = (
    r"\blots?0?\b(?!(?: 0)? (?:of|de|d'|suite|box|seat|seats|seating|bleachers?|terrace|club|view|stage)\b)"
    r"|\b(?:tailgat(?:e|ing)) (?:pass(?:es)?|permits?|spots?|spaces?|area|zone)\b"
    r"|^(?:(?:vip|pre-?game|official) )*tailgat(?:e|ing)(?: only)?$"
)
_VEHICLE = (
    rf"\b(?:car|vehicle|motorcycle|motorbike|truck|auto) {_PERMIT}\b|\boversized? vehicles?\b|\brvs?\b"
    r"|\bmotor ?homes?\b|\bcamper ?vans?\b"
    r"|\bcaravan(?:s|e|es|a|as|ing)?\b|\bautocaravanas?\b|\bwohnmobil\w*|\bcamping-?cars?\b"
)
ANY_PARKING = rf"(?:{_PARKING}|{_GARAGE}|{_LOT}|{_VEHICLE})"

_EVENT = (
    r"(?:(?:an?|any|the|your|own|valid|separate|actual|event|game|match|concert|show|race|fight|session|stadium) )*"
)
_TICKET = r"(?:tickets?|admissions?|entry|entrance)"
_SEATED = (
    r"\b(?:sec(?:tion)?|block|row|(?<!no )seat(?:s|ing|ed)?|floor|level|bowl|tier|stand|balcony|mezz\w*|orch\w*|loge"
    r"|box|terrace|suite|table|ga|general|standing|sro|0[a-z]?)\b"
)

_NOT_A_TICKET = (
    rf"\bnot {_EVENT}(?:{_TICKET}|seat)\b(?! together)|\bnon-ticket\b"
    rf"|\bno {_EVENT}{_TICKET} included\b|\b(?:does not|doesn't|will not|won't) get you in"
    r"|\bno (?:entry|admission) (?:in)?to (?:the )?(?:event|game|match|concert|show|race|fight|stadium)\W*$"
    r"|\bfor (?:existing|current) ticket ?holders\b"
    rf"|\b{_TICKET} (?:to (?:the )?\w+ )?(?:is |are )?(?:not |never )(?:incl\w*|part|provided|with)"
    rf"|\b(?:does|do|will)(?: not|n't) (?:include|come with|contain) {_EVENT}{_TICKET}\b"
    rf"|\b{_TICKET} (?:to \w+ )?(?:is |are |must be |has to be )?(?:sold|bought|purchased) separate"
    rf"|\b(?:does|do|will)(?: not|n't) (?:grant|give|provide|allow)(?: you)? (?:{_TICKET}|access) to the"
    r" (?:event|game|match|concert|show|race|fight|session|stadium)\b"
    r"|\b(?:does|do|will)(?: not|n't) grant (?:entry|admission)\b"
    # French, Spanish, Portuguese, Italian
    r"|\bbillets? (?:d'\w+ |de \w+ )?(?:non inclus|pas inclus|exclu)|\bentree non (?:incluse|comprise)"
    r"|\bn(?:e |')(?:comprend|contient|inclut) pas (?:le |la |les |de |d'|l')?(?:billet|entree|place)"
    r"|\b(?:no|nao|non) inclu(?:ye|i|de) (?:el |la |o |il |l')?(?:entrada|boleto|ticket|ingresso|bilhete|biglietto)"
    r"|\b(?:entrada|boleto|ticket|ingresso|bilhete|biglietto)s? (?:no|nao|non) (?:e |esta )?(?:inclu|compres)\w*"
    r"|\bn'est pas un (?:billet|ticket)"
    r"|\bno es (?:una? )?(?:entrada|boleto)|\bnon e un biglietto|\bnao e (?:um )?ingresso|\bbiglietto escluso"
    # German, Dutch, Nordic, Polish, Turkish
    r"|\b(?:\w*ticket|\w*karte|eintritt) (?:ist )?nicht (?:enthalten|inkl\w*|inbegriffen|dabei)"
    r"|\bkein (?:(?:event|konzert|spiel|eintritts)?ticket|eintritt)\b|\bkeine (?:eintritts|konzert)?karte\b"
    r"|\b(?:ticket|kaart\w*|toegang\w*) (?:is )?niet (?:inbegrepen|inclusief)|\bgeen (?:ticket|toegang\w*|kaart\w*)"
    r"|\bbil(?:j|l)ett?(?:en)? (?:ingar|er) (?:ej|inte|ikke)|\bbilet nie(?: jest)? wliczony|\bbilet\w* dahil degil"
    r"|билет\w* (?:[\w ]{1,15} )?не (?:включен|вход)\w*"
    r"|(?:チケット|入場券)(?:は)?(?:含まれ(?:て(?:おり|い))?(?:ません|ない)|別売|別途|ではありません)|不(?:包)?含(?:门票|門票)"
    r"|티켓[은이]? ?(?:미포함|불포함|포함되지)"
)
_WITHOUT_TICKET = (  # said of a place only: notes say "no tickets will be mailed"
    rf"\b(?:no|without|w/o|excl\w*) {_EVENT}{_TICKET}\b"
    r"|\bkeine (?:event|konzert|eintritts)?(?:tickets|karten)\b"
    r"|\b(?:sans|ohne|sin|senza|sem|zonder|uten|utan|uden|bez) (?:billets?|\w*tickets?|eintritt\w*|\w*karte"
    r"|entrada|boleto"
    r"|biglietto|ingresso|bilhete|kaart\w*|biljett|billett?|biletu)\b|\bbiletsiz\b|チケットなし"
)
_NEEDS_TICKET = (
    rf"\b(?:must|need(?:s)?(?: to)?|ha(?:s|ve) to) (?:already |also )?(?:have|hold|own|possess|buy|purchase) {_EVENT}"
    rf"(?:{_TICKET})\b"
    rf"|\b(?:event|game|match|concert|show|race|separate|stadium) {_TICKET} (?:is |are |also )*(?:required|needed)\b"
    rf"|\brequires? {_EVENT}(?:tickets?|admission)\b|\bneeds? {_EVENT}tickets? to (?:use|redeem)\b"
    r"|\btickets? (?:is |are )?(?:required|needed|necessary) to (?:use|redeem)\b|\bbillet (?:obligatoire|requis)\b"
)
_ACCESS = r"(?:access|pass(?:es)?|entry|admissions?|tickets?|packages?|wristbands?|credentials?|lanyards?|experience)"
_AREA = (
    r"(?:lounge|club|hospitality|backstage|paddock|pit|garage|vip|sound ?check|party|chalet|village|pool|buffet|dinner"
    r"|lunch|brunch|food|drinks?|beverage|meal|parking|merch\w*|shuttle|bus|upgrade|add-?on|locker|tour|camping"
    r"|meet-greet|m&g|photo ?op)"
)
_SHUTTLE = (
    r"\bshuttles?\b|\bpark-ride\b|\bp ?\+ ?r\b"
    rf"|\b(?:bus|coach|train|ferry|rail|boat|transit|limo(?:usine)?|taxi) (?:{_ACCESS}|rides?|transfers?|transport\w*"
    r"|trips?|travel|journey)\b"
    r"|\b(?:party|tour|return|round[- ]?trip|fan|charter) (?:bus(?:es)?|(?:motor)?coach(?:es)?)\b"
    r"|\b(?:bus|autobus|coach|ferry) (?:return|aller|ida)\b|\b(?:zug|bahn|fahr)ticket\w*"
    r"|\bbuss?(?:bil(?:j|l)et|res|rejse)\w*"
    r"|\bshuttle(?:ticket|bus|transfer)\w*|^(?:bus(?:es)?|coach|train|ferry)$|\btransport(?:ation|e)?\b"
    r"|\bnavettes?\b|\bnavetta\b|\bpendelbus\w*|\bautobus(?:es)?\b"
    r"|\bbus(?:fahrt|ticket|transfer|reise|karte)\w*|\blanzadera\b"
    r"|\bonibus\b|\bautokar\w*|автобус|трансфер|\btraslados?\b|シャトル|接驳|班车|셔틀"
)
_GOODS = (
    r"\bmerch(?:andise|andising)?\b|\bsouvenirs?\b|\b(?:t(?:ee)?[ -]?shirts?|camisetas?|playeras?|scar(?:f|ves)"
    r"|ponchos?|hoodies?|posters?|vinyl|tour ?books?|lanyards?)\b"
    r"|\bgift ?(?:bags?|cards?|certificates?|vouchers?)\b|\bcommemorative\b|\bbobble ?heads?\b|\bfanartikel\b"
    r"|\b\w*programmheft\w*|\b\w*gutschein\w*"
    r"|\b(?:event |game |match ?|day |tour |souvenir )program(?:me)?s?\b|^program(?:me)?s?$|\bmercancia\b|グッズ"
    r"|\b(?:food|meal|drinks?|beverage|beer|dinner|lunch|catering) (?:vouchers?|tokens?|coupons?|cards?|credits?"
    r"|pass(?:es)?)\b"
    r"|\b(?:lawn ?chair|blanket|cushion|binocular|headset|scanner|stroller)s?\b|\brentals?\b"
    r"|\bdonations?\b|\braffle\b|\bticket (?:insurance|protection)\b|\b(?:hotel|room) (?:room|stay|voucher|night)s?\b"
)
_STORED = (
    r"\blockers?\b(?! ?room)|\bschliessfach\w*|\bcasilleros?\b|\bcasiers?\b|\bconsigne\b"
    r"|\b(?:coat|bag) ?(?:check|storage|drop)\b"
    r"|\bcloak ?rooms?\b|\bgarderobe\w*|\bvestiaires?\b|\bguarda(?:roba|rropas?)\b|ロッカー|荷物"
)
_TOUR = (
    r"\b(?:stadium|backstage|venue|arena|ballpark|museum|locker ?room|guided|walking|behind the scenes|course|pit"
    r"|production) tours?\b|\btour (?:pass|only|ticket)|\bvisites? guidees?|\bvisita guia?[dt]a|\bstadionfuhrung\w*"
    r"|\brondleiding\w*|\btour del estadio\b|\bvisite du stade\b|\bstadiontour\w*"
)
_CAMPING = (
    r"\bcamp(?:ing|sites?|ers?|grounds?)\b|\bglamping\b|\btents? (?:sites?|pitch\w*|spots?)\b|\bzeltplatz\w*"
    r"|\bacampa(?:r|da|mento)\b|\bcampeggio\b|\bkamperen\b|キャンプ"
)
_VIRTUAL = (
    r"\blive ?stream\w*|\bvirtual (?:meet-greet|tickets?|pass|access|event)|\bstreaming (?:pass|tickets?|access)"
    r"|\bpay[- ]per[- ]view\b"
)

_UPGRADE = (
    r"\bupgrades?\b|\badd[- ]?ons?\b|\bsurclassement\b|\bmejora de (?:entrada|asiento)|\bzusatz(?:ticket"
    r"|leistung|option)\w*"
    r"|\b(?:up|op)p?gradering\w*|\bmejora\b|апгрейд|アップグレード|升[级級]|업그레이드"
)

GROUNDS_TEXT = (
    r"\bgrounds (?:\w+ )?(?:pass(?:es)?|admissions?|tickets?|entry|entrance|access|only|badges?)\b"
    r"|\bground (?:pass(?:es)?|admissions?|tickets?|entry)\b"
    r"|\b(?:viewing|watch(?:ing)?)[ -](?:party|parties|pass(?:es)?)\b|\bpublic[- ]?viewing\b|パブリックビューイング"
    r"|ライブビューイング|グラウン[ドズ]パス|园区票|園區票"
    r"|\b(?:outside|outer) courts?\b|\bcourts? (?:annexes?|exterieurs?)\b|\bpistas? exterior(?:es)?\b|\bcampi esterni\b"
    r"|\baussenplatz\w*|\b(?:big|giant) screen viewing\b|\becran geant\b|\bpantalla gigante\b|\bgrounds only\b"
    r"|\bbillets? annexes?\b|\bpass(?:e)? site\b"
    r"|\bacces (?:au )?site\b"
    r"|\bgelande(?:ticket|karte|pass|eintritt)\w*|\banlagen(?:ticket|karte|pass)\w*|\bflanierkarte\b"
    r"|\b(?:acceso|entrada|pase) (?:al? |de |del )?(?:recinto|predio|instalaciones)\b|\bacesso (?:ao )?recinto\b"
    r"|\b(?:biglietto|ingresso) ground\b|\bterrein(?:kaart|ticket|pas)\b"
    r"|\b(?:fair|park|gate|festival) (?:admission|entry|entrance) only\b|\bgate admission\b"
)

_S, _W, _N = Where.PLACE, Where.WHOLE_PLACE, Where.NOTES
# What a sentence says to everybody, or about delivery, says nothing about this listing.
_HOUSE_RULE = (
    r"\b(?:child\w*|kids?|infants?|bab(?:y|ies)|toddlers?|minors?|under|ages?|every\w*|each|all|any(?:one|body)|guests?"
    r"|patrons?|fans|persons?|people|attendees?|phones?|smart\w*|mobile|apps?|device|printed|print|wallet|accounts?|id"
    r"|transfer\w*|download\w*|displayed|scan\w*)\b"
)
_DELIVERY = (
    r"\b(?:e-?tickets?|mobile|paper|hard|physical|electronic|digital|printed|pdf|screenshots?|season|stub"
    r"|confirmation|receipt"
    r"|e-?mail|order|copy|photo|refund\w*)\b"
)
_ELSEWHERE = (
    r"\b(?:to|into|for) (?:the |any )?(?:\w+ )?(?:lounge|club|vip|museum|party|fan|pre|after|hospitality|suite|bar)\b"
)
_COMES_WITH = r"\b(?:includ\w*|incl|comes?|also|with|plus|and|eligible|available|free|complimentary|not|no)\b"
_ON_SITE = (
    r"\b(?:street|cash|card|credit|purchas\w*|off-?site|nearby|reservation|limited)\b"
    r"|\bparking for\b"
    r"|\bonly (?:is |are )?(?:available|for|at|on|in|by|with|via|through|sold|limited|accept\w*)\b"
)
_THIS = r"\b(?:this|these|listing|tickets?|item|you are (?:buying|purchasing))\b"

RULES = (
    Rule(Admission.PARKING, _W, rf"{ANY_PARKING}(?: {_PERMIT})* ?[(-]? ?{_ONLY}\b|\b{_ONLY} {ANY_PARKING}"),
    Rule(Admission.PARKING, _S, ANY_PARKING),
    Rule(Admission.GROUNDS, _S, GROUNDS_TEXT, rf"\bupgrades?\b|{_NOT_A_TICKET}|\bshuttles?\b|\brentals?\b"),
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
    Rule(Admission.EXTRA, _W, f"{_NOT_A_TICKET}|{_WITHOUT_TICKET}|{_NEEDS_TICKET}"),
    Rule(Admission.EXTRA, _W, r"\bnot valid (?:for|as) (?:\w+ )?(?:entry|admission|entrance)\b"),
    Rule(Admission.EXTRA, _S, _UPGRADE, r"\bfree upgrade"),
    Rule(
        Admission.EXTRA,
        _W,
        rf"\b{_AREA}(?: {_ACCESS})* {_ONLY}\b|\b{_ONLY} {_AREA}\b",
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
        rf"{_SEATED}|\btickets?\b|\badmission\b",
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
        _SEATED,
    ),
    Rule(Admission.EXTRA, _S, f"{_SHUTTLE}|{_STORED}|{_VIRTUAL}", r"\b(?:suite|club|stand|terrace|bar|table)\b"),
    Rule(Admission.EXTRA, _S, _TOUR, _SEATED),
    Rule(Admission.EXTRA, _S, _GOODS, r"\b(?:seats|seating|sec(?:tion)?|row|block|box|suite|club|bar|lounge)\b"),
    Rule(
        Admission.EXTRA,
        _S,
        _CAMPING,
        r"\btickets?\b|\bweekend\b|\b0[- ]day\b|\bga\b|\badmission\b|\bclub\b|\bsuite|\bworld\b",
    ),
    # --- notes: only what is said of the listing itself ---
    Rule(
        Admission.PARKING,
        _N,
        rf"(?:{_PARKING}|\bgarage|\blot)(?: (?:{_PERMIT}|lot|garage))* ?[(-]? ?only\b|{_VEHICLE} only\b"
        rf"|\b{_ONLY} (?:(?:valid |good )?for |es (?:el )?|\w+ )?{_PARKING}"
        rf"|{_PARKING}(?: {_PERMIT})* {_ONLY}\b",
        _ON_SITE,
    ),
    Rule(Admission.PARKING, _N, rf"(?:{_NO_SPACES})\S{{0,3}}(?:のみ|だけ|만)|[仅僅只](?:限|含|有|供)?(?:{_NO_SPACES})"),
    Rule(
        Admission.PARKING,
        _N,
        rf"{_THIS}.{{0,30}}\b(?:is|are|for|a)\b.{{0,20}}{_PARKING}",
        rf"{_COMES_WITH}|\b(?:required|needed|separate)\b",
    ),
    Rule(
        Admission.PARKING,
        _N,
        rf"(?:{_PARKING}|\b(?:garage|lot))(?: {_PERMIT})*[ ,*(-]*(?:and |but )?not? {_EVENT}(?:{_TICKET}|seat)\b",
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
        _NOT_A_TICKET,
        rf"{_DELIVERY}|{_ELSEWHERE}|\bfees?\b|\b(?:parking|bus|train|food|drink|party|lounge|museum|tour|shuttle"
        r"|club) tickets?\b|\b(?:child\w*|kids?|infants?|under|until|till|before|after)\b",
    ),
    # As a sentence of its own: "No tickets will be mailed" is about something else.
    Rule(Admission.EXTRA, _N, rf"^\W*(?:{_WITHOUT_TICKET})(?: (?:incl\w*|provided))?\W*$"),
    Rule(
        Admission.EXTRA,
        _N,
        r"^(?:this|it|(?:\w+ )?pass is)?\W*not valid (?:for|as) (?:\w+ )?(?:entry|admission|entrance)\W*$",
    ),
    Rule(Admission.EXTRA, _N, r"\bupgrade\b.{0,20}\brequires? .{0,20}\bticket"),
    Rule(Admission.EXTRA, _N, _NEEDS_TICKET, rf"{_HOUSE_RULE}|{_ELSEWHERE}|\bparking\b"),
    Rule(
        Admission.EXTRA,
        _N,
        rf"{_THIS}.{{0,25}}\b(?:is|are|for)\b.{{0,20}}(?:\bupgrades?\b|\badd-?ons?\b|{_SHUTTLE}|\bmerch\w*"
        rf"|\blockers?\b|{_TOUR}"
        r"|\bcamping\b|\blounge access\b)",
        _COMES_WITH,
    ),
    Rule(
        Admission.EXTRA, _N, rf"\b{_AREA}(?: {_ACCESS})* only\b", rf"{_ON_SITE}|\b(?:via|through|parking)\b|{_SEATED}"
    ),
)
"""Every rule; of several that match a listing the first admission of parking, grounds, extra counts."""

_EXTRA_NOUN = (
    rf"(?:{_UPGRADE}|{_SHUTTLE}|{_STORED}|{_TOUR}|{_GOODS}|{_CAMPING}|{GROUNDS_TEXT}|\b(?:lounge|club"
    rf"|backstage) access\b"
    r"|\bmeet-greets?\b|\bm&g\b)"
)
_JOIN = (
    r"(?:\b(?:incl\w*|inkl\w*|with|plus|and|no|mit|avec|con|com|met|med|et|und|och|og|en)\b\.?|\bw/|\bc/|\+|&(?!g\b)"
    r"|(?<=\S )(?:[ye]|ve)\b(?! lots?\b))"
)
COMES_WITH = (
    rf"{_JOIN}[^,;:(+&]{{0,25}}?(?:{ANY_PARKING}|{_EXTRA_NOUN})(?: {_PERMIT}| access)*"
    rf"|\(0 (?:x )?{ANY_PARKING}(?: {_PERMIT})*\)"
    rf"|{ANY_PARKING}(?: (?:{_PERMIT}|is|are|ist|est|esta|not|0))*[ :(-]{{0,3}}(?:incl|inkl|inbegr|enthalten"
    rf"|compris)\w*"
    rf"|{ANY_PARKING}(?: {_PERMIT})* ?(?:\+|&|\band\b|\bplus\b) ?(?:0 ?x? )?(?=(?:tickets?|seats?|admission|entry)\b)"
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
