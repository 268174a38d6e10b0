"""The words that say that something is no seat, by what they are about, in the languages that sellers write.

What belongs here: patterns of words. What does not: which of them count where (`admission_table`).
"""

from __future__ import annotations

PERMIT = r"(?:pass(?:es)?|permits?|tickets?|spots?|spaces?|place|stalls?|vouchers?|karte)"
ONLY = (
    r"(?:only|nur|solo|juste|uniquement|seulement|somente|apenas|alleen|endast|kun"
    r"|tylko|sadece|pouze|doar|csak|только|само|лише|тільки)"
)
NO_SPACES = (  # scripts and compounds in which a word has no bounds
    r"駐車|駐輪|バイク置き場|パーキング|停车|停車|泊车|泊車|주차|จอดรถ|पार्किंग|পার্কিং|பார்க்கிங்|పార్కింగ్"
    r"|garagenplatz|park(?:platz|zone|bereich|haus|schein|ticket|karte|ausweis|berechtigung|flache|gebuhr|deck|billet|pladser?|plass\w*|pass\b)"
    r"|(?<!rollstuhl)(?<!rollstuhl-)stellplatz(?! (?:fur )?rollstuhl)|tiefgarage"
)
PARKING = (
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
    rf"|{NO_SPACES})"
)
GARAGE = r"\bgarages?\b(?! (?:suite|club|bar|box|lounge|loft|seat|stage|rock|band|view|door)s?\b)"
LOT = (
    r"\blots?0?\b(?!(?: 0)? (?:of|de|d'|suite|box|seat|seats|seating|bleachers?|terrace|club|view|stage)\b)"
    r"|\b(?:tailgat(?:e|ing)) (?:pass(?:es)?|permits?|spots?|spaces?|area|zone)\b"
    r"|^(?:(?:vip|pre-?game|official) )*tailgat(?:e|ing)(?: only)?$"
)
VEHICLE = (
    rf"\b(?:car|vehicle|motorcycle|motorbike|truck|auto) {PERMIT}\b|\boversized? vehicles?\b|\brvs?\b"
    r"|\bmotor ?homes?\b|\bcamper ?vans?\b"
    r"|\bcaravan(?:s|e|es|a|as|ing)?\b|\bautocaravanas?\b|\bwohnmobil\w*|\bcamping-?cars?\b"
)
ANY_PARKING = rf"(?:{PARKING}|{GARAGE}|{LOT}|{VEHICLE})"

EVENT = r"(?:(?:an?|any|the|your|own|valid|separate|actual|event|game|match|concert|show|race|fight|session|stadium) )*"
TICKET = r"(?:tickets?|admissions?|entry|entrance)"
SEATED = (
    r"\b(?:sec(?:tion)?|block|row|(?<!no )seat(?:s|ing|ed)?|floor|level|bowl|tier|stand|balcony|mezz\w*|orch\w*|loge"
    r"|box|terrace|suite|table|ga|general|standing|sro|0[a-z]?)\b"
)

