"""Single lies about one block, told in the same way whenever the block is asked about.

A lie is made from what an honest node says about the block (the block with its transactions, and its receipts)
and changes copies of that: `on_block` a block's answer, `on_receipts` its list of receipts; logs follow from the
receipts. FAULTS names every lie, what it is about, and whether a header commits to what it changes.
"""
import copy
from chainmath import bloom_of, header_hash, keccak, raw, receipt_bytes, seal_hash, sign, trie_root

SPRINT = 64
ZERO_BLOOM = "0x" + "00" * 256
NEW_HEADER_BLOCK = "0x" + keccak(b"NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)").hex()


class Unfit(Exception):
    """This lie can not be told about this block."""


class Lie:
    def __init__(self, block, receipts):
        self.n, self.hash = int(block["number"], 16), block["hash"]
        self.fake = None  # another hash of the block, in all answers and questions
        self.says = "receipts logs"  # where on_receipts applies
        self.what = ""
        self.on_block = lambda b: None
        self.on_receipts = lambda rs: rs
        self.whole = False  # it has to be the newest block: everything in it fits together
        self.block, self.receipts = block, receipts


def changed(text, rng, low=2, high=None):
    """A hex string with one digit changed."""
    at = rng.randrange(low, high or len(text))
    return text[:at] + rng.choice([d for d in "0123456789abcdef" if d != text[at]]) + text[at + 1:]


def real(rs, block):
    """Receipts of real transactions (BTTC lists the state-sync one, from 0 to 0, last)."""
    zero = {t["hash"] for t in block["transactions"] if int(t["from"], 16) == 0 and int(t["to"] or "0x1", 16) == 0}
    return [r for r in rs if r["transactionHash"] not in zero]


def logs_that(rs, wanted):
    return [(i, j) for i, r in enumerate(rs) for j, g in enumerate(r["logs"]) if wanted(g)]


def pick(lie, ctx, rng):
    """The place of a log that is kept."""
    places = logs_that(real(lie.receipts, lie.block), ctx.wanted)
    if not places:
        raise Unfit
    return rng.choice(places)


def edit_logs(lie, i, edit):
    """edit(the logs of receipt i) -> new list, wherever they are told."""
    def on(rs):
        if i < len(rs):
            rs[i]["logs"] = edit(rs[i]["logs"])
        return rs
    lie.on_receipts = on


# ---- logs --------------------------------------------------------------------------------------

def log_dropped(lie, ctx, rng):
    i, j = pick(lie, ctx, rng)
    edit_logs(lie, i, lambda logs: logs[:j] + logs[j + 1:])
    lie.what = f"transaction {i} log {j}"


def log_dropped_closed_up(lie, ctx, rng):
    """The gap in the numbering is closed too."""
    i, j = pick(lie, ctx, rng)
    gone = lie.receipts[i]["logs"][j]["logIndex"]

    def on(rs):
        if i < len(rs):
            del rs[i]["logs"][j]
        for r in rs:
            for g in r["logs"]:
                if int(g["logIndex"], 16) > int(gone, 16):
                    g["logIndex"] = hex(int(g["logIndex"], 16) - 1)
        return rs
    lie.on_receipts = on


def all_logs_dropped(lie, ctx, rng):
    pick(lie, ctx, rng)

    def on(rs):
        for r in real(rs, lie.block):
            r["logs"] = []
        return rs
    lie.on_receipts = on


def log_forged(lie, ctx, rng):
    """One more log of a contract that is watched, behind the last of a transaction."""
    i, j = pick(lie, ctx, rng)
    logs = lie.receipts[i]["logs"]
    new = dict(copy.deepcopy(logs[j]), logIndex=hex(int(logs[-1]["logIndex"], 16) + 1))
    if len(new["data"]) > 2:
        new["data"] = changed(new["data"], rng)
    edit_logs(lie, i, lambda logs: logs + [copy.deepcopy(new)])


def log_forged_in_quiet_block(lie, ctx, rng):
    """A log of a watched contract in a block that has none."""
    if not lie.receipts or logs_that(lie.receipts, ctx.wanted) or not real(lie.receipts, lie.block):
        raise Unfit
    i = rng.randrange(len(real(lie.receipts, lie.block)))
    r, end = lie.receipts[i], sum(len(x["logs"]) for x in lie.receipts[:i + 1])
    template = ctx.template_log(rng)

    def edit(logs):
        return logs + [dict(copy.deepcopy(template), blockHash=lie.hash, blockNumber=hex(lie.n), logIndex=hex(end), removed=False,
                            transactionHash=r["transactionHash"], transactionIndex=r["transactionIndex"])]
    edit_logs(lie, i, edit)


