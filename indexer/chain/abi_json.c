/*
 * Decoded values as JSON. Integers are decimal strings, because JSON numbers lose digits above
 * 2^53; everything that is bytes is 0x hex; a tuple is an object, so that a reader need not know
 * the order.
 */
#include "base/json.h"
#include "chain/abi.h"

#include <stdio.h>

static void int_json(struct jw *w, const uint8_t word[32])
{
	struct u256 v = u256_be(word);
	char text[U256_DEC_MAX + 2] = "-";

	if (word[0] < 0x80) {
		jw_u256(w, v);
		return;
	}
	u256_dec(text + 1, u256_sub(U256_ZERO, v));
	jw_str(w, text);
}

static void tuple_json(struct jw *w, const struct abi_value *v)
{
	jw_obj(w);
	for (size_t i = 0; i < v->item_count; i++) {
		const char *name = v->type->fields[i].name;
		char unnamed[32];

		snprintf(unnamed, sizeof(unnamed), "arg%zu", i);
		jw_key(w, name && *name ? name : unnamed);
		abi_value_json(w, &v->items[i]);
	}
	jw_obj_end(w);
}

void abi_value_json(struct jw *w, const struct abi_value *v)
{
	if (v->dim) {
		jw_arr(w);
		for (size_t i = 0; i < v->item_count; i++)
			abi_value_json(w, &v->items[i]);
		jw_arr_end(w);
		return;
	}
	switch (v->type->base) {
	case ABI_UINT: jw_u256(w, u256_be(v->word)); break;
	case ABI_INT: int_json(w, v->word); break;
	case ABI_ADDRESS: jw_hex(w, v->word + 12, 20); break;
	case ABI_BOOL: jw_bool(w, v->word[31]); break;
	case ABI_FIXED_BYTES: jw_hex(w, v->word, v->type->bits / 8); break;
	case ABI_BYTES: jw_hex(w, v->data.p, v->data.n); break;
	case ABI_STRING: jw_strn(w, (const char *)v->data.p, v->data.n); break;
	case ABI_TUPLE: tuple_json(w, v); break;
	}
}
