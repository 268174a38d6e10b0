"""What is a seat: words of sections, rows and zones, of notes, and the user's own rules."""

from __future__ import annotations

import pytest

from ticket_pipeline.market.admission import (
    BUILT_IN,
    AdmissionRule,
    AdmissionRules,
    judge_notes,
    judge_place,
    settle_grounds,
)
from ticket_pipeline.market.admission_table import Admission

SEAT, GROUNDS, PARKING, EXTRA = Admission.SEAT, Admission.GROUNDS, Admission.PARKING, Admission.EXTRA

PARKING_PLACES = """
Parking | PARKING PASS | GA Parking | Lot 4 Parking | VIP PARKING PASS ONLY | SUITE PARKING | Parking Deck
Parking Ramp B | Garage B | North Garage | LEXUS GARAGE RESERVED PARKING | Parking Garage 3 | Parking and Valet
Valet | Valet Parking | Gold Lot | Lot 5 | LOT A | Red Lot GA | Lower Lot | VIP RESERVED LOT PASS ONLY | Lots 6-9
Lot5 | Platinum Lot - Row 1 | Car Park 2 | CARPARK EAST | Car Pass | Vehicle Pass | Motorcycle Parking
Oversized Vehicle Permit | Tailgate Pass | RV Lot | RV Pass | RV 12 | Motorhome | Campervan | Caravan | Prkg
PARKING - NO SHUTTLE | Parking (ticket not included) | Parking pass, not an event ticket | Suite Parking Only
PARKING_PASS | Tailgating Area | Stationnement | Place de stationnement VIP | STATIONNEMENT P1 | Voiturier
Parking Officiel | Place de parking | Estacionamiento | Estacionamiento Oriente | Cajón de estacionamiento
Aparcamiento | Plaza de garaje | Parqueadero | Cochera | Parcheggio | PARCHEGGIO P3 | Posto auto | Posti auto coperti
Estacionamento | Vaga de garagem | Parkplatz | Parkplätze P2 | VIP-Parkplatz | Parkhaus | Parkschein | Parkticket
Stellplatz | Wohnmobilstellplatz | Tiefgarage | Tiefgaragenstellplatz | Parkausweis | Parkeren | Parkeerplaats
Parkeerticket | Parkering | Parkeringsplats | P-plats | Pysäköinti | Otopark | OTOPARK BİLETİ | Park yeri
Miejsce parkingowe | Parkoviště | Parkování | Parkolás | Parcare | Parkiralište | Парковка | Парковочное место
Стоянка | Στάθμευση | חניה | موقف سيارات | 駐車 | 駐車場券 | パーキング | 停车 | 停車場 | 주차권 | ที่จอดรถ | Parkir
E Lot | Y Lot | Self Park | Oversize Vehicle | Tailgate Zone | Parc relais | Parkovací lístek | Паркінг | חניון פרקינג
PKG | PKNG 4 | Parkade | Parkdeck Nord | Parkbillet | Parkplass | Bilplats | Sosta auto | Vaga coberta | 駐輪場 | 泊車位
Letak kereta | Parkirišče | Паркомісце | Паркиралиште | Autostāvvieta | Parkimine | Bílastæði
গাড়ি পার্কিং | Einfahrtsticket
पार्किंग | Aparcament | Parken P2 | Box auto | Posteggio | Aparcacoches | P-hus | Garage coperto | Lot C (Parking)
Vé gửi xe | Bãi đậu xe | บัตรจอดรถ | Vietas stāvvieta | Parkavimo vieta | Автостоянка | Автопарковка | Паркомясто
VIP Tailgate | Pregame Tailgate | Parkkipaikka
P-billett | P-pladser | Garagenplatz | Parkzone 3 | Parkbereich B
"""
SEAT_PLACES = """
101 | A | GA | General Admission | GA2 | SRO8 | Standing Room | Floor B | Loge 12 | Section 105 | Row 5
Lower Prime 116 | Parkett | Parkett links | Parquet | Parquet 3 | Parterre | PARTERRE LEFT | Camelot | Charlotte Suite
Park View 12 | Parkside 3 | Ballpark Suite | Park Terrace 4 | Parkway Club 12 | Garage Suite 2 | Garage Bar 4
Sparking Club | Suite 4 incl. parking | 104 with parking | Box & Parking | Suite 12 w/ 2 parking passes
Suite 4 (parking included) | Suite 4 (2 parking passes) | Club 112 + parking pass | Tickets and parking
Parking + 2 tickets | No parking | Loge 3 inkl. Parkplatz | Block 4 mit Parkschein | Carré Or avec parking
Palco 3 con estacionamiento | Tribuna incl. parcheggio | Camarote com estacionamento | Vak 12 met parkeren
Floor GA with VIP upgrade | Valetta Terrace | Ballet Circle | Pilot Box 3 | Slot 4 | Lot de 2 places | Lote 2
1º Lote | Lotus Lounge 12 | Ballot Box | Lawn Box 3 | LAWN SUITE 4 | Lawn Terrace 2 | Ground Level 104 | Ground Floor
Ground Tier 3 | Lower Ground 12 | Club Lounge 112 | VIP Lounge 4 | Lounge Seats 3 | Section 112 with lounge access
Club Access 112 | Field Level Lounge | Upgraded seats | Upgraded Seating Row 1 | Delta Sky360 Club 5
Locker Room Club 12 | Coaches Club 9 | Columbus Terrace | Tour Nord | World Tour GA | Tournament Club | Tour Level 3
Tourterelle | Pelouse Or | Fosse | Pelouse | Prato Gold | Innenraum | Stehplatz | Rasenplatz | Campo A | Gramado
Pista | Restricted Viewing | Side Viewing 12 | Viewing Deck 3 | Restricted view only | Standing only | Adults only
Seat only | Fan Zone 101 | Visiting fans 120 | Courtside 113 | Outer Ring 4 | Center Court 12 | Court 1 Stand
VIP Meet & Greet Package Row 1-10 | 3-Day Pass | Weekend Camping Ticket | GA + Camping | Camp Randall 12 | Campus Club
Camping-free zone 101 ticket | VIP Package incl. merch | Floor with t-shirt | Suite with shuttle | Hospitality Box 4
Hospitality | Paddock Club | VIP | VIP Pass | VIP Floor | Premium | Platinum | Stalls | Grand Circle | Dress Circle
Orchestra | Mezz 4 | Tribune Est | Curva Sud | Gradin 3 | Galerie | アリーナ席 | 一楼 12 | 内野指定席 | 그라운드석
партер 4 | Балкон | Πλατεία | יציע | Boardroom | Stu 5 | View | Bal 329 | 9 - CLUB | Carl's Corner | Oscar Box
Cardinal Loge | Autozone Park 12 | Bus Stop Bleachers 4 | Postern Gate 12 | Merchant Bank Club | Grass Court Seats 4
Terrace Grounds View 12 | Fairgrounds Stand 3 | Early Entry GA | Section 5 - Pre-Show Lounge Access | Wheelchair
Accessible | Obstructed | Aisle 5 | Bar Rail 12 | Table 9 | Cabana 2 | Owner's Box and garage access
Rollstuhlstellplatz | Stellplatz Rollstuhl | Парковая трибуна | Plaza Garage View | Garage Door Club
Ballpark Pass | Hyde Park Pass | Pit Lane Stand 4
Palco e parking | Tribuna y parking | Party Deck | After Party Suite | Programme Circle | Shuttleworth Stand
Bad Bunny Stadium Tour Floor 3 | Camping World Box 12 | Per Car | Box 12 - Lot pass included | VIP lot + 2 tickets
Ground | Chairback 12 | West Chairback | Red Chairback Seats | Cushion Seating | Tribün ve otopark | Scarborough Stand
Loge 12 accès lounge | Section 4 acceso lounge | Ferry Road Stand | Terrace Garden | Gold Circle | Club Lounge 3
Lot 10 Club | Lawns Grandstand | Cloakroom Bar Table 4 | Tailgate Terrace 4 | Dry Dock Stand
"""
GROUNDS_PLACES = """
GROUNDS PASS - VIEWING PARTY | Grounds Pass | GROUND PASS | Grounds Admission | Ground Admission | Grounds
Daily Grounds | Grounds Ticket | Grounds Day Pass | Grounds Access Only | Viewing Party | WATCH PARTY | Watching Party
Viewing Pass | Arthur Ashe Viewing Party | Public Viewing | Fan Zone | Fan Zone Ticket | Fanfest | Fan Village Pass
Outside Courts | Outer Courts | Courts Annexes | Billet annexes | Lawn | GA Lawn | LAWN GENERAL ADMISSION | Lawn 12
Lawn Seating | Outfield Berm | Grass Seating | Geländeticket | Flanierkarte | Acceso al recinto | Biglietto Ground
Terreinticket | パブリックビューイング | Gate Admission | Fair Admission Only | Grounds Pass incl. parking
Fanmeile
Good-Any-Day Grounds | Annexes | Grounds Only | Grounds Pass - no seat | General Grounds | Festival Admission Only
Grounds incl. parking | Fan Zone + shuttle | Grounds+ | Starter Grounds+ | Thursday Grounds Plus | Watch-Party
Courts extérieurs | Campi esterni | Außenplätze | Pistas exteriores | Big Screen Viewing | Pantalla gigante
"""
EXTRA_PLACES = """
VIP Upgrade | UPGRADE | Upgrade to VIP | VIP UPGRADE ONLY - NO TICKET | Hospitality Upgrade | Seat Upgrade Package
Add-On | VIP Early Entry Package Add-On | Lounge Access Only | LOUNGE ACCESS | Lounge Pass | Club Access Only
Club Pass | VIP Club Lounge Access Only | Backstage Pass | Pit Pass | Hospitality Only | VIP Access Only
Pre-Game Party Pass | Post Show Party Wristband | Soundcheck Access | Fast Lane Pass | Early Entry Pass
Meet & Greet Only | MEET AND GREET UPGRADE | Meet & Greet Pass | M&G Only | Meet & Greet (ticket not included)
Photo Op | Merchandise | Merch Bundle | VIP Merch Only | Tour Poster | T-Shirt | Souvenir Program | Gift Card
Food Voucher | Drink Tokens | Bobblehead | Lawn Chair Rental | Seat Cushion | Shuttle | Shuttle Pass | SHUTTLE BUS
Bus Pass | Bus | Party Bus | Park & Ride | Park and Ride Shuttle | PARK N RIDE | Round Trip Transportation
Coach Travel | Train Ticket | Navette | Navetta | Bustransfer | Busfahrt | Traslado | シャトルバス | Locker
Locker Rental | Schließfach | Coat Check | Stadium Tour | Backstage Tour | Locker Room Tour | Visite guidée
Visita guidata | Stadionführung | Camping | Camping Pass | Campsite 12 | Glamping | Campground | Tent Site | Campeggio
After Party | Afterparty | VIP Pre-Party | Pre-Game Party | Pregame Field Access | Shuttleticket | Shuttlebus
Essensgutschein | Programmheft | Casillero | 荷物預かり | Ticket Protection | Non-ticket item
After Party Ticket | Tailgate Party Pass | Pit Lane Walk | Skip the line pass | Fast Track
Kamperen | Livestream | Virtual Ticket | Not an event ticket | NOT A GAME TICKET | This is not a ticket
Ticket not included | Admission not included | Event ticket not included | Does not include admission
Must have a ticket | MUST HAVE GAME TICKET | No ticket | Ticket sold separately | Without ticket
Event ticket required | Not valid for entry | Requires event ticket | Billet non inclus | Sans billet
Ne comprend pas le billet | Entrada no incluida | Sin entrada | No incluye boleto | Ticket nicht enthalten
Kein Ticket | Ohne Eintrittskarte | Biglietto non incluso | Senza biglietto | Ingresso não incluso
Não inclui ingresso | Sem ingresso | Zonder ticket | Ticket niet inbegrepen | Biljett ingår ej | Bilet dahil değil
チケットは含まれません | 不含门票 | Donation | Pay-per-view | Upgrade - Parking not included
Train + Shuttle | Ferry | After Party + T-Shirt | Chairback Rental | Bus aller-retour | Coach Return | Zugticket
Bussbiljett | Transporte | Автобус | Трансфер до стадиона | Cloakroom | Garderobe | Vestiaire | Guardarropas
Pase de Lounge | Accès Lounge uniquement | Lounge-Zugang | Uppgradering VIP | Mejora VIP | VIP升级 | Scarf | Camiseta
Match Programme | Queue Jump | Fast Pass | Pre-Theatre Dinner | Tour del Estadio | Stadiontour | Virtual Meet & Greet
Keine Eintrittskarte | M&G Upgrade | M & G Upgrade Package | Park-and-Ride | VIP Pre-Show Lounge | Roundtrip Motorcoach
"""


