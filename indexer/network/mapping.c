/*
 * Partnership vocabulary: which events of a partnership contract mean what.
 *
 * The deployed contracts differ (and their ABI is not public), so nothing in C knows their event or
 * parameter names. A mapping names for each event its kind and, field by field, the parameter that
 * fills it; parameter types are checked against the field, and each kind says which fields it can
 * not do without. Role ids are mapped to role names in the same way.
 */
#include "network/load.h"

#include "base/hex.h"

#include <jansson.h>

static const char *const kind_names[PARTNERSHIP_KIND_COUNT + 1] = {
	[0] = "",
	[PARTNERSHIP_CREATED] = "created",
	[PARTNERSHIP_ROLE_GRANTED] = "role_granted",
	[PARTNERSHIP_ROLE_REVOKED] = "role_revoked",
	[PARTNERSHIP_PARTNER_ADDED] = "partner_added",
	[PARTNERSHIP_PARTNER_REMOVED] = "partner_removed",
	[PARTNERSHIP_SHARE_CHANGED] = "share_changed",
	[PARTNERSHIP_DUST_PARTNER] = "dust_partner",
	[PARTNERSHIP_REWARD_RECEIVED] = "reward_received",
	[PARTNERSHIP_ALLOCATED] = "allocated",
	[PARTNERSHIP_CLAIMED] = "claimed",
	[PARTNERSHIP_RESTAKED] = "restaked",
	[PARTNERSHIP_CAPITAL_IN] = "capital_in",
	[PARTNERSHIP_CAPITAL_OUT] = "capital_out",
	[PARTNERSHIP_PAUSED] = "paused",
	[PARTNERSHIP_UNPAUSED] = "unpaused",
};

enum form { FORM_ADDRESS, FORM_UINT, FORM_ROLE };

static const struct {
	const char *name;
	enum form form;
} fields[PF_COUNT] = {
	[PF_PARTNER] = {"partner", FORM_ADDRESS},
	[PF_ACCOUNT] = {"account", FORM_ADDRESS},
	[PF_RECIPIENT] = {"recipient", FORM_ADDRESS},
	[PF_AMOUNT] = {"amount", FORM_UINT},
	[PF_TOTAL] = {"total", FORM_UINT},
	[PF_SHARE_BPS] = {"share_bps", FORM_UINT},
	[PF_OLD_SHARE_BPS] = {"old_share_bps", FORM_UINT},
	[PF_VALIDATOR_ID] = {"validator_id", FORM_UINT},
	[PF_ROLE] = {"role", FORM_ROLE},
	[PF_OPERATOR] = {"operator", FORM_ADDRESS},
	[PF_ADMIN] = {"admin", FORM_ADDRESS},
};

/* Fields that a kind means nothing without. */
static const unsigned needed[PARTNERSHIP_KIND_COUNT] = {
	[PARTNERSHIP_ROLE_GRANTED] = 1u << PF_ROLE | 1u << PF_ACCOUNT,
	[PARTNERSHIP_ROLE_REVOKED] = 1u << PF_ROLE | 1u << PF_ACCOUNT,
	[PARTNERSHIP_PARTNER_ADDED] = 1u << PF_PARTNER,
	[PARTNERSHIP_PARTNER_REMOVED] = 1u << PF_PARTNER,
	[PARTNERSHIP_SHARE_CHANGED] = 1u << PF_PARTNER | 1u << PF_SHARE_BPS,
	[PARTNERSHIP_DUST_PARTNER] = 1u << PF_PARTNER,
	[PARTNERSHIP_REWARD_RECEIVED] = 1u << PF_AMOUNT,
	[PARTNERSHIP_ALLOCATED] = 1u << PF_PARTNER | 1u << PF_AMOUNT,
	[PARTNERSHIP_CLAIMED] = 1u << PF_PARTNER | 1u << PF_AMOUNT,
	[PARTNERSHIP_RESTAKED] = 1u << PF_AMOUNT,
	[PARTNERSHIP_CAPITAL_IN] = 1u << PF_PARTNER | 1u << PF_AMOUNT,
	[PARTNERSHIP_CAPITAL_OUT] = 1u << PF_PARTNER | 1u << PF_AMOUNT,
};

static const char *const roles[] = {"admin", "operator", "partner", "user", NULL};

const char *partnership_kind_name(enum partnership_kind k)
{
	return k > 0 && k < PARTNERSHIP_KIND_COUNT ? kind_names[k] : "unknown";
}

const char *partnership_field_name(enum partnership_field f)
{
	return f < PF_COUNT ? fields[f].name : "unknown";
}

static bool fits(const struct abi_type *t, enum form form)
{
	if (t->dim_count)
		return false;
	if (form == FORM_ADDRESS)
		return t->base == ABI_ADDRESS;
	if (form == FORM_UINT)
		return t->base == ABI_UINT;
	return t->base == ABI_FIXED_BYTES || t->base == ABI_UINT;
}

