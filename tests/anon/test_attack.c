/* SPDX-License-Identifier: MIT
 *
 * The attack: invented identifiers planted into clean clinical lines, at every kind of place and in
 * every form. A trial leaks when a single letter or digit of the value stays in the text. Leaks are
 * counted by class, for an average would hide the note that leaks:
 *
 *   ordinary classes, direct labels as people write them, must not leak once
 *   the others must not leak more than attack_baseline.txt says; what it does not name, not at all
 *
 * The other half: the same lines with nothing planted hold no direct identifier, and clinical text
 * that looks like one survives.
 *
 *   test_attack DIRECTORY         the test; DIRECTORY holds attack_baseline.txt
 *   test_attack --baseline        prints a new baseline
 *
 * Everything here is invented, so messages may quote it.
 */
#include "../unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"

/* ---- clean text ---- */

/* `|` is where something can be planted: never before a unit, never beside another number. */
static const char *const lines[] = {
    "Paciente lúcido, refiere| dolor opresivo retroesternal de tres horas de evolución",
    "Antecedentes de hipertensión arterial en tratamiento| con losartán y diurético",
    "Se auscultan estertores crepitantes| en ambas bases pulmonares",
    "Abdomen blando, depresible,| sin dolor a la palpación profunda",
    "Niega fiebre, niega disnea| y niega pérdida de peso",
    "Se indica reposo relativo| hasta nuevo control en policlínica",
    "Buena tolerancia a la vía oral| luego de la cirugía",
    "Herida quirúrgica limpia| y seca, sin signos de infección",
    "Ecocardiograma informa función sistólica conservada| sin derrame pericárdico",
    "Continúa con oxígeno por cánula nasal| y buena mecánica ventilatoria",
    "Se rota antibiótico| según antibiograma",
    "Radiografía de tórax muestra infiltrado basal derecho| con broncograma aéreo",
    "Pupilas isocóricas y reactivas| sin déficit focal",
    "Se conversa con la familia| y se explica el pronóstico",
    "Pendiente resultado de hemocultivos| tomados al ingreso",
    "Tolera decúbito| y duerme bien",
    "Piel y mucosas normocoloreadas| bien hidratadas y perfundidas",
    "Diuresis conservada por sonda vesical| de aspecto claro",
    "Se retira drenaje| sin incidentes",
    "Lesión ulcerada en dorso de pie derecho| con bordes netos",
    "Quimioterapia suspendida por neutropenia| con mucositis leve",
    "Tomografía de cráneo sin lesiones agudas| ni desviación de la línea media",
    "Recibe profilaxis de trombosis venosa| con heparina de bajo peso",
    "Control glicémico irregular| por mala adherencia al tratamiento",
    "Ansiedad marcada durante la entrevista| sin ideación de muerte",
    "Marcha inestable con aumento de la base| y reflejos conservados",
    "Se solicita valoración por fisiatría| para plan de rehabilitación",
    "Dolor lumbar mecánico| que cede con reposo",
    "Embarazo de término con movimientos fetales presentes| y sin dinámica uterina",
    "Alta con pautas de alarma| y control en una semana",
};

enum { N_LINES = sizeof(lines) / sizeof(lines[0]) };

/* %H and %T: the line before and after its mark; %X: what is planted. */
static const char *const places[] = {
    "%X. %H%T",   "%X %H%T",        "%H %X %T",         "%H, %X, %T", "%H: %X %T",
    "%H (%X) %T", "%H%T %X",        "%H%T. %X.",        "%H%T\n%X\n", "%H%T\n\n    %X\n",
    "%H\t%X\t%T", "%H    %X    %T", "| %H | %X | %T |", "- %X\n%H%T",
};

enum { N_PLACES = sizeof(places) / sizeof(places[0]) };

/* ---- what is planted ---- */

/* Cédulas with a good check digit, with a bad one, and short ones of people born long ago. */
static const char *const cedulas[] = {"40277130", "34567894", "51234561", "18740325",
                                      "29153082", "46013752", NULL};
static const char *const wrong_cedulas[] = {"40277135", "34567899", "51234568",
                                            "18740321", "29153084", NULL};
static const char *const short_cedulas[] = {"9254173", NULL};
static const char *const mobiles[] = {"099412087", "098441702", "092118340",
                                      "091607553", "094300219", NULL};
static const char *const fixed[] = {"24815530", "27093316", "26011742", "29160058", NULL};
static const char *const inland[] = {"47793316", "43320915", "45227740", "46235108", NULL};
static const char *const mails[] = {"getchepare57@correo.com.uy", "juan.perez@adinet.com.uy",
                                    "n_sosa-82@hospital.example", "LAURA@GMAIL.COM", NULL};