NOT_A_TICKET = (
    rf"\bnot {EVENT}(?:{TICKET}|seat)\b(?! together)|\bnon-ticket\b"
    rf"|\bno {EVENT}{TICKET} included\b|\b(?:does not|doesn't|will not|won't) get you in"
    r"|\bno (?:entry|admission) (?:in)?to (?:the )?(?:event|game|match|concert|show|race|fight|stadium)\W*$"
    r"|\bfor (?:existing|current) ticket ?holders\b"
    rf"|\b{TICKET} (?:to (?:the )?\w+ )?(?:is |are )?(?:not |never )(?:incl\w*|part|provided|with)"
    rf"|\b(?:does|do|will)(?: not|n't) (?:include|come with|contain) {EVENT}{TICKET}\b"
    rf"|\b{TICKET} (?:to \w+ )?(?:is |are |must be |has to be )?(?:sold|bought|purchased) separate"
    rf"|\b(?:does|do|will)(?: not|n't) (?:grant|give|provide|allow)(?: you)? (?:{TICKET}|access) to the"
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
WITHOUT_TICKET = (  # said of a place only: notes say "no tickets will be mailed"
    rf"\b(?:no|without|w/o|excl\w*) {EVENT}{TICKET}\b"
    r"|\bkeine (?:event|konzert|eintritts)?(?:tickets|karten)\b"
    r"|\b(?:sans|ohne|sin|senza|sem|zonder|uten|utan|uden|bez) (?:billets?|\w*tickets?|eintritt\w*|\w*karte"
    r"|entrada|boleto"
    r"|biglietto|ingresso|bilhete|kaart\w*|biljett|billett?|biletu)\b|\bbiletsiz\b|チケットなし"
)
NEEDS_TICKET = (
    rf"\b(?:must|need(?:s)?(?: to)?|ha(?:s|ve) to) (?:already |also )?(?:have|hold|own|possess|buy|purchase) {EVENT}"
    rf"(?:{TICKET})\b"
    rf"|\b(?:event|game|match|concert|show|race|separate|stadium) {TICKET} (?:is |are |also )*(?:required|needed)\b"
    rf"|\brequires? {EVENT}(?:tickets?|admission)\b|\bneeds? {EVENT}tickets? to (?:use|redeem)\b"
    r"|\btickets? (?:is |are )?(?:required|needed|necessary) to (?:use|redeem)\b|\bbillet (?:obligatoire|requis)\b"
)
ACCESS = r"(?:access|pass(?:es)?|entry|admissions?|tickets?|packages?|wristbands?|credentials?|lanyards?|experience)"
AREA = (
    r"(?:lounge|club|hospitality|backstage|paddock|pit|garage|vip|sound ?check|party|chalet|village|pool|buffet|dinner"
    r"|lunch|brunch|food|drinks?|beverage|meal|parking|merch\w*|shuttle|bus|upgrade|add-?on|locker|tour|camping"
    r"|meet-greet|m&g|photo ?op)"
)
SHUTTLE = (
    r"\bshuttles?\b|\bpark-ride\b|\bp ?\+ ?r\b"
    rf"|\b(?:bus|coach|train|ferry|rail|boat|transit|limo(?:usine)?|taxi) (?:{ACCESS}|rides?|transfers?|transport\w*"
    r"|trips?|travel|journey)\b"
    r"|\b(?:party|tour|return|round[- ]?trip|fan|charter) (?:bus(?:es)?|(?:motor)?coach(?:es)?)\b"
    r"|\b(?:bus|autobus|coach|ferry) (?:return|aller|ida)\b|\b(?:zug|bahn|fahr)ticket\w*"
    r"|\bbuss?(?:bil(?:j|l)et|res|rejse)\w*"
    r"|\bshuttle(?:ticket|bus|transfer)\w*|^(?:bus(?:es)?|coach|train|ferry)$|\btransport(?:ation|e)?\b"
    r"|\bnavettes?\b|\bnavetta\b|\bpendelbus\w*|\bautobus(?:es)?\b"
    r"|\bbus(?:fahrt|ticket|transfer|reise|karte)\w*|\blanzadera\b"
    r"|\bonibus\b|\bautokar\w*|автобус|трансфер|\btraslados?\b|シャトル|接驳|班车|셔틀"
)
GOODS = (
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
STORED = (
    r"\blockers?\b(?! ?room)|\bschliessfach\w*|\bcasilleros?\b|\bcasiers?\b|\bconsigne\b"
    r"|\b(?:coat|bag) ?(?:check|storage|drop)\b"
    r"|\bcloak ?rooms?\b|\bgarderobe\w*|\bvestiaires?\b|\bguarda(?:roba|rropas?)\b|ロッカー|荷物"
)
TOUR = (
    r"\b(?:stadium|backstage|venue|arena|ballpark|museum|locker ?room|guided|walking|behind the scenes|course|pit"
    r"|production) tours?\b|\btour (?:pass|only|ticket)|\bvisites? guidees?|\bvisita guia?[dt]a|\bstadionfuhrung\w*"
    r"|\brondleiding\w*|\btour del estadio\b|\bvisite du stade\b|\bstadiontour\w*"
)
CAMPING = (
    r"\bcamp(?:ing|sites?|ers?|grounds?)\b|\bglamping\b|\btents? (?:sites?|pitch\w*|spots?)\b|\bzeltplatz\w*"
    r"|\bacampa(?:r|da|mento)\b|\bcampeggio\b|\bkamperen\b|キャンプ"
)
VIRTUAL = (
    r"\blive ?stream\w*|\bvirtual (?:meet-greet|tickets?|pass|access|event)|\bstreaming (?:pass|tickets?|access)"
    r"|\bpay[- ]per[- ]view\b"
)

UPGRADE = (
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

# What a sentence says to everybody, or about delivery, says nothing about this listing.
HOUSE_RULE = (
    r"\b(?:child\w*|kids?|infants?|bab(?:y|ies)|toddlers?|minors?|under|ages?|every\w*|each|all|any(?:one|body)|guests?"
    r"|patrons?|fans|persons?|people|attendees?|phones?|smart\w*|mobile|apps?|device|printed|print|wallet|accounts?|id"
    r"|transfer\w*|download\w*|displayed|scan\w*)\b"
)
DELIVERY = (
    r"\b(?:e-?tickets?|mobile|paper|hard|physical|electronic|digital|printed|pdf|screenshots?|season|stub"
    r"|confirmation|receipt"
    r"|e-?mail|order|copy|photo|refund\w*)\b"
)
ELSEWHERE = (
    r"\b(?:to|into|for) (?:the |any )?(?:\w+ )?(?:lounge|club|vip|museum|party|fan|pre|after|hospitality|suite|bar)\b"
)
INCLUDED = r"\b(?:includ\w*|incl|comes?|also|with|plus|and|eligible|available|free|complimentary|not|no)\b"
ON_SITE = (
    r"\b(?:street|cash|card|credit|purchas\w*|off-?site|nearby|reservation|limited)\b"
    r"|\bparking for\b"
    r"|\bonly (?:is |are )?(?:available|for|at|on|in|by|with|via|through|sold|limited|accept\w*)\b"
)
THIS = r"\b(?:this|these|listing|tickets?|item|you are (?:buying|purchasing))\b"
