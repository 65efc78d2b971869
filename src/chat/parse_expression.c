/* SPDX-License-Identifier: MIT
 *
 * Expressions. The ranks, from the loosest: if-else, or, and, not, comparisons, + -, ~, * / // %,
 * ** (from the left, as in Jinja), signs, then attributes, calls, filters and tests.
 */
#include <string.h>

#include "base/intl.h"
#include "chat/builtins.h"
#include "chat/parse.h"

static struct node *make_node(struct parser *p, enum node_kind kind) {
    struct node *node = parser_make(p, sizeof(*node));
    if (!node) return NULL;
    node->kind = (uint8_t)kind;
    node->line = p->current.line;
    return node;
}

/* Appends to a list of items; `last` is where the next one is hung in. */
static void add_item(struct node *list, struct node ***last, struct node *item) {
    if (!list || !item) return;
    **last = item;
    *last = &item->next;
    list->n++;
}

static const struct string *tree_string(struct parser *p, const char *data, size_t n) {
    struct string *s = parser_make(p, sizeof(*s));
    if (s) *s = (struct string){.data = data, .n = n};
    return s;
}

static struct node *make_const(struct parser *p, struct value v) {
    struct node *node = make_node(p, NODE_CONST);
    if (node) node->constant = v;
    return node;
}

/* Strings that stand side by side are one. */
static struct node *parse_string(struct parser *p) {
    struct node *node = make_node(p, NODE_CONST);
    const struct lexeme first = p->current;
    parser_next(p);
    const char *data = first.text;
    size_t n = first.n, capacity = 0;
    char *joined = NULL;
    while (p->current.kind == LEX_STRING && node) {
        if (!joined || n + p->current.n > capacity) {
            capacity = (n + p->current.n) * 2;
            char *more = parser_make(p, capacity);
            if (!more) return NULL;
            memcpy(more, data, n);
            data = joined = more;
        }
        memcpy(joined + n, p->current.text, p->current.n);
        n += p->current.n;
        parser_next(p);
    }
    if (node) node->constant = value_of_string(tree_string(p, data, n));
    return node && node->constant.string ? node : NULL;
}

static struct node *parse_list(struct parser *p) {
    struct node *list = make_node(p, NODE_LIST);
    struct node **last = list ? &list->items : NULL;
    parser_next(p);
    while (p->current.kind != ']' && p->current.kind != LEX_FAILED) {
        if (list && list->n) {
            parser_expect(p, ',', "','");
            if (p->current.kind == ']') break;
        }
        add_item(list, &last, parse_expression(p));
    }
    parser_expect(p, ']', "']'");
    return list;
}

static struct node *parse_dict(struct parser *p) {
    struct node *dict = make_node(p, NODE_DICT);
    struct node **last = dict ? &dict->items : NULL;
    parser_next(p);
    while (p->current.kind != '}' && p->current.kind != LEX_FAILED) {
        if (dict && dict->n) {
            parser_expect(p, ',', "','");
            if (p->current.kind == '}') break;
        }
        add_item(dict, &last, parse_expression(p));
        parser_expect(p, ':', "':'");
        add_item(dict, &last, parse_expression(p));
    }
    parser_expect(p, '}', "'}'");
    return dict;
}

/* "(a)", "(a, b)", "(a,)", "()" */
static struct node *parse_parentheses(struct parser *p) {
    parser_next(p);
    if (p->current.kind == ')') {
        struct node *empty = make_node(p, NODE_TUPLE);
        parser_next(p);
        return empty;
    }
    struct node *inner = parse_tuple(p, true);
    parser_expect(p, ')', "')'");
    return inner;
}

