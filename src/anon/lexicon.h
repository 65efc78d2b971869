/* SPDX-License-Identifier: MIT
 *
 * What the built-in word lists (src/anon/lexicon) say of a word or phrase. A static hash table
 * that tools/embed.py makes at build time: nothing is read or built at start.
 */
#ifndef SIGILO_ANON_LEXICON_H
#define SIGILO_ANON_LEXICON_H

#include <stddef.h>
#include <stdint.h>

/* Classes of a word; a word may have several. WEAK and AMBIGUOUS ones need context. */
#define LEX_FIRST_NAME ((uint64_t)1 << 0)
#define LEX_SURNAME ((uint64_t)1 << 1)
#define LEX_AMBIGUOUS ((uint64_t)1 << 2) /* a name that is also an ordinary word */
#define LEX_NICKNAME ((uint64_t)1 << 3)
#define LEX_NICKNAME_WEAK ((uint64_t)1 << 4)
#define LEX_PLACE ((uint64_t)1 << 5)
#define LEX_PLACE_WEAK ((uint64_t)1 << 6)
#define LEX_COUNTRY ((uint64_t)1 << 7)
#define LEX_INSTITUTION ((uint64_t)1 << 8)
#define LEX_INSTITUTION_WEAK ((uint64_t)1 << 9)
#define LEX_PROFESSION ((uint64_t)1 << 10)
#define LEX_PROFESSION_WEAK ((uint64_t)1 << 11)
#define LEX_DRUG ((uint64_t)1 << 12)
#define LEX_EPONYM ((uint64_t)1 << 13)
#define LEX_CLINICAL ((uint64_t)1 << 14)
#define LEX_COMMON ((uint64_t)1 << 15)
/* functional.txt */
#define LEX_MONTH ((uint64_t)1 << 16)
#define LEX_MONTH_SHORT ((uint64_t)1 << 17)
#define LEX_WEEKDAY ((uint64_t)1 << 18)
#define LEX_TITLE ((uint64_t)1 << 19)            /* Dr., Lic., Prof.: a staff member follows */
#define LEX_COURTESY ((uint64_t)1 << 20)         /* Sr., Sra., don, doña: any person follows */
#define LEX_STREET_TYPE ((uint64_t)1 << 21)      /* calle, avenida, bulevar, ruta */
#define LEX_KIN ((uint64_t)1 << 22)              /* madre, hijo, esposa */
#define LEX_SEX ((uint64_t)1 << 23)              /* varón, mujer */
#define LEX_UNIT ((uint64_t)1 << 24)             /* mg, ml, mmHg */
#define LEX_HOSPITAL_HEAD ((uint64_t)1 << 25)    /* hospital, sanatorio: begins a name */
#define LEX_CENTRE_HEAD ((uint64_t)1 << 26)      /* policlínica, centro de salud */
#define LEX_INSTITUTION_HEAD ((uint64_t)1 << 27) /* escuela, club, juzgado, residencial */
#define LEX_PARTICLE ((uint64_t)1 << 28)         /* de, del, la, da, dos, von: inside names */
#define LEX_NUMBER_WORD ((uint64_t)1 << 29)      /* uno, dos, tres */
#define LEX_AGE_UNIT ((uint64_t)1 << 30)         /* años, meses, días */
#define LEX_ROLE ((uint64_t)1 << 31)        /* cirujano, ayudante, anestesista: staff by role */
#define LEX_ROMAN_MONTH ((uint64_t)1 << 32) /* I..XII */
#define LEX_PERSON_CUE ((uint64_t)1 << 33)  /* avisa, llama, acompañado: a person is near */
#define LEX_PHRASE ((uint64_t)1 << 34)      /* first word of at least one phrase */

#define LEX_PHONE_WORD ((uint64_t)1 << 35)     /* tel, cel: a telephone number follows */
#define LEX_EXTENSION_WORD ((uint64_t)1 << 36) /* int., ext. */
#define LEX_DOOR_WORD ((uint64_t)1 << 37)      /* apto, piso, esq.: the tail of an address */
#define LEX_HOME_WORD ((uint64_t)1 << 38)      /* vive, domicilio: an address is near */
#define LEX_PLACE_CUE ((uint64_t)1 << 39)      /* de, en, hacia: a place may follow */
#define LEX_PLACE_SURE_CUE ((uint64_t)1 << 40) /* barrio, ciudad: a place follows */
#define LEX_EPONYM_CUE ((uint64_t)1 << 41)     /* signo, escala: a name after it is an eponym */
#define LEX_PERSON_WORD ((uint64_t)1 << 42)    /* paciente, lactante: somebody of an age */
#define LEX_CLOSE_KIN ((uint64_t)1 << 43)      /* kinship words that MEDDOCAN annotates */
#define LEX_DAY_CUE ((uint64_t)1 << 44)        /* el, desde, fecha: a day may follow */
#define LEX_MONTH_CUE ((uint64_t)1 << 45)      /* en, desde: a month may follow */
#define LEX_YEAR_CUE ((uint64_t)1 << 46)       /* en, desde: a year may follow */
#define LEX_LANDMARK ((uint64_t)1 << 47) /* atras, frente: how homes without number are told */
#define LEX_INSTITUTION_QUALITY                                                                    \
    ((uint64_t)1 << 48) /* universitario, regional: inside the name of an institution */
#define LEX_JOB_CUE ((uint64_t)1 << 49)       /* trabaja, es, jubilado: an occupation may follow */
#define LEX_HUMAN_VERB ((uint64_t)1 << 50)    /* dice, pidió: what people do */
#define LEX_HOSPITAL_NICK ((uint64_t)1 << 51) /* el Clínicas, el Maciel */
#define LEX_EPONYM_NAME ((uint64_t)1 << 52)   /* Hughes, Simpson: a surname, graded an eponym */
#define LEX_EPONYM_PHRASE ((uint64_t)1 << 53) /* Charles Bonnet, Rosa de Bengala */

/* What a word of a person's name may be. */
#define LEX_ANY_NAME (LEX_FIRST_NAME | LEX_SURNAME | LEX_NICKNAME)

/* Generic words that begin the name of an institution. */
#define LEX_ANY_HEAD (LEX_HOSPITAL_HEAD | LEX_CENTRE_HEAD | LEX_INSTITUTION_HEAD)

/* Classes that speak against a name when nothing else speaks for it. */
#define LEX_GUARD (LEX_DRUG | LEX_EPONYM | LEX_CLINICAL | LEX_COMMON | LEX_UNIT)

struct lexicon_slot {
    uint32_t offset; /* of the key in lexicon_keys */
    uint32_t n;      /* its length; 0: an empty slot */
    uint64_t classes;
};

extern const uint32_t lexicon_size; /* slots, a power of two */
extern const char lexicon_keys[];
extern const struct lexicon_slot lexicon_slots[];

/* Classes of n folded bytes (any case), 0 when the word is unknown. */
uint64_t lexicon_lookup(const unsigned char *word, size_t n);

#endif
