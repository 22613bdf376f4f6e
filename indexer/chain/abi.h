#ifndef CHAIN_ABI_H
#define CHAIN_ABI_H

/*
 * Contract ABI: types, events, functions, and the strict decoding of log data and calldata.
 * Built by network/abi_file.c from ABI JSON; pure here.
 */
#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

enum abi_base {
	ABI_UINT,    /* bits 8..256 */
	ABI_INT,
	ABI_ADDRESS,
	ABI_BOOL,
	ABI_FIXED_BYTES, /* bytesN: `bits` holds 8*N */
	ABI_BYTES,
	ABI_STRING,
	ABI_TUPLE,
};

/** A type with up to 4 array dimensions, inner first; dims[i] == -1: dynamic. */
struct abi_type {
	enum abi_base base;
	unsigned bits;
	int dims[4];
	unsigned dim_count;
	const struct abi_param *fields; /* ABI_TUPLE */
	size_t field_count;
};

struct abi_param {
	const char *name; /* as in the ABI; "" when unnamed, then argN is used in output */
	struct abi_type type;
	bool indexed;
};

struct abi_event {
	const char *contract;   /* ABI set name, as in the network file */
	const char *name;
	const char *signature;  /* "Transfer(address,address,uint256)" */
	struct hash32 topic0;
	struct abi_param *params;
	size_t param_count;
	unsigned indexed_count; /* not counting topic0 */
	bool anonymous;
	int validator_param;    /* index of the parameter that is a validator id, or -1 */
};

struct abi_function {
	const char *contract;
	const char *name;
	const char *signature;
	uint8_t selector[4];
	struct abi_param *params;
	size_t param_count;
	struct abi_param *outputs; /* what it returns */
	size_t output_count;
	bool constant;          /* view or pure */
};

/**
 * A decoded value. Scalars are the 32-byte word; bytes and strings a view; arrays and tuples items.
 */
struct abi_value {
	const struct abi_type *type;
	unsigned dim;                /* how many of type->dims are still to go at this value: 0 at a
	                                scalar, bytes or tuple, dim_count at the whole parameter */
	uint8_t word[32];            /* scalars, extended to 32 bytes as the ABI does */
	struct bytes data;           /* bytes, string: points into the decoded data */
	struct abi_value *items;     /* array items or tuple fields */
	size_t item_count;
};

/**
 * Parse a type as ABI JSON writes it: "uint256", "uint256[3][]", "bytes4", "tuple[]" (the caller
 * puts the components into fields). "uint" and "int" mean 256 bits. False on anything else, on [0],
 * on more than 4 dimensions, and on function, fixed and ufixed, which Solidity does not emit.
 */
MUST_USE bool abi_type_parse(struct abi_type *out, const char *text);

/** Canonical signature text into out ("name(t1,t2)"); needs params. */
void abi_signature(struct buf *out, const char *name, const struct abi_param *p, size_t n);

/**
 * Decode a log as an event: values in parameter order. Indexed dynamic types give their topic hash
 * as ABI_FIXED_BYTES/256 (as the chain stores it).
 * Errors: ERR_REJECT wrong number of topics, data too short, an offset or length outside, padding
 * of address/bool/uintN/bytesN that the EVM would never write, surplus data (not for known-good
 * contracts: a non-multiple of 32 or unread tail words are a reject).
 */
MUST_USE enum err_kind abi_decode_event(const struct abi_event *ev, const struct log *l,
	struct arena *mem, struct abi_value **values, struct err *e);

/**
 * Decode calldata after the selector, as a contract would: trailing bytes are allowed, and bits
 * beyond the width of a type are dropped, because compilers before 0.8 ignore both.
 * Errors: ERR_REJECT wrong selector, data too short, an offset or length outside.
 */
MUST_USE enum err_kind abi_decode_call(const struct abi_function *f, struct bytes input,
	struct arena *mem, struct abi_value **values, struct err *e);

/**
 * Calldata of a call whose parameters are all of one word (numbers, addresses, bool, bytesN); args has one
 * for each, as abi_value.word would. False: a parameter is of another kind.
 */
MUST_USE bool abi_encode_call(struct buf *out, const struct abi_function *f, const struct u256 *args);

/**
 * Decode what a call returned. As lenient as calldata. Errors: ERR_REJECT too short (as of an address without
 * code, which returns nothing), an offset or length outside.
 */
MUST_USE enum err_kind abi_decode_result(const struct abi_function *f, struct bytes data, struct arena *mem,
	struct abi_value **values, struct err *e);

/** Decode a bare parameter list (no selector): abi.decode(data, types). As lenient as calldata. */
MUST_USE enum err_kind abi_decode_params(const struct abi_param *p, size_t n, struct bytes data,
	struct arena *mem, struct abi_value **values, struct err *e);

/**
 * A value as JSON: integers as decimal strings, bool, addresses and bytes as 0x hex, arrays nested,
 * tuples as objects by field name (argN when unnamed).
 */
struct jw;
void abi_value_json(struct jw *w, const struct abi_value *v);

struct u256 abi_u256(const struct abi_value *v);
struct address abi_address(const struct abi_value *v);
bool abi_u64(const struct abi_value *v, uint64_t *out); /* false when over 64 bits */

#endif