static struct node *parse_name(struct parser *p) {
    static const struct {
        const char *name;
        uint8_t type;
        bool boolean;
    } constants[] = {{"true", V_BOOL, true},   {"True", V_BOOL, true}, {"false", V_BOOL, false},
                     {"False", V_BOOL, false}, {"none", V_NONE, 0},    {"None", V_NONE, 0}};
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
        if (parser_is_name(p, constants[i].name)) {
            struct node *node = make_const(
                p, (struct value){.type = constants[i].type, .boolean = constants[i].boolean});
            parser_next(p);
            return node;
        }
    struct node *node = make_node(p, NODE_NAME);
    const struct string *name = parser_name(p, "a name");
    if (node) node->name = name;
    return name ? node : NULL;
}

static struct node *parse_primary(struct parser *p) {
    struct node *node;
    switch (p->current.kind) {
    case LEX_NAME: return parse_name(p);
    case LEX_STRING: return parse_string(p);
    case LEX_INT: node = make_const(p, value_of_int(p->current.integer)); break;
    case LEX_FLOAT: node = make_const(p, value_of_float(p->current.real)); break;
    case '(': return parse_parentheses(p);
    case '[': return parse_list(p);
    case '{': return parse_dict(p);
    default: parser_unexpected(p, _("an expression")); return NULL;
    }
    parser_next(p);
    return node;
}

/* --- attributes, items, calls, filters, tests --- */

static struct step *make_step(struct parser *p, enum step_kind kind) {
    struct step *step = parser_make(p, sizeof(*step));
    if (!step) return NULL;
    step->kind = (uint8_t)kind;
    step->line = p->current.line;
    return step;
}

static struct argument *parse_arguments(struct parser *p) {
    struct argument *first = NULL, **last = &first;
    bool has_keyword = false;
    parser_expect(p, '(', "'('");
    while (p->current.kind != ')' && p->current.kind != LEX_FAILED) {
        if (first) {
            parser_expect(p, ',', "','");
            if (p->current.kind == ')') break;
        }
        struct argument *a = parser_make(p, sizeof(*a));
        if (!a) break;
        if (p->current.kind == LEX_NAME && parser_peek(p)->kind == '=') {
            a->keyword = parser_name(p, "a name");
            parser_next(p);
            has_keyword = true;
        } else if (has_keyword || p->current.kind == '*' || p->current.kind == LEX_POWER) {
            parser_unexpected(p, _("an argument by name"));
            break;
        }
        a->value = parse_expression(p);
        *last = a;
        last = &a->next;
    }
    parser_expect(p, ')', "')'");
    return first;
}

static struct step *parse_subscript(struct parser *p) {
    struct step *step = make_step(p, STEP_ITEM);
    parser_next(p);
    for (int i = 0; i < 3 && step; i++) {
        const int kind = p->current.kind;
        if (kind != ':' && kind != ']') step->bounds[i] = parse_expression(p);
        if (p->current.kind != ':' || i == 2) break;
        step->kind = STEP_SLICE;
        parser_next(p);
    }
    if (step && step->kind == STEP_ITEM && !step->bounds[0])
        parser_unexpected(p, _("an expression"));
    parser_expect(p, ']', "']'");
    return step;
}

static struct step *parse_attribute(struct parser *p) {
    parser_next(p);
    if (p->current.kind == LEX_INT) { /* a.0 is a[0] */
        struct step *item = make_step(p, STEP_ITEM);
        if (item) item->bounds[0] = make_const(p, value_of_int(p->current.integer));
        parser_next(p);
        return item;
    }
    struct step *step = make_step(p, STEP_ATTRIBUTE);
    const struct string *name = parser_name(p, _("the name of an attribute"));
    if (step) step->name = name;
    return step;
}

static struct step *parse_call(struct parser *p) {
    struct step *step = make_step(p, STEP_CALL);
    struct argument *arguments = parse_arguments(p);
    if (step) step->arguments = arguments;
    return step;
}

static struct step *parse_filter(struct parser *p) {
    struct step *step = make_step(p, STEP_FILTER);
    const struct string *name = parser_name(p, _("the name of a filter"));
    if (!step || !name) return NULL;
    step->name = name;
    step->builtin = filter_find(name);
    if (p->current.kind == '(') step->arguments = parse_arguments(p);
    return step;
}