static const char *const records[] = {"284417", "1093552", "77120-4", "25-004471", "0031846", NULL};
/* some of no list: a label must be enough */
static const char *const names[] = {"Juan Pérez",         "Graciela Noemí Etchepare Sosa",
                                    "Zulamar Ybarzú",     "María del Carmen Rodríguez",
                                    "ROSA NÚÑEZ IBÁÑEZ",  "Wáshington De los Santos",
                                    "Quentrel Onavarzúa", NULL};
static const char *const surnames[] = {"Etchepare", "Pérez",        "Ybarzú",
                                       "Da Silva",  "Methol Arrúe", NULL};
static const char *const dates[] = {"14032025", "02111957", "31121999", "05062024", NULL};

enum disguise {
    PLAIN,
    FULL_WIDTH, /* digits and letters of the CJK block */
    ZERO_WIDTH, /* a zero-width space after each character */
    SOFT_HYPHEN,
    LOOK_ALIKE, /* Cyrillic and Greek letters; O and l for 0 and 1 */
    BREAK,      /* a line end in the middle */
    NO_BREAK,   /* blanks become no-break spaces */
    LOWER,
    ARABIC, /* Arabic-Indic digits */
    DASH,   /* hyphens become en dashes */
};

/* In the template {} holds the value: D is its next digit, * the whole of it. */
struct attack {
    const char *name;
    bool ordinary;
    const char *const *values;
    const char *template;
    enum disguise disguise;
};

