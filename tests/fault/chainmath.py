"""What a node needs to lie consistently: Keccak, RLP, Merkle-Patricia roots, header hashes, signatures.
Slow and plain: a placement needs a few of each. Standard library only."""
import hashlib, hmac

M64 = (1 << 64) - 1
ROUNDS, _r = [], 1
for _ in range(24):
    c = 0
    for j in range(7):
        _r = ((_r << 1) ^ ((_r >> 7) * 0x71)) & 0xff
        if _r & 2:
            c ^= 1 << ((1 << j) - 1)
    ROUNDS.append(c)
PATH, _x, _y = [], 1, 0
for t in range(24):
    _x, _y = _y, (2 * _x + 3 * _y) % 5
    PATH.append((_x + 5 * _y, (t + 1) * (t + 2) // 2 % 64))


def _permute(a):
    for rc in ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ ((c[(x + 1) % 5] << 1 | c[(x + 1) % 5] >> 63) & M64) for x in range(5)]
        a = [v ^ d[i % 5] for i, v in enumerate(a)]
        last = a[1]
        for at, n in PATH:
            last, a[at] = a[at], (last << n | last >> (64 - n)) & M64
        a = [a[i] ^ (~a[i // 5 * 5 + (i + 1) % 5] & a[i // 5 * 5 + (i + 2) % 5]) for i in range(25)]
        a[0] ^= rc
    return a


def keccak(data):
    pad = bytearray(data) + b"\x01" + b"\x00" * (135 - len(data) % 136)
    pad[-1] |= 0x80
    a = [0] * 25
    for at in range(0, len(pad), 136):
        for i in range(17):
            a[i] ^= int.from_bytes(pad[at + 8 * i:at + 8 * i + 8], "little")
        a = _permute(a)
    return b"".join(v.to_bytes(8, "little") for v in a[:4])


def raw(text):
    """Bytes of 0x text."""
    return bytes.fromhex(text[2:])


def number(text):
    """A quantity as RLP wants it: big-endian without leading zeros."""
    v = int(text, 16)
    return v.to_bytes((v.bit_length() + 7) // 8, "big")


def rlp(x):
    if isinstance(x, (list, tuple)):
        body, base = b"".join(map(rlp, x)), 0xc0
    else:
        body, base = bytes(x), 0x80
        if len(body) == 1 and body[0] < 0x80:
            return body
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    n = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(n)]) + n + body


def _compact(path, leaf):
    flag = 2 * leaf + len(path) % 2
    nibbles = [flag] + ([] if len(path) % 2 else [0]) + list(path)
    return bytes(nibbles[i] << 4 | nibbles[i + 1] for i in range(0, len(nibbles), 2))


def _node(items):
    """items: [(nibbles, value)], keys not prefixes of each other (as RLP of indexes are) -> structure."""
    if len(items) == 1:
        return [_compact(items[0][0], True), items[0][1]]
    first, last = min(items)[0], max(items)[0]
    n = 0
    while first[n] == last[n]:
        n += 1
    if n:
        return [_compact(first[:n], False), _refer([(k[n:], v) for k, v in items])]
    return [_refer([(k[1:], v) for k, v in items if k[0] == i] or None) for i in range(16)] + [b""]


def _refer(items):
    if not items:
        return b""
    node = _node(items)
    text = rlp(node)
    return keccak(text) if len(text) >= 32 else node


def trie_root(values):
    """Root over rlp(0), rlp(1), ... as transactions and receipts are kept."""
    if not values:
        return keccak(rlp(b""))
    keys = [rlp(number(hex(i))) for i in range(len(values))]
    return keccak(rlp(_node([(tuple(n for b in k for n in (b >> 4, b & 15)), v) for k, v in zip(keys, values)])))


def bloom_add(bloom, what):
    h = keccak(what)
    for i in (0, 2, 4):
        bit = int.from_bytes(h[i:i + 2], "big") & 2047
        bloom[255 - bit // 8] |= 1 << bit % 8


def bloom_of(logs):
    b = bytearray(256)
    for what in {raw(x) for g in logs for x in [g["address"], *g["topics"]]}:
        bloom_add(b, what)
    return "0x" + b.hex()


def receipt_bytes(r, tx_type):
    state = raw(r["root"]) if "root" in r and r.get("status") is None else number(r["status"])
    body = rlp([state, number(r["cumulativeGasUsed"]), raw(r["logsBloom"]),
                [[raw(g["address"]), [raw(t) for t in g["topics"]], raw(g["data"])] for g in r["logs"]]])
    return (bytes([tx_type]) if tx_type else b"") + body


FIELDS = [("parentHash", raw), ("sha3Uncles", raw), ("miner", raw), ("stateRoot", raw), ("transactionsRoot", raw),
          ("receiptsRoot", raw), ("logsBloom", raw), ("difficulty", number), ("number", number), ("gasLimit", number),
          ("gasUsed", number), ("timestamp", number), ("extraData", raw), ("mixHash", raw), ("nonce", raw)]
MORE = [("baseFeePerGas", number), ("withdrawalsRoot", raw), ("blobGasUsed", number), ("excessBlobGas", number),
        ("parentBeaconBlockRoot", raw), ("requestsHash", raw)]


def header_fields(b):
    out = [(read(b[k])) for k, read in FIELDS]
    for k, read in MORE:
        if b.get(k) is None:
            break
        out.append(read(b[k]))
    return out


def header_hash(b):
    return "0x" + keccak(rlp(header_fields(b))).hex()


def seal_hash(b):
    """What a BTTC producer signs."""
    f = header_fields(b)
    f[12] = f[12][:-65]
    return keccak(rlp(f))


# ---- secp256k1 ---------------------------------------------------------------------------------

P = 2 ** 256 - 2 ** 32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def _plus(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        m = 3 * p[0] * p[0] * pow(2 * p[1], -1, P)
    else:
        m = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (m * m - p[0] - q[0]) % P
    return x, (m * (p[0] - x) - p[1]) % P


def _times(k, p):
    out = None
    while k:
        if k & 1:
            out = _plus(out, p)
        p = _plus(p, p)
        k >>= 1
    return out


def sign(digest, key):
    """65 bytes r, s, v of a private key (an integer)."""
    k = int.from_bytes(hmac.new(key.to_bytes(32, "big"), digest, hashlib.sha256).digest(), "big") % N
    x, y = _times(k, G)
    r = x % N
    s = pow(k, -1, N) * (int.from_bytes(digest, "big") + r * key) % N
    v = y & 1
    if s > N // 2:
        s, v = N - s, v ^ 1
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
