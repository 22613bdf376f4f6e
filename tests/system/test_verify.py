"""`verify FILE...`: evidence files as a stranger has them: what is printed, exit codes, every changed digit of a proof."""
import copy, glob, json, os, random, tempfile
import jsonschema
from harness import *

CORPUS = os.path.join(ROOT, "tests/fuzz/corpus/evidence")
FILES = sorted(glob.glob(os.path.join(CORPUS, "*.json")))


def verify(*args, text=None):
    r = subprocess.run([BIN, "verify", *args], input=text, capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def load(name):
    with open(os.path.join(CORPUS, name)) as f:
        return json.load(f)


def flipped(text, rng):
    """A hex string with one digit changed."""
    i = rng.randrange(2, len(text))
    return text[:i] + rng.choice([d for d in "0123456789abcdef" if d != text[i]]) + text[i + 1:]


def test_files_have_the_published_form():
    with open(os.path.join(ROOT, "schema/evidence/evidence.schema.json")) as f:
        check = jsonschema.Draft202012Validator(json.load(f))
    assert len(FILES) == 4
    for path in FILES:
        with open(path) as f:
            check.validate(json.load(f))
    extra = load("transfer.json")
    extra["claim"]["note"] = "x"
    assert not check.is_valid(extra)
    assert verify("-", text=json.dumps(extra))[0] == 2


def test_good_files():
    code, out, err = verify(*FILES)
    assert (code, err) == (0, "")
    assert out.count(": consistent, ") == 4
    assert "FAILED" not in out
    assert "not provable" in out, out


def test_trust():
    e = load("checkpoint.json")
    root_block = e["checkpoint"]["evidence"]["claim"]["block_hash"]
    path = os.path.join(ROOT, "tests/fuzz/corpus/evidence/checkpoint.json")
    for option, value in (("--trusted-block", e["claim"]["block_hash"]), ("--trusted-block", root_block),
                          ("--trusted-root", e["checkpoint"]["root"])):
        code, out, _ = verify(path, option, value)
        assert code == 0
        assert ": verified, " in out, out
    code, out, _ = verify(path, "--trusted-root", e["claim"]["block_hash"])
    assert code == 1
    assert "nothing in the file is among what you trust" in out, out


def test_trust_file():
    e = load("transfer.json")
    path = os.path.join(ROOT, "tests/fuzz/corpus/evidence/transfer.json")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("# canonical\n\nblock " + e["claim"]["block_hash"] + "  # mine\n")
        f.flush()
        assert verify(path, "--trust", f.name)[0] == 0
        f.write("hash 0x12\n")
        f.flush()
        code, _, err = verify(path, "--trust", f.name)
        assert code == 2
        assert f.name + ":4: must be" in err, err
    code, _, err = verify(path, "--trust", "/nonexistent")
    assert code == 2
    assert "/nonexistent: No such file" in err, err


def test_every_part_of_a_proof_counts():
    rng = random.Random(20261126)
    for name in ("transfer.json", "checkpoint.json"):
        good = load(name)
        parts = [("header",)] + [("receipt_proof", i) for i in range(len(good["receipt_proof"]))] + \
            [("transaction_proof", i) for i in range(len(good["transaction_proof"]))] + \
            [("claim", "block_hash"), ("claim", "tx"), ("claim", "address"), ("claim", "topics", 0), ("claim", "data")]
        if good["checkpoint"]:
            parts += [("checkpoint", "root")] + [("checkpoint", "path", i) for i in range(len(good["checkpoint"]["path"]))]
            parts += [("checkpoint", "evidence", "header"), ("checkpoint", "evidence", "receipt_proof", 0)]
        for part in parts:
            for _ in range(3):
                bad = copy.deepcopy(good)
                at = bad
                for key in part[:-1]:
                    at = at[key]
                if at[part[-1]] == "0x":
                    continue
                at[part[-1]] = flipped(at[part[-1]], rng)
                code, out, _ = verify("-", text=json.dumps(bad))
                assert code == 1, (part, out)
                assert "FAILED" in out, out


def test_what_is_no_evidence():
    for text, why in (("", "not JSON"), ("{", "not JSON"), ("[" * 100000, "not JSON"), ("{}", "format: is missing"),
                      ("null", "file: must be an object"), (json.dumps({"format": "bttc-evidence/1"}), "origin: is missing")):
        code, out, _ = verify("-", text=text)
        assert code == 2, text[:20]
        assert why in out, out
    code, out, _ = verify("/nonexistent.json", FILES[0])
    assert code == 2
    assert "/nonexistent.json: not readable: No such file" in out, out
    assert ": consistent, " in out, out
    code, _, err = verify()
    assert code == 2
    assert "give at least one evidence file" in err, err


def test_quiet_names_the_reason():
    bad = load("transfer.json")
    bad["claim"]["args"]["value"] = "1"
    code, out, _ = verify("--quiet", "-", text=json.dumps(bad))
    assert code == 1
    assert out.count("\n") == 1
    assert "claim.args: differ" in out, out


run(globals())
