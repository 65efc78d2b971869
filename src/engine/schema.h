/* SPDX-License-Identifier: MIT
 *
 * JSON Schema to GBNF, inside. The idea, in the order of the files:
 *
 *   schema_place.c     where in the document a schema stands; refusals; $ref
 *   schema_keywords.c  the keywords there are, and what their values must look like
 *   schema_expand.c    several schemas that must hold at once -> alternatives ("leaves") without
 *                      $ref, allOf, anyOf, oneOf: plain schemas that must hold together
 *   schema_facts.c     what the schemas of a leaf say together about types and numbers and strings
 *   schema_*.c         the GBNF of one type of one leaf
 *   schema.c           one rule per set of schemas, made when it is first needed, so recursion ends
 *   schema_valid.c     does a value that stands in the schema (enum, const) satisfy another part?
 *   schema_apart.c     can one value satisfy two alternatives? (oneOf)
 *   schema_pattern.c   regular expressions of JavaScript -> a tree
 *   schema_language.c  several of them, lengths and excluded words at once -> an automaton
 *
 * Whatever the grammar accepts satisfies the schema; where both cannot be had, the grammar accepts
 * less than the schema or the schema is refused, never more. docs/json-schema.md has the table.
 */
#ifndef SIGILO_ENGINE_SCHEMA_H
#define SIGILO_ENGINE_SCHEMA_H

#include <jansson.h>

#include "base/mem.h"
#include "engine/grammar.h"

enum {
    SCHEMA_NESTING_MAX = 256,    /* brackets in brackets of the JSON text */
    SCHEMA_RULES_DEEP_MAX = 400, /* rules being made because another one needs them */
    SCHEMA_LEAVES_MAX = 20000,   /* alternatives of one rule */
    SCHEMA_WORK_MAX = 2000000,   /* schemas looked at, in all */
    SCHEMA_TEXT_MAX = GRAMMAR_BYTES_MAX,
    SCHEMA_NAME_MAX = 24, /* of a rule */
};

enum schema_draft { DRAFT_ANY, DRAFT_OLD, DRAFT_2020 }; /* OLD: 06, 07, 2019-09 */

/* Types as a set; a number is a whole one or another one. */
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_FRACTION = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_NUMBER = TYPE_INTEGER | TYPE_FRACTION,
    TYPE_ALL = 127,
};

struct place {              /* where a schema stands: a JSON pointer, from its end */
    const struct place *up; /* NULL: the whole document */
    const char *key;        /* NULL: an index */
    size_t index;
    unsigned depth; /* schemas around it */
};

struct member { /* one of the schemas that must hold at once */
    json_t *schema;
    const struct place *at;
    const struct member *from; /* what brought it in by $ref, allOf...; NULL: it was there */
    unsigned depth;            /* of the chain of `from` */
};

struct members {       /* empty: anything goes */
    struct member **m; /* [n] */
    size_t n, capacity;
    bool never; /* false is among them */
};

enum { /* rules that are written once, when somebody needs them */
       SHARED_SPACE = 1,
       SHARED_CHAR = 2,
       SHARED_STRING = 4,
       SHARED_INTEGER = 8,
       SHARED_NUMBER = 16,
       SHARED_VALUE = 32,
       SHARED_OBJECT = 64,
       SHARED_ARRAY = 128,
};

struct translator {
    json_t *root;
    const char *root_id; /* NULL: none */
    enum schema_draft draft;
    struct arena arena; /* all but what follows */
    struct arena kept;  /* patterns: they outlive the comparing of alternatives */
    struct array rules; /* struct schema_rule */
    uint32_t *buckets;  /* [n_buckets] rules by members: 1 + number; 0: free */
    size_t n_buckets;
    struct array patterns; /* struct known_pattern */
    struct strbuf *out;    /* whole rules */
    unsigned shared;       /* SHARED_* that were named */
    size_t n_names;
    size_t work;
    size_t n_empty;               /* rules that nothing satisfies, */
    const struct place *empty_at; /* and where the first one was */
    unsigned n_deep;              /* rules being made */
    bool lenient;                 /* a value is judged without its anyOf, oneOf and not */
    unsigned n_judging;           /* schemas that judge a value */
    const json_t *trusted;        /* an enum that need not be asked: what is judged came from it */
    struct error *err;
};

/* --- schema_place.c --- */

/* The place under a schema's keyword; what hangs there by name (properties) or number (anyOf).
 * Perhaps NULL, as the whole document is: where memory is short a message is less exact. */
const struct place *place_keyword(struct translator *t, const struct place *up, const char *key);
const struct place *place_name(struct translator *t, const struct place *up, const char *name);
const struct place *place_index(struct translator *t, const struct place *up, size_t index);

/* "schema, at POINTER: ..." */
__attribute__((format(printf, 4, 5))) enum status schema_refuse(struct translator *t,
                                                                enum status st,
                                                                const struct place *at,
                                                                const char *format, ...);