struct step *parse_filters(struct parser *p, bool inline_) {
    struct step *first = NULL, **last = &first;
    while (inline_ || parser_skip(p, '|')) {
        inline_ = false;
        struct step *step = parse_filter(p);
        if (!step) break;
        *last = step;
        last = &step->next;
    }
    return first;
}

static struct node *parse_steps(struct parser *p, struct node *base, bool filters, bool postfix);

/* Whether a test's operand follows without parentheses: "is divisibleby 3". */
static bool at_operand(const struct parser *p) {
    switch (p->current.kind) {
    case LEX_NAME:
        return !parser_is_name(p, "else") && !parser_is_name(p, "or") &&
               !parser_is_name(p, "and") && !parser_is_name(p, "if") && !parser_is_name(p, "is");
    case LEX_STRING:
    case LEX_INT:
    case LEX_FLOAT:
    case '[':
    case '{': return true;
    default: return false;
    }
}

static struct step *parse_test(struct parser *p) {
    struct step *step = make_step(p, STEP_TEST);
    parser_next(p);
    const bool negated = parser_skip_name(p, "not");
    /* "is in", and "is ==" are names too */
    const struct string *name = parser_name(p, _("the name of a test"));
    if (!step || !name) return NULL;
    step->negated = negated;
    step->name = name;
    step->builtin = test_find(name);
    if (p->current.kind == '(') {
        step->arguments = parse_arguments(p);
    } else if (at_operand(p)) {
        struct argument *a = parser_make(p, sizeof(*a));
        struct node *operand = parse_steps(p, parse_primary(p), false, true);
        if (a) a->value = operand;
        step->arguments = a;
    }
    return step;
}

/* The next step, or NULL when there is none. */
static struct step *parse_step(struct parser *p, bool filters, bool postfix) {
    const int kind = p->current.kind;
    if (kind == '(') return parse_call(p);
    if (postfix && kind == '.') return parse_attribute(p);
    if (postfix && kind == '[') return parse_subscript(p);
    if (filters && parser_skip(p, '|')) return parse_filter(p);
    if (filters && parser_is_name(p, "is")) return parse_test(p);
    return NULL;
}

/* Attributes and items come first; behind the first filter or test they no longer may. */
static struct node *parse_steps(struct parser *p, struct node *base, bool filters, bool postfix) {
    struct node *node = NULL;
    struct step *step, **last = NULL;
    if (!base) return NULL;
    while ((step = parse_step(p, filters, postfix)) != NULL) {
        if (!node) {
            node = make_node(p, NODE_STEPS);
            if (!node) return NULL;
            node->line = base->line;
            node->first = base;
            last = &node->steps;
        }
        if (step->kind == STEP_FILTER || step->kind == STEP_TEST) postfix = false;
        *last = step;
        last = &step->next;
    }
    return node ? node : base;
}

/* --- operators --- */

static struct node *parse_unary(struct parser *p) {
    if (p->current.kind != '-' && p->current.kind != '+')
        return parse_steps(p, parse_primary(p), true, true);
    struct node *sign = make_node(p, NODE_SIGN);
    bool negative = false;
    while (p->current.kind == '-' || p->current.kind == '+') {
        negative ^= p->current.kind == '-';
        parser_next(p);
    }
    struct node *operand = parse_steps(p, parse_primary(p), false, true);
    if (!sign || !operand) return NULL;
    sign->negative = negative;
    sign->first = operand;
    return parse_steps(p, sign, true, false);
}

enum rank { RANK_SUM, RANK_CONCAT, RANK_PRODUCT, RANK_POWER, RANK_UNARY };

static bool is_of_rank(int kind, enum rank rank) {
    switch (rank) {
    case RANK_SUM: return kind == '+' || kind == '-';
    case RANK_CONCAT: return kind == '~';
    case RANK_PRODUCT: return kind == '*' || kind == '/' || kind == '%' || kind == LEX_FLOOR_DIVIDE;
    default: return kind == LEX_POWER;
    }
}