static bool read_field(struct reader *r, const json_t *list, unsigned f, struct mapping_event *m)
{
	const char *param = NULL;
	size_t mark;

	if (!reader_str(r, list, fields[f].name, &param))
		return false;
	if (!param)
		return true;
	mark = reader_in(r, fields[f].name);
	for (size_t i = 0; i < m->event->param_count; i++) {
		const struct abi_param *p = &m->event->params[i];

		if (strcmp(p->name, param) != 0)
			continue;
		if (!fits(&p->type, fields[f].form))
			return reader_fail(r, "the type of parameter \"%s\" does not fit", param);
		m->param[f] = (int)i;
		reader_out(r, mark);
		return true;
	}
	return reader_fail(
		r, "event %.100s has no parameter \"%.60s\"", m->event->signature, param);
}

static bool read_fields(struct reader *r, const json_t *v, struct mapping_event *m)
{
	const json_t *list = json_object_get(v, "fields");
	size_t mark = reader_in(r, "fields");

	if (list && !reader_object(r, list,
			    "partner account recipient amount total share_bps "
			    "old_share_bps validator_id role operator admin"))
		return false;
	for (unsigned f = 0; f < PF_COUNT; f++) {
		m->param[f] = -1;
		if (list && !read_field(r, list, f, m))
			return false;
		if (m->param[f] < 0 && needed[m->kind] & 1u << f)
			return reader_fail(r, "kind \"%s\" needs field \"%s\"", kind_names[m->kind],
				fields[f].name);
	}
	reader_out(r, mark);
	return true;
}

static bool read_event(struct reader *r, const char *name, const json_t *v,
	const struct contract *c, struct mapping_event *m)
{
	unsigned kind = 0;
	bool more;

	m->event = contract_event(c, name, &more);
	if (!m->event)
		return reader_fail(r, "contract %s has no event of that name", c->name);
	if (more)
		return reader_fail(r,
			"contract %s has several events of that name; give the "
			"signature",
			c->name);
	if (!reader_object(r, v, "kind! fields note") ||
		!reader_word(r, v, "kind", kind_names + 1, &kind))
		return false;
	m->kind = kind + 1;
	return read_fields(r, v, m);
}

static bool read_events(
	struct reader *r, const json_t *v, const struct contract *c, struct mapping *m)
{
	const char *name;
	json_t *item;

	if (!json_is_object(v))
		return reader_fail(r, "must be an object of event names");
	m->events = arena_calloc(r->mem, json_object_size(v) + 1, sizeof(*m->events));
	json_object_foreach((json_t *)v, name, item)
	{
		size_t mark = reader_in(r, name);

		if (!read_event(r, name, item, c, &m->events[m->event_count]))
			return false;
		for (size_t i = 0; i < m->event_count; i++)
			if (m->events[i].event == m->events[m->event_count].event)
				return reader_fail(r, "this event is mapped twice");
		m->event_count++;
		reader_out(r, mark);
	}
	return true;
}

static bool read_roles(struct reader *r, const json_t *v, struct mapping *m)
{
	const char *id;
	json_t *item;

	if (!json_is_object(v))
		return reader_fail(r, "must be an object of role ids");
	m->roles = arena_calloc(r->mem, json_object_size(v) + 1, sizeof(*m->roles));
	json_object_foreach((json_t *)v, id, item)
	{
		struct mapping_role *role = &m->roles[m->role_count];
		size_t mark = reader_in(r, id), i = 0;

		if (!hex_fixed(role->id.b, 32, id, strlen(id)))
			return reader_fail(r, "the role id must be 0x and 64 hex digits");
		for (size_t k = 0; k < m->role_count; k++)
			if (hash_eq(&m->roles[k].id, &role->id))
				return reader_fail(r, "this role id is given twice");
		while (roles[i] &&
			(!json_is_string(item) || strcmp(json_string_value(item), roles[i])))
			i++;
		if (!roles[i])
			return reader_fail(r, "must be admin, operator, partner or user");
		role->role = roles[i];
		m->role_count++;
		reader_out(r, mark);
	}
	return true;
}

bool mapping_read(struct reader *r, const json_t *v, const char *name, const struct contract *c,
	struct mapping **out)
{
	struct mapping *m = arena_calloc(r->mem, 1, sizeof(*m));
	size_t mark;

	if (!reader_object(r, v, "events! roles! note"))
		return false;
	m->name = arena_strdup(r->mem, name);
	mark = reader_in(r, "events");
	if (!read_events(r, json_object_get(v, "events"), c, m))
		return false;
	reader_out(r, mark);
	mark = reader_in(r, "roles");
	if (!read_roles(r, json_object_get(v, "roles"), m))
		return false;
	reader_out(r, mark);
	*out = m;
	return true;
}
