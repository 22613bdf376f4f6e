/* A stored log as the event that an ABI of the network declares. */
#include "api/event_args.h"

#include "chain/base58.h"

#include <stdio.h>
#include <string.h>

const struct abi_event *event_of_log(
	const struct chain_conf *chain, struct bytes contract, const struct log *log)
{
	for (size_t i = 0; i < chain->contract_count; i++) {
		const struct contract *c = &chain->contracts[i];

		if (strlen(c->name) != contract.n || memcmp(c->name, contract.p, contract.n))
			continue;
		for (size_t j = 0; j < c->event_count; j++) {
			const struct abi_event *ev = c->events[j];

			if (!ev->anonymous && ev->indexed_count + 1 == log->topic_count &&
				hash_eq(&ev->topic0, &log->topics[0]))
				return ev;
		}
	}
	return NULL;
}

void event_args_json(
	struct jw *w, const struct abi_event *ev, const struct abi_value *values, bool tron)
{
	char name[96];

	jw_obj(w);
	for (size_t i = 0; i < ev->param_count; i++) {
		const char *own = ev->params[i].name;

		if (own && *own)
			snprintf(name, sizeof(name), "%.80s", own);
		else
			snprintf(name, sizeof(name), "arg%zu", i);
		jw_key(w, name);
		abi_value_json(w, &values[i]);
		if (tron && !values[i].dim && values[i].type->base == ABI_ADDRESS) {
			char text[BASE58_ADDRESS_LEN + 1];
			struct address a = abi_address(&values[i]);

			strncat(name, "_base58", sizeof(name) - strlen(name) - 1);
			base58_address(text, &a);
			jw_key(w, name);
			jw_str(w, text);
		}
	}
	jw_obj_end(w);
}