/* Hangs op and operand into the chain that begins with `first`; makes it if it is not there yet. */
static struct node *add_link(struct parser *p, struct node *chain, struct node *first,
                             enum node_kind kind, struct link ***last, struct link made) {
    if (!chain) {
        chain = make_node(p, kind);
        if (!chain || !first) return NULL;
        chain->line = first->line;
        chain->first = first;
        *last = &chain->links;
    }
    struct link *link = parser_make(p, sizeof(*link));
    if (!link) return NULL;
    *link = made;
    **last = link;
    *last = &link->next;
    return chain;
}

static struct node *parse_chain(struct parser *p, enum rank rank) {
    if (rank == RANK_UNARY) return parse_unary(p);
    struct node *first = parse_chain(p, rank + 1), *chain = NULL;
    struct link **last = NULL;
    while (is_of_rank(p->current.kind, rank)) {
        struct link link = {.op = p->current.kind, .line = p->current.line};
        parser_next(p);
        link.operand = parse_chain(p, rank + 1);
        chain = add_link(p, chain, first, NODE_CHAIN, &last, link);
        if (!chain) return NULL;
    }
    return chain ? chain : first;
}

/* The comparison that stands here, taken; 0: none does. */
static int take_comparison(struct parser *p) {
    const int kind = p->current.kind;
    if (kind == LEX_EQ || kind == LEX_NE || kind == LEX_LE || kind == LEX_GE || kind == '<' ||
        kind == '>') {
        parser_next(p);
        return kind;
    }
    if (parser_skip_name(p, "in")) return OP_IN;
    if (!parser_is_name(p, "not")) return 0;
    const struct lexeme *ahead = parser_peek(p);
    if (ahead->kind != LEX_NAME || ahead->n != 2 || memcmp(ahead->text, "in", 2) != 0) return 0;
    parser_next(p);
    parser_next(p);
    return OP_NOT_IN;
}

static struct node *parse_compare(struct parser *p) {
    struct node *first = parse_chain(p, RANK_SUM), *chain = NULL;
    struct link **last = NULL;
    for (;;) {
        struct link link = {.line = p->current.line};
        link.op = take_comparison(p);
        if (!link.op) return chain ? chain : first;
        link.operand = parse_chain(p, RANK_SUM);
        chain = add_link(p, chain, first, NODE_COMPARE, &last, link);
        if (!chain) return NULL;
    }
}

static struct node *parse_not(struct parser *p) {
    struct node *not = NULL;
    bool negated = false;
    while (parser_is_name(p, "not")) {
        if (!not ) not = make_node(p, NODE_NOT);
        negated = !negated;
        parser_next(p);
    }
    struct node *operand = parse_compare(p);
    if (!not ) return operand;
    not ->first = operand;
    not ->negative = negated;
    return operand ? not : NULL;
}

/* a and b and c, or the same with or. */
static struct node *parse_logic(struct parser *p, enum node_kind kind) {
    const char *word = kind == NODE_OR ? "or" : "and";
    struct node *first = kind == NODE_OR ? parse_logic(p, NODE_AND) : parse_not(p);
    if (!first || !parser_is_name(p, word)) return first;
    struct node *logic = make_node(p, kind);
    struct node **last = logic ? &logic->items : NULL;
    add_item(logic, &last, first);
    while (parser_skip_name(p, word))
        add_item(logic, &last, kind == NODE_OR ? parse_logic(p, NODE_AND) : parse_not(p));
    return logic;
}

/* a if b else c if d else e: a list by turns of values and tests. */
static struct node *parse_condition(struct parser *p) {
    struct node *first = parse_logic(p, NODE_OR);
    if (!first || !parser_is_name(p, "if")) return first;
    struct node *condition = make_node(p, NODE_CONDITION);
    struct node **last = condition ? &condition->items : NULL;
    add_item(condition, &last, first);
    while (parser_skip_name(p, "if")) {
        add_item(condition, &last, parse_logic(p, NODE_OR));
        if (!parser_skip_name(p, "else")) break;
        add_item(condition, &last, parse_logic(p, NODE_OR));
    }
    return condition;
}

