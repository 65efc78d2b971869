# SPDX-License-Identifier: MIT
"""Numbers in words, as certificates and dictations have them: 1 to 99, and the years of our time."""

import re
from typing import Optional

from .lists import fold

_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
_TENS = {30: "treinta", 40: "cuarenta", 50: "cincuenta", 60: "sesenta", 70: "setenta", 80: "ochenta", 90: "noventa"}


def in_words(number: int) -> str:
    if number < 30:
        return _SMALL[number]
    ten = number // 10 * 10
    return _TENS[ten] if number == ten else f"{_TENS[ten]} y {_SMALL[number - ten]}"


def year_in_words(year: int) -> str:
    if year < 2000:
        return f"mil novecientos {in_words(year - 1900)}" if year > 1900 else "mil novecientos"
    return f"dos mil {in_words(year - 2000)}" if year > 2000 else "dos mil"


_NUMBER_OF = {fold(in_words(number)): number for number in range(1, 100)}
_NUMBER_OF.update({"un": 1, "veintiun": 21, "treinta y un": 31, "primero": 1, "una": 1})
_YEAR_OF = {fold(year_in_words(year)): year for year in range(1930, 2050)}
# Longest first, so that "treinta y uno" is not read as "treinta".
WORDS = "|".join(sorted((re.escape(word) for word in _NUMBER_OF), key=len, reverse=True))
YEAR_WORDS = "|".join(sorted((re.escape(word) for word in _YEAR_OF), key=len, reverse=True))


def number_of(words: str) -> Optional[int]:
    return _NUMBER_OF.get(fold(words))


def year_of(words: str) -> Optional[int]:
    return int(words) if words.isdigit() else _YEAR_OF.get(fold(words))
