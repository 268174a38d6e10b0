"""Names of countries, states and venue cities that determine a timezone; `timezones` searches them."""

from __future__ import annotations

COUNTRY_ALIASES: dict[str, str] = {
    "usa": "US", "unitedstatesofamerica": "US", "america": "US",
    "uk": "GB", "unitedkingdom": "GB", "greatbritain": "GB", "britain": "GB",
    "england": "GB", "scotland": "GB", "wales": "GB", "northernireland": "GB",
    "czechia": "CZ", "southkorea": "KR", "korea": "KR", "republicofkorea": "KR",
    "holland": "NL", "thenetherlands": "NL", "uae": "AE", "ivorycoast": "CI", "türkiye": "TR", "turkiye": "TR",
    "burma": "MM", "macao": "MO", "macedonia": "MK", "swaziland": "SZ", "deutschland": "DE", "españa": "ES",
    "méxico": "MX", "brasil": "BR", "italia": "IT", "österreich": "AT", "schweiz": "CH", "suisse": "CH",
    "polska": "PL", "česko": "CZ", "slovensko": "SK", "slovenija": "SI", "hrvatska": "HR", "magyarország": "HU",
    "românia": "RO", "българия": "BG", "ελλάδα": "GR", "danmark": "DK", "sverige": "SE", "norge": "NO", "suomi": "FI",
    "ísland": "IS", "eesti": "EE", "latvija": "LV", "lietuva": "LT", "nederland": "NL", "belgië": "BE",
    "belgique": "BE", "россия": "RU", "日本": "JP", "中国": "CN", "대한민국": "KR", "rsa": "ZA", "drc": "CD",
    "russianfederation": "RU", "vietnam": "VN", "bosnia": "BA", "samoa": "WS",
}  # fmt: skip
"""Names that are not in the tz database's own list, without spaces and punctuation, to ISO 3166 alpha-2."""

REGION_NAMES: dict[str, str] = {
    "US": (
        "Alabama AL, Alaska AK, Arizona AZ, Arkansas AR, California CA, Colorado CO, Connecticut CT, Delaware DE, "
        "District of Columbia DC, Florida FL, Georgia GA, Hawaii HI, Idaho ID, Illinois IL, Indiana IN, Iowa IA, "
        "Kansas KS, Kentucky KY, Louisiana LA, Maine ME, Maryland MD, Massachusetts MA, Michigan MI, Minnesota MN, "
        "Mississippi MS, Missouri MO, Montana MT, Nebraska NE, Nevada NV, New Hampshire NH, New Jersey NJ, New Mexico "
        "NM, New York NY, New York State NY, North Carolina NC, North Dakota ND, Ohio OH, Oklahoma OK, Oregon OR, "
        "Pennsylvania PA, Rhode Island RI, South Carolina SC, South Dakota SD, Tennessee TN, Texas TX, Utah UT, "
        "Vermont VT, Virginia VA, Washington WA, Washington State WA, West Virginia WV, Wisconsin WI, Wyoming WY"
    ),
    "CA": (
        "Alberta AB, British Columbia BC, Manitoba MB, New Brunswick NB, Newfoundland NL, Newfoundland and Labrador "
        "NL, Nova Scotia NS, Northwest Territories NT, Nunavut NU, Ontario ON, Prince Edward Island PE, Quebec QC, "
        "Québec QC, Saskatchewan SK, Yukon YT"
    ),
    "AU": (
        "New South Wales NSW, Victoria VIC, Queensland QLD, South Australia SA, Western Australia WA, Tasmania TAS, "
        "Northern Territory NT, Australian Capital Territory ACT"
    ),
}
"""Country → states or provinces written out, each with its abbreviation."""

ALPHA_3 = """
ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT AZEAZ BDIBI BELBE
BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB BRNBN BTNBT BVTBV BWABW
CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY
CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI FJIFJ FLKFK FRAFR
FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU
GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE
JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT
LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ
MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ
OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU
RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK
SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV
TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA
ZMBZM ZWEZW
"""
"""ISO 3166-1: each alpha-3 code followed by its alpha-2 code. The tz database lists the alpha-2 codes only."""

REGION_ZONES: dict[str, dict[str, str]] = {
    "US": {
        "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Detroit": "MI",
        "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
    },
    "AU": {
        "Australia/Sydney": "NSW ACT",
        "Australia/Melbourne": "VIC",
        "Australia/Brisbane": "QLD",
        "Australia/Adelaide": "SA",
        "Australia/Perth": "WA",
        "Australia/Hobart": "TAS",
        "Australia/Darwin": "NT",
    },
    "CA": {
        "America/St_Johns": "NL",
        "America/Halifax": "NS PE",
        "America/Moncton": "NB",
        "America/Toronto": "ON QC",
        "America/Winnipeg": "MB",
        "America/Regina": "SK",
        "America/Edmonton": "AB",
        "America/Vancouver": "BC",
    },
}
"""Country → zone → states or provinces that keep this one time, but for a few small communities.

Left out, because the time differs between their larger places: FL, ID, IN, KS, KY, ND, NE, SD, TN, TX.
"""

