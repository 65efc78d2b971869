# SPDX-License-Identifier: MIT
"""Streets, towns, hospitals, institutions and occupations: a new value of the same sort for an old one.

"Same sort" matters: what stands around "esc. 25" is not what stands around "BPS". The sort is told from the value
itself; where nothing tells it, any will do, which is how real notes are too.
"""

import re
from typing import Sequence, Tuple

from .lists import Words, fold
from .patterns import Slots, phrase
from .people import Names
from .rng import Rng

# In the language of patterns.phrase, by how common they are.
STREET_FORMS: Tuple[Tuple[float, Tuple[str, ...]], ...] = (
    (
        38,
        (
            "{street} {number}",
            "{street} {number}",
            "{street} {number}",
            "{street} Nº {number}",
            "{street} {number} bis",
            "{street} nº{number}",
        ),
    ),
    (
        8,
        (
            "{street} {number} apto {door}",
            "{street} {number} ap. {door}",
            "{street} {number}/{door}",
            "{street} {number} unidad {door}",
        ),
    ),
    (
        10,
        (
            "{street} y {street}",
            "{street} esq. {street}",
            "{street} esquina {street}",
            "{street} c/ {street}",
            "{street} - {street}",
        ),
    ),
    (6, ("{street} {number} esq. {street}", "{street} {number} casi {street}", "{street} {number} esquina {street}")),
    (9, ("{street} casi {street}", "{street} entre {street} y {street}", "{street} e/ {street} y {street}")),
    (
        4,
        (
            "Mz {few} S {few}",
            "manzana {letter} solar {few}",
            "Mna. {few} solar {few}",
            "padrón {plot}",
            "viv. {few}",
            "{street} solar {few}",
            "calle {few} solar {few}",
            "senda {few} casa {few}",
        ),
    ),
    (
        6,
        (
            "Ruta {route} km {km}",
            "ruta {route} km {km}",
            "Km {km} ruta {route}",
            "R{route} k{km}",
            "Ruta {route} Km. {km},5",
            "Cno. {street} km {few}",
            "Km {km}",
        ),
    ),
    (12, ("{rural}",)),
    (
        3,
        (
            "Torre {few} ap. {door}",
            "Block {letter} apto {door}",
            "Edificio {street} piso {few}",
            "complejo {few} - {door}",
        ),
    ),
    (
        7,
        (
            "{street}",
            "{street} s/n",
            "calle {street} {number}",
            "Av. {street} {number}",
            "Cno. {street} {number}",
            "Pje. {street} {number}",
            "Cont. {street} {number}",
        ),
    ),
)
HOSPITAL_HEADS = (
    "Hospital|Hospital|Hosp.|Hosp. de|Hospital de|Sanatorio|Sanat.|Clínica|Mutualista|HOSPITAL|Htal.|H.|Centro Hospitalario|"
    "Policlínico"
).split("|")
CENTRE_HEADS = (
    "Policlínica|Policl.|Pol.|Centro de Salud|C. de Salud|CS|policlínica|Policlínica Barrial|Centro Auxiliar de|"
    "Puesto de salud|RAP|Policlínica Municipal"
).split("|")
INSTITUTION_HEADS = (
    "Transportes Panadería Estancia Ea. Supermercado Taller Residencial Barraca Arrozal Tambo Frigorífico Almacén Hogar Casa "
    "Ferretería Club Instituto Colegio"
).split()
INSTITUTION_TAILS = tuple(
    "{surname}|{surname}|Los {surname}|{street}|La Espiga|La Estrella|La Norteña|La Querencia|La Baguala|La Pradera|La Esperanza|"
    "La Aurora|La Colmena|La Ponderosa".split("|")
)
CALLED_AFTER = tuple(
    "{town}|{town}|{town}|Dr. {given} {surname}|Dra. {given} {surname}|Prof. {given} {surname}|Gral. {surname}|San {given}|"
    "Santa {given}|Ntra. Sra. de {town}".split("|")
)
ACRONYM_STARTS = "CA CO SE A U ME CU AM COM CAM CRA GRE SO CE FE IN MU PA HO E I ORA SMI UNI AS DE RE".split()
ACRONYM_MIDDLES = "ME MI DE SA LA RI CU MO PA TE FLO DU SO RO AR IN TA NA".split()
ACRONYM_ENDS = "PA M CO S RI L PS C DU T MU SA N CEL R DA ME".split()


def cased_as_phrase(new: str, old: str) -> str:
    """An acronym stays upper case in running text; otherwise the letter case of the old value."""
    if len(old) > 5 and old.isupper():
        return new.upper()
    if old.islower() and not new.isupper():
        return new.lower()
    return new


