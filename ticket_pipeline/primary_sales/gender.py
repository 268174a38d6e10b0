"""The gender that an answer means, in any language.

An answer is compared word by word, without case and punctuation, in Unicode's compatibility form (NFKC). The longest
listed phrase wins, so "prefer not to say" is one. Words of two genders, a negation outside a phrase ("Kein Mann") and
unlisted words make an answer `unknown`; it is shown until a word is added here or in VIVENU_MAPPINGS_FILE.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

FEMALE, MALE, DIVERSE, UNDISCLOSED, UNKNOWN = "female", "male", "diverse", "undisclosed", "unknown"
GENDERS = (FEMALE, MALE, DIVERSE, UNDISCLOSED, UNKNOWN)

WORDS: Mapping[str, str] = MappingProxyType(
    {
        FEMALE: (
            "female, females, woman, women, girl, girls, lady, ladies, f, w, weiblich, frau, frauen, damen, dame, "
            "mädchen, femme, femmes, féminin, femenino, mujer, mujeres, feminino, mulher, mulheres, donna, donne, "
            "femmina, femminile, vrouw, vrouwen, vrouwelijk, kvinna, kvinnor, kvinde, kvinder, kvinne, kvinner, "
            "nainen, naiset, kobieta, kobiety, žena, ženy, nő, 여성, 여자, 여, 女性, 女, 女子, หญิง, เพศหญิง, "
            "ผู้หญิง, женский, женщина, женщины, أنثى, נקבה, kad\u0131n, wanita, perempuan, nữ"
        ),
        MALE: (
            "male, males, man, men, boy, boys, m, männlich, maennlich, mann, männer, maenner, herr, herren, junge, "
            "homme, hommes, masculin, masculino, hombre, hombres, homem, homens, uomo, uomini, maschio, maschile, "
            "mannelijk, mannen, mand, mænd, män, menn, mies, miehet, mężczyzna, mężczyźni, muž, muži, férfi, 남성, "
            "남자, 남, 男性, 男, 男子, ชาย, เพศชาย, ผู้ชาย, мужской, мужчина, мужчины, "
            "ذكر, זכר, erkek, pria, laki-laki, nam"
        ),
        DIVERSE: (
            "diverse, divers, d, x, non-binary, nonbinary, non-binaire, no binario, não binário, non binario, "
            "non-binair, ickebinär, other, andere, autre, otro, altro, 논바이너리, 기타, その他"
        ),
        UNDISCLOSED: (
            "prefer not to say, prefer not to answer, not specified, rather not say, keine angabe, k.a., "
            "ne souhaite pas répondre, prefiero no decirlo, prefiro não dizer, preferisco non rispondere, "
            "zeg ik liever niet, 답변하지 않음, 回答しない, ไม่ระบุ"
        ),
    }
)
"""Gender → the words and phrases that mean it, separated by commas."""

NEGATIONS = (
    "not, no, non, neither, nor, never, nothing, without, nicht, kein, keine, keiner, keinen, keines, nie, weder, "
    "ohne, pas, ni, sin, sem, não, senza, niet, geen, inte, ikke, ingen, ei, ne, nem, нет, не, değil, ไม่, 아님, 아니, "
    "不, 非"
)
"""Words that negate an answer, so that it is unknown."""

_SHORTENED_NOT = re.compile(r"n['\u2019]t\b")


@dataclass(frozen=True, slots=True)
class GenderTable:
    """Reads answers: phrase, as `words_of` splits it → gender, and the number of words of the longest phrase."""

    genders: Mapping[tuple[str, ...], str]
    longest: int

    @classmethod
    def usual(cls, more: Mapping[str, str] | None = None) -> Self:
        """The table of `WORDS`; words and phrases of `more` (→ gender) win over it."""
        table = {words_of(phrase): gender for gender, phrases in WORDS.items() for phrase in phrases.split(",")}
        table |= {words: gender for phrase, gender in (more or {}).items() if (words := words_of(phrase))}
        return cls(table, max(map(len, table)))

    @property
    def fingerprint(self) -> str:
        """Changes with the table."""
        return hashlib.sha256(repr(sorted(self.genders.items())).encode()).hexdigest()[:8]

    def read(self, answer: str | None) -> str:
        """The gender that an answer means, or `unknown`."""
        phrases = self.find(answer)
        return self.genders[phrases[0]] if phrases else UNKNOWN

    def find(self, answer: str | None) -> list[tuple[str, ...]]:
        """The listed phrases in an answer, all of one gender; empty if that is unknown."""
        words = words_of(answer or "")
        if words in self.genders:
            return [words]
        found, passed = self._part(words)
        is_turned = not _NEGATIONS.isdisjoint(passed) or _SHORTENED_NOT.search((answer or "").casefold())
        return [] if is_turned or len({self.genders[phrase] for phrase in found}) > 1 else found

    def _part(self, words: tuple[str, ...]) -> tuple[list[tuple[str, ...]], list[str]]:
        """The longest listed phrases from left to right, and the words between them."""
        found: list[tuple[str, ...]] = []
        passed: list[str] = []
        place = 0
        while place < len(words):
            phrase = next(
                (
                    words[place : place + length]
                    for length in range(min(self.longest, len(words) - place), 0, -1)
                    if self._counts_inside(words[place : place + length])
                ),
                None,
            )
            if phrase is None:
                passed.append(words[place])
            else:
                found.append(phrase)
            place += len(phrase or " ")
        return found, passed

    def _counts_inside(self, phrase: tuple[str, ...]) -> bool:
        """Whether a phrase counts inside a longer answer: a lone Latin letter ("I'm", "D. Smith") does not."""
        return phrase in self.genders and not (len(phrase) == 1 and len(phrase[0]) == 1 and phrase[0].isascii())


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text for comparison: NFKC, without case, only letters, their marks, and digits."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # By category, since regular expressions take the marks of Thai and Hindi words for punctuation.
    return tuple("".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in folded).split())


_NEGATIONS = frozenset(words_of(NEGATIONS))