enum status schema_no_memory(struct translator *t);
#ifdef __clang_analyzer__ /* as fail() in base/error.h: what comes back is what went in */
#define schema_refuse(t, st, ...) ((void)(schema_refuse)(t, st, __VA_ARGS__), (st))
#define schema_no_memory(t) ((void)(schema_no_memory)(t), ERR_NOMEM)
#endif

/* Counts n schemas looked at. */
enum status schema_work(struct translator *t, size_t n, const struct place *at);

/* The schema that a $ref at `at` names. */
enum status schema_resolve(struct translator *t, const char *ref, const struct place *at,
                           json_t **schema, const struct place **target);

/* A key or a text of the schema made fit for a message: control characters replaced, cut to size.
 * Returns `buffer`. */
enum { SCHEMA_SHOWN = 80 };
const char *schema_shown(char buffer[SCHEMA_SHOWN], const char *text);

/* --- schema_keywords.c --- */

/* Is every keyword one that is honoured somewhere or means nothing, with a value of its kind? */
enum status schema_check_keywords(struct translator *t, const struct member *m);

/* The types whose values the schema's keywords speak of; 0: of none in particular. */
unsigned schema_implied_types(const json_t *schema);

/* A set of TYPE_* from the value of `type`; 0: no such type. */
unsigned schema_types(const json_t *type);

/* A non-negative count as the keyword has it; `absent` where it is not there. */
size_t schema_count(const json_t *schema, const char *keyword, size_t absent);

/* --- schema_expand.c --- */

enum status members_add(struct translator *t, struct members *all, json_t *schema,
                        const struct place *at, const struct member *from);

/* *leaves [*n_leaves] in the arena; perhaps none. */
enum status schema_expand(struct translator *t, const struct members *all, struct members **leaves,
                          size_t *n_leaves);

/* As a leaf, but what chooses (anyOf, oneOf) is left out; *chooses tells if there was any. */
enum status schema_flatten(struct translator *t, const struct members *all, struct members *flat,
                           bool *chooses);

/* Does everything in the leaf come from its first member? */
bool schema_has_one_source(const struct members *leaf, const struct member *source);

/* --- schema_apart.c --- */

/* *apart: nothing that the grammar of `made` accepts satisfies all of `other`. `settled`: no choice
 * is left to be opened in `made`. */
enum status schema_apart(struct translator *t, const struct members *made, bool settled,
                         const struct members *other, bool *apart);

/* --- schema_decimal.c: numbers as digits --- */

enum { DECIMAL_DIGITS_MAX = 720 }; /* 309 before the point and some 340 after it, of a double */

struct decimal {
    bool negative;
    size_t n_int, n_frac;            /* n_int >= 1; no zero ends the fraction */
    char digits[DECIMAL_DIGITS_MAX]; /* [n_int + n_frac], '0' to '9' */
};

void decimal_from_json(struct decimal *d, const json_t *number);
void decimal_from_integer(struct decimal *d, long long value);
void decimal_from_double(struct decimal *d, double value);
int decimal_compare(const struct decimal *a, const struct decimal *b);

/* --- schema_facts.c --- */

struct pattern;

struct facts {
    unsigned stated; /* types by `type` alone (and `not` of a type) */
    unsigned types;  /* those we make: where no `type` is stated, what the keywords speak of */
    bool anything;   /* no member says anything */
    bool finite;     /* an enum or a const: nothing below but the values is filled then */
    json_t **values; /* [n_values] that satisfy every member */
    size_t n_values;
    struct decimal *low, *high;    /* both belong to the range; NULL: no end */
    json_int_t multiple;           /* whole numbers only, of this; 0: any number */
    size_t min_length, max_length; /* code points; SIZE_MAX: no end */
    size_t min_items, max_items;
    size_t min_properties, max_properties;
    struct pattern **patterns; /* [n_patterns] `pattern` and `format` */
    size_t n_patterns;
    const struct place *at; /* for messages */
};

/* What the members of a leaf say together; what they say of strings alone. */
enum status schema_facts(struct translator *t, const struct members *leaf, struct facts *f);
enum status schema_string_facts(struct translator *t, const struct members *leaf, struct facts *f);

/* --- schema_valid.c --- */

/* Are they the same value? 1 and 1.0 are. */
bool schema_same(const json_t *a, const json_t *b);

/* Does the value satisfy the schema? An error where the schema has what cannot be judged. */
enum status schema_valid(struct translator *t, const json_t *value, json_t *schema,
                         const struct place *at, bool *valid);
/* `opened`: what the members bring in by $ref, allOf and anyOf is among them, or chosen from. */
enum status schema_valid_all(struct translator *t, const json_t *value, const struct members *all,
                             bool opened, bool *valid);

/* --- schema_value.c --- */

/* A piece of GBNF: the text that matches exactly these bytes, quoted. */
void gbnf_text(struct strbuf *out, const char *bytes, size_t n);

/* The GBNF of one value, compact but for the optional spaces. */
enum status gbnf_value(struct translator *t, struct strbuf *out, const json_t *value);

/* A string as JSON writes it, quotes included. */
void json_text(struct strbuf *out, const char *text, size_t n);

/* --- schema_pattern.c --- */

enum { CODE_POINTS_END = 0x110000 };