def texts(table: str) -> list[str]:
    """The texts of a table, in which a bar or a line end separates them."""
    return [text for line in table.split("\n") for text in line.split(" | ") if text]


@pytest.mark.parametrize("text", texts(PARKING_PLACES))
def test_a_place_for_a_car_is_parking(text: str) -> None:
    assert judge_place(text) is PARKING


@pytest.mark.parametrize("text", texts(SEAT_PLACES))
def test_seats_whose_section_contains_such_a_word_are_seats(text: str) -> None:
    assert judge_place(text) is SEAT


@pytest.mark.parametrize("text", texts(GROUNDS_PLACES))
def test_a_pass_for_the_grounds_a_screen_or_the_lawn_is_grounds(text: str) -> None:
    assert judge_place(text) is GROUNDS


@pytest.mark.parametrize("text", texts(EXTRA_PLACES))
def test_what_admits_to_no_event_is_an_extra(text: str) -> None:
    assert judge_place(text) is EXTRA


SEAT_NOTES = """
Includes parking. | No parking. | Free parking nearby! | Parking pass included
Comes with a parking pass and lounge access. | Parking pass | Valet parking available. | Street parking only.
Parking only available at Lot B. | Cash parking only | Parking passes can be purchased at the venue only
A lot of leg room. | Aisle seats, next to the parking garage
Mobile Tickets. Tickets must be displayed on a smartphone for entry. | You will need a smartphone to gain entry.
Standard Ticket  Face Value You will need to use an iOS or Android mobile device to gain entry to your event.
Clear view. You'll have an unrestricted view of the show. | Children over 2 must have a ticket.
Every guest must have a ticket | You must have a ticketmaster account to get these.
You must have the tickets on your mobile phone. | All ages need a ticket
Everyone regardless of age must have a ticket for entry. | Screenshots are not valid for entry.
This is not an e-ticket. | Your order confirmation is not a ticket. | These are not paper tickets
No tickets will be mailed. | No paper tickets | Does not include admission to the club lounge.
Food and drink not included | Parking ticket not included. | Upgraded seats | Upgrade available at the box office
VIP upgrade included with these seats | Free upgrade to row 5 | Lounge access only for section 100 ticket holders
Includes lounge access and merch. | Includes grounds pass | Also valid as a grounds pass for the day session
Grounds open at 9 am | Bring lawn chairs | Shuttle from the station available | Aisle | Piggyback seats | Limited view
Wheelchair only | XFER ONLY | Mobile transfer only | Ticket fees not included | Meet and greet included!
This ticket includes parking. | These seats come with a shuttle pass. | This is for two seats.
Last row. Not together. | Tickets not together | Inklusive Parkplatz | avec parking | Estacionamiento incluido
Separate ticket required for after party | After-party ticket not included | Limited parking only.
A separate ticket is required for parking | Only parking for buses | Tickets are not provided until the day of the event
Entry not included for children under 3 | Entry via club lounge only | PDF not valid for entry | Ticket to use at gate B
Venue does not allow entry after 9 pm | No entry without ID
Print at home not valid for admission | Must be 21+ | Valid ticket required for entry. | Parking is not included
Keine Papiertickets | Laut Veranstalter sind keine Tickets an der Abendkasse | Kein E-Ticket | Keine Tickets per Post
No entry to the show without ID | No admission to the event after 8 pm | Free for current season ticket holders
Free parking, no ticket required | Only 5 minutes from parking | Ce n'est pas un e-billet
"""
PARKING_NOTES = """
Parking only. | PARKING PASS ONLY | This is for parking only, no ticket. | This listing is for a parking pass.
This is a parking pass. | You are buying a parking pass | Gold lot pass only
Parking pass - not a ticket to the event | Parking pass, NOT an event ticket | Great spot! Valet parking only.
Nur Parkplatz | Solo estacionamiento | Seulement stationnement | Parking uniquement | Ticket is for parking
駐車券のみ | 仅停车 | Only valid for parking | Estacionamento apenas | Solo parcheggio | PARKING PERMIT ONLY (lot 5)
Parking pass, no ticket | Lot 4 parking pass, no game ticket | Vehicle pass only | Tylko parking
Juste le parking | Sólo es el estacionamiento | Sadece otopark | Только парковка | PARKING PASS *NO TICKET*
"""
GROUNDS_NOTES = """
Grounds pass only. | This is a grounds pass. | Grounds admission only - no access to Ashe | GROUNDS PASS
Viewing party on the big screen, not inside the arena | Watch from outside the stadium | Fan fest access only
Viewing party only | This ticket is for the viewing party. | Good for grounds admission only
Ground pass. Does not include a reserved seat.
Grounds only, no stadium seat
"""
EXTRA_NOTES = """
This is not an event ticket. | NOT A GAME TICKET | Not a ticket! | VIP lounge pass. Ticket not included.
Upgrade only | Must have a ticket to the event to use this. | You must have a separate event ticket
Buyer must have game ticket | Event ticket required. | Does not include admission. | Does not include event ticket
Lounge access only | This is an upgrade | This listing is for a shuttle pass | Tickets sold separately
Admission not included | Event ticket not included; upgrade package | Merchandise only | Meet and greet only
Early entry upgrade - requires a GA ticket
This is for camping | Billet non inclus | Entrada no incluida | Ticket nicht enthalten. | Biglietto non incluso
チケットは含まれません | This pass will not include entry | Requires event ticket
No ticket included | No concert ticket included | Without event ticket | Ohne Eintritt | Sin entrada | Sans billet.
Does not grant entry | This does not grant admission to the event | Not valid for entry | Not valid for admission.
You need a valid match ticket to use this | A ticket is required to use this pass
Ticket to event must be purchased separately | Club access only, must already have a ticket
N'inclut pas le billet | Ceci n'est pas un billet | Il biglietto non è incluso | Билет не включен | Kein Ticket
Bilete dahil değildir | 不包含门票 | 티켓은 포함되지 않습니다 | 入場券は含まれておりません | Nur Upgrade, kein Ticket
This does not get you into the show | No admission to the game | For existing ticket holders only
Lounge access only, no seat | Hotel voucher, no tickets included | Won't get you in
"""


