/* SPDX-License-Identifier: MIT
 *
 * Methods of strings, lists, mappings, and of what cycler() and loops are.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/eval.h"
#include "chat/text_tools.h"
#include "chat/characters.h"

static bool give(const struct string *s, struct value *out) {
    *out = value_of_string(s);
    return s != NULL;
}

static bool give_list(struct list *l, struct value *out) {
    *out = value_of_list(V_LIST, l);
    return l != NULL;
}

static bool give_none(struct value *out) {
    *out = (struct value){.type = V_NONE};
    return true;
}

/* The argument i, which must be a string. */
static bool need_text(struct runtime *rt, const struct call *call, size_t i,
                      const struct string **out) {
    if (!call_text(rt, call, i, NULL, out)) return false;
    return *out ||
           rt_fail(rt, ERR_INVALID, _("expected a string as argument %zu, not none"), i + 1);
}

/* --- strings --- */

static bool strip(struct runtime *rt, struct call *call, int sides, struct value *out) {
    const struct string *chars;
    return call_text(rt, call, 0, NULL, &chars) &&
           give(string_strip(rt, call->self.string, chars, sides), out);
}

static bool string_strip_both(struct runtime *rt, struct call *call, struct value *out) {
    return strip(rt, call, STRIP_LEFT | STRIP_RIGHT, out);
}

static bool string_lstrip(struct runtime *rt, struct call *call, struct value *out) {
    return strip(rt, call, STRIP_LEFT, out);
}

static bool string_rstrip(struct runtime *rt, struct call *call, struct value *out) {
    return strip(rt, call, STRIP_RIGHT, out);
}

static bool split(struct runtime *rt, struct call *call, bool from_right, struct value *out) {
    const struct string *separator;
    struct list *l = list_new(rt, 0);
    int64_t count;
    return l && call_text(rt, call, 0, NULL, &separator) && call_int(rt, call, 1, -1, &count) &&
           text_split(rt, call->self.string, separator, count < 0 ? -1 : count, from_right, l) &&
           give_list(l, out);
}

static bool string_split(struct runtime *rt, struct call *call, struct value *out) {
    return split(rt, call, false, out);
}

static bool string_rsplit(struct runtime *rt, struct call *call, struct value *out) {
    return split(rt, call, true, out);
}

/* (before, separator, after); the whole at one end where the separator is not. */
static bool partition(struct runtime *rt, struct call *call, bool from_right, struct value *out) {
    const struct string *s = call->self.string, *separator;
    struct list *parts = list_new(rt, 0), *l = list_new(rt, 3);
    const struct string *empty = string_new(rt, "", 0, false);
    if (!parts || !l || !empty || !need_text(rt, call, 0, &separator) ||
        !text_split(rt, s, separator, 1, from_right, parts))
        return false;
    const bool found = parts->n == 2;
    const struct value nothing = value_of_string(empty), whole = value_of_string(s);
    const struct value middle = found ? value_of_string(separator) : nothing;
    const struct value first = found ? parts->items[0] : from_right ? nothing : whole;
    const struct value last = found ? parts->items[1] : from_right ? whole : nothing;
    if (!list_push(rt, l, first) || !list_push(rt, l, middle) || !list_push(rt, l, last))
        return false;
    *out = value_of_list(V_TUPLE, l);
    return true;
}

static bool string_partition(struct runtime *rt, struct call *call, struct value *out) {
    return partition(rt, call, false, out);
}

static bool string_rpartition(struct runtime *rt, struct call *call, struct value *out) {
    return partition(rt, call, true, out);
}

static bool string_splitlines(struct runtime *rt, struct call *call, struct value *out) {
    struct list *l = list_new(rt, 0);
    return l && text_lines(rt, call->self.string, call_flag(call, 0, false), l) &&
           give_list(l, out);
}

static bool has_affix(const struct string *s, const struct string *affix, bool at_end) {
    if (affix->n > s->n) return false;
    return memcmp(s->data + (at_end ? s->n - affix->n : 0), affix->data, affix->n) == 0;
}

/* A string, or a tuple of which any will do. */
static bool affixed(struct runtime *rt, struct call *call, bool at_end, struct value *out) {
    const struct value *v = &call->bound[0];
    const struct list single = {.items = &call->bound[0], .n = 1};
    const struct list *choices = v->type == V_TUPLE ? v->list : &single;
    bool holds = false;
    for (size_t i = 0; i < choices->n && !holds; i++) {
        const struct value *one = &choices->items[i];
        if (one->type != V_STRING)
            return rt_fail(rt, ERR_INVALID, _("startswith and endswith need a string, not %s"),
                           value_type_name(one));
        if (!rt_bytes(rt, one->string->n + RUNTIME_BYTES_PER_STEP)) return false;
        holds = has_affix(call->self.string, one->string, at_end);
    }
    *out = value_of_bool(holds);
    return true;
}

