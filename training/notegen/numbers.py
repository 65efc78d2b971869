# SPDX-License-Identifier: MIT
"""Codes: documents, records, phones, e-mails, plates, addresses of the net, each in the forms that notes write it.

A new code mostly keeps the shape of the old one (its digits and letters change, its signs stay), because the hand
that wrote the note knew how that hospital writes it; sometimes it takes another of the forms its kind is written
in.
"""

import re
from typing import Callable, Dict

from . import spelled
from .patterns import CONSONANTS, code, phrase
from .rng import Rng

# In the language of patterns.code.
RECORD = (
    "###### ##### ####### ##-#### ###.### #####/# @@-YY-##### @YY-#### YY-##### ####/YY @@##### @-#### YY@#### ###-@-#### "
    "@@/####/YY ####@## 20YY/@@/#### ###_###_# @@-######-YY"
).split()
LICENCE = "##### ##.### ###.### ###### ##-### #####-# ##_##_##### ###/###".split()
INSURANCE = RECORD + "#####-## ######/## ###.###-# ##_########".split()
COURT_FILE = "###-###/20YY ##-#####/20YY ######/20YY ####/YY ###-##### 20YY-##-######".split()
FISCAL = "21######00## 21_######_00## 21.###.###.00##".split()
PLATE = "A@@_#### S@@_#### A@@#### B@@-#### S@@_### A@@_### F@@#### I@@_#### L@@_####".split()
DEVICE = "@@####### @@@-#### ####-##### ######### ##@@#### @@@@#######".split()
PASSPORT = "@###### @@_###### @@####### ######### ##.###.### @@@######".split()
MOBILE = (
    "09#_###_### 09#_###_### 09####### 09####### 09#-###-### 09#.###.### 09#_###### 09#-###### +598_9#_###_### +5989####### "
    "598_9####### 09#/###/### 09#_##_##_## (09#)_###_### 09#_###-###"
).split()
LANDLINE = "2###_#### 4###_#### 2####### 4####### 2###-#### 4###-#### 2_###_#### +598_4###_#### 2###.#### (4###)_#### 473_#####".split()
IP = "10.#.##.1## 192.168.#.## 172.16.#.1## 190.1##.2#.##".split()


_DICTATED = re.compile(r"(?i)\b(?:cero|" + spelled.WORDS + r")\b")


def reshaped(value: str, rng: Rng) -> str:
    """Digits for digits; a letter of a code for a letter now and then, words of three letters or more left.

    A number dictated in words has other words of its length: a digit for a digit, two for two.
    """
    if not re.search(r"\d", value) and _DICTATED.search(value):
        return _DICTATED.sub(
            lambda match: spelled.in_words(rng.between(0, 9) if len(match.group()) < 7 else rng.between(30, 99)), value
        )

    def one(match: "re.Match[str]") -> str:
        run = match.group()
        if not run.isdigit():
            if len(run) > 2 or rng.chance(0.4):
                return run
            letters = "".join(rng.pick(CONSONANTS) for _ in run)
            return letters if run.isupper() else letters.lower()
        # a year in a code stays a year, a leading digit stays away from zero
        if re.fullmatch(r"(?:19|20)\d\d", run):
            return str(rng.between(2015, 2026))
        if len(run) == 2 and "20" <= run <= "26":
            return str(rng.between(20, 26))
        new = rng.digits(len(run))
        return new if run[0] == "0" or new[0] != "0" else str(rng.between(1, 9)) + new[1:]

    return re.sub(r"\d+|[A-Za-zÁÉÍÓÚÑáéíóúñ]+", one, value)


# --------------------------------------------------------------------------------- documents

CEDULA = (
    "{dotted}-{digit} {dotted}-{digit} {body}-{digit} {body}-{digit} {body}{digit} {body}{digit} {dotted}.{digit} {dotted}/{digit} "
    "{spaced}_{digit} {spaced}-{digit} {dotted}_{digit} {body}_{digit} {body}_-_{digit} {dotted}–{digit} {body}/{digit}"
).split()


def check_digit(number: int) -> int:
    """The cédula's check digit: weights 2 9 8 7 6 3 4 on seven digits, then what is missing to ten."""
    digits = f"{number:07d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, (2, 9, 8, 7, 6, 3, 4)))
    return (10 - total % 10) % 10


def cedula(rng: Rng) -> str:
    """In any form, with a right check digit two times of three."""
    number = rng.between(900_000, 6_999_999)
    digit = str(check_digit(number) if rng.chance(0.67) else rng.below(10))
    dotted = f"{number:,}".replace(",", ".")
    parts = {"body": str(number), "dotted": dotted, "spaced": dotted.replace(".", " "), "digit": digit}
    return phrase(rng.pick(CEDULA).replace("_", " "), {slot: lambda text=text: text for slot, text in parts.items()})