static const struct attack attacks[] = {
    {"cédula, digits alone", true, cedulas, "{*}", PLAIN},
    {"cédula, dots and hyphen", true, cedulas, "{D.DDD.DDD-D}", PLAIN},
    {"cédula, dots", true, cedulas, "{D.DDD.DDD.D}", PLAIN},
    {"cédula, hyphen", true, cedulas, "{DDDDDDD-D}", PLAIN},
    {"cédula, blanks", true, cedulas, "{D DDD DDD D}", PLAIN},
    {"cédula, blanks and hyphen", true, cedulas, "{D DDD DDD-D}", PLAIN},
    {"cédula, wrong check digit, alone", true, wrong_cedulas, "{*}", PLAIN},
    {"cédula, wrong check digit, dots", true, wrong_cedulas, "{D.DDD.DDD-D}", PLAIN},
    {"cédula, wrong check digit, hyphen", true, wrong_cedulas, "{DDDDDDD-D}", PLAIN},
    {"cédula, labelled CI:", true, wrong_cedulas, "CI: {D.DDD.DDD-D}", PLAIN},
    {"cédula, labelled CI", true, wrong_cedulas, "CI {*}", PLAIN},
    {"cédula, labelled C.I.", true, wrong_cedulas, "C.I. {D.DDD.DDD-D}", PLAIN},
    {"cédula, labelled in words", true, wrong_cedulas, "cédula de identidad {DDDDDDD-D}", PLAIN},
    {"mobile, 09X XXX XXX", true, mobiles, "{DDD DDD DDD}", PLAIN},
    {"mobile, digits alone", true, mobiles, "{*}", PLAIN},
    {"mobile, labelled", true, mobiles, "Cel.: {DDD DDD DDD}", PLAIN},
    {"fixed, 2XXX XXXX", true, fixed, "{DDDD DDDD}", PLAIN},
    {"fixed, labelled", true, fixed, "Tel.: {DDDD DDDD}", PLAIN},
    {"phone, +598 2XXX XXXX", true, fixed, "{+598 DDDD DDDD}", PLAIN},
    {"phone, +5982XXXXXXX", true, fixed, "{+598DDDDDDDD}", PLAIN},
    {"e-mail", true, mails, "{*}", PLAIN},
    {"e-mail, labelled", true, mails, "Mail: {*}", PLAIN},
    {"record, HC:", true, records, "HC: {*}", PLAIN},
    {"record, HC", true, records, "HC {*}", PLAIN},
    {"record, Nº de historia:", true, records, "Nº de historia: {*}", PLAIN},
    {"record, Registro:", true, records, "Registro: {*}", PLAIN},
    {"record, Historia clínica", true, records, "Historia clínica {*}", PLAIN},
    {"name, Nombre:", true, names, "Nombre: {*}", PLAIN},
    {"name, Paciente:", true, names, "Paciente: {*}", PLAIN},
    {"name, Dr.", true, surnames, "Dr. {*}", PLAIN},
    {"name, Dra., whole", true, names, "Dra. {*}", PLAIN},
    {"name, Sra.", true, surnames, "Sra. {*}", PLAIN},
    {"name, Lic.", true, surnames, "Lic. {*}", PLAIN},

    {"mobile, hyphens", false, mobiles, "{DDD-DDD-DDD}", PLAIN},
    {"mobile, dots", false, mobiles, "{DDD.DDD.DDD}", PLAIN},
    {"mobile, pairs", false, mobiles, "{DDD DD DD DD}", PLAIN},
    {"inland, 4XXX XXXX", false, inland, "{DDDD DDDD}", PLAIN},
    {"fixed, hyphen", false, fixed, "{DDDD-DDDD}", PLAIN},
    {"phone, 00598", false, fixed, "{00598 DDDD DDDD}", PLAIN},
    {"phone, (+598)", false, fixed, "({+598) DDDD DDDD}", PLAIN},
    {"date, dd/mm/yyyy", false, dates, "{DD/DD/DDDD}", PLAIN},
    {"date, dd-mm-yyyy", false, dates, "{DD-DD-DDDD}", PLAIN},
    {"date, dd.mm.yyyy", false, dates, "{DD.DD.DDDD}", PLAIN},
    {"date, ddmmyyyy labelled", false, dates, "F. Nac.: {*}", PLAIN},
    {"date, full-width", false, dates, "{DD/DD/DDDD}", FULL_WIDTH},
    {"date, zero-width", false, dates, "{DD/DD/DDDD}", ZERO_WIDTH},
    {"date, line break", false, dates, "{DD/DD/DDDD}", BREAK},
    {"date, glued to words", false, dates, "fecha{DD/DD/DDDD}control", PLAIN},

    {"cédula of seven digits, alone", false, short_cedulas, "{*}", PLAIN},
    {"cédula of seven digits, dot and hyphen", false, short_cedulas, "{DDD.DDD-D}", PLAIN},
    {"cédula, dots, no check digit", false, cedulas, "CI {D.DDD.DDD}", PLAIN},
    {"cédula, slash", false, cedulas, "{D.DDD.DDD/D}", PLAIN},
    {"cédula, blanks round the hyphen", false, cedulas, "{D.DDD.DDD - D}", PLAIN},
    {"cédula, two blanks", false, cedulas, "{D  DDD  DDD  D}", PLAIN},
    {"cédula, pairs", false, cedulas, "{DD DD DD DD}", PLAIN},
    {"cédula, labelled, pairs", false, cedulas, "CI: {DD DD DD DD}", PLAIN},
    {"cédula, single digits", false, cedulas, "CI: {D D D D D D D D}", PLAIN},
    {"cédula, no-break spaces", false, cedulas, "{D DDD DDD D}", NO_BREAK},
    {"cédula, en dash", false, cedulas, "{D.DDD.DDD-D}", DASH},
    {"cédula, full-width", false, cedulas, "{D.DDD.DDD-D}", FULL_WIDTH},
    {"cédula, full-width, alone", false, cedulas, "{*}", FULL_WIDTH},
    {"cédula, Arabic digits", false, cedulas, "{D.DDD.DDD-D}", ARABIC},
    {"cédula, zero-width", false, cedulas, "{D.DDD.DDD-D}", ZERO_WIDTH},
    {"cédula, zero-width, alone", false, cedulas, "{*}", ZERO_WIDTH},
    {"cédula, soft hyphens", false, cedulas, "{*}", SOFT_HYPHEN},
    {"cédula, look-alikes", false, cedulas, "{D.DDD.DDD-D}", LOOK_ALIKE},
    {"cédula, labelled, look-alikes", false, cedulas, "CI: {D.DDD.DDD-D}", LOOK_ALIKE},
    {"cédula, line break", false, cedulas, "{D.DDD.DDD-D}", BREAK},
    {"cédula, labelled, line break", false, cedulas, "CI: {D.DDD.DDD-D}", BREAK},
    {"cédula, label and value on two lines", false, cedulas, "CI:\n{D.DDD.DDD-D}", PLAIN},
    {"cédula, glued to its label", false, cedulas, "CI{D.DDD.DDD-D}", PLAIN},
    {"cédula, glued to its label, alone", false, cedulas, "CI{*}", PLAIN},
    {"cédula, glued to words", false, cedulas, "paciente{D.DDD.DDD-D}refiere", PLAIN},
    {"cédula, glued to words, alone", false, cedulas, "paciente{*}refiere", PLAIN},
    {"cédula, underscores", false, cedulas, "_{D.DDD.DDD-D}_", PLAIN},

    {"mobile, full-width", false, mobiles, "{DDD DDD DDD}", FULL_WIDTH},
    {"mobile, zero-width", false, mobiles, "{DDD DDD DDD}", ZERO_WIDTH},
    {"mobile, no-break spaces", false, mobiles, "{DDD DDD DDD}", NO_BREAK},
    {"mobile, look-alikes", false, mobiles, "{DDD DDD DDD}", LOOK_ALIKE},
    {"mobile, line break", false, mobiles, "{DDD DDD DDD}", BREAK},
    {"mobile, labelled, line break", false, mobiles, "Cel.: {DDD DDD DDD}", BREAK},
    {"mobile, glued to its label", false, mobiles, "cel{*}", PLAIN},
    {"mobile, glued to words", false, mobiles, "llamar{*}urgente", PLAIN},

    {"e-mail, full-width", false, mails, "{*}", FULL_WIDTH},
    {"e-mail, zero-width", false, mails, "{*}", ZERO_WIDTH},
    {"e-mail, look-alikes", false, mails, "{*}", LOOK_ALIKE},
    {"e-mail, line break", false, mails, "{*}", BREAK},
    {"e-mail, glued to its label", false, mails, "Mail:{*}", PLAIN},

    {"record, full-width", false, records, "HC: {*}", FULL_WIDTH},
    {"record, zero-width", false, records, "HC: {*}", ZERO_WIDTH},
    {"record, look-alikes", false, records, "HC: {*}", LOOK_ALIKE},
    {"record, line break", false, records, "HC: {*}", BREAK},
    {"record, label and value on two lines", false, records, "HC:\n{*}", PLAIN},
    {"record, glued to its label", false, records, "HC{*}", PLAIN},

    {"name, full-width", false, names, "Nombre: {*}", FULL_WIDTH},
    {"name, zero-width", false, names, "Nombre: {*}", ZERO_WIDTH},
    {"name, soft hyphens", false, names, "Nombre: {*}", SOFT_HYPHEN},
    {"name, look-alikes", false, names, "Nombre: {*}", LOOK_ALIKE},
    {"name, line break", false, names, "Nombre: {*}", BREAK},
    {"name, label and value on two lines", false, names, "Nombre:\n{*}", PLAIN},
    {"name, lower case", false, names, "Nombre: {*}", LOWER},
    {"name, Paciente:, lower case", false, names, "paciente: {*}", LOWER},
    {"name, Dr., lower case", false, surnames, "dr {*}", LOWER},
    {"name, Dr., look-alikes", false, surnames, "Dr. {*}", LOOK_ALIKE},
    {"name, Dr., line break", false, surnames, "Dr.\n{*}", PLAIN},
    {"name, glued to its label", false, names, "Nombre:{*}", PLAIN},
    {"name, Dr., glued", false, surnames, "Dr.{*}", PLAIN},
};