static bool string_startswith(struct runtime *rt, struct call *call, struct value *out) {
    return affixed(rt, call, false, out);
}

static bool string_endswith(struct runtime *rt, struct call *call, struct value *out) {
    return affixed(rt, call, true, out);
}

static bool string_removeprefix(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = call->self.string, *affix;
    if (!need_text(rt, call, 0, &affix)) return false;
    return give(has_affix(s, affix, false) ? string_slice(rt, s, affix->n, s->n) : s, out);
}

static bool string_removesuffix(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = call->self.string, *affix;
    if (!need_text(rt, call, 0, &affix)) return false;
    return give(has_affix(s, affix, true) ? string_slice(rt, s, 0, s->n - affix->n) : s, out);
}

static bool string_replace(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *from, *to;
    int64_t count;
    return need_text(rt, call, 0, &from) && need_text(rt, call, 1, &to) &&
           call_int(rt, call, 2, -1, &count) &&
           give(text_replace(rt, call->self.string, from, to, count < 0 ? -1 : count), out);
}

/* Where it stands, in code points; -1: nowhere. */
static bool find(struct runtime *rt, struct call *call, bool from_right, int64_t *out) {
    const struct string *s = call->self.string, *what;
    *out = -1;
    if (!need_text(rt, call, 0, &what) || !rt_bytes(rt, s->n)) return false;
    size_t at = string_find(s, what, 0);
    if (from_right && at != SIZE_MAX) {
        struct list *parts = list_new(rt, 0);
        if (what->n == 0)
            at = s->n;
        else if (!parts || !text_split(rt, s, what, 1, true, parts))
            return false;
        else
            at = parts->items[0].string->n;
    }
    if (at == SIZE_MAX) return true;
    const struct string before = {.data = s->data, .n = at};
    *out = (int64_t)string_length(&before);
    return true;
}

static bool string_find_left(struct runtime *rt, struct call *call, struct value *out) {
    int64_t at;
    if (!find(rt, call, false, &at)) return false;
    *out = value_of_int(at);
    return true;
}

static bool string_rfind(struct runtime *rt, struct call *call, struct value *out) {
    int64_t at;
    if (!find(rt, call, true, &at)) return false;
    *out = value_of_int(at);
    return true;
}

static bool string_index(struct runtime *rt, struct call *call, struct value *out) {
    return string_find_left(rt, call, out) &&
           (out->integer >= 0 || rt_fail(rt, ERR_INVALID, _("index: the text is not there")));
}

static bool string_count(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = call->self.string, *what;
    int64_t n = 0;
    if (!need_text(rt, call, 0, &what) || !rt_bytes(rt, s->n)) return false;
    if (what->n == 0) {
        *out = value_of_int((int64_t)string_length(s) + 1);
        return true;
    }
    for (size_t at = 0; (at = string_find(s, what, at)) != SIZE_MAX; at += what->n, n++)
        if (!rt_steps(rt, 1)) return false;
    *out = value_of_int(n);
    return true;
}

static bool string_join(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    return value_items(rt, &call->bound[0], &items) &&
           text_join(rt, call->self.string, items, true, out);
}

static bool string_upper(struct runtime *rt, struct call *call, struct value *out) {
    return give(text_case(rt, call->self.string, CASE_UPPER), out);
}

static bool string_lower(struct runtime *rt, struct call *call, struct value *out) {
    return give(text_case(rt, call->self.string, CASE_LOWER), out);
}

static bool string_title(struct runtime *rt, struct call *call, struct value *out) {
    return give(text_case(rt, call->self.string, CASE_TITLE_METHOD), out);
}

static bool string_capitalize(struct runtime *rt, struct call *call, struct value *out) {
    return give(text_case(rt, call->self.string, CASE_CAPITALIZE), out);
}

/* Whether there are characters and all are of the kind. */
static bool all_are(struct runtime *rt, struct call *call, bool (*is)(uint32_t cp),
                    struct value *out) {
    const struct string *s = call->self.string;
    bool holds = s->n > 0;
    if (!rt_bytes(rt, s->n)) return false;
    for (size_t at = 0; at < s->n && holds;) {
        uint32_t cp;
        at += char_decode(s->data + at, s->n - at, &cp);
        holds = is(cp);
    }
    *out = value_of_bool(holds);
    return true;
}

