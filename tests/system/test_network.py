"""Network files: the JSON Schema and `network check` agree on what ships, on what from-recording prints,
and on mistakes that a schema can see; what only the checker sees names its place."""
import copy, glob, json, os
import jsonschema
from harness import *

SCHEMA = json.load(open(os.path.join(ROOT, "schema", "network.schema.json")))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def load(name):
    with open(os.path.join(ROOT, "schema", "networks", name + ".json")) as f:
        return json.load(f)


def errors(doc):
    return [f"{list(e.absolute_path)}: {e.message[:200]}" for e in VALIDATOR.iter_errors(doc)]


def check(doc):
    path = os.path.join(TMP, "net.json")
    with open(path, "w") as f:
        json.dump(doc, f)
    return run_cli("network", "check", path)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_shipped_files_fit():
    names = sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(ROOT, "schema", "networks", "*.json")))
    assert names == ["donau", "golden", "mainnet", "world"], names
    for name in names:
        assert errors(load(name)) == [], (name, errors(load(name)))
        rc, out, err = run_cli("network", "check", name)
        assert rc == 0 and f'network "{name}"' in out, err


def test_templates_and_mappings_fit():
    mapping = {"$ref": "#/$defs/mapping", "$defs": SCHEMA["$defs"]}
    for p in glob.glob(os.path.join(ROOT, "schema", "mappings", "*.json")):
        with open(p) as f:
            jsonschema.validate(json.load(f), mapping, jsonschema.Draft202012Validator)


def test_from_recording_fits():
    for args in (["golden"], ["world"], ["world/root", "world/bttc"], ["golden", "--shape", "tron"]):
        dirs = [os.path.join(RECORDINGS, a) if not a.startswith("-") and a != "tron" else a for a in args]
        rc, out, err = run_cli("network", "from-recording", *dirs)
        assert rc == 0, err
        doc = json.loads(out)
        assert errors(doc) == [], (args, errors(doc))
        rc, _, err = check(doc)
        assert rc == 0, err
        assert all(os.path.isabs(c["recording"]["path"]) for c in doc["chains"])


def set_at(doc, path, value):
    doc = copy.deepcopy(doc)
    at = doc
    for k in path[:-1]:
        at = at[k]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return doc


def test_both_refuse():
    c = ["chains", 0]
    for path, value in [
        (["name"], None), (["name"], ""), (["name"], "a b"), (["chains"], []), (["chain"], []),
        (c + ["key"], "Root"), (c + ["kind"], "evm"), (c + ["role"], "root"), (c + ["chain_id"], 0),
        (c + ["chain_id"], "1"), (c + ["chain_id"], 1.5), (c + ["root_chain_id"], 0), (c + ["first_block"], -1),
        (c + ["parent_hash"], "0x12"), (c + ["finality"], {"rule": "depth"}), (c + ["finality", "rule"], "time"),
        (c + ["fork_window"], 0), (c + ["block_period_ms"], 0), (c + ["required_level"], "best"),
        (c + ["tx_scan"], "some"), (c + ["endpoints"], ["ws://x"]), (c + ["endpoints"], ["http://x"]),
        (c + ["recording", "shape"], "round"), (c + ["contracts", 0, "address"], "0x1"),
        (c + ["contracts", 0, "address"], None), (c + ["contracts", 0, "abi"], None), (c + ["contracts", 0, "template"], True),
        (c + ["contracts", 0, "abis"], []), (c + ["contracts", 0, "name"], "a'b"), (c + ["watches", 0, "contract"], None),
        (c + ["watches", 0, "only"], "all"), (c + ["watches", 5, "events"], []), (c + ["watches", 5, "topics"], []),
        (c + ["discovery", 0, "announce"], None), (c + ["discovery", 1, "announce"], "OwnerUpdate"),
        (c + ["discovery", 0, "kind"], "guess"), (["mappings"], {"x": {"events": {}}}),
        (["initial_state", "global"], None), (["initial_state", "global", "dynasty"], 80),
        (["initial_state", "global", "dynasty"], "-1"),
    ]:
        doc = set_at(load("golden"), path, value)
        assert errors(doc), (path, value)
        rc, out, err = check(doc)
        assert rc != 0 and out == "" and "net.json" in err, (path, value, err)


def test_the_checker_names_the_place():
    for path, value, words in [
        (["chains", 0, "contracts", 0, "abi"], ["Nothing"], ["/chains/0/contracts/0/abi/0", "Nothing.json"]),
        (["chains", 0, "watches", 0, "contract"], "Nobody", ["/chains/0/watches/0/contract", "Nobody"]),
        (["chains", 0, "contracts", 1, "address"], "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
         ["/chains/0/contracts/1/address", "checksum"]),
    ]:
        rc, _, err = check(set_at(load("golden"), path, value))
        assert rc != 0 and all(w in err for w in words), (path, err)
    path = os.path.join(TMP, "net.json")
    with open(path, "w") as f:
        f.write('{\n"name": "x",\n"chains": [}\n')
    rc, _, err = run_cli("network", "check", path)
    assert rc != 0 and "net.json:3: " in err, err


if __name__ == "__main__":
    run(globals())