def log_duplicated(lie, ctx, rng):
    i, j = pick(lie, ctx, rng)
    edit_logs(lie, i, lambda logs: logs[:j + 1] + [copy.deepcopy(logs[j])] + logs[j + 1:])


def log_duplicated_renumbered(lie, ctx, rng):
    i, j = pick(lie, ctx, rng)

    def on(rs):
        if i < len(rs):
            rs[i]["logs"].insert(j, copy.deepcopy(rs[i]["logs"][j]))
        index = 0
        for r in rs:
            for g in r["logs"]:
                g["logIndex"], index = hex(index), index + 1
        return rs
    lie.on_receipts = on


def logs_reordered(lie, ctx, rng):
    """Two logs of a transaction change places; the numbers stay in order."""
    i, j = pick(lie, ctx, rng)
    logs = lie.receipts[i]["logs"]
    others = [k for k in range(len(logs)) if any(logs[k][f] != logs[j][f] for f in ("address", "topics", "data"))]
    if not others:
        raise Unfit
    k = rng.choice(others)

    def edit(logs):
        logs = copy.deepcopy(logs)
        for f in ("address", "topics", "data"):
            logs[j][f], logs[k][f] = logs[k][f], logs[j][f]
        return logs
    edit_logs(lie, i, edit)


def log_field(name):
    def make(lie, ctx, rng):
        i, j = pick(lie, ctx, rng)
        g = copy.deepcopy(lie.receipts[i]["logs"][j])
        if name == "topics":
            k = rng.randrange(len(g["topics"]))
            g["topics"][k] = changed(g["topics"][k], rng)
        elif len(g[name]) > 2:
            g[name] = changed(g[name], rng)
        else:
            raise Unfit

        def edit(logs):
            logs[j][name] = copy.deepcopy(g[name])
            return logs
        edit_logs(lie, i, edit)
        lie.what = f"transaction {i} log {j}"
    return make


# ---- transactions and receipts -----------------------------------------------------------------

def transaction(lie, ctx, rng):
    """The place of a transaction that is kept: one of a kept log, or to a contract that is accounted for."""
    tx = lie.block["transactions"]
    places = {i for i, _ in logs_that(real(lie.receipts, lie.block), ctx.wanted)} if ctx.keeps_calls else set()
    places |= {i for i, t in enumerate(tx) if ctx.accounted(t["to"])}
    places = [i for i in sorted(places) if len(tx[i]["input"]) > 10 and ctx.accounted(tx[i]["to"])]
    if not places:
        raise Unfit
    return rng.choice(places)


def edit_tx(lie, i, field, value):
    def on(b):
        if i < len(b["transactions"]) and isinstance(b["transactions"][i], dict):
            b["transactions"][i][field] = value
    lie.on_block = on
    lie.what = f"transaction {i} {field}"


def calldata_changed(lie, ctx, rng):
    i = transaction(lie, ctx, rng)
    edit_tx(lie, i, "input", changed(lie.block["transactions"][i]["input"], rng, 10))


def sender_changed(lie, ctx, rng):
    i = transaction(lie, ctx, rng)
    other = changed(lie.block["transactions"][i]["from"], rng)
    edit_tx(lie, i, "from", other)

    def on(rs):
        if i < len(rs):
            rs[i]["from"] = other
        return rs
    lie.on_receipts = on


def transaction_dropped(lie, ctx, rng):
    """It is in neither the block nor its receipts nor the logs."""
    i = transaction(lie, ctx, rng)

    def renumber(list_):
        for k, x in enumerate(list_):
            for y in [x, *x.get("logs", [])] if isinstance(x, dict) else []:
                y["transactionIndex"] = hex(k)
        return list_
    lie.on_block = lambda b: renumber(b["transactions"]) if b["transactions"].pop(i) else None

    def on(rs):
        del rs[i:i + 1]
        return renumber(rs)
    lie.on_receipts = on


def status_changed(lie, ctx, rng):
    i = transaction(lie, ctx, rng)

    def on(rs):
        if i < len(rs):
            rs[i]["status"] = "0x0" if rs[i]["status"] == "0x1" else "0x1"
        return rs
    lie.on_receipts = on