static bool is_alnum(uint32_t cp) {
    return char_is_letter(cp) || char_is_digit(cp);
}

static bool string_isalpha(struct runtime *rt, struct call *call, struct value *out) {
    return all_are(rt, call, char_is_letter, out);
}

static bool string_isdigit(struct runtime *rt, struct call *call, struct value *out) {
    return all_are(rt, call, char_is_digit, out);
}

static bool string_isalnum(struct runtime *rt, struct call *call, struct value *out) {
    return all_are(rt, call, is_alnum, out);
}

static bool string_isspace(struct runtime *rt, struct call *call, struct value *out) {
    return all_are(rt, call, char_is_space, out);
}

static bool string_isupper(struct runtime *rt, struct call *call, struct value *out) {
    *out = value_of_bool(text_has_case(call->self.string, true));
    return rt_bytes(rt, call->self.string->n);
}

static bool string_islower(struct runtime *rt, struct call *call, struct value *out) {
    *out = value_of_bool(text_has_case(call->self.string, false));
    return rt_bytes(rt, call->self.string->n);
}

/* "{} {0} {name}".format(...), without format specifications. */
static bool string_format(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *s = call->self.string;
    struct builder b = {0};
    size_t automatic = 0;
    for (size_t at = 0; at < s->n;) {
        const char c = s->data[at];
        const bool doubled = at + 1 < s->n && s->data[at + 1] == c;
        if ((c != '{' && c != '}') || doubled) {
            if (!rt_steps(rt, 1) || !builder_add(rt, &b, &c, 1, string_mark(s, at))) return false;
            at += doubled && (c == '{' || c == '}') ? 2 : 1;
            continue;
        }
        const char *close = c == '{' ? memchr(s->data + at, '}', s->n - at) : NULL;
        if (!close) return rt_fail(rt, ERR_INVALID, _("format: a brace stands alone"));
        const size_t end = (size_t)(close - s->data);
        const struct string field = {.data = s->data + at + 1, .n = end - at - 1};
        const struct value *v = NULL;
        int64_t position = field.n ? -1 : (int64_t)automatic++;
        if (field.n && field.data[0] >= '0' && field.data[0] <= '9')
            text_to_int(&field, 10, &position);
        if (position >= 0 && (uint64_t)position < call->n_positional)
            v = &call->positional[position];
        for (size_t i = 0; !v && field.n && i < call->n_named; i++)
            if (string_equal(call->named[i].name, &field)) v = &call->named[i].value;
        if (!v)
            return rt_fail(rt, ERR_UNSUPPORTED,
                           _("format: a field has no value, or a form that "
                             "is not supported"));
        const struct string *text = value_string(rt, v);
        if (!text || !builder_string(rt, &b, text)) return false;
        at = end + 1;
    }
    return builder_value(rt, &b, out);
}

const struct builtin string_methods[] = {
    {"strip", string_strip_both, {"chars"}, 0, false},
    {"lstrip", string_lstrip, {"chars"}, 0, false},
    {"rstrip", string_rstrip, {"chars"}, 0, false},
    {"split", string_split, {"sep", "maxsplit"}, 0, false},
    {"rsplit", string_rsplit, {"sep", "maxsplit"}, 0, false},
    {"partition", string_partition, {"sep"}, 1, false},
    {"rpartition", string_rpartition, {"sep"}, 1, false},
    {"splitlines", string_splitlines, {"keepends"}, 0, false},
    {"startswith", string_startswith, {"prefix"}, 1, false},
    {"endswith", string_endswith, {"suffix"}, 1, false},
    {"removeprefix", string_removeprefix, {"prefix"}, 1, false},
    {"removesuffix", string_removesuffix, {"suffix"}, 1, false},
    {"replace", string_replace, {"old", "new", "count"}, 2, false},
    {"find", string_find_left, {"sub"}, 1, false},
    {"rfind", string_rfind, {"sub"}, 1, false},
    {"index", string_index, {"sub"}, 1, false},
    {"count", string_count, {"sub"}, 1, false},
    {"join", string_join, {"iterable"}, 1, false},
    {"upper", string_upper, {NULL}, 0, false},
    {"lower", string_lower, {NULL}, 0, false},
    {"title", string_title, {NULL}, 0, false},
    {"capitalize", string_capitalize, {NULL}, 0, false},
    {"isalpha", string_isalpha, {NULL}, 0, false},
    {"isdigit", string_isdigit, {NULL}, 0, false},
    {"isnumeric", string_isdigit, {NULL}, 0, false},
    {"isdecimal", string_isdigit, {NULL}, 0, false},
    {"isalnum", string_isalnum, {NULL}, 0, false},
    {"isspace", string_isspace, {NULL}, 0, false},
    {"isupper", string_isupper, {NULL}, 0, false},
    {"islower", string_islower, {NULL}, 0, false},
    {"format", string_format, {NULL}, 0, true},
    {NULL, NULL, {NULL}, 0, false},
};

