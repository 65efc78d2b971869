/* SPDX-License-Identifier: MIT
 *
 * Reading policies. Everything a policy says is checked here once: unknown keys, kinds given twice
 * or not at all, thresholds out of order, a direct identifier that would be left in the text.
 */
#include "anon/policy.h"

#include <stdlib.h>
#include <string.h>

#include "anon/embedded.h"
#include "base/file.h"
#include "base/intl.h"
#include "base/mem.h"
#include "text/fold.h"
#include "text/regex.h"
#include "text/yaml_tree.h"

enum { SITE_ENTRIES_MAX = 1000, WORD_MAX_BYTES = 200 };
static const double TAGGER_OUTSIDE = 1, TAGGER_OUTSIDE_MAX = 10;

struct parser {
    struct policy *policy;
    const char *name;
    struct error *err;
    bool given[KIND_COUNT];
    enum operator_type operator; /* defaults */
    double replace, review;
};

static enum status refuse(struct parser *p, const struct yaml_value *at, const char *why,
                          const char *what) {
    return fail(p->err, ERR_INVALID, "%s:%zu: %s: %s", p->name, at ? at->line : 1, why, what);
}

static enum status operator_from_name(struct parser *p, enum operator_type *out,
                                      const struct yaml_value *v) {
    static const char *const names[] = {
        [OPERATOR_KEEP] = "keep",         [OPERATOR_PLACEHOLDER] = "placeholder",
        [OPERATOR_NUMBERED] = "numbered", [OPERATOR_MASK] = "mask",
        [OPERATOR_REMOVE] = "remove",
    };
    for (size_t i = 0; v->type == YAML_STRING && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(v->string, names[i]) != 0) continue;
        *out = (enum operator_type)i;
        return OK;
    }
    return refuse(p, v, _("unknown operator; there are placeholder, numbered, mask, remove, keep"),
                  v->type == YAML_STRING ? v->string : "?");
}

/* A number from 0 to `max`, written with a point whatever the locale; false for anything else. */
static bool parse_number(double *out, const struct yaml_value *v, double max) {
    const char *s = v->type == YAML_STRING ? v->string : "";
    double value = 0, unit = 1;
    bool digits = false;
    for (; *s >= '0' && *s <= '9'; s++, digits = true)
        value = value * 10 + (*s - '0');
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
            value += (*s - '0') * (unit /= 10);
    *out = value;
    return digits && *s == '\0' && value <= max;
}

static enum status parse_share(struct parser *p, double *out, const struct yaml_value *v) {
    return parse_number(out, v, 1)
               ? OK
               : refuse(p, v, _("expected a number from 0 to 1"), v->key ? v->key : "?");
}

static enum status check_keys(struct parser *p, const struct yaml_value *map, const char *allowed) {
    if (map->type != YAML_MAP)
        return refuse(p, map, _("expected a map"), map->key ? map->key : "?");
    for (const struct yaml_value *v = map->child; v; v = v->sibling) {
        const size_t n = strlen(v->key);
        const char *s = allowed;
        while (*s && !(strncmp(s, v->key, n) == 0 && (s[n] == ' ' || s[n] == '\0')))
            s += strcspn(s, " ") + (s[strcspn(s, " ")] == ' ');
        if (*s == '\0') return refuse(p, v, _("unknown key"), v->key);
    }
    return OK;
}

static enum status copy_string(struct parser *p, char **out, const char *s) {
    *out = mem_strdup(s);
    return *out ? OK : fail(p->err, ERR_NOMEM, _("%s: not enough memory"), p->name);
}

static enum status claim_kind(struct parser *p, const struct yaml_value *v, enum kind *kind) {
    *kind = v->type == YAML_STRING ? kind_from_name(v->string) : KIND_COUNT;
    if (*kind == KIND_COUNT)
        return refuse(p, v, _("unknown kind"), v->type == YAML_STRING ? v->string : "?");
    if (p->given[*kind]) return refuse(p, v, _("this kind is given twice"), v->string);
    p->given[*kind] = true;
    return OK;
}

/* Whether the label is a direct or a quasi-identifier, what is done with it, and from which scores.
 */
