# SPDX-License-Identifier: MIT
"""Dates in every form that notes write them: taken apart, moved, written again.

A date keeps what it says (a day, a month, a year alone) and loses what it was: all dates of a note move by one
number of days, so that intervals stay what the prose says they are. It is written again in its own form or, now and
then, in another that says as much.
"""

import datetime
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from . import spelled
from .lists import fold
from .rng import Rng

MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "setiembre",
    "octubre",
    "noviembre",
    "diciembre",
)
SHORT = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "set", "oct", "nov", "dic")
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_NUMBER_OF: Dict[str, int] = {}
for _names in (MONTHS, SHORT):
    _NUMBER_OF.update({name: number for number, name in enumerate(_names, 1)})
_NUMBER_OF.update(
    {"septiembre": 9, "sep": 9, "sept": 9, "setbre": 9, "agto": 8, "dbre": 12, "nvbre": 11, "oc": 10, "enr": 1}
)
_MONTH = "(?P<m>" + "|".join(sorted(_NUMBER_OF, key=len, reverse=True)) + ")"


class Parts(NamedTuple):
    """What a date says; None where it says nothing."""

    day: Optional[int]
    month: Optional[int]
    year: Optional[int]
    form: str  # the name of the pattern that read it
    signs: Dict[str, str]  # how it was written: separators, widths, case


Pattern = Tuple[str, "re.Pattern[str]"]
_PATTERNS: List[Pattern] = [
    (name, re.compile(text, re.I))
    for name, text in (
        ("hl7", r"(?P<y>(?:19|20)\d\d)(?P<n>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"),
        ("iso", r"(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<n>\d\d?)(?P=s)(?P<d>\d\d?)"),
        ("numeric", r"(?P<d>\d\d?)(?P<s> ?[-/.,] ?| )(?P<n>\d\d?)(?P<s2> ?[-/.,] ?| )(?P<y>(?:19|20)?\d\d|')"),
        (
            "roman",
            r"(?P<d>\d\d?)(?P<s>[-/. ])(?P<r>XII|XI|X|IX|VIII|VII|VI|V|IV|III|II|I)(?:(?P<s2>[-/. ])(?P<y>(?:19|20)?\d\d))?",
        ),
        ("roman_year", r"(?P<r>XII|XI|X|IX|VIII|VII|VI|V|IV|III|II|I)(?P<s>[-/. ])(?P<y>(?:19|20)?\d\d)"),
        (
            "long",
            r"(?P<d>\d\d?)(?:º|°|ro\.?)? ?(?P<de>de |/|-|\.| )? ?"
            + _MONTH
            + r"\.?(?:(?P<de2> ?del? |/|-|\.| )(?P<y>(?:19|20)?\d\d))?",
        ),
        ("month_first", _MONTH + r"\.? (?P<d>\d\d?)(?:, ?(?P<y>(?:19|20)\d\d))?"),
        ("month_year", _MONTH + r"\.?(?P<s> ?del? ?|/|-|\.| |'| ')(?P<y>(?:19|20)?\d\d)"),
        ("number_year", r"(?P<n>0?[1-9]|1[0-2])(?P<s>[-/.])(?P<y>(?:19|20)\d\d|\d\d)(?=$)"),
        ("day_month", r"(?P<d>\d\d?)(?P<s> ?[-/.] ?| )(?P<n>\d\d?)"),
        ("month", _MONTH + r"\.?"),
        ("year", r"(?P<y>(?:19|20)\d\d|'\d\d)"),
        ("day", r"(?P<d>\d\d?)(?:º|°)?"),
    )
]


def read(value: str) -> Optional[Parts]:
    """A date taken apart, or None if it is written in a way this does not know."""
    for name, pattern in _PATTERNS:
        match = pattern.fullmatch(value)
        if not match:
            continue
        found = match.groupdict()
        day = int(found["d"]) if found.get("d") else None
        month = _month(found)
        year = _year(found.get("y"))
        if day is not None and not 1 <= day <= 31 or month is not None and not 1 <= month <= 12:
            continue
        if name == "number_year" and len(found["y"]) == 2 and int(found["n"]) <= 12 and int(found["y"]) <= 12:
            continue  # 3/11 is the third of November more often than March 2011
        return Parts(day, month, year, name, {key: text for key, text in found.items() if text is not None})
    return None


