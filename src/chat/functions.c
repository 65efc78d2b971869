/* SPDX-License-Identifier: MIT
 *
 * The functions of the environment: Jinja's range, dict, namespace, cycler and joiner, and what
 * transformers adds, raise_exception and strftime_now.
 */
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "chat/characters.h"
#include "chat/eval.h"
#include "chat/text_tools.h"

enum { RANGE_MAX = 100000, /* as in Jinja's sandbox */ RAISED_SHOWN_MAX = 300 };

static bool function_range(struct runtime *rt, struct call *call, struct value *out) {
    int64_t start = 0, stop, step;
    const bool one = call->bound[1].type == V_ABSENT;
    if ((!one && !call_int(rt, call, 0, 0, &start)) || !call_int(rt, call, !one, 0, &stop) ||
        !call_int(rt, call, 2, 1, &step))
        return false;
    if (step == 0) return rt_fail(rt, ERR_INVALID, _("range cannot step by 0"));
    struct list *l = list_new(rt, 0);
    if (!l) return false;
    for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
        if (l->n == RANGE_MAX)
            return rt_fail(rt, ERR_LIMIT, _("range gives more than %d numbers"), RANGE_MAX);
        if (!list_push(rt, l, value_of_int(i))) return false;
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    *out = value_of_list(V_LIST, l);
    return true;
}

/* Keywords, over a mapping if one is given first. */
static bool make_mapping(struct runtime *rt, struct call *call, enum value_type type,
                         struct value *out) {
    static const struct string name = {.data = "update", .n = 6};
    struct dict *d = dict_new(rt);
    if (!d) return false;
    struct call update = *call;
    struct value ignored;
    update.self = value_of_dict(V_DICT, d);
    if (!builtin_call(rt, builtin_find(dict_methods, &name), &update, &ignored)) return false;
    *out = value_of_dict(type, d);
    return true;
}

static bool function_dict(struct runtime *rt, struct call *call, struct value *out) {
    return make_mapping(rt, call, V_DICT, out);
}

static bool function_namespace(struct runtime *rt, struct call *call, struct value *out) {
    return make_mapping(rt, call, V_NAMESPACE, out);
}

static bool function_cycler(struct runtime *rt, struct call *call, struct value *out) {
    struct cycler *c = rt_alloc(rt, sizeof(*c));
    if (call->n_positional == 0) return rt_fail(rt, ERR_INVALID, _("cycler needs items"));
    if (!c || !(c->items = list_new(rt, call->n_positional))) return false;
    for (size_t i = 0; i < call->n_positional; i++)
        if (!list_push(rt, c->items, call->positional[i])) return false;
    *out = (struct value){.type = V_CYCLER, .cycler = c};
    return true;
}

static bool function_joiner(struct runtime *rt, struct call *call, struct value *out) {
    static const struct string comma = {.data = ", ", .n = 2};
    struct joiner *j = rt_alloc(rt, sizeof(*j));
    if (!j || !call_text(rt, call, 0, &comma, &j->separator)) return false;
    if (!j->separator) j->separator = &comma;
    *out = (struct value){.type = V_JOINER, .joiner = j};
    return true;
}

/* The message goes to the caller whole; the error, which may be logged, holds it only if no text of
 * the caller's is in it. */
static bool function_raise(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *message = value_string(rt, &call->bound[0]);
    if (!message) return false;
    rt->raised = mem_strndup(message->data, message->n);
    if (!rt->raised) return rt_fail(rt, ERR_NOMEM, _("not enough memory for a message"));
    if (string_has_data(message))
        return rt_fail(rt, ERR_INVALID, _("the template refuses the messages"));
    return rt_fail(rt, ERR_INVALID, _("the template refuses the messages: %.*s"),
                   (int)char_clip(rt->raised, strlen(rt->raised), RAISED_SHOWN_MAX), rt->raised);
}

/* --- strftime --- */

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* One conversion, in English whatever the locale; false: not known. */
static bool print_time(char text[64], char c, const struct tm *t) {
    const int hour12 = t->tm_hour % 12 ? t->tm_hour % 12 : 12, size = 64;
    switch (c) {
    case 'Y': snprintf(text, size, "%d", t->tm_year + 1900); break;
    case 'y': snprintf(text, size, "%02d", (t->tm_year + 1900) % 100); break;
    case 'm': snprintf(text, size, "%02d", t->tm_mon + 1); break;
    case 'd': snprintf(text, size, "%02d", t->tm_mday); break;
    case 'e': snprintf(text, size, "%2d", t->tm_mday); break;
    case 'j': snprintf(text, size, "%03d", t->tm_yday + 1); break;
    case 'B': snprintf(text, size, "%s", months[t->tm_mon]); break;
    case 'b':
    case 'h': snprintf(text, size, "%.3s", months[t->tm_mon]); break;
    case 'A': snprintf(text, size, "%s", days[t->tm_wday]); break;
    case 'a': snprintf(text, size, "%.3s", days[t->tm_wday]); break;
    case 'H': snprintf(text, size, "%02d", t->tm_hour); break;
    case 'I': snprintf(text, size, "%02d", hour12); break;
    case 'M': snprintf(text, size, "%02d", t->tm_min); break;
    case 'S': snprintf(text, size, "%02d", t->tm_sec); break;
    case 'p': snprintf(text, size, "%s", t->tm_hour < 12 ? "AM" : "PM"); break;
    case 'F':
        snprintf(text, size, "%d-%02d-%02d", t->tm_year + 1900, t->tm_mon + 1, t->tm_mday);
        break;
    case 'T': snprintf(text, size, "%02d:%02d:%02d", t->tm_hour, t->tm_min, t->tm_sec); break;
    case '%': snprintf(text, size, "%%"); break;
    default: return false;
    }
    return true;
}

static bool function_strftime(struct runtime *rt, struct call *call, struct value *out) {
    const struct string *format;
    struct builder b = {0};
    if (!call_text(rt, call, 0, NULL, &format)) return false;
    if (!format) return rt_fail(rt, ERR_INVALID, _("strftime_now needs a format"));
    for (size_t at = 0; at < format->n; at++) {
        const bool mark = string_mark(format, at);
        char text[64] = {format->data[at], '\0'};
        if (text[0] == '%') {
            const bool is_short = ++at < format->n && format->data[at] == '-'; /* %-d: no zero */
            if (is_short) at++;
            if (at >= format->n || !print_time(text, format->data[at], &rt->now))
                return rt_fail(rt, ERR_UNSUPPORTED, _("strftime_now: the format is not supported"));
            if (is_short && text[0] == '0' && text[1]) memmove(text, text + 1, strlen(text));
        }
        if (!rt_steps(rt, 1) || !builder_add(rt, &b, text, text[0] ? strlen(text) : 1, mark))
            return false;
    }
    return builder_value(rt, &b, out);
}

static const struct builtin functions[] = {
    {"raise_exception", function_raise, {"message"}, 1, false},
    {"strftime_now", function_strftime, {"format"}, 1, false},
    {"namespace", function_namespace, {NULL}, 0, true},
    {"range", function_range, {"start", "stop", "step"}, 1, false},
    {"dict", function_dict, {NULL}, 0, true},
    {"cycler", function_cycler, {NULL}, 0, true},
    {"joiner", function_joiner, {"sep"}, 0, false},
    {NULL, NULL, {NULL}, 0, false},
};

const struct builtin *function_find(const struct string *name) {
    return name->n ? builtin_find(functions, name) : NULL;
}