def cedula_like(value: str, rng: Rng) -> str:
    """The old one's signs; mostly a right check digit, where the shape has the digits for one."""
    new = reshaped(value, rng)
    digits = re.sub(r"\D", "", new)
    if len(digits) == 8 and new[-1].isdigit() and rng.chance(0.67):
        new = new[:-1] + str(check_digit(int(digits[:7])))
    return new


def dni(rng: Rng) -> str:
    """Spain's, with its letter, and Argentina's, without."""
    number = rng.between(1_000_000, 99_999_999)
    letter = "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]
    return rng.pick((f"{number:08d}{letter}", f"{number:08d}-{letter}", f"{number:,}".replace(",", "."), str(number)))


def foreign_document(rng: Rng) -> str:
    return dni(rng) if rng.chance(0.5) else code(rng.pick(PASSPORT), rng)


# ------------------------------------------------------------------------------------ phones


def phone(rng: Rng) -> str:
    return code(rng.pick(MOBILE if rng.chance(0.6) else LANDLINE), rng)


def phone_like(value: str, rng: Rng) -> str:
    """The prefix that makes it a phone (+598, 09, 2, 4) stays; what follows changes."""
    match = re.match(r"\(?(?:\+?598[ -]?)?\(?0?(?:9\d|[24])|\+\d\d|\d{2,3}(?=\D)", value)
    head = match.group() if match else value[:1]
    return head + re.sub(r"\d", lambda _: rng.digits(1), value[len(head) :])


def is_extension(value: str) -> bool:
    return value.isdigit() and len(value) <= 5


# ------------------------------------------------------------------------------------ the net

DOMAINS = (
    "gmail.com hotmail.com hotmail.es adinet.com.uy vera.com.uy yahoo.com outlook.com montevideo.com.uy icloud.com live.com "
    "mutual{word}.com.uy {word}.com.uy hospital{word}.org.uy sanatorio{word}.com {word}.org {word}.edu.uy {word}.gub.uy"
).split()
DOMAIN_WORDS = (
    "salud comeri cendar vidasana medica norte litoral delsur central amedri camep clinic imagen social red".split()
)
USERS = (
    "{g}{surname} {given}.{surname} {given}{surname} {surname}.{given} {given}_{surname} {surname}{g} {given}## {surname}## "
    "{g}.{surname} {surname} dr{surname} {given}.{surname}.##"
).split()
LOGINS = "{g}{surname} {g}{surname}## {surname}{g} {given}.{surname} {given}{s} u######".split()


def _called(form: str, given: str, surname: str, rng: Rng) -> str:
    parts = {"given": given, "surname": surname, "g": given[:1], "s": surname[:3]}
    return phrase(
        re.sub("#", lambda _: rng.digits(1), form), {slot: lambda text=text: text for slot, text in parts.items()}
    )


def domain(rng: Rng) -> str:
    return phrase(rng.pick(DOMAINS), {"word": lambda: rng.pick(DOMAIN_WORDS)})


def email(given: str, surname: str, rng: Rng) -> str:
    """given and surname: lower case, no accents, no blanks."""
    return _called(rng.pick(USERS), given, surname, rng) + "@" + domain(rng)


def user_name(given: str, surname: str, rng: Rng) -> str:
    name = _called(rng.pick(LOGINS), given, surname, rng)
    return name.upper() if rng.chance(0.25) else name


# -------------------------------------------------------------------------------- one for another


def _one_of(*patterns: str) -> Callable[[Rng], str]:
    return lambda rng: code(rng.pick(patterns), rng)


record, licence, insurance = _one_of(*RECORD), _one_of(*LICENCE), _one_of(*INSURANCE)
FORMS: Dict[str, Callable[[Rng], str]] = {
    "ID_NATIONAL": cedula,
    "ID_FOREIGN": foreign_document,
    "ID_RECORD": record,
    "ID_EPISODE": record,
    "ID_INSURANCE": insurance,
    "ID_STAFF_LICENCE": licence,
    "ID_STAFF_EMPLOYEE": _one_of(*LICENCE, *RECORD),
    "ID_FISCAL": _one_of(*FISCAL),
    "ID_ACCOUNT": insurance,
    "ID_OTHER": _one_of(*COURT_FILE, *RECORD),
    "ID_VEHICLE": _one_of(*PLATE),
    "ID_DEVICE": _one_of(*DEVICE),
    "PHONE": phone,
    "FAX": _one_of(*LANDLINE),
    "IP": _one_of(*IP),
}


def renumbered(kind: str, value: str, other_form: float, rng: Rng) -> str:
    """A new code for an old one of that kind."""
    if not re.search(r"\d", value) and _DICTATED.search(value):
        return reshaped(value, rng)
    short_phone = kind == "PHONE" and is_extension(value)
    if kind == "ID_NATIONAL" and re.search(r"\d", value):
        return cedula(rng) if rng.chance(max(other_form, 0.3)) else cedula_like(value, rng)
    if rng.chance(other_form) and not short_phone:
        return FORMS[kind](rng)
    if kind in ("PHONE", "FAX") and not short_phone:
        return phone_like(value, rng)
    return reshaped(value, rng)