static enum status parse_row(struct parser *p, struct policy_row *row,
                             const struct yaml_value *label) {
    enum status st = OK;
    const struct yaml_value *v = yaml_get(label, "identifier");
    const char *class = v && v->type == YAML_STRING ? v->string : "";
    if (strcmp(class, "direct") == 0)
        row->identifier = IDENTIFIER_DIRECT;
    else if (strcmp(class, "quasi") == 0)
        row->identifier = IDENTIFIER_QUASI;
    else
        return refuse(p, v ? v : label, _("identifier must be direct or quasi"), label->key);
    if ((v = yaml_get(label, "operator")) && (st = operator_from_name(p, &row->operator, v)))
        return st;
    if ((v = yaml_get(label, "replace")) && (st = parse_share(p, &row->replace, v))) return st;
    if ((v = yaml_get(label, "review")) && (st = parse_share(p, &row->review, v))) return st;
    if (row->review > row->replace)
        return refuse(p, label, _("review must not be above replace"), label->key);
    return OK;
}

static enum status check_placeholder(struct parser *p, const struct yaml_value *label) {
    enum { BYTES_MAX = 100 }; /* PLACEHOLDER_MAX holds it folded */
    const struct yaml_value *v = yaml_get(label, "placeholder");
    if (!v || v->type != YAML_STRING || !*v->string || strlen(v->string) > BYTES_MAX)
        return refuse(p, label, _("a placeholder of 1 to 100 bytes is needed"), label->key);
    for (const char *c = v->string; *c; c++)
        if ((unsigned char)*c < 0x20)
            return refuse(p, v, _("a placeholder stays on its line"), label->key);
    return OK;
}

/* Gives each kind of the label the row, with its own copies of the strings. */
static enum status fill_rows(struct parser *p, const struct policy_row *row,
                             const struct yaml_value *label) {
    const struct yaml_value *placeholder = yaml_get(label, "placeholder");
    const struct yaml_value *kinds = yaml_get(label, "kinds");
    enum status st;
    if (!kinds || kinds->type != YAML_LIST || !kinds->child)
        return refuse(p, label, _("a list of kinds is needed"), label->key);
    for (const struct yaml_value *k = kinds->child; k; k = k->sibling) {
        enum kind kind;
        if ((st = claim_kind(p, k, &kind))) return st;
        if (kind_is_direct(kind) && row->operator== OPERATOR_KEEP)
            return refuse(p, k, _("a direct identifier cannot be kept"), kind_name(kind));
        struct policy_row *to = &p->policy->rows[kind];
        *to = *row;
        if ((st = copy_string(p, &to->label, label->key))) return st;
        if ((st = copy_string(p, &to->placeholder, placeholder->string))) return st;
    }
    return OK;
}