/* --- lists --- */

/* Those that change a list: a tuple never changes. */
static bool need_list(struct runtime *rt, const struct call *call) {
    return call->self.type == V_LIST || rt_fail(rt, ERR_INVALID, _("a tuple cannot be changed"));
}

static bool list_append(struct runtime *rt, struct call *call, struct value *out) {
    return need_list(rt, call) && list_push(rt, call->self.list, call->bound[0]) && give_none(out);
}

static bool list_extend(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *items;
    if (!need_list(rt, call) || !value_items(rt, &call->bound[0], &items)) return false;
    for (size_t i = 0, n = items->n; i < n; i++)
        if (!list_push(rt, call->self.list, items->items[i])) return false;
    return give_none(out);
}

static bool list_insert(struct runtime *rt, struct call *call, struct value *out) {
    struct list *l = call->self.list;
    int64_t at;
    if (!need_list(rt, call) || !call_int(rt, call, 0, 0, &at)) return false;
    const int64_t n = (int64_t)l->n;
    if (at < 0) at += n;
    at = at < 0 ? 0 : at > n ? n : at;
    if (!list_push(rt, l, call->bound[1]) || !rt_steps(rt, l->n - (size_t)at)) return false;
    memmove(l->items + at + 1, l->items + at, (size_t)(n - at) * sizeof(*l->items));
    l->items[at] = call->bound[1];
    return give_none(out);
}

static bool list_pop(struct runtime *rt, struct call *call, struct value *out) {
    struct list *l = call->self.list;
    int64_t at;
    if (!need_list(rt, call) || !call_int(rt, call, 0, -1, &at)) return false;
    if (at < 0) at += (int64_t)l->n;
    if (at < 0 || (size_t)at >= l->n)
        return rt_fail(rt, ERR_INVALID, _("pop: the list has no such item"));
    *out = l->items[at];
    l->n--;
    memmove(l->items + at, l->items + at + 1, (l->n - (size_t)at) * sizeof(*l->items));
    return rt_steps(rt, l->n - (size_t)at);
}

static bool list_index(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *l = call->self.list;
    for (size_t i = 0; i < l->n; i++) {
        if (!rt_steps(rt, 1)) return false;
        if (!value_equal(rt, &l->items[i], &call->bound[0])) continue;
        *out = value_of_int((int64_t)i);
        return true;
    }
    return rt_fail(rt, ERR_INVALID, _("index: the list has no such item"));
}

static bool list_count(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *l = call->self.list;
    int64_t n = 0;
    for (size_t i = 0; i < l->n && rt_steps(rt, 1); i++)
        n += value_equal(rt, &l->items[i], &call->bound[0]);
    *out = value_of_int(n);
    return true;
}

static bool list_turn(struct runtime *rt, struct call *call, struct value *out) {
    if (!need_list(rt, call) || !rt_steps(rt, call->self.list->n)) return false;
    list_reverse(call->self.list);
    return give_none(out);
}