@pytest.mark.parametrize(
    ("text", "admission"),
    [
        (text, admission)
        for table, admission in (
            (SEAT_NOTES, SEAT),
            (PARKING_NOTES, PARKING),
            (GROUNDS_NOTES, GROUNDS),
            (EXTRA_NOTES, EXTRA),
        )
        for text in texts(table)
    ],
)
def test_notes_count_only_where_they_say_it_of_their_own_listing(text: str, admission: Admission) -> None:
    assert judge_notes(text) is admission
    assert judge_notes(f"Instant delivery. {text}") is admission


# --- listings and captures ------------------------------------------------------------------------------------------


def judge(
    section: str | None = None, row: str | None = None, zone: str | None = None, notes: str | None = None
) -> Admission:
    """The admission of one listing, by the built-in table."""
    return BUILT_IN.judge({"section": [section], "row": [row], "zone": [zone], "notes": [notes]}, 1)[0]


@pytest.mark.parametrize(
    ("listing", "admission"),
    [
        ({}, SEAT),
        ({"section": "Red Deck", "row": "Parking"}, PARKING),
        ({"section": "101", "zone": "Gold Lot"}, PARKING),
        ({"section": "101", "notes": "Parking only."}, PARKING),
        ({"section": "Lawn", "row": "Parking"}, PARKING),
        ({"section": "VIP Lounge", "notes": "Ticket not included."}, EXTRA),
        ({"section": "Suites", "row": "Upgrade"}, EXTRA),
        ({"section": "Grounds pass", "notes": "This is not an event ticket"}, GROUNDS),
        ({"section": "Suite 4", "row": "incl. parking", "notes": "Includes a parking pass"}, SEAT),
    ],
)
def test_a_listing_is_what_any_of_its_texts_says(listing: dict[str, str], admission: Admission) -> None:
    assert judge(**listing) is admission