enum { N_ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

/* ---- disguises ---- */

static const char *look_alike(char c) {
    static const struct {
        char plain;
        const char *other;
    } pairs[] = {{'a', "\xd0\xb0"}, {'e', "\xd0\xb5"}, {'o', "\xd0\xbe"}, {'p', "\xd1\x80"},
                 {'c', "\xd1\x81"}, {'x', "\xd1\x85"}, {'A', "\xce\x91"}, {'B', "\xce\x92"},
                 {'E', "\xce\x95"}, {'P', "\xd0\xa0"}, {'J', "\xd0\x88"}, {'M', "\xd0\x9c"},
                 {'0', "O"},        {'1', "l"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i].plain == c) return pairs[i].other;
    return NULL;
}

/* One character of a value, `i` of `n`, as the disguise writes it. */
static void put_disguised(struct strbuf *out, const char *s, size_t length, size_t i, size_t n,
                          enum disguise how) {
    const char c = *s;
    const bool digit = c >= '0' && c <= '9';
    const char *other = how == LOOK_ALIKE && length == 1 ? look_alike(c) : NULL;
    if (how == FULL_WIDTH && c > ' ' && c <= '~')
        encoding_append(out, ENCODING_UTF_8, 0xff01u + (uint32_t)(c - '!'));
    else if (how == ARABIC && digit)
        encoding_append(out, ENCODING_UTF_8, 0x660u + (uint32_t)(c - '0'));
    else if (other)
        strbuf_puts(out, other);
    else if (how == NO_BREAK && c == ' ')
        strbuf_puts(out, "\xc2\xa0");
    else if (how == DASH && c == '-')
        strbuf_puts(out, "\xe2\x80\x93");
    else if (how == LOWER && c >= 'A' && c <= 'Z')
        strbuf_putc(out, (char)(c + 32));
    else if (how == LOWER && c == '\xc3' && (unsigned char)s[1] < 0x9f) /* Ú Ñ Á */
        strbuf_printf(out, "\xc3%c", s[1] + 0x20);
    else
        strbuf_append(out, s, length);
    if (i + 1 == n) return;
    if (how == ZERO_WIDTH) strbuf_puts(out, "\xe2\x80\x8b");
    if (how == SOFT_HYPHEN) strbuf_puts(out, "\xc2\xad");
    if (how == BREAK && i + 1 == n / 2) strbuf_putc(out, '\n');
}

static void disguise(struct strbuf *out, const struct strbuf *value, enum disguise how) {
    const size_t n = encoding_count(ENCODING_UTF_8, (const unsigned char *)value->data, value->n);
    for (size_t at = 0, i = 0; at < value->n; i++) {
        uint32_t cp;
        const size_t length = test_decode(ENCODING_UTF_8, (const unsigned char *)value->data + at,
                                          value->n - at, &cp);
        put_disguised(out, value->data + at, length, i, n, how);
        at += length;
    }
}

/* ---- planting ---- */

struct planted {
    struct strbuf text;
    size_t start, end; /* bytes of the value */
};

/* The template with the value in its braces. */
static void put_attack(struct planted *p, const struct attack *a, const char *value) {
    const char *open = strchr(a->template, '{'), *close = strchr(open, '}');
    struct strbuf plain;
    strbuf_init(&plain, 1000);
    for (const char *t = open + 1; t < close; t++) {
        if (*t == '*')
            strbuf_puts(&plain, value);
        else if (*t == 'D')
            strbuf_putc(&plain, *value++);
        else
            strbuf_putc(&plain, *t);
    }
    strbuf_append(&p->text, a->template, (size_t)(open - a->template));
    p->start = p->text.n;
    disguise(&p->text, &plain, a->disguise);
    p->end = p->text.n;
    strbuf_puts(&p->text, close + 1);
    strbuf_release(&plain);
}

static void put_line(struct strbuf *out, const char *line) {
    const char *mark = strchr(line, '|');
    strbuf_append(out, line, (size_t)(mark - line));
    strbuf_puts(out, mark + 1);
    strbuf_putc(out, '\n');
}

/* Three lines, the one in the middle with the value in its place. */
static void plant(struct planted *p, const struct attack *a, const char *value, size_t place,
                  size_t line) {
    const char *here = lines[line], *mark = strchr(here, '|');
    put_line(&p->text, lines[(line + 7) % N_LINES]);
    for (const char *t = places[place]; *t; t++) {
        if (*t != '%') {
            strbuf_putc(&p->text, *t);
            continue;
        }
        t++;
        if (*t == 'H') strbuf_append(&p->text, here, (size_t)(mark - here));
        if (*t == 'T') strbuf_puts(&p->text, mark + 1 + (mark[1] == ' ' && t[-2] == ' '));
        if (*t == 'X') put_attack(p, a, value);
    }
    strbuf_putc(&p->text, '\n');
    put_line(&p->text, lines[(line + 13) % N_LINES]);
}

/* ---- judging ---- */

static bool is_letter_or_digit(uint32_t cp) {
    if (cp < 0x80) return (cp >= '0' && cp <= '9') || ((cp | 32) >= 'a' && (cp | 32) <= 'z');
    return cp >= 0xc0 && (cp < 0x2000 || cp > 0x206f); /* neither blanks nor zero-width marks */
}

/* Some letter or digit of text[start, end) is in no span. */
static bool leaks(const struct subject *s, const struct strbuf *text, size_t start, size_t end) {
    struct document doc;
    struct anon_result r;
    struct error err;
    bool leak = false;
    size_t k = 0;
    assert_int_equal(document_from_bytes(&doc, text->data, text->n, &err), OK);
    assert_int_equal(anonymize(&r, s->anonymizer, &doc, &err), OK);
    for (size_t at = start; at < end;) {
        uint32_t cp;
        const size_t length = test_decode(ENCODING_UTF_8, doc.bytes + at, doc.n_bytes - at, &cp);
        while (k < r.n_spans && r.spans[k].end_byte <= at)
            k++;
        leak |= is_letter_or_digit(cp) && !(k < r.n_spans && r.spans[k].start_byte <= at);
        at += length;
    }
    anon_result_release(&r);
    document_close(&doc);
    return leak;
}

enum { N_POLICIES = 2, SHOWN_MAX = 4 };
static struct subject subjects[N_POLICIES];

/* Leaks of a class under a policy, over every place and line. */
static size_t count_leaks(const struct attack *a, const struct subject *s, size_t *n_trials,
                          bool show) {
    size_t n_values = 0, n_leaks = 0, k = 0;
    while (a->values[n_values])
        n_values++;
    for (size_t place = 0; place < N_PLACES; place++) {
        for (size_t line = 0; line < N_LINES; line++, k++) {
            struct planted p = {.start = 0};
            strbuf_init(&p.text, 10000);
            plant(&p, a, a->values[k % n_values], place, line);
            if (leaks(s, &p.text, p.start, p.end) && n_leaks++ < SHOWN_MAX && show)
                fprintf(stderr, "-- leak of \"%s\", place \"%s\", %s:\n%s", a->name, places[place],
                        s->policy_name, strbuf_str(&p.text));
            strbuf_release(&p.text);
        }
    }
    *n_trials = k;
    return n_leaks;
}

/* ---- the baseline: lines `leaks TAB leaks TAB class`, one number a policy ---- */

static struct {
    char name[100];
    size_t allowed[N_POLICIES];
} baseline[2 * N_ATTACKS];
static size_t n_baseline;

static bool read_baseline(const char *directory) {
    char path[4096], line[256];
    snprintf(path, sizeof(path), "%s/attack_baseline.txt", directory);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    while (n_baseline < 2 * N_ATTACKS && fgets(line, sizeof(line), file)) {
        if (line[0] == '#') continue;
        char *s = line;
        for (size_t k = 0; k < N_POLICIES; k++)
            baseline[n_baseline].allowed[k] = strtoul(s, &s, 10);
        s += *s == '\t';
        s[strcspn(s, "\n")] = '\0';
        snprintf(baseline[n_baseline++].name, sizeof(baseline[0].name), "%s", s);
    }
    fclose(file);
    return true;
}

static size_t allowed(const struct attack *a, size_t policy) {
    for (size_t i = 0; i < n_baseline && !a->ordinary; i++)
        if (strcmp(baseline[i].name, a->name) == 0) return baseline[i].allowed[policy];
    return 0;
}

/* ---- tests ---- */

static size_t judge_class(const struct attack *a) {
    size_t n_leaks[N_POLICIES], n_trials = 0, n_bad = 0;
    for (size_t k = 0; k < N_POLICIES; k++) {
        n_leaks[k] = count_leaks(a, &subjects[k], &n_trials, false);
        if (n_leaks[k] <= allowed(a, k)) continue;
        n_bad++;
        count_leaks(a, &subjects[k], &n_trials, true);
    }
    /* printf pads by bytes: two more for each accent */
    const int width =
        40 + (int)(strlen(a->name) -
                   encoding_count(ENCODING_UTF_8, (const unsigned char *)a->name, strlen(a->name)));
    printf("# %-*s %6zu %8zu %8zu  %s%s\n", width, a->name, n_trials, n_leaks[0], n_leaks[1],
           a->ordinary ? "must be 0" : "", n_bad ? "  WORSE" : "");
    return n_bad;
}

static void table_head(void) {
    printf("# %-40s %6s %8s %8s\n", "leaks by class of attack", "trials", "uruguay", "meddocan");
}

static void ordinary_forms_of_direct_labels_do_not_leak(void **state) {
    (void)state;
    size_t n_bad = 0;
    table_head();
    for (size_t i = 0; i < N_ATTACKS; i++)
        if (attacks[i].ordinary) n_bad += judge_class(&attacks[i]);
    assert_int_equal(n_bad, 0);
}

static void other_forms_leak_no_more_than_the_baseline(void **state) {
    (void)state;
    size_t n_bad = 0;
    table_head();
    for (size_t i = 0; i < N_ATTACKS; i++)
        if (!attacks[i].ordinary) n_bad += judge_class(&attacks[i]);
    assert_int_equal(n_bad, 0);
}

/* Says and counts spans of direct identifiers in a text that has none. */
static size_t count_direct(const struct subject *s, const struct strbuf *text) {
    struct document doc;
    struct anon_result r;
    struct error err;
    size_t n = 0;
    assert_int_equal(document_from_bytes(&doc, text->data, text->n, &err), OK);
    assert_int_equal(anonymize(&r, s->anonymizer, &doc, &err), OK);
    for (size_t i = 0; i < r.n_spans; i++) {
        const struct anon_span *span = &r.spans[i];
        if (!kind_is_direct(span->kind)) continue;
        n++;
        fprintf(stderr, "-- clean text, %s: %s \"%.*s\"\n", s->policy_name, kind_name(span->kind),
                (int)(span->end_byte - span->start_byte),
                (const char *)doc.bytes + span->start_byte);
    }
    anon_result_release(&r);
    document_close(&doc);
    return n;
}

static void clean_text_stays_clean(void **state) {
    (void)state;
    size_t n = 0;
    struct strbuf all, one;
    strbuf_init(&all, 100000);
    strbuf_init(&one, 100000);
    for (size_t k = 0; k < N_POLICIES; k++) {
        strbuf_clear(&all);
        for (size_t i = 0; i < N_LINES; i++) {
            strbuf_clear(&one);
            put_line(&one, lines[i]);
            put_line(&all, lines[i]);
            n += count_direct(&subjects[k], &one);
        }
        n += count_direct(&subjects[k], &all);
    }
    strbuf_release(&all);
    strbuf_release(&one);
    assert_int_equal(n, 0);
}

/* The whole of each text survives: nothing in it is personal. */
static const char *const survivors[] = {
    "CV 2.481.306 copias/mL",
    "CV 2481306 copias",
    "Carga viral 1.250.000 copias/mL",
    "plaq 204.000",
    "Plaquetas 250.000 /mm3",
    "GB 12.400, GR 4.500.000",
    "Hb 12,3 g/dL, Hto 37 %, VCM 88",
    "Cr 0,84 mg/dL, urea 45, K 4,1 mEq/L, Na 138",
    "Troponina I 0,84 ng/mL",
    "PA 165/95 mmHg, FC 104 lpm, FR 20 rpm, SatO2 95 %, T 36,4",
    "PA 110/70",
    "Glasgow 15, Apgar 8/9, EVA 8/10, ECOG 2, Killip II",
    "losartán 50 mg cada 12 horas",
    "AAS 300 mg + clopidogrel 600 mg",
    "heparina 5.000 UI s/c",
    "penicilina benzatínica 2.400.000 UI i/m",
    "supradesnivel ST 2 mm en V1-V4",
    "infra DII DIII aVF, V5 y V6",
    "I21.1, E11.9 y J18.9",
    "CIE-10: C50.9",
    "T2N1M0, estadio IIIA",
    "signo de Murphy positivo",
    "Murphy negativo, Blumberg negativo, McBurney sin dolor",
    "enfermedad de Parkinson",
    "Enf. de Crohn en remisión",
    "sonda Foley N° 16",
    "escala de Glasgow",
    "síndrome de Cushing",
    "reflejo de Babinski bilateral",
    "línea Z, tubo N° 8, aguja 22G",
    "linfoma no Hodgkin",
    "Gram negativo, Staphylococcus aureus, Klebsiella pneumoniae",
};

/* What stands in braces goes: the title says that it is a person. */
static const char *const persons[] = {
    "Valorado por el Dr. {Parkinson} en policlínica",
    "La Sra. {Crohn} refiere mejoría",
    "Dr. {Foley}",
    "Firma: Dra. {Murphy}",
    "Sr. {Glasgow}, se entrega alta",
    "Paciente: {Rosa Blanco Paz}",
    "Dra. {Dolores Fuertes}",
    "Lic. {Cruz} de guardia",
    "Nombre: {Parkinson, Juan}",
};

static void clinical_text_survives(void **state) {
    (void)state;
    size_t n_bad = 0;
    for (size_t k = 0; k < N_POLICIES; k++) {
        for (size_t i = 0; i < sizeof(survivors) / sizeof(survivors[0]); i++) {
            struct document doc;
            struct anon_result r;
            struct error err;
            assert_int_equal(document_from_bytes(&doc, survivors[i], strlen(survivors[i]), &err),
                             OK);
            assert_int_equal(anonymize(&r, subjects[k].anonymizer, &doc, &err), OK);
            for (size_t j = 0; j < r.n_spans; j++, n_bad++)
                fprintf(stderr, "-- \"%s\", %s: %s \"%.*s\" is replaced\n", survivors[i],
                        subjects[k].policy_name, kind_name(r.spans[j].kind),
                        (int)(r.spans[j].end_byte - r.spans[j].start_byte),
                        survivors[i] + r.spans[j].start_byte);
            anon_result_release(&r);
            document_close(&doc);
        }
    }
    assert_int_equal(n_bad, 0);
}

static void a_title_makes_a_person_of_an_eponym(void **state) {
    (void)state;
    size_t n_bad = 0;
    for (size_t k = 0; k < N_POLICIES; k++) {
        for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
            const char *open = strchr(persons[i], '{'), *close = strchr(open, '}');
            struct strbuf text;
            strbuf_init(&text, 1000);
            strbuf_append(&text, persons[i], (size_t)(open - persons[i]));
            strbuf_append(&text, open + 1, (size_t)(close - open - 1));
            strbuf_puts(&text, close + 1);
            const size_t start = (size_t)(open - persons[i]),
                         end = (size_t)(close - persons[i]) - 1;
            if (leaks(&subjects[k], &text, start, end)) {
                n_bad++;
                fprintf(stderr, "-- \"%s\", %s: stays\n", persons[i], subjects[k].policy_name);
            }
            strbuf_release(&text);
        }
    }
    assert_int_equal(n_bad, 0);
}

