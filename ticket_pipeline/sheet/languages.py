# ruff: noqa: RUF001 - letters of other scripts look like Latin ones
"""What spreadsheets in other languages show for true, false, errors and loading cells; words in lower case."""

from __future__ import annotations

_YES = (
    "true t yes y 1 1.0 1,0 x ✓ ✔ ☑ ✅ on wahr ja j vrai oui verdadero sí si verdadeiro sim vero sì waar prawda tak "
    "sant sand sann tosi kyllä pravda ano igaz igen doğru evet истина да істина так adevărat αληθής αληθές αληθης "
    "αληθες ναι benar ya đúng จริง 真 是 はい 참 예 네 tõene patiess tiesa istina točno тачно точно صحيح אמת सत्य "
    "cert satt вярно"
)
_NO = (
    "false f no n 0 0.0 0,0 ✗ ✘ ✖ ☐ ⬜ ❌ off falsch nein faux non falso não nao onwaar nee fałsz nie falskt falsk "
    "usann nei nej epätosi ei nepravda ne hamis nem yanlış yanliş hayır hayir ложь нет хибність ні fals ψευδής ψευδές "
    "ψευδης ψευδες όχι salah tidak sai เท็จ 假 否 いいえ 거짓 아니요 아니오 väär aplams melas laž netočno нетачно "
    "грешно خطأ שקר असत्य ósatt невярно 偽"
)
_LOADING = (
    "loading|loading data|getting data|fetching data|fetching|calculating|updating|refreshing|requesting data"
    "|#n/a requesting data|please wait|laden|lade|lädt|wird geladen|daten werden geladen|bezig met laden"
    "|chargement|chargement en cours|cargando"
    "|carregando|a carregar|caricamento|caricamento in corso|indlæser|laster|laster inn|läser in|laddar|ladataan"
    "|wczytywanie|ładowanie|trwa ładowanie|načítání|načítava sa|betöltés|se încarcă|yükleniyor|učitavanje|nalaganje"
    "|загрузка|завантаження|зареждане|φόρτωση|読み込んでいます|読み込み中|로드 중|로딩 중|正在加载|加载中|载入中"
    "|載入中|正在載入|กำลังโหลด|đang tải|memuat|טוען|جارٍ التحميل"
)
_ERRORS = "#N/A #N/V #NV #NA #ND #N/D #N/B #N/P #I/T #H/A #Н/Д #YOK #BRAK #HIÁNYZIK #N/DISP #GETTING_DATA #ERROR"

YES = frozenset(_YES.casefold().split())
NO = frozenset(_NO.casefold().split())
LOADING = frozenset(_LOADING.casefold().split("|"))
"""Google Sheets shows these with three dots until a cell is computed."""

UNMARKED_ERRORS = frozenset(_ERRORS.split())
"""Error values that do not end with "!" or "?"."""
