/*
 * Upgrades: the network file says by block which rules are in force and which code they are. Code that
 * it does not name may follow any rules, so it is told and nothing is guessed. A file without rule sets
 * checks nothing.
 */
#include "ledger/state.h"

#include "chain/keccak.h"

static bool is_known(const struct fold *f, const char *contract, const struct address *code)
{
	for (size_t i = 0; i < f->rules->implementation_count; i++)
		if (!strcmp(f->rules->implementations[i].contract, contract) &&
			address_eq(&f->rules->implementations[i].address, code))
			return true;
	return false;
}

/* The contract whose proxy this is: dispatch lets only those through. */
static const char *proxy_of(const struct fold *f, const struct address *a)
{
	static const char *const proxies[] = {"StakeManager", "RootChain", "EventsHub"};

	for (unsigned i = 0; i < sizeof(proxies) / sizeof(*proxies); i++) {
		const struct contract *c = network_contract(f->l->chain, proxies[i]);

		if (c && c->fixed && address_eq(&c->address, a))
			return proxies[i];
	}
	return NULL;
}

/* All ValidatorShares run the code that the registry names. */
static const char *registered(const struct log *g)
{
	static const char key[] = "validatorShare";
	struct hash32 name;

	keccak256(&name, key, sizeof(key) - 1);
	return g->topic_count > 1 && hash_eq(&g->topics[1], &name) ? "ValidatorShare" : NULL;
}

void upgrade_event(struct fold *f, struct item *it)
{
	bool proxy = it->op == OP_PROXY_UPDATED;
	const char *contract = proxy ? proxy_of(f, &it->log->address) : registered(it->log);
	struct address code = log_topic_address(it->log, proxy ? 1 : 3);
	struct finding_at at = {FINDING_IMPLEMENTATION, key_ab(&it->log->address, &code), it->log};

	if (f->rules && contract && !is_known(f, contract, &code))
		check_fail(f, &at, U256_ZERO, U256_ZERO);
}