const struct builtin list_methods[] = {
    {"append", list_append, {"object"}, 1, false},
    {"extend", list_extend, {"iterable"}, 1, false},
    {"insert", list_insert, {"index", "object"}, 2, false},
    {"pop", list_pop, {"index"}, 0, false},
    {"index", list_index, {"value"}, 1, false},
    {"count", list_count, {"value"}, 1, false},
    {"reverse", list_turn, {NULL}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};

/* --- mappings --- */

static bool dict_get(struct runtime *rt, struct call *call, struct value *out) {
    const struct entry *e = dict_find(rt, call->self.dict, &call->bound[0]);
    if (e)
        *out = e->value;
    else if (call->bound[1].type != V_ABSENT)
        *out = call->bound[1];
    else
        give_none(out);
    return true;
}

static bool dict_keys(struct runtime *rt, struct call *call, struct value *out) {
    const struct list *keys;
    if (!value_items(rt, &call->self, &keys)) return false;
    return give_list((struct list *)(uintptr_t)keys, out); /* made for this call */
}

static bool dict_values(struct runtime *rt, struct call *call, struct value *out) {
    const struct dict *d = call->self.dict;
    struct list *l = list_new(rt, d->n);
    for (size_t i = 0; l && i < d->n; i++)
        if (!list_push(rt, l, d->entries[i].value)) return false;
    return give_list(l, out);
}

static bool dict_items(struct runtime *rt, struct call *call, struct value *out) {
    static const struct string name = {.data = "items", .n = 5};
    return builtin_call(rt, filter_find(&name), call, out);
}

static bool dict_pop(struct runtime *rt, struct call *call, struct value *out) {
    struct dict *d = call->self.dict;
    struct entry *e = dict_find(rt, d, &call->bound[0]);
    if (rt->status || !rt_steps(rt, d->n)) return false;
    if (!e && call->bound[1].type == V_ABSENT)
        return rt_fail(rt, ERR_INVALID, _("pop: the mapping has no such key"));
    *out = e ? e->value : call->bound[1];
    if (e) dict_remove(d, e);
    return true;
}

static bool dict_update(struct runtime *rt, struct call *call, struct value *out) {
    if (call->n_positional > 1 || (call->n_positional && call->positional[0].type != V_DICT))
        return rt_fail(rt, ERR_UNSUPPORTED, _("update needs one mapping"));
    if (call->n_positional) {
        const struct dict from = *call->positional[0].dict; /* it may be the very same one */
        for (size_t i = 0; i < from.n; i++)
            if (!dict_set(rt, call->self.dict, from.entries[i].key, from.entries[i].value))
                return false;
    }
    for (size_t i = 0; i < call->n_named; i++)
        if (!dict_set(rt, call->self.dict, value_of_string(call->named[i].name),
                      call->named[i].value))
            return false;
    return give_none(out);
}

static bool dict_setdefault(struct runtime *rt, struct call *call, struct value *out) {
    const struct entry *e = dict_find(rt, call->self.dict, &call->bound[0]);
    if (rt->status) return false;
    if (e)
        *out = e->value;
    else if (call->bound[1].type == V_ABSENT)
        give_none(out);
    else
        *out = call->bound[1];
    return e || dict_set(rt, call->self.dict, call->bound[0], *out);
}

static bool dict_copy(struct runtime *rt, struct call *call, struct value *out) {
    struct dict *d = dict_new(rt);
    const struct dict *from = call->self.dict;
    for (size_t i = 0; d && i < from->n; i++)
        if (!dict_set(rt, d, from->entries[i].key, from->entries[i].value)) return false;
    *out = value_of_dict(V_DICT, d);
    return d != NULL;
}

const struct builtin dict_methods[] = {
    {"get", dict_get, {"key", "default"}, 1, false},
    {"items", dict_items, {NULL}, 0, false},
    {"keys", dict_keys, {NULL}, 0, false},
    {"values", dict_values, {NULL}, 0, false},
    {"pop", dict_pop, {"key", "default"}, 1, false},
    {"update", dict_update, {NULL}, 0, true},
    {"setdefault", dict_setdefault, {"key", "default"}, 1, false},
    {"copy", dict_copy, {NULL}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};

/* --- cyclers and loops --- */

static bool cycler_next(struct runtime *rt, struct call *call, struct value *out) {
    struct cycler *c = call->self.cycler;
    *out = c->items->items[c->at];
    c->at = (c->at + 1) % c->items->n;
    return true;
}

static bool cycler_reset(struct runtime *rt, struct call *call, struct value *out) {
    call->self.cycler->at = 0;
    return give_none(out);
}

const struct builtin cycler_methods[] = {
    {"next", cycler_next, {NULL}, 0, false},
    {"reset", cycler_reset, {NULL}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};

static bool loop_cycle(struct runtime *rt, struct call *call, struct value *out) {
    if (call->n_positional == 0)
        return rt_fail(rt, ERR_INVALID, _("loop.cycle needs items to choose from"));
    *out = call->positional[call->self.loop->at % call->n_positional];
    return true;
}

const struct builtin loop_methods[] = {
    {"cycle", loop_cycle, {NULL}, 0, true},
    {NULL, NULL, {NULL}, 0, false},
};