static struct node *parse_bounded(struct parser *p, bool conditional) {
    if (!parser_enter(p)) return NULL;
    struct node *node = conditional ? parse_condition(p) : parse_logic(p, NODE_OR);
    parser_leave(p);
    return node;
}

struct node *parse_expression(struct parser *p) {
    return parse_bounded(p, true);
}

/* Whether a comma was the last thing of a tuple. */
static bool at_tuple_end(const struct parser *p) {
    switch (p->current.kind) {
    case LEX_BLOCK_END:
    case LEX_PRINT_END:
    case ')':
    case LEX_FAILED: return true;
    default: return parser_is_name(p, "in") || parser_is_name(p, "recursive");
    }
}

struct node *parse_tuple(struct parser *p, bool conditional) {
    struct node *first = parse_bounded(p, conditional);
    if (!first || p->current.kind != ',') return first;
    struct node *tuple = make_node(p, NODE_TUPLE);
    struct node **last = tuple ? &tuple->items : NULL;
    add_item(tuple, &last, first);
    while (parser_skip(p, ',') && !at_tuple_end(p))
        add_item(tuple, &last, parse_bounded(p, conditional));
    return tuple;
}

/* --- targets and parameters --- */

static struct node *parse_one_target(struct parser *p, bool attributes);

static struct node *parse_target_list(struct parser *p, bool attributes, int end) {
    struct node *first = parse_one_target(p, attributes);
    if (!first || p->current.kind != ',') return first;
    struct node *tuple = make_node(p, NODE_TUPLE);
    struct node **last = tuple ? &tuple->items : NULL;
    add_item(tuple, &last, first);
    while (parser_skip(p, ',') && p->current.kind != end && !parser_is_name(p, "in"))
        add_item(tuple, &last, parse_one_target(p, attributes));
    return tuple;
}

static struct node *parse_one_target(struct parser *p, bool attributes) {
    if (p->current.kind == '(' || p->current.kind == '[') {
        const int end = p->current.kind == '(' ? ')' : ']';
        if (!parser_enter(p)) return NULL;
        parser_next(p);
        struct node *inner = parse_target_list(p, attributes, end);
        parser_expect(p, end, end == ')' ? "')'" : "']'");
        parser_leave(p);
        return inner;
    }
    if (p->current.kind != LEX_NAME) {
        parser_unexpected(p, _("a name to assign to"));
        return NULL;
    }
    struct node *node = parse_name(p);
    if (node && node->kind == NODE_CONST) {
        parser_unexpected(p, _("a name to assign to, not a constant"));
        return NULL;
    }
    if (!attributes || p->current.kind != '.' || !node) return node;
    struct node *steps = make_node(p, NODE_STEPS);
    struct step *attribute = parse_attribute(p);
    if (!steps || !attribute) return NULL;
    steps->first = node;
    steps->steps = attribute;
    return steps;
}

struct node *parse_target(struct parser *p, bool attributes) {
    return parse_target_list(p, attributes, '=');
}

struct parameter *parse_parameters(struct parser *p) {
    struct parameter *first = NULL, **last = &first;
    parser_expect(p, '(', "'('");
    while (p->current.kind != ')' && p->current.kind != LEX_FAILED) {
        if (first) parser_expect(p, ',', "','");
        if (first && p->current.kind == ')') break;
        struct parameter *one = parser_make(p, sizeof(*one));
        const struct string *name = parser_name(p, _("the name of a parameter"));
        if (!one || !name) break;
        one->name = name;
        if (parser_skip(p, '=')) one->standard = parse_expression(p);
        *last = one;
        last = &one->next;
    }
    parser_expect(p, ')', "')'");
    return first;
}