class Places:
    def __init__(self, words: Words, names: Names):
        self._words, self._names = words, names
        self._towns = [entry.text for entry in words.entries("towns_uy")]
        self._barrios = [entry.text for entry in words.entries("barrios_uy")]
        self._spanish = [entry.text for entry in words.entries("towns_es")]
        self._world = [entry.text for entry in words.entries("places_world")]

    # ---------------------------------------------------------------------------------- streets

    def street_name(self, rng: Rng) -> str:
        return rng.pick(self._words.texts("streets"))

    def street(self, rng: Rng) -> str:
        """A street with its number, corner, flat, in one of the ways they are written."""
        number = str(rng.between(2, 99) if rng.chance(0.06) else rng.between(100, 9999))
        slots = {
            "street": lambda: self.street_name(rng),
            "number": lambda: number,
            "door": lambda: rng.pick(
                (str(rng.between(1, 12)), f"{rng.between(1, 12)}0{rng.between(1, 8)}", rng.pick("ABCDEF"))
            ),
            "few": lambda: str(rng.between(1, 40)),
            "letter": lambda: rng.pick("ABCDEFGH"),
            "route": lambda: str(rng.between(1, 31)),
            "km": lambda: str(rng.between(8, 560)),
            "plot": lambda: rng.digits(4),
            "rural": lambda: rng.pick(self._words.texts("rural_addresses")),
        }
        return phrase(rng.pick(rng.weighted(STREET_FORMS)), slots)

    def street_like(self, old: str, rng: Rng) -> str:
        """Narrative addresses stay narrative, routes routes, streets with numbers streets with numbers."""
        folded = fold(old)
        if (
            re.search(r"\bruta\b|\bkm\b|\bpadron\b|\bmanzana\b|\bmz\b|\bsolar\b", folded)
            and re.search(r"\d", old)
            and rng.chance(0.6)
        ):
            return re.sub(r"\d+", lambda match: str(rng.between(1, max(9, int(match.group()[:4]) * 2))), old)
        if not re.search(r"\d", old) and len(old.split()) > 2 and rng.chance(0.7):
            return rng.pick(self._words.texts("rural_addresses"))
        match = re.fullmatch(
            r"(?:(?:Calle|calle|C/|Avda\.?|Av\.?|Avenida|Plaza|Paseo|Camino|Cno\.?|Bvar\.?|Bulevar)\s+)?([^\d,]+?)(,? (?:n[º°o.]+ ?)?)(\d+)(.*)",
            old,
        )
        if match and rng.chance(0.5):
            head = old[: match.start(1)]
            return (
                head
                + self.street_name(rng)
                + match.group(2)
                + str(rng.between(100, 9999))
                + re.sub(r"\d", lambda _: rng.digits(1), match.group(4))
            )
        return self.street(rng)

    # ----------------------------------------------------------------------------------- places

    def town(self, rng: Rng) -> str:
        how = rng.real()
        if how < 0.62:
            return rng.pick(self._towns)
        if how < 0.82:
            return rng.pick(self._barrios)
        if how < 0.90:
            return rng.pick(self._words.texts("departments_uy"))
        return rng.pick(self._spanish if how < 0.96 else self._world)

    def place_like(self, old: str, rng: Rng) -> str:
        if old.isdigit():
            return str(rng.between(10, 97)) + rng.digits(len(old) - 2) if len(old) > 2 else old
        if re.search(r"\d", old) and not re.search(r"[a-záéíóú]{4}", old):
            return re.sub(r"\d", lambda _: rng.digits(1), old)
        return cased_as_phrase(self.town(rng), old)

    def country_like(self, old: str, rng: Rng) -> str:
        return cased_as_phrase(rng.pick(self._words.texts("countries")), old)

    # ----------------------------------------------------------------------- hospitals and the like

    def acronym(self, rng: Rng) -> str:
        """An invented one, sounding as those of mutualistas and public bodies do."""
        text = (
            rng.pick(ACRONYM_STARTS) + (rng.pick(ACRONYM_MIDDLES) if rng.chance(0.8) else "") + rng.pick(ACRONYM_ENDS)
        )
        if len(text) < 3:
            text += rng.pick(("MEC", "CAM", "SU"))
        return text if rng.chance(0.9) else ".".join(text[:4]) + "."

    def _slots(self, rng: Rng) -> Slots:
        names = self._names
        return {
            "town": lambda: rng.pick(self._towns),
            "barrio": lambda: rng.pick(self._barrios),
            "street": lambda: self.street_name(rng),
            "given": lambda: names.given(rng.pick("fm"), rng),
            "surname": lambda: names.surname(rng),
        }

    def _made(self, heads: Sequence[str], tails: Sequence[str], rng: Rng) -> str:
        """A name that nothing bears: a generic word, and a town, a person or a word that things are called after."""
        return phrase(f"{rng.pick(heads)} {rng.pick(tails)}", self._slots(rng))

    def hospital(self, rng: Rng) -> str:
        how = rng.real()
        if how < 0.6:
            return rng.pick(self._words.texts("hospitals"))
        return self.acronym(rng) if how < 0.72 else self._made(HOSPITAL_HEADS, CALLED_AFTER, rng)

    def hospital_like(self, old: str, rng: Rng) -> str:
        if " " not in old and old.isupper() and rng.chance(0.6):
            return self.acronym(rng) if rng.chance(0.6) else rng.pick(self._words.texts("hospitals", "acronym"))
        return cased_as_phrase(self.hospital(rng), old)

    def health_centre(self, rng: Rng) -> str:
        if rng.chance(0.6):
            return rng.pick(self._words.texts("health_centres"))
        return self._made(CENTRE_HEADS, CALLED_AFTER + ("{barrio}",) * len(CALLED_AFTER), rng)

    SORTS: Tuple[Tuple[str, str], ...] = (
        (
            "school",
            r"\b(?:esc|escuela|liceo|lic|utu|jardin|colegio|caif|facultad|inst|instituto|primaria|secundaria|univ)\b",
        ),
        ("court", r"\b(?:juzgado|fiscalia|defensoria|letrado|tribunal)\b"),
        (
            "police",
            r"\b(?:secc|seccional|comisaria|policia|jefatura|destacamento|caminera|batallon|regimiento|bomberos|prefectura|guardia)\b",
        ),
        ("residential", r"\b(?:residencial|hogar|residencia|casa|refugio)\b"),
        ("club", r"\b(?:club|sociedad|jockey|peña|iglesia|parroquia|capilla)\b"),
        ("prison", r"\b(?:penal|carcel|comcar|unidad|u\d)\b"),
        (
            "employer",
            r"\b(?:sa|srl|s a|s r l|ea|estancia|frigorifico|panaderia|supermercado|super|arrozal|tambo|taller|transportes|coop|cooperativa|ltda|lavadero|veterinaria|hotel|fabrica)\b",
        ),
        ("ambulance", r"\b(?:same|semm|ucm|suat|emergencia|emergencias|vida|movil|unidad coronaria|sem)\b"),
    )

    def institution_like(self, old: str, rng: Rng) -> str:
        folded = re.sub(r"[^a-z0-9ñ]+", " ", fold(old))
        for section, cue in self.SORTS:
            if re.search(cue, folded):
                if re.search(r"\d", old) and rng.chance(0.5):  # "Escuela 25": another number
                    return re.sub(r"\d+", lambda match: str(rng.between(1, 10 ** min(len(match.group()), 3))), old)
                return cased_as_phrase(rng.pick(self._words.texts("institutions", section)), old)
        if old.isdigit():
            return str(rng.between(1, 399))
        if " " not in old and old.isupper():
            return (
                self.acronym(rng)
                if rng.chance(0.4)
                else rng.pick(self._words.texts("institutions", rng.pick(("acronym", "public_body", "ambulance"))))
            )
        return cased_as_phrase(self.institution(rng), old)

    def institution(self, rng: Rng) -> str:
        how = rng.real()
        if how < 0.08:
            return self.acronym(rng)
        if how < 0.2:
            return self._made(INSTITUTION_HEADS, INSTITUTION_TAILS, rng)
        return rng.pick(self._words.texts("institutions", rng.pick(self._words.sections("institutions"))))

    # ------------------------------------------------------------------------- occupation

    def profession_like(self, old: str, female: bool, rng: Rng) -> str:
        """female: of whom nothing is known but the patient's gender; the old word's ending tells more."""
        told = gender_of_trade(old)
        female = told == "f" if told else female
        entry = rng.pick(self._words.entries("professions_uy"))
        new = entry.attributes[0] if female and entry.attributes else entry.text
        if old[:1].isupper() and not old.isupper():
            new = new[:1].upper() + new[1:]
        return cased_as_phrase(new, old)


def gender_of_trade(trade: str) -> str:
    """'f', 'm', or '' where the word serves for both ("taxista", "policía", "feriante")."""
    word = re.split(r"[^a-zñ]", fold(trade))[0]
    if word.endswith(("ista", "cia", "ta", "guardia", "pata", "iatra")):
        return ""
    return "f" if word.endswith(("a", "triz")) else "m" if word.endswith(("o", "or", "on", "an", "ero")) else ""