def signatures(call):
    """Offset of the second argument of submitCheckpoint(bytes, ...) in its calldata (hex, with 0x), or None."""
    if len(call) < 2 + 8 + 128:
        return None
    at = 10 + 2 * int(call[10 + 64:10 + 128], 16)
    return at if 138 <= at < len(call) else None


def votes_reused(lie, ctx, rng):
    """The signatures under a checkpoint are those of another one."""
    mine = [i for i, t in enumerate(lie.block["transactions"]) if ctx.checkpoint_call(t)]
    if not mine:
        raise Unfit
    i = rng.choice(mine)
    call = lie.block["transactions"][i]["input"]
    others = [c for c in ctx.checkpoint_inputs if c != call and c[:10] == call[:10] and signatures(c)]
    if not others or not signatures(call):
        raise Unfit
    other = rng.choice(others)
    edit_tx(lie, i, "input", call[:signatures(call)] + other[signatures(other):])


def root_log(lie, ctx):
    places = logs_that(lie.receipts, lambda g: g["topics"][:1] == [NEW_HEADER_BLOCK] and ctx.wanted(g))
    if not places:
        raise Unfit
    return places[0]


def checkpoint_root_wrong(lie, ctx, rng):
    i, j = root_log(lie, ctx)
    root = lie.receipts[i]["logs"][j]["data"][-64:]
    other = changed("0x" + root, rng)[2:]
    edit_logs(lie, i, lambda logs: [dict(g, data=g["data"].replace(root, other)) for g in logs])

    def on(b):  # and in the call
        for t in b["transactions"]:
            if isinstance(t, dict):
                t["input"] = t["input"].replace(root, other)
    lie.on_block = on


# ---- headers -----------------------------------------------------------------------------------

def header_field(name, value=None):
    def make(lie, ctx, rng):
        v = value or changed(lie.block[name], rng, 3 if name == "timestamp" else 2)
        if lie.block[name] == v:
            raise Unfit
        lie.on_block = lambda b: b.__setitem__(name, v)
    return make


def hash_changed(lie, ctx, rng):
    lie.fake = changed(lie.hash, rng, 20)


def bloom_zeroed_and_logs_dropped(lie, ctx, rng):
    all_logs_dropped(lie, ctx, rng)
    lie.on_block = lambda b: b.__setitem__("logsBloom", ZERO_BLOOM)


def other_chain_header(lie, ctx, rng):
    other = ctx.other_header(lie.n, rng)
    lie.on_block = lambda b: b.update({k: v for k, v in other.items() if k in b and k != "transactions"}, number=hex(lie.n))


def reseal(b, key):
    b["extraData"] = b["extraData"][:-130] + "00" * 65
    b["extraData"] = b["extraData"][:-130] + sign(seal_hash(b), key).hex()


def new_hash(lie, edit):
    """The header is changed by edit, and so is the hash."""
    b = copy.deepcopy(lie.block)
    edit(b)
    lie.fake = header_hash(b)
    new = {k: v for k, v in b.items() if k not in ("transactions", "hash")}
    lie.on_block = lambda to: to.update(new)


def sealed_by_stranger(lie, ctx, rng):
    key = rng.getrandbits(250) + 1
    new_hash(lie, lambda b: reseal(b, key))


def sprint_set(how):
    def make(lie, ctx, rng):
        extra = lie.block["extraData"]
        if len(extra) <= 2 + 2 * 97:
            raise Unfit
        members = (len(extra) - 2 - 2 * 97) // 80
        at = 2 + 64 + 80 * rng.randrange(members)
        # the neighbour's digit changes at the end of an address, so that the list stays in order
        other = changed(extra, rng, at + 30, at + 40)
        if how == "kept":
            lie.on_block = lambda b: b.__setitem__("extraData", other)
            return
        key = rng.getrandbits(250) + 1

        def edit(b):
            b["extraData"] = other
            if how == "resealed":
                reseal(b, key)
        new_hash(lie, edit)
    return make


def consistently(lie, keep_hash):
    """Roots, bloom, and the hash if wanted, follow from the lied receipts."""
    types = {t["hash"]: int(t.get("type") or "0x0", 16) for t in lie.block["transactions"]}
    inner = lie.on_receipts

    def on(rs):
        rs = inner(rs)
        for r in real(rs, lie.block):
            r["logsBloom"] = bloom_of(r["logs"])
        return rs
    lie.on_receipts = on
    rs = real(on(copy.deepcopy(lie.receipts)), lie.block)
    b = copy.deepcopy(lie.block)
    b["logsBloom"] = bloom_of([g for r in rs for g in r["logs"]])
    b["receiptsRoot"] = "0x" + trie_root([receipt_bytes(r, types[r["transactionHash"]]) for r in rs]).hex()
    if not keep_hash:
        lie.fake = header_hash(b)
    new = {k: b[k] for k in ("logsBloom", "receiptsRoot")}
    lie.on_block = lambda to: to.update(new)


