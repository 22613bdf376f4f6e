/*
 * A checkpoint's reward is another than computed: which parameter, if governance had changed it unseen,
 * gives exactly the stated reward? Pure; tried on copies of the state before the checkpoint.
 *
 * Two parameters change a reward: the interval, and the chain's reward. An interval must be a whole
 * number that reproduces the reward to the last unit, which chance does not do. Some chain reward always
 * does, so only one of whole tokens counts.
 */
#include "ledger/state.h"

static bool mul_div(struct u256 *out, struct u256 a, struct u256 b, struct u256 by)
{
	struct u256 product;

	return u256_mul_ok(&product, a, b) && u256_div(out, NULL, product, by);
}

/* The stated reward with this interval and chain reward? */
static bool gives(const struct reward_case *c, struct u256 interval, struct u256 base)
{
	struct ledger_global g = c->before;
	struct fold f = {0};
	struct u256 full, reward;

	g.checkpoint_block_interval = interval;
	full = checkpoint_full_reward(&f, &g, base, c->blocks);
	return !f.bad && mul_div(&reward, full, c->signed_stake, g.total_stake) &&
	       !u256_cmp(reward, c->observed);
}

static void suggest(struct ledger_finding *x, const char *name, struct u256 value)
{
	x->explained = ledger_parameter_parse(&x->parameter, name);
	x->value = value;
}

/* `full`: what it would be if everybody had signed. Whole intervals of a long checkpoint are linear too. */
static bool other_interval(const struct reward_case *c, struct u256 full, struct ledger_finding *x)
{
	struct u256 t;

	if (!mul_div(&t, c->blocks, c->base, full))
		return false;
	for (int i = 0; i < 2; i++, t = u256_add(t, u256_u64(1))) {
		if (!u256_is_zero(t) && gives(c, t, c->base)) {
			suggest(x, "checkpoint_block_interval", t);
			return true;
		}
	}
	return false;
}

/* Near what is linear, in whole tokens. */
static void other_reward(const struct reward_case *c, struct u256 full, struct ledger_finding *x)
{
	static const char name[] = "checkpoint_reward/";
	struct u256 token = u256_u64(1000000000000000000u), base;
	char text[sizeof(name) + 1] = "checkpoint_reward/";

	if (!c->root_chain_id || c->root_chain_id > 9 ||
		!mul_div(&base, full, c->before.checkpoint_block_interval, c->blocks) ||
		!u256_div(&base, NULL, base, token))
		return;
	text[sizeof(name) - 1] = (char)('0' + c->root_chain_id);
	for (int i = 0; i < 2; i++, base = u256_add(base, u256_u64(1))) {
		struct u256 guess = u256_mul(base, token);

		if (gives(c, c->before.checkpoint_block_interval, guess)) {
			suggest(x, text, guess);
			return;
		}
	}
}

void explain_reward(const struct reward_case *c, struct ledger_finding *x)
{
	struct u256 full;

	if (u256_is_zero(c->signed_stake) || u256_is_zero(c->blocks) ||
		!mul_div(&full, c->observed, c->before.total_stake, c->signed_stake) ||
		u256_is_zero(full))
		return;
	if (!other_interval(c, full, x))
		other_reward(c, full, x);
}
