# SPDX-License-Identifier: MIT
"""MEDDOCAN (Marimon et al., IberLEF 2019; CC BY 4.0) read as notes whose spans carry the anonymiser's kinds.

The corpus has labels, which are coarser here and finer there: docs/anonymiser.md has the table. Where one label
stands for several kinds, the name of the field before it and the shape of the value decide.
"""

import pathlib
import re
from typing import Dict, List

from .note import Note, Span, pieces_of

KIND_OF_LABEL: Dict[str, str] = {
    "NOMBRE_SUJETO_ASISTENCIA": "NAME_PATIENT",
    "NOMBRE_PERSONAL_SANITARIO": "NAME_STAFF",
    "ID_SUJETO_ASISTENCIA": "ID_RECORD",
    "ID_CONTACTO_ASISTENCIAL": "ID_EPISODE",
    "ID_ASEGURAMIENTO": "ID_INSURANCE",
    "ID_TITULACION_PERSONAL_SANITARIO": "ID_STAFF_LICENCE",
    "ID_EMPLEO_PERSONAL_SANITARIO": "ID_STAFF_EMPLOYEE",
    "OTRO_NUMERO_IDENTIF": "ID_OTHER",
    "IDENTIF_VEHICULOS_NRSERIE_PLACAS": "ID_VEHICLE",
    "IDENTIF_DISPOSITIVOS_NRSERIE": "ID_DEVICE",
    "URL_WEB": "URL",
    "DIREC_PROT_INTERNET": "IP",
    "NUMERO_TELEFONO": "PHONE",
    "NUMERO_FAX": "FAX",
    "CORREO_ELECTRONICO": "EMAIL",
    "CALLE": "STREET",
    "TERRITORIO": "PLACE",
    "PAIS": "COUNTRY",
    "HOSPITAL": "HOSPITAL",
    "CENTRO_SALUD": "HEALTH_CENTRE",
    "INSTITUCION": "INSTITUTION",
    "FECHAS": "DATE",
    "EDAD_SUJETO_ASISTENCIA": "AGE",
    "PROFESION": "PROFESSION",
    "SEXO_SUJETO_ASISTENCIA": "SEX",
    "FAMILIARES_SUJETO_ASISTENCIA": "KINSHIP",
    "OTROS_SUJETO_ASISTENCIA": "OTHER",
}

# MEDDOCAN's label -> kind is many to one the other way: this is what `meddocan` writes.
LABEL_OF_KIND: Dict[str, str] = {kind: label for label, kind in KIND_OF_LABEL.items()}
LABEL_OF_KIND.update(
    {
        "NAME_RELATIVE": "NOMBRE_SUJETO_ASISTENCIA",
        "NAME_OTHER": "NOMBRE_SUJETO_ASISTENCIA",
        "ID_NATIONAL": "ID_SUJETO_ASISTENCIA",
        "ID_FOREIGN": "ID_SUJETO_ASISTENCIA",
        "ID_FISCAL": "OTRO_NUMERO_IDENTIF",
        "ID_ACCOUNT": "OTRO_NUMERO_IDENTIF",
        "ID_USER": "OTRO_NUMERO_IDENTIF",
    }
)

_FOREIGN_FIELD = re.compile(r"(?i)\b(?:dni|nie|nif|pasaporte|ci|c\.i\.)\W*$")
_AGE = re.compile(r"(?i)\d+\s*(?:años|año|meses|mes|días|semanas)\b|^\d+$")
_NAME = re.compile(r"^[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+(?: [A-ZÁÉÍÓÚÑ][a-záéíóúñ]+)*$")


def kind_of(label: str, value: str, before: str) -> str:
    """The kind of a span from its label, its text and the text of its line before it."""
    if label == "ID_SUJETO_ASISTENCIA" and _FOREIGN_FIELD.search(before):
        return "ID_FOREIGN"
    # Of 335 FAMILIARES some 30 hold ages and 8 names of relatives (ANONYMISER.md, section 2).
    if label == "FAMILIARES_SUJETO_ASISTENCIA":
        if _AGE.search(value):
            return "AGE"
        if _NAME.match(value):
            return "NAME_RELATIVE"
    return KIND_OF_LABEL[label]


def read_document(path: pathlib.Path) -> Note:
    """X.txt with the X.ann beside it."""
    text = path.read_bytes().decode("utf-8")
    rows = []
    for line in path.with_suffix(".ann").read_text(encoding="utf-8").splitlines():
        if not line.startswith("T"):
            continue
        label, start, end = line.split("\t")[1].split(" ")
        rows.append((int(start), int(end), label))
    spans: List[Span] = []
    for start, end, label in sorted(rows):
        if spans and start < spans[-1].end:
            continue  # the second of two annotations of one stretch
        before = text[text.rfind("\n", 0, start) + 1 : start]
        spans.append(Span(kind_of(label, text[start:end], before), start, end))
    return Note(path.stem, pieces_of(text, spans))


def read_folder(folder: pathlib.Path) -> List[Note]:
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no documents (*.txt)")
    return [read_document(path) for path in paths]
