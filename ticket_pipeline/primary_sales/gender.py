"""Which gender an answer means, in whatever language the shop asked.

What belongs here: the table of words, and reading an answer by it. What does not: which question asked
(`ticket_pipeline.primary_sales.fields`).

An answer is compared as a whole first, then word by word: "Male 남성" and "Female เพศหญิง" hold one known word and one
of another language. Words of two genders in one answer, and words nobody listed, make it `unknown`; such answers are
counted, and listed until a word is added here or in the user's own file (VIVENU_MAPPINGS_FILE).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEMALE, MALE, DIVERSE, UNDISCLOSED, UNKNOWN = "female", "male", "diverse", "undisclosed", "unknown"
GENDERS = (FEMALE, MALE, DIVERSE, UNDISCLOSED, UNKNOWN)

WORDS: Mapping[str, str] = MappingProxyType(
    {
        FEMALE: (
            "female, woman, women, girl, f, w, weiblich, frau, damen, femme, féminin, femenino, mujer, feminino, "
            "mulher, donna, femmina, femminile, vrouw, vrouwelijk, kvinna, kvinde, kvinne, nainen, kobieta, žena, nő, "
            "여성, 여자, 女性, 女, 女子, หญิง, เพศหญิง, женский, женщина, أنثى, נקבה, kad\u0131n, wanita, perempuan, nữ"
        ),
        MALE: (
            "male, man, men, boy, m, männlich, maennlich, mann, herren, homme, masculin, masculino, hombre, homem, "
            "uomo, maschio, maschile, mannelijk, mand, mies, mężczyzna, muž, férfi, 남성, 남자, 男性, 男, 男子, ชาย, "
            "เพศชาย, мужской, мужчина, ذكر, זכר, erkek, pria, laki-laki, nam"
        ),
        DIVERSE: (
            "diverse, divers, d, x, non-binary, nonbinary, non binary, non-binaire, no binario, não binário, "
            "non binario, non-binair, ickebinär, other, andere, autre, otro, altro, 논바이너리, 기타, その他"
        ),
        UNDISCLOSED: (
            "prefer not to say, prefer not to answer, not specified, rather not say, keine angabe, k.a., "
            "ne souhaite pas répondre, prefiero no decirlo, prefiro não dizer, preferisco non rispondere, "
            "zeg ik liever niet, 답변하지 않음, 回答しない, ไม่ระบุ"
        ),
    }
)
"""Gender → the words that mean it, in any language, parted by commas."""


@dataclass(frozen=True, slots=True)
class GenderTable:
    """Reads answers.

    Attributes:
        genders: folded word or phrase → gender.
    """

    genders: Mapping[str, str]

    @classmethod
    def usual(cls, more: Mapping[str, str] | None = None) -> Self:
        """The table of `WORDS`; words of `more` (word → gender) win over it."""
        table = {_fold(word): gender for gender, words in WORDS.items() for word in words.split(",")}
        return cls(table | {_fold(word): gender for word, gender in (more or {}).items()})

    def read(self, answer: str | None) -> str:
        """The gender that an answer means, or `unknown`."""
        folded = _fold(answer or "")
        if folded in self.genders:
            return self.genders[folded]
        found = {self.genders[word] for word in _words(folded) if word in self.genders}
        return found.pop() if len(found) == 1 else UNKNOWN


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _words(folded: str) -> Iterator[str]:
    yield from re.split(r"[\s/|,;()\[\]]+", folded)