def _month(found: Dict[str, Optional[str]]) -> Optional[int]:
    if found.get("n"):
        return int(found["n"])
    if found.get("r"):
        return ROMAN.index(found["r"].upper()) + 1
    if found.get("m"):
        return _NUMBER_OF[found["m"].lower()]
    return None


def _year(text: Optional[str]) -> Optional[int]:
    if not text or text == "'":
        return None
    digits = text.strip("'")
    number = int(digits)
    if len(digits) == 4:
        return number
    return 2000 + number if number <= 40 else 1900 + number


def move(parts: Parts, days: int) -> Parts:
    """The date some days later, as exact as it was. A day alone and a month alone move on the circle."""
    year = parts.year if parts.year is not None else 2023
    month = parts.month if parts.month is not None else 6
    day = parts.day if parts.day is not None else 15
    try:
        start = datetime.date(year, month, min(day, 28))
        moved = start + datetime.timedelta(days)
    except (ValueError, OverflowError):
        return parts
    if not 1900 <= moved.year <= 2049:
        return parts
    return parts._replace(
        day=moved.day if parts.day is not None else None,
        month=moved.month if parts.month is not None else None,
        year=moved.year if parts.year is not None else None,
    )


# ------------------------------------------------------------------------------------------ writing


def _width(number: int, like: str) -> str:
    return f"{number:02d}" if like.startswith("0") or len(like) == 2 and number >= 10 else str(number)


def _year_like(year: int, like: str) -> str:
    mark = "'" if like.startswith("'") else ""
    return mark + (f"{year % 100:02d}" if len(like.strip("'")) == 2 else str(year))


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word


def _named(month: int, like: str) -> str:
    names = SHORT if len(like) <= 4 and fold(like) not in ("mayo",) else MONTHS
    name = names[month - 1]
    if "sept" in like.lower() and month == 9:
        name = "sep" + name[2:] if names is SHORT else "septiembre"
    return _cased(name, like)


def write(parts: Parts, old: str) -> str:
    """Parts in the form that `old` has."""
    match = dict(_PATTERNS)[parts.form].fullmatch(old)
    new: Dict[str, str] = {}
    found = match.groupdict()
    if found.get("d"):
        new["d"] = _width(parts.day, found["d"])
    if found.get("n"):
        new["n"] = _width(parts.month, found["n"])
    if found.get("r"):
        new["r"] = _cased(ROMAN[parts.month - 1], found["r"])
    if found.get("m"):
        new["m"] = _named(parts.month, found["m"])
    if found.get("y") and parts.year is not None:
        new["y"] = _year_like(parts.year, found["y"])
    out, at = [], 0
    for start, end, key in sorted((match.start(key), match.end(key), key) for key in new):
        out += [old[at:start], new[key]]
        at = end
    return "".join(out) + old[at:]


def _two(number: int) -> str:
    return f"{number:02d}"


