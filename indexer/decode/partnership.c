/*
 * Events of partnership contracts in the common vocabulary, by the mapping of the network file. The
 * mapping says which parameter fills which field; types were checked when it was read.
 */
#include "decode/decoder.h"

static struct address word_address(const uint8_t w[32])
{
	struct address a;

	memcpy(a.b, w + 12, sizeof(a.b));
	return a;
}

/* Put one field; false when its number does not fit. */
static bool put_field(struct partnership_row *out, unsigned field, const uint8_t w[32])
{
	switch ((enum partnership_field)field) {
	case PF_PARTNER: out->partner = word_address(w); return true;
	case PF_ACCOUNT: out->account = word_address(w); return true;
	case PF_RECIPIENT: out->recipient = word_address(w); return true;
	case PF_OPERATOR: out->operator_ = word_address(w); return true;
	case PF_ADMIN: out->admin = word_address(w); return true;
	case PF_AMOUNT: out->amount = u256_be(w); return true;
	case PF_TOTAL: out->total = u256_be(w); return true;
	case PF_SHARE_BPS: return word_u63(w, &out->share_bps);
	case PF_OLD_SHARE_BPS: return word_u63(w, &out->old_share_bps);
	case PF_VALIDATOR_ID: return word_u63(w, &out->validator_id);
	case PF_ROLE: memcpy(out->role.b, w, sizeof(out->role.b)); return true;
	case PF_COUNT: break;
	}
	return false;
}

void partnership_read(const struct plan *p, const struct log *l, struct partnership_row *out)
{
	*out = (struct partnership_row){.log = l, .map = p->map};
	for (unsigned f = 0; f < PF_COUNT; f++) {
		int param = p->map->param[f];

		if (param >= 0)
			out->has[f] = put_field(
				out, f, plan_word(l, plan_place_of(p->event, (size_t)param)));
	}
	for (size_t i = 0; out->has[PF_ROLE] && i < p->mapping->role_count; i++)
		if (hash_eq(&p->mapping->roles[i].id, &out->role))
			out->role_name = p->mapping->roles[i].role;
}
