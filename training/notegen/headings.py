# SPDX-License-Identifier: MIT
"""Headings and signatures of people made anew, laid out in the ways of forms, print-outs and telegrams."""

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from . import dates, numbers
from .fields import Fields
from .lists import fold
from .note import Line, Piece, Pieces, join_lines
from .people import without_accents
from .rng import Rng
from .substitute import Substitution

TITLES = (
    "HISTORIA CLINICA|Evolución|HOJA DE INGRESO|INFORME|Ficha|RESUMEN DE HISTORIA|DATOS PATRONIMICOS|Datos filiatorios|"
    "IDENTIFICACIÓN DEL USUARIO|EMERGENCIA|Hoja 1"
).split("|")
PERSON_TITLES = (
    "Dr. |Dra. |Dr |Dra |DR. |DRA. |Lic. |LE. |AE. |Br. |Int. |Prof. Adj. Dr. |||L.E. |A.E. |Mtra. |Psic. |T.S. |Residente |Nurse |"
    "Aux. |Téc. "
).split("|")
SHIFTS = "TM |TT: |TN: |Turno: |Guardia: |Equipo: |Dras. |Dres. |LE. |Presentes: |Pase: |Enf: |Actuaron: |Firman: |Visita: ".split(
    "|"
)
CLOSINGS = "|||Firma: |Fdo. |Firmado: |Atte., |Sdo. |Saluda |Realizó: |firma ".split("|")
BEFORE_LICENCE = ("  CJP ", " - C.P. ", "\nCJPPU ", " Nº Caja ", " caja ", "   MP ", "\nC.J.P. ", " cjp ", " mat. ")
# What stands before a value in a telegram, where a number alone would mean nothing.
WORDS = {
    "ID_NATIONAL": ("CI ", "ci ", "", "C.I. ", "doc "),
    "ID_RECORD": ("HC ", "reg ", "", "hc "),
    "PHONE": ("tel ", "cel ", "", "T: ", "tel. "),
    "STREET": ("", "vive en ", "dom. "),
    "PLACE": ("de ", "", "procede de "),
    "ID_INSURANCE": ("socio ", "af. ", ""),
    "DATE": ("", "", "FN "),
}


class Field(NamedTuple):
    name: str  # a group of training/lists/field_names.txt; after `*`, the name itself
    kind: Optional[str]  # None: nothing personal
    value: str

    @property
    def piece(self) -> Piece:
        return Piece(self.value, self.kind)


def of_kind(kind: str, value: str) -> Field:
    return Field(kind, kind, value)


def plain(name: str, *values: str) -> Callable[[Rng], Field]:
    return lambda rng: Field("*" + name, None, rng.pick(values))


def any_date(rng: Rng, first_year: int, last_year: int) -> str:
    return dates.fully(rng.between(1, 28), rng.between(1, 12), rng.between(first_year, last_year), rng)


def ascii_only(name: str) -> str:
    return "".join(char for char in fold(name) if char.isalpha()).replace("ñ", "n")