def test_grounds_are_the_events_own_seats_where_a_capture_has_no_other() -> None:
    assert settle_grounds([GROUNDS, PARKING]) == [SEAT, PARKING]
    assert settle_grounds([GROUNDS, SEAT]) == [GROUNDS, SEAT]
    assert settle_grounds([PARKING, EXTRA]) == [PARKING, EXTRA]
    assert settle_grounds([]) == []


RULES = AdmissionRules(
    [
        AdmissionRule("stubhub", "The Dome", "Gold*", SEAT),
        AdmissionRule(None, "THE  dome", "Gold Lot", EXTRA),
        AdmissionRule(None, None, "400-410", EXTRA),
        AdmissionRule("vivid_seats", None, "Lawn*", SEAT),
        AdmissionRule(None, None, "Terrace", GROUNDS),
    ]
)


@pytest.mark.parametrize(
    ("marketplace", "venue", "section", "admission"),
    [
        ("stubhub", "the dome", "Gold Lot", SEAT),
        ("vivid_seats", "The Dome", "GOLD LOT", EXTRA),
        ("stubhub", "Elsewhere", "Gold Lot", PARKING),
        ("stubhub", None, "Section 405", EXTRA),
        ("stubhub", None, "411", SEAT),
        ("vivid_seats", None, "Lawn 3", SEAT),
        ("stubhub", None, "Lawn 3", GROUNDS),
        ("stubhub", None, "terrace", GROUNDS),
        ("stubhub", None, None, SEAT),
    ],
)
def test_the_users_first_matching_rule_wins_over_the_table(
    marketplace: str, venue: str | None, section: str | None, admission: Admission
) -> None:
    columns = {"section": [section, "101"], "row": [None, None], "zone": [None, None], "notes": [None, None]}
    assert RULES.for_event(marketplace, venue).judge(columns, 2) == [admission, SEAT]