AMBIGUOUS_CITIES: dict[str, str] = {
    "US": ("Arlington, Glendale, Hollywood, Manhattan, Pasadena, Portland, Richmond"),
    "": (
        "Athens, Barcelona, Birmingham, Brest, Cambridge, Dublin, Guadalajara, Halifax, Hamilton, Kingston, León, "
        "Leon, London, Manchester, Melbourne, Moscow, Newcastle, Oxford, Paris, Perth, Rome, Santiago, Sydney, Toledo, "
        "Valencia, Vancouver, Victoria, Wellington"
    ),
}
"""Country → cities that also exist where the time is another; "" holds those that differ by country."""

CITY_ZONES: dict[str, dict[str, str]] = {
    "US": {
        "America/New_York": (
            "Albany NY, Atlanta GA, Atlantic City NJ, Baltimore MD, Boston MA, Bridgeport CT, Bronx NY, Brooklyn "
            "NY, Buffalo NY, Charlotte NC, Cincinnati OH, Cleveland OH, Columbus OH, East Rutherford NJ, Elmont "
            "NY, Flushing NY, Fort Lauderdale FL, Foxborough MA, Gainesville FL, Greensboro NC, Hartford CT, "
            "Hershey PA, Jacksonville FL, Knoxville TN, Landover MD, Lexington KY, Manhattan NY, Miami FL, Miami "
            "Gardens FL, New York City NY, Newark NJ, Orchard Park NY, Orlando FL, Philadelphia PA, Pittsburgh "
            "PA, Providence RI, Queens NY, Raleigh NC, Richmond VA, Saratoga Springs NY, St. Petersburg FL, "
            "Sunrise FL, Tallahassee FL, Tampa FL, Uncasville CT, Uniondale NY, Washington DC, Washington D.C. "
            "DC, West Palm Beach FL"
        ),
        "America/Detroit": "Ann Arbor MI, Auburn Hills MI, East Lansing MI, Grand Rapids MI",
        "America/Kentucky/Louisville": "Louisville KY",
        "America/Indiana/Indianapolis": "Indianapolis IN, Noblesville IN, South Bend IN, Fort Wayne IN",
        "America/Chicago": (
            "Arlington TX, Austin TX, Baton Rouge LA, Dallas TX, Des Moines IA, Fort Worth TX, Frisco TX, Green "
            "Bay WI, Houston TX, Irving TX, Kansas City MO, Lincoln NE, Little Rock AR, Memphis TN, Milwaukee WI, "
            "Minneapolis MN, Mobile AL, Nashville TN, New Orleans LA, Oklahoma City OK, Omaha NE, Rosemont IL, "
            "Saint Louis MO, Saint Paul MN, San Antonio TX, St. Louis MO, St. Paul MN, The Woodlands TX, Tinley "
            "Park IL, Tulsa OK, Tuscaloosa AL, Wichita KS"
        ),
        "America/Denver": "Albuquerque NM, Colorado Springs CO, El Paso TX, Morrison CO, Salt Lake City UT, Sandy UT",
        "America/Phoenix": "Glendale AZ, Scottsdale AZ, Tempe AZ, Tucson AZ",
        "America/Los_Angeles": (
            "Anaheim CA, Bakersfield CA, Berkeley CA, Carson CA, Chula Vista CA, Fresno CA, George WA, Hollywood "
            "CA, Indio CA, Inglewood CA, Irvine CA, Las Vegas NV, Long Beach CA, Oakland CA, Palm Desert CA, "
            "Paradise NV, Pasadena CA, Portland OR, Reno NV, Sacramento CA, San Diego CA, San Francisco CA, San "
            "Jose CA, Santa Clara CA, Seattle WA, Spokane WA, Stanford CA, Tacoma WA, Thousand Palms CA"
        ),
    },
    "CA": {
        "America/Toronto": "Hamilton ON, Kitchener ON, Laval QC, Mississauga ON, Montreal QC, Montréal QC, Ottawa ON,"
        "Quebec City QC, Québec QC",
        "America/Edmonton": "Calgary AB",
        "America/Regina": "Saskatoon SK",
        "America/Vancouver": "Victoria BC",
    },
    "MX": {"America/Mexico_City": "Guadalajara, Zapopan, Puebla, Querétaro, León, Ciudad de México, CDMX"},
    "BR": {
        "America/Sao_Paulo": "Rio de Janeiro, Belo Horizonte, Brasília, Brasilia, Curitiba, Porto Alegre, São Paulo",
    },
    "AR": {"America/Argentina/Buenos_Aires": "Buenos Aires"},
    "ES": {
        "Europe/Madrid": "Barcelona, Bilbao, Málaga, Malaga, Palma, San Sebastián, Seville, Sevilla, Valencia, Zaragoza"
    },
    "PT": {"Europe/Lisbon": "Porto, Lisboa, Braga"},
    "AU": {"Australia/Sydney": "Canberra ACT, Newcastle NSW", "Australia/Brisbane": "Gold Coast QLD"},
    "NZ": {"Pacific/Auckland": "Christchurch, Dunedin, Wellington"},
    "ID": {"Asia/Makassar": "Bali, Denpasar"},
}
"""Country → zone → venue cities after which no zone is named, in countries with more than one time.

Each with its state or province where the country has a table of them: "Portland, ME" must not get Portland, Oregon's
time. Without a state the best-known city is assumed (Arlington in Texas, Portland in Oregon); names without such a
city, such as Springfield and Columbia, are left out. Countries with one timezone need no cities.
"""