class Headings:
    def __init__(self, shared: Substitution, fields: Fields):
        self._places, self._names, self._fields = shared.places, shared.names, fields

    # ------------------------------------------------------------------------------ what a heading says

    def _name_fields(self, given: List[str], surnames: List[str], name: Optional[str], rng: Rng) -> List[Field]:
        first, last = " ".join(given), " ".join(surnames)
        if rng.chance(0.15):
            return [Field("NAME_PATIENT/2", "NAME_PATIENT", last), Field("NAME_PATIENT/1", "NAME_PATIENT", first)]
        forms = (
            f"{first} {last}",
            f"{last} {first}",
            f"{last}, {first}",
            f"{last.upper()}, {first}",
            f"{last} {first}".upper(),
        )
        return [of_kind("NAME_PATIENT", name or rng.pick(forms))]

    def _fields_of(self, rng: Rng, name: Optional[str]) -> List[Field]:
        """Of somebody new, or of whom `name` says: a name and some of what forms ask for."""
        places, names, letter = self._places, self._names, rng.pick("fm")
        given, surnames = names.full(rng, letter)
        some: Tuple[Tuple[float, Callable[[], Field]], ...] = (
            (0.75, lambda: of_kind("ID_NATIONAL", numbers.cedula(rng))),
            (0.06, lambda: of_kind("ID_FOREIGN", numbers.foreign_document(rng))),
            (0.6, lambda: of_kind("AGE", str(rng.between(1, 97)) + rng.pick((" años", " a", "", "a", " AÑOS")))),
            (0.45, lambda: of_kind("DATE", any_date(rng, 1930, 2024))),
            (0.35, lambda: plain("Sexo", "F", "M", "Femenino", "Masculino", "fem", "masc")(rng)),
            (0.5, lambda: of_kind("STREET", places.street(rng))),
            (0.5, lambda: of_kind("PLACE", places.town(rng))),
            (0.55, lambda: of_kind("PHONE", numbers.phone(rng))),
            (0.45, lambda: of_kind("ID_RECORD", numbers.record(rng))),
            (0.2, lambda: of_kind("ID_INSURANCE", numbers.insurance(rng))),
            (0.12, lambda: of_kind("ID_EPISODE", numbers.record(rng))),
            (0.3, lambda: of_kind("HOSPITAL", places.hospital(rng))),
            (0.12, lambda: of_kind("INSTITUTION", places.institution(rng))),
            (0.2, lambda: of_kind("PROFESSION", places.profession_like("x", letter == "f", rng))),
            (
                0.15,
                lambda: of_kind(
                    "NAME_RELATIVE", rng.pick((names.given("m", rng), f"{names.given('f', rng)} {surnames[0]}"))
                ),
            ),
            (0.25, lambda: of_kind("NAME_STAFF", self._someone(rng))),
            (0.3, lambda: of_kind("DATE", any_date(rng, 2015, 2026))),
            (
                0.2,
                lambda: plain(
                    rng.pick(("Sala", "Cama", "Sector", "Piso", "Box")), "4", "12", "CTI", "Puerta", "B-7", "31"
                )(rng),
            ),
            (0.08, lambda: of_kind("EMAIL", numbers.email(ascii_only(given[0]), ascii_only(surnames[0]), rng))),
            (0.1, lambda: plain("Alergias", "no conocidas", "penicilina", "AINE", "niega", "NO", "iodo", "látex")(rng)),
        )
        chosen = [make() for probability, make in some if rng.chance(probability)]
        return self._name_fields(given, surnames, name, rng) + (rng.shuffled(chosen) if rng.chance(0.35) else chosen)

    def heading(self, rng: Rng, name: Optional[str] = None) -> Pieces:
        """Lines that end with a line end; name: that of the note's patient, where it has one."""
        fields = self._fields_of(rng, name)
        if rng.chance(0.12):
            fields = [field for field in fields if field.kind][: rng.between(2, 5)]
        lines: List[Line] = []
        if rng.chance(0.3):
            head = [Piece(self._places.hospital(rng).upper(), "HOSPITAL"), Piece("   ")] if rng.chance(0.5) else []
            lines.append(head + [Piece(rng.pick(TITLES))])
        lines += rng.weighted(self._layouts())(fields, rng)
        if rng.chance(0.3):
            lines.append([Piece(rng.pick("-=_*") * rng.between(10, 70))])
        change = rng.weighted(
            ((63, str), (15, str.upper), (15, without_accents), (7, lambda text: without_accents(text.upper())))
        )
        return [Piece(change(piece.text), piece.kind) for piece in join_lines(lines)] + [Piece("\n")]

    # ------------------------------------------------------------------------------ how it is set out

    def _layouts(self) -> Tuple[Tuple[float, Callable[[Sequence[Field], Rng], List[Line]]], ...]:
        return (
            (22, self._one_a_line),
            (22, self._several_a_line),
            (10, self._leaders),
            (10, self._over),
            (9, self._columns),
            (9, self._bars),
            (14, self._telegram),
            (4, self._hl7),
        )

    def _label(self, field: Field, rng: Rng, upper: bool = False) -> str:
        name = field.name[1:] if field.name.startswith("*") else self._fields.name(field.name, "Xx", rng)
        return name.upper() if upper else name

    def _one_a_line(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        sign = rng.pick((": ", ":", ":  ", " : ", " ", "\t", " - ", "= ", ":\t"))
        upper, end = rng.chance(0.3), rng.pick(("", "", "", ".", ","))
        return [[Piece(self._label(field, rng, upper) + sign), field.piece, Piece(end)] for field in fields]

    def _several_a_line(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        between = rng.pick(("   ", "  ", " - ", " / ", "\t", ", ", " | ", "; ", " · ", "      ", ". "))
        sign, upper, each = rng.pick((": ", ":", " ", ". ", ": ")), rng.chance(0.3), rng.between(2, 5)
        lines: List[Line] = []
        for number, field in enumerate(fields):
            if number % each == 0:
                lines.append([])
            lines[-1] += [Piece((between if lines[-1] else "") + self._label(field, rng, upper) + sign), field.piece]
        return lines

    def _leaders(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        dots = rng.pick(("." * rng.between(2, 8), "_" * rng.between(3, 8), " ... "))
        return [[Piece(f"{self._label(field, rng, True)} {dots}"), field.piece, Piece(dots)] for field in fields]

    def _over(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        """The name of a field over its value."""
        colon, indent = rng.pick(("", ":", "")), rng.pick(("", "  ", "\t", ""))
        pairs = ([[Piece(self._label(field, rng) + colon)], [Piece(indent), field.piece]] for field in fields)
        return [line for pair in pairs for line in pair]

    def _columns(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        """A row of names over a row of values."""
        lines: List[Line] = []
        for start in range(0, len(fields), 4):
            names: Line = []
            values: Line = []
            for field in fields[start : start + 4]:
                label = self._label(field, rng)
                width = max(len(label), len(field.value)) + rng.between(2, 5)
                names.append(Piece(label.ljust(width)))
                values += [field.piece, Piece(" " * (width - len(field.value)))]
            lines += [names, values]
        return lines

    def _bars(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        lines: List[Line] = []
        for number, field in enumerate(fields):
            if number % 3 == 0:
                lines.append([Piece("| ")])
            lines[-1] += [Piece(self._label(field, rng) + rng.pick((": ", " | ", " "))), field.piece, Piece(" | ")]
        return lines

    def _telegram(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        """Values and no names of fields."""
        between = rng.pick((", ", " - ", " / ", "  ", ". ", " ", "\n"))
        line: Pieces = []
        for field in fields:
            if field.kind:
                line += [Piece(between if line else ""), Piece(rng.pick(WORDS.get(field.kind, ("",)))), field.piece]
        return [line]

    def _hl7(self, fields: Sequence[Field], rng: Rng) -> List[Line]:
        line: Line = [Piece("PID|1||")]
        for field in fields:
            if field.kind:
                line += [field.piece, Piece(rng.pick(("|", "||", "^^^|", "^", "~", "|||")))]
        return [line]

    # ------------------------------------------------------------------------------- signatures

    def _someone(self, rng: Rng) -> str:
        """A member of the staff as notes name one: whole, by surname, by first name, by initials."""
        given, surname = self._names.given(rng.pick("fm"), rng), self._names.surname(rng)
        a, b = given[0], surname[0]
        whole = (
            f"{given} {surname}",
            f"{a}. {surname}",
            f"{surname} {a}.",
            f"{given} {b}.",
            surname.upper(),
            f"{surname} {given}",
        )
        return rng.pick(whole + (surname, surname, given, f"{a}.{b}.", f"{a}{b}".lower()))

    def signature(self, rng: Rng) -> Pieces:
        """One line to three, or a list of the staff of a shift."""
        return self._shift(rng) if rng.chance(0.2) else self._one_signature(rng)

    def _shift(self, rng: Rng) -> Pieces:
        out: Pieces = [Piece(rng.pick(SHIFTS))]
        count = rng.between(2, 6)
        for number in range(count):
            if number:
                last = number + 1 == count
                out.append(Piece(rng.pick((" y ", ", ", " / ") if last else (", ", ", ", " - ", " / ", " y ", "; "))))
            out += [
                Piece(rng.pick(PERSON_TITLES[:8]) if rng.chance(0.3) else ""),
                Piece(self._someone(rng), "NAME_STAFF"),
            ]
        return out + [Piece("\n")]

    def _one_signature(self, rng: Rng) -> Pieces:
        out: Pieces = [Piece(rng.pick(CLOSINGS) + rng.pick(PERSON_TITLES)), Piece(self._someone(rng), "NAME_STAFF")]
        if rng.chance(0.4):
            out += [Piece(rng.pick(BEFORE_LICENCE)), Piece(numbers.licence(rng), "ID_STAFF_LICENCE")]
        if rng.chance(0.2):
            out += [Piece(rng.pick(("  ", " - ", "\n"))), Piece(any_date(rng, 2016, 2026), "DATE")]
            out.append(Piece(f" {rng.between(0, 23):02d}:{rng.between(0, 59):02d}"))
        return out + [Piece("\n")]


def longest_patient(pieces: Pieces) -> Optional[str]:
    """The fullest name of the patient in a note, for a heading that shall be about the same person."""
    found = [piece.text for piece in pieces if piece.kind == "NAME_PATIENT" and " " in piece.text]
    return max(found, key=len) if found and len({text.split(" ")[0] for text in found}) <= 3 else None