static enum status parse_label(struct parser *p, const struct yaml_value *label) {
    enum status st = check_keys(p, label, "kinds placeholder identifier operator replace review");
    if (st) return st;
    for (const char *s = label->key; *s; s++)
        if (!((*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_'))
            return refuse(p, label, _("a label is made of A-Z, 0-9 and _"), label->key);
    struct policy_row row = {.operator= p->operator, .replace = p->replace, .review = p->review};
    if ((st = parse_row(p, &row, label))) return st;
    if ((st = check_placeholder(p, label))) return st;
    return fill_rows(p, &row, label);
}

static enum status parse_site_entry(struct parser *p, const struct yaml_value *v,
                                    struct policy_site_entry *entry, bool always) {
    enum status st = check_keys(p, v, always ? "word pattern kind" : "word pattern");
    if (st) return st;
    const struct yaml_value *word = yaml_get(v, "word"), *pattern = yaml_get(v, "pattern");
    const struct yaml_value *text = word ? word : pattern;
    if (!text || (word && pattern) || text->type != YAML_STRING || !*text->string)
        return refuse(p, v, _("an entry has a word or a pattern"), always ? "always" : "never");
    if (word && strlen(word->string) > WORD_MAX_BYTES)
        return refuse(p, v, _("a word of at most 200 bytes is allowed"), "word");
    entry->is_regex = pattern != NULL;
    entry->kind = KIND_OTHER;
    if (always) {
        const struct yaml_value *kind = yaml_get(v, "kind");
        entry->kind = kind && kind->type == YAML_STRING ? kind_from_name(kind->string) : KIND_COUNT;
        if (entry->kind == KIND_COUNT)
            return refuse(p, v, _("an entry of always needs a kind"), text->string);
    }
    char folded[WORD_MAX_BYTES + 2];
    if (word && fold_phrase(folded, sizeof(folded), word->string) == 0)
        return refuse(p, v, _("a word needs a letter or a digit"), word->string);
    if (pattern) { /* compiled once here so that a bad one is refused when the policy is read */
        struct regex *re = NULL;
        struct error why;
        if (regex_open(&re, pattern->string, &why))
            return refuse(p, v, _("bad pattern"), why.message);
        regex_close(re);
    }
    return copy_string(p, &entry->pattern, text->string);
}

static enum status parse_site_list(struct parser *p, const struct yaml_value *list,
                                   struct policy_site_entry **out, size_t *n_out, bool always) {
    if (!list) return OK;
    if (list->type != YAML_LIST) return refuse(p, list, _("expected a list"), list->key);
    size_t n = 0;
    for (const struct yaml_value *v = list->child; v; v = v->sibling)
        n++;
    if (n > SITE_ENTRIES_MAX) return refuse(p, list, _("more than 1000 entries"), list->key);
    if (n == 0) return OK;
    *out = mem_zalloc(n * sizeof(**out));
    if (!*out) return fail(p->err, ERR_NOMEM, _("%s: not enough memory"), p->name);
    *n_out = n;
    struct policy_site_entry *entry = *out;
    for (const struct yaml_value *v = list->child; v; v = v->sibling, entry++) {
        const enum status st = parse_site_entry(p, v, entry, always);
        if (st) return st;
    }
    return OK;
}

static enum status parse_defaults(struct parser *p, const struct yaml_value *defaults) {
    p->operator= OPERATOR_PLACEHOLDER;
    p->replace = 0.50;
    p->review = 0.45;
    if (!defaults) return OK;
    enum status st = check_keys(p, defaults, "operator replace review");
    const struct yaml_value *v;
    if (!st && (v = yaml_get(defaults, "operator"))) st = operator_from_name(p, &p->operator, v);
    if (!st && (v = yaml_get(defaults, "replace"))) st = parse_share(p, &p->replace, v);
    if (!st && (v = yaml_get(defaults, "review"))) st = parse_share(p, &p->review, v);
    return st;
}

/* The tagger's operating point. */
static enum status parse_tagger(struct parser *p, const struct yaml_value *tagger) {
    p->policy->tagger_outside = TAGGER_OUTSIDE;
    if (!tagger) return OK;
    const enum status st = check_keys(p, tagger, "outside");
    const struct yaml_value *v = st ? NULL : yaml_get(tagger, "outside");
    if (!v) return st;
    return parse_number(&p->policy->tagger_outside, v, TAGGER_OUTSIDE_MAX)
               ? OK
               : refuse(p, v, _("expected a number from 0 to 10"), "outside");
}

static enum status parse_tree(struct parser *p, const struct yaml_value *root) {
    enum status st = check_keys(p, root, "name defaults labels keep site tagger");
    if (st) return st;
    const struct yaml_value *name = yaml_get(root, "name");
    if (!name || name->type != YAML_STRING) return refuse(p, root, _("a key is missing"), "name");
    if ((st = copy_string(p, &p->policy->name, name->string))) return st;
    if ((st = parse_defaults(p, yaml_get(root, "defaults")))) return st;
    if ((st = parse_tagger(p, yaml_get(root, "tagger")))) return st;
    const struct yaml_value *labels = yaml_get(root, "labels"), *keep = yaml_get(root, "keep");
    if (!labels || labels->type != YAML_MAP)
        return refuse(p, root, _("a key is missing"), "labels");
    for (const struct yaml_value *v = labels->child; v; v = v->sibling)
        if ((st = parse_label(p, v))) return st;
    if (keep && keep->type != YAML_LIST) return refuse(p, keep, _("expected a list"), "keep");
    for (const struct yaml_value *v = keep ? keep->child : NULL; v; v = v->sibling) {
        enum kind kind;
        if ((st = claim_kind(p, v, &kind))) return st;
        if (kind_is_direct(kind))
            return refuse(p, v, _("a direct identifier cannot be kept"), v->string);
    }
    for (int k = 0; k < KIND_COUNT; k++)
        if (!p->given[k])
            return refuse(p, root, _("no label takes this kind, and it is not under keep"),
                          kind_name((enum kind)k));
    const struct yaml_value *site = yaml_get(root, "site");
    if (!site) return OK;
    if ((st = check_keys(p, site, "always never"))) return st;
    if ((st = parse_site_list(p, yaml_get(site, "always"), &p->policy->always, &p->policy->n_always,
                              true)))
        return st;
    return parse_site_list(p, yaml_get(site, "never"), &p->policy->never, &p->policy->n_never,
                           false);
}

enum status policy_parse(struct policy **out, const char *yaml, size_t n, const char *name,
                         struct error *err) {
    struct parser p = {.name = name, .err = err, .policy = mem_zalloc(sizeof(struct policy))};
    if (!p.policy) return fail(err, ERR_NOMEM, _("%s: not enough memory"), name);
    struct arena arena = {0};
    struct yaml_value *root = NULL;
    enum status st = yaml_parse(&root, &arena, yaml, n, name, err);
    if (st == OK) st = parse_tree(&p, root);
    arena_release(&arena);
    if (st) {
        policy_close(p.policy);
        return st;
    }
    *out = p.policy;
    return OK;
}

static const char *const shipped[] = {"uruguay", "meddocan", NULL};

const char *const *policy_shipped_names(void) {
    return shipped;
}

const char *policy_shipped_yaml(const char *name, size_t *n) {
    for (const struct embedded_file *f = embedded_policies; f->name; f++) {
        if (strcmp(f->name, name) != 0) continue;
        *n = f->n;
        return f->data;
    }
    return NULL;
}

static bool is_path(const char *s) {
    const size_t n = strlen(s);
    return strchr(s, '/') || (n > 5 && strcmp(s + n - 5, ".yaml") == 0) ||
           (n > 4 && strcmp(s + n - 4, ".yml") == 0);
}

enum status policy_open(struct policy **out, const char *name_or_path, struct error *err) {
    size_t n;
    enum status st = file_check_name(name_or_path, err);
    if (st) return st;
    if (!is_path(name_or_path)) {
        const char *yaml = policy_shipped_yaml(name_or_path, &n);
        if (!yaml)
            return fail(err, ERR_NOT_FOUND,
                        _("no policy is called %s; there are uruguay and meddocan, or give a path "
                          "to a .yaml file"),
                        name_or_path);
        return policy_parse(out, yaml, n, name_or_path, err);
    }
    struct file_bytes bytes;
    st = file_read(&bytes, name_or_path, YAML_SIZE_MAX_BYTES, err);
    if (st) return st;
    st = policy_parse(out, (const char *)bytes.data, bytes.n, name_or_path, err);
    file_bytes_release(&bytes);
    return st;
}

static void free_entries(struct policy_site_entry *entries, size_t n) {
    for (size_t i = 0; i < n; i++)
        mem_free(entries[i].pattern);
    mem_free(entries);
}

void policy_close(struct policy *policy) {
    if (!policy) return;
    for (int k = 0; k < KIND_COUNT; k++) {
        mem_free(policy->rows[k].label);
        mem_free(policy->rows[k].placeholder);
    }
    free_entries(policy->always, policy->n_always);
    free_entries(policy->never, policy->n_never);
    mem_free(policy->name);
    mem_free(policy);
}

enum kind policy_kind_of_label(const struct policy *policy, const char *label) {
    for (int k = 0; k < KIND_COUNT; k++)
        if (policy->rows[k].label && strcmp(policy->rows[k].label, label) == 0) return (enum kind)k;
    return KIND_COUNT;
}

bool policy_has_label(const struct policy *policy, const char *label) {
    return policy_kind_of_label(policy, label) != KIND_COUNT;
}