FULL: List[Callable[[int, int, int], str]] = [
    lambda d, m, y: f"{d}/{m}/{y}",
    lambda d, m, y: f"{_two(d)}/{_two(m)}/{y}",
    lambda d, m, y: f"{d}/{m}/{y % 100:02d}",
    lambda d, m, y: f"{_two(d)}-{_two(m)}-{y % 100:02d}",
    lambda d, m, y: f"{_two(d)}-{_two(m)}-{y}",
    lambda d, m, y: f"{d}.{m}.{y % 100:02d}",
    lambda d, m, y: f"{_two(d)}.{_two(m)}.{y}",
    lambda d, m, y: f"{d} de {MONTHS[m - 1]} de {y}",
    lambda d, m, y: f"{d} de {MONTHS[m - 1]} del {y}",
    lambda d, m, y: f"{d}-{SHORT[m - 1]}-{y % 100:02d}",
    lambda d, m, y: f"{d}/{SHORT[m - 1]}/{y % 100:02d}",
    lambda d, m, y: f"{d} {SHORT[m - 1]} {y}",
    lambda d, m, y: f"{d}/{ROMAN[m - 1]}/{y}",
    lambda d, m, y: f"{d}-{ROMAN[m - 1]}-{y % 100:02d}",
    lambda d, m, y: f"{y}-{_two(m)}-{_two(d)}",
    lambda d, m, y: f"{y}{_two(m)}{_two(d)}",
    lambda d, m, y: f"{_two(d)} {_two(m)} {y % 100:02d}",
    lambda d, m, y: f"{d}{SHORT[m - 1].upper()}{y}",
    lambda d, m, y: f"{spelled.in_words(d)} de {MONTHS[m - 1]} de {spelled.year_in_words(y)}",
]
DAY_MONTH: List[Callable[[int, int], str]] = [
    lambda d, m: f"{d}/{m}",
    lambda d, m: f"{_two(d)}/{_two(m)}",
    lambda d, m: f"{d}-{m}",
    lambda d, m: f"{d}.{m}",
    lambda d, m: f"{d} de {MONTHS[m - 1]}",
    lambda d, m: f"{d} {SHORT[m - 1]}",
    lambda d, m: f"{d}-{SHORT[m - 1]}",
    lambda d, m: f"{d}/{SHORT[m - 1]}",
    lambda d, m: f"{d}/{ROMAN[m - 1]}",
    lambda d, m: f"{d} de {SHORT[m - 1]}",
]
MONTH_YEAR: List[Callable[[int, int], str]] = [
    lambda m, y: f"{m}/{y}",
    lambda m, y: f"{_two(m)}/{y % 100:02d}",
    lambda m, y: f"{SHORT[m - 1]}/{y % 100:02d}",
    lambda m, y: f"{SHORT[m - 1]} {y}",
    lambda m, y: f"{MONTHS[m - 1]} {y}",
    lambda m, y: f"{MONTHS[m - 1]} de {y}",
    lambda m, y: f"{MONTHS[m - 1]} del {y % 100:02d}",
    lambda m, y: f"{SHORT[m - 1]}-{y % 100:02d}",
    lambda m, y: f"{m}-{y}",
]


def fully(day: int, month: int, year: int, rng: Rng) -> str:
    return rng.pick(FULL)(day, month, year)


def rewrite(value: str, days: int, other_form: float, rng: Rng) -> str:
    """A date moved by `days`; with the given probability in another form that says as much."""
    parts = read(value)
    if parts is None:
        return _words_moved(value, days) or _digits_changed(value, rng)
    parts = move(parts, days)
    if rng.chance(other_form):
        if parts.day and parts.month and parts.year:
            return fully(parts.day, parts.month, parts.year, rng)
        if parts.day and parts.month and parts.form != "hl7":
            return rng.pick(DAY_MONTH)(parts.day, parts.month)
        if parts.month and parts.year:
            return rng.pick(MONTH_YEAR)(parts.month, parts.year)
    return write(parts, value)


_IN_WORDS = re.compile(
    rf"(?P<d>{spelled.WORDS}|\d\d?)(?: dias?(?: del mes)?)? de {_MONTH}"
    rf"(?: del? (?:ano )?(?P<y>{spelled.YEAR_WORDS}|\d{{4}}))?"
)


def _words_moved(value: str, days: int) -> Optional[str]:
    """ "diez de setiembre de dos mil veinticuatro", "27 días del mes de octubre de 2025": moved, word for word."""
    match = _IN_WORDS.fullmatch(fold(value))
    if not match or len(fold(value)) != len(value):  # accents as characters of their own: places would differ
        return None
    day = int(match.group("d")) if match.group("d").isdigit() else spelled.number_of(match.group("d"))
    year = spelled.year_of(match.group("y")) if match.group("y") else None
    parts = move(Parts(day, _NUMBER_OF[match.group("m")], year, "words", {}), days)
    new = {"d": spelled.in_words(parts.day), "m": MONTHS[parts.month - 1]}
    if match.group("d").isdigit():
        new["d"] = str(parts.day)
    if year is not None:
        new["y"] = str(parts.year) if match.group("y").isdigit() else spelled.year_in_words(parts.year)
    out, at = [], 0
    for key in ("d", "m", "y"):
        if key in new:
            out += [value[at : match.start(key)], _cased(new[key], value[match.start(key) : match.end(key)])]
            at = match.end(key)
    return "".join(out) + value[at:]


def _digits_changed(value: str, rng: Rng) -> str:
    """A form nobody foresaw (spelled, damaged): its last digit and its month's name change, its shape does not."""

    def month(match: "re.Match[str]") -> str:
        return _cased(rng.pick(MONTHS), match.group())

    value = re.sub(r"(?i)\b(?:" + "|".join(MONTHS) + r")\b", month, value)
    return re.sub(r"\d(?=\D*$)", lambda match: rng.digits(1), value, count=1)