/* A line longer than a piece (anon/note.h) is cut somewhere: here inside the value, at each place.
 */
static void a_cut_in_a_very_long_line_leaks_nothing(void **state) {
    (void)state;
    enum { PIECE = 256 * 1024 };
    static const char filler[] = "dolor leve sin irradiaciones y ";
    static const char *const values[] = {"099 412 087", "4 027 713 0", "Graciela Etchepare"};
    static const char *const labels[] = {"Tel.: ", "CI ", "Paciente: "};
    size_t n_bad = 0;
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        for (const char *cut = strchr(values[v], ' '); cut; cut = strchr(cut + 1, ' ')) {
            struct strbuf text;
            strbuf_init(&text, 1 << 20);
            while (text.n < PIECE)
                strbuf_puts(&text, filler);
            text.n = PIECE - (size_t)(cut + 1 - values[v]) - strlen(labels[v]);
            text.data[text.n - 1] = ' ';
            strbuf_puts(&text, labels[v]);
            const size_t start = text.n;
            strbuf_puts(&text, values[v]);
            const size_t end = text.n;
            strbuf_putc(&text, ' ');
            for (size_t i = 0; i < 100; i++)
                strbuf_puts(&text, filler);
            if (leaks(&subjects[0], &text, start, end)) {
                n_bad++;
                fprintf(stderr, "-- cut before \"%s\": \"%s%s\" leaks\n", cut + 1, labels[v],
                        values[v]);
            }
            strbuf_release(&text);
        }
    }
    assert_int_equal(n_bad, 0);
}