def test_a_users_rule_also_wins_over_what_row_and_notes_say() -> None:
    columns = {"section": ["Gold 5"], "row": ["Parking"], "zone": ["Lot"], "notes": ["Parking only."]}
    assert RULES.for_event("stubhub", "The Dome").judge(columns, 1) == [SEAT]


def test_the_fingerprint_changes_with_the_rules_that_apply_and_with_no_other() -> None:
    prints = {
        key: RULES.for_event(*key).fingerprint
        for key in (("stubhub", "The Dome"), ("vivid_seats", "The Dome"), ("stubhub", None), ("stubhub", "Hall"))
    }
    assert len(set(prints.values())) == 3
    assert prints["stubhub", None] == prints["stubhub", "Hall"]
    own = [AdmissionRule(None, None, "a", SEAT), AdmissionRule(None, None, "b*", EXTRA)]
    both = AdmissionRules(own).for_event("stubhub", None).fingerprint
    assert AdmissionRules(own[::-1]).for_event("stubhub", None).fingerprint != both
    elsewhere = AdmissionRule(None, "Hall", "*", EXTRA)
    assert AdmissionRules([elsewhere, *own]).for_event("stubhub", "Dome").fingerprint == both
    assert AdmissionRules().for_event("stubhub", "x").fingerprint == BUILT_IN.fingerprint