struct code_points { /* lo to hi, both in it */
    uint32_t lo, hi;
};

enum pattern_kind {
    PATTERN_SET, /* one code point */
    PATTERN_SEQ,
    PATTERN_CHOICE,
    PATTERN_REPEAT,
    PATTERN_START, /* ^ */
    PATTERN_END,   /* $ */
};

#define PATTERN_FOREVER UINT32_MAX

struct pattern {
    enum pattern_kind kind;
    uint32_t min, max;       /* REPEAT */
    struct code_points *set; /* SET: [n_set], sorted, apart */
    size_t n_set;
    struct pattern *first; /* its parts */
    struct pattern *next;  /* the next part of the same parent */
    const char *source;    /* of the whole: the text it was read from */
};

/* The pattern of `pattern`, unanchored as JavaScript has it. */
enum status schema_pattern(struct translator *t, const char *text, const struct place *at,
                           struct pattern **out);

/* A `format`: is there one of that name; the types it speaks of; its pattern for strings (NULL: it
 * says nothing about strings). */
bool schema_knows_format(const char *name);
unsigned schema_format_types(const char *name);
enum status schema_format(struct translator *t, const char *name, const struct place *at,
                          struct pattern **out);

/* --- schema_language.c --- */

enum { LANGUAGE_PARTS_MAX = 16 };

struct language { /* strings: what all hold of */
    struct {
        const struct pattern *pattern;
        bool forbidden; /* must not match */
    } parts[LANGUAGE_PARTS_MAX];
    size_t n_parts;
    const char *const *words; /* [n_words] excluded */
    size_t n_words;
    size_t min, max; /* code points */
};

/* GBNF for the text between quotes and the closing quote; *empty: there is no such string, and
 * nothing was written. */
enum status language_write(struct translator *t, struct strbuf *out, const struct language *l,
                           const struct place *at, bool *empty);

/* Does the text satisfy it? */
enum status language_has(struct translator *t, const struct language *l, const char *text,
                         const struct place *at, bool *has);

/* --- schema_string.c --- */

/* GBNF for one code point of the set as it may stand in a JSON string: as itself where it may, else
 * escaped. */
void gbnf_set(struct strbuf *out, const struct code_points *set, size_t n);

/* The alternatives below are written one after another with " | " between: *n counts them. */
void gbnf_bar(struct strbuf *out, size_t *n);

enum status schema_write_string(struct translator *t, struct strbuf *out, size_t *n,
                                const struct facts *f);

/* The strings of a leaf as a language. */
void schema_language(const struct facts *f, struct language *l);

/* --- schema_number.c --- */

enum status schema_write_number(struct translator *t, struct strbuf *out, size_t *n,
                                const struct facts *f);

/* --- schema_object.c, schema_keys.c, schema_array.c --- */

/* The rule of an object's member whose key is none of `words`; "": there can be none. */
enum status schema_write_others(struct translator *t, const struct members *leaf,
                                const struct facts *f, const char *const *words, size_t n_words,
                                char name[SCHEMA_NAME_MAX]);

/* Both write alternatives; none, where nothing satisfies the leaf. */
enum status schema_write_object(struct translator *t, struct strbuf *out, size_t *n,
                                const struct members *leaf, const struct facts *f);
enum status schema_write_array(struct translator *t, struct strbuf *out, size_t *n,
                               const struct members *leaf, const struct facts *f);

/* Adds to `of` what a member, and what all, say of the property `name`. */
enum status schema_property_of(struct translator *t, const struct member *m, const char *name,
                               struct members *of);
enum status schema_property(struct translator *t, const struct members *leaf, const char *name,
                            struct members *of);

/* What a member says of item i; NULL: nothing. SIZE_MAX: an item behind all that are numbered. */
json_t *schema_item(struct translator *t, const struct member *m, size_t i,
                    const struct place **at);

/* Is a member of the leaf strict (keyword false: unevaluatedProperties, unevaluatedItems) about
 * what no member speaks of? Refused where that cannot be told. */
enum status schema_is_strict(struct translator *t, const struct members *leaf, const char *keyword,
                             bool *strict);

/* --- schema.c --- */

struct schema_rule {
    json_t **key; /* [n_key] the schemas, by address */
    size_t n_key;
    enum { RULE_BEGUN, RULE_WRITTEN, RULE_EMPTY } state;
    bool is_used; /* by another while it was begun */
};

/* The name of the rule for what all members say. *empty: nothing satisfies them. */
enum status schema_rule(struct translator *t, struct members *all, const struct place *at,
                        char name[SCHEMA_NAME_MAX], bool *empty);

/* Writes `name ::= body`; the body is then empty. */
enum status schema_write_rule(struct translator *t, const char *name, struct strbuf *body);

/* OK unless a text that was written has failed: by its size, or by lack of memory. */
enum status schema_check_text(struct translator *t, const struct strbuf *text);

/* A new name, and a shared rule's name (to be written at the end). */
void schema_new_name(struct translator *t, char name[SCHEMA_NAME_MAX]);
const char *schema_shared(struct translator *t, unsigned which);

#endif