/* ---- the program ---- */

static void print_baseline(void) {
    puts("# Leaks allowed by class of attack: under uruguay, under meddocan, class. Classes that "
         "are not here\n"
         "# may not leak. test_attack --baseline prints it anew; a change that makes a number grow "
         "is a\n"
         "# decision, and says why.");
    for (size_t i = 0; i < N_ATTACKS; i++) {
        size_t n_trials, n[N_POLICIES];
        for (size_t k = 0; k < N_POLICIES; k++)
            n[k] = count_leaks(&attacks[i], &subjects[k], &n_trials, false);
        if (!attacks[i].ordinary && n[0] + n[1] > 0)
            printf("%zu\t%zu\t%s\n", n[0], n[1], attacks[i].name);
    }
}

int main(int argc, char **argv) {
    int failed = 0;
    if (argc != 2 || !subject_open(&subjects[0], "uruguay", "placeholder") ||
        !subject_open(&subjects[1], "meddocan", "placeholder")) {
        fprintf(stderr, "usage: test_attack DIRECTORY|--baseline\n");
        return 1;
    }
    if (strcmp(argv[1], "--baseline") == 0) {
        print_baseline();
    } else if (!read_baseline(argv[1])) {
        fprintf(stderr, "test_attack: no attack_baseline.txt in %s\n", argv[1]);
        failed = 1;
    } else {
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ordinary_forms_of_direct_labels_do_not_leak),
            cmocka_unit_test(other_forms_leak_no_more_than_the_baseline),
            cmocka_unit_test(clean_text_stays_clean),
            cmocka_unit_test(clinical_text_survives),
            cmocka_unit_test(a_title_makes_a_person_of_an_eponym),
            cmocka_unit_test(a_cut_in_a_very_long_line_leaks_nothing),
        };
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    }
    for (size_t k = 0; k < N_POLICIES; k++)
        subject_close(&subjects[k]);
    return failed;
}