def receipts_changed_consistently(lie, ctx, rng):
    rng.choice([log_field("data"), log_field("topics"), log_dropped_closed_up, all_logs_dropped])(lie, ctx, rng)
    consistently(lie, True)


def block_made_anew(lie, ctx, rng):
    """The hash too: only its child shows that it is not the block."""
    rng.choice([log_field("data"), log_field("topics"), log_dropped_closed_up, all_logs_dropped])(lie, ctx, rng)
    consistently(lie, False)


def tip_made_anew(lie, ctx, rng):
    block_made_anew(lie, ctx, rng)
    lie.whole = True


def tip_with_wrong_root(lie, ctx, rng):
    """A whole new block whose checkpoint has another root than its calldata and than BTTC's blocks."""
    i, j = root_log(lie, ctx)
    root = lie.receipts[i]["logs"][j]["data"][-64:]
    other = changed("0x" + root, rng)[2:]
    edit_logs(lie, i, lambda logs: [dict(g, data=g["data"].replace(root, other)) for g in logs])
    consistently(lie, False)
    lie.whole = True


# ---- what BTTC's headers do not commit to ------------------------------------------------------

def state_sync_log(field):
    def make(lie, ctx, rng):
        places = [(i, j) for i, j in logs_that(lie.receipts, ctx.wanted) if i >= len(real(lie.receipts, lie.block))]
        if not places:
            raise Unfit
        i, j = rng.choice(places)
        if field is None:
            edit_logs(lie, i, lambda logs: logs[:j] + logs[j + 1:])
            return
        g = lie.receipts[i]["logs"][j]
        if len(g["data"]) <= 2:
            raise Unfit
        other = changed(g["data"], rng)
        edit_logs(lie, i, lambda logs: [dict(x, data=other) if k == j else x for k, x in enumerate(logs)])
    return make


def state_sync_left_out(lie, ctx, rng):
    """The whole transaction is in neither the block nor its receipts nor the logs."""
    real_count = len(real(lie.receipts, lie.block))
    if not any(i >= real_count for i, _ in logs_that(lie.receipts, ctx.wanted)):
        raise Unfit
    lie.on_block = lambda b: b["transactions"].pop()
    lie.on_receipts = lambda rs: rs[:real_count]


def fee_places(lie):
    from harness import FEE
    places = logs_that(real(lie.receipts, lie.block), lambda g: int(g["address"], 16) == 0x1010 and g["topics"][:1] == [FEE])
    if not places:
        raise Unfit
    return places


def fee_dropped(lie, ctx, rng):
    i, j = rng.choice(fee_places(lie))
    edit_logs(lie, i, lambda logs: logs[:j] + logs[j + 1:])


def fee_changed(lie, ctx, rng):
    i, j = rng.choice(fee_places(lie))
    data = changed(lie.receipts[i]["logs"][j]["data"], rng, 34, 66)
    edit_logs(lie, i, lambda logs: [dict(g, data=data) if k == j else g for k, g in enumerate(logs)])


def fee_changed_with_balances(lie, ctx, rng):
    i, j = rng.choice(fee_places(lie))
    d = lie.receipts[i]["logs"][j]["data"][2:]
    w = [int(d[k:k + 64], 16) for k in range(0, 320, 64)]
    more = rng.randrange(1, min(w[3], 10 ** 9) + 1)
    w[0], w[3], w[4] = w[0] + more, w[3] - more, w[4] + more
    data = "0x" + "".join(f"{x:064x}" for x in w)
    edit_logs(lie, i, lambda logs: [dict(g, data=data) if k == j else g for k, g in enumerate(logs)])


class Fault:
    """committed: a header commits to it, so it has to be noticed; exposed: none does, but an honest second endpoint has
    to expose it; cases: chains it can be told about."""

    def __init__(self, name, make, cases, committed=True, needs="rows", exposed=False):
        self.name, self.make, self.cases, self.committed, self.needs = name, make, cases, committed, needs
        self.exposed = exposed


PROVABLE, ROOTS, BTTC, TRON = ("golden", "root", "bttc"), ("golden", "root"), ("bttc",), ("tron",)
FAULTS = [
    Fault("log dropped", log_dropped, PROVABLE),
    Fault("log dropped, numbers closed up", log_dropped_closed_up, PROVABLE),
    Fault("all logs of a block dropped", all_logs_dropped, PROVABLE),
    Fault("log forged", log_forged, PROVABLE),
    Fault("log forged in a quiet block", log_forged_in_quiet_block, PROVABLE, needs="quiet"),
    Fault("log duplicated", log_duplicated, PROVABLE),
    Fault("log duplicated, renumbered", log_duplicated_renumbered, PROVABLE),
    Fault("logs reordered", logs_reordered, PROVABLE),
    Fault("data changed", log_field("data"), PROVABLE),
    Fault("topic changed", log_field("topics"), PROVABLE),
    Fault("address of a log changed", log_field("address"), PROVABLE),
    Fault("calldata changed", calldata_changed, ROOTS, needs="calls"),
    Fault("sender changed", sender_changed, ROOTS, needs="calls"),
    Fault("status changed", status_changed, ROOTS, needs="calls"),
    Fault("transaction dropped", transaction_dropped, ROOTS, needs="calls"),
    Fault("bloom zeroed", header_field("logsBloom", ZERO_BLOOM), PROVABLE),
    Fault("bloom zeroed, logs dropped", bloom_zeroed_and_logs_dropped, PROVABLE),
    Fault("receiptsRoot changed", header_field("receiptsRoot"), PROVABLE),
    Fault("transactionsRoot changed", header_field("transactionsRoot"), PROVABLE),
    Fault("parent changed", header_field("parentHash"), PROVABLE, needs="any"),
    Fault("time changed", header_field("timestamp"), PROVABLE, needs="any"),
    Fault("hash changed", hash_changed, PROVABLE, needs="any"),
    Fault("receipts changed consistently with logs", receipts_changed_consistently, PROVABLE),
    Fault("whole block made anew, deep", block_made_anew, ROOTS, needs="rows deep"),
    Fault("header from another chain", other_chain_header, PROVABLE, needs="any"),
    Fault("seal by a stranger", sealed_by_stranger, BTTC, needs="any"),
    Fault("sprint set changed", sprint_set("kept"), BTTC, needs="sprint end"),
    Fault("sprint set changed, hash fits", sprint_set("rehashed"), BTTC, needs="sprint end"),
    Fault("sprint set changed, sealed anew", sprint_set("resealed"), BTTC, needs="sprint end"),
    Fault("checkpoint root wrong", checkpoint_root_wrong, ROOTS, needs="checkpoint"),
    Fault("vote signatures reused", votes_reused, ROOTS, needs="checkpoint"),
    Fault("fee log dropped", fee_dropped, BTTC, needs="fees"),
    Fault("fee changed", fee_changed, BTTC, needs="fees"),
    # what no header commits to, or only one that nobody has confirmed yet
    Fault("fee changed with its balances", fee_changed_with_balances, BTTC, False, "fees"),
    Fault("state-sync log changed", state_sync_log("data"), BTTC, False, "sync", exposed=True),
    Fault("state-sync log dropped", state_sync_log(None), BTTC, False, "sync", exposed=True),
    Fault("state-sync transaction left out", state_sync_left_out, BTTC, False, "sync", exposed=True),
    Fault("whole block made anew at the tip", tip_made_anew, ROOTS, False),
    Fault("whole tip with a wrong checkpoint root", tip_with_wrong_root, ROOTS, False, "checkpoint"),
    Fault("TRON: log dropped", log_dropped_closed_up, TRON, False),
    Fault("TRON: all logs of a block dropped", all_logs_dropped, TRON, False),
    Fault("TRON: log forged", log_forged, TRON, False),
    Fault("TRON: data changed", log_field("data"), TRON, False),
    Fault("TRON: calldata changed", calldata_changed, TRON, False, "calls"),
    Fault("TRON: vote signatures reused", votes_reused, TRON, False, "checkpoint"),
    Fault("TRON: checkpoint root wrong", checkpoint_root_wrong, TRON, False, "checkpoint"),
    Fault("TRON: parent changed", header_field("parentHash"), TRON, needs="any"),
    Fault("TRON: hash changed", hash_changed, TRON, needs="any deep"),
]
