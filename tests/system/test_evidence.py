"""/v1/evidence: files for stored logs, checked offline by `verify`, which knows nothing of the server."""
import jsonschema, random
from harness import *

with open(os.path.join(ROOT, "schema/evidence/evidence.schema.json")) as f:
    FORM = jsonschema.Draft202012Validator(json.load(f))


def verify(files, *args):
    r = subprocess.run([BIN, "verify", *args, *files], capture_output=True, text=True, timeout=120)
    return r.returncode, r.stdout


def fetch(api, row):
    path = f"/v1/evidence/{row['chain']}/{row['tx']}/{row['log_index']}"
    status, headers, body = api.raw(path)
    assert status == 200, (path, status, body[:300])
    doc = json.loads(body)
    FORM.validate(doc)
    claim = doc["claim"]
    assert (claim["block"], claim["block_hash"], claim["log_index"]) == (row["block"], row["block_hash"], row["log_index"])
    assert claim["args"] is None or claim["args"].items() <= row["args"].items(), (claim, row)
    return doc, headers, body


def save(doc_bodies):
    folder = tempfile.mkdtemp(dir=TMP)
    paths = []
    for i, body in enumerate(doc_bodies):
        paths.append(os.path.join(folder, f"{i:04}.json"))
        with open(paths[-1], "wb") as f:
            f.write(body)
    return paths


def test_world():
    rng = random.Random(7)
    with up("--network", "world", "--database", new_database()) as (_, api):
        api.wait_indexed("root", meta("world", "root")["lastBlock"])
        api.wait_indexed("bttc", meta("world", "bttc")["lastBlock"])
        rows = api.all("/v1/events?chain=root&limit=500")
        kinds = {}
        for r in rows:
            kinds.setdefault((r["contract"], r["event"]), r)
        some = list(kinds.values()) + rng.sample(rows, 150)
        got = [fetch(api, r) for r in some]
        assert all(d["claim"]["event"]["name"] == r["event"] for (d, _, _), r in zip(got, some))
        paths = save([b for _, _, b in got])
        code, out = verify(paths)
        assert code == 0, out[-2000:]
        assert out.count(": consistent, ") == len(some)
        code, out = verify(paths[:1], "--trusted-block", some[0]["block_hash"])
        assert code == 0 and ": verified, " in out, out
        code, out = verify(paths[:1], "--trusted-block", "0x" + "12" * 32)
        assert code == 1, out
        # Final and with rev: cacheable for ever.
        row = rows[-1]
        revision = api.get("/v1/checkpoints?limit=1")["revision"]
        _, headers, _ = api.raw(f"/v1/evidence/root/{row['tx']}/{row['log_index']}?rev={revision}")
        assert "immutable" in headers.get("cache-control", headers.get("Cache-Control", "")), headers
        bttc_rows(api, rng)
        bad_requests(api, rows[0])


def bttc_rows(api, rng):
    """Blocks of BTTC: under the recorded roots, down to the root chain's log; not where the root is wrong."""
    rows = [r for r in api.all("/v1/events?chain=bttc&limit=500")]
    assert rows
    covered = wrong = beyond = refused = 0
    bodies = []
    for r in rows if len(rows) < 120 else rng.sample(rows, 120):
        path = f"/v1/evidence/bttc/{r['tx']}/{r['log_index']}"
        status, _, body = api.raw(path)
        if status == 404:  # state-sync
            assert "state-sync" in json.loads(body)["detail"] or "not verified" in json.loads(body)["detail"], body
            refused += 1
            continue
        doc = json.loads(body)
        FORM.validate(doc)
        bodies.append(body)
        if 3977 <= r["block"] <= 4064:
            assert doc["checkpoint"] is None
            wrong += 1
        elif r["block"] > 7628:
            assert doc["checkpoint"] is None
            beyond += 1
        elif doc["checkpoint"]:
            c = doc["checkpoint"]
            assert c["start"] <= r["block"] <= c["end"]
            assert c["evidence"]["claim"]["event"]["name"] == "NewHeaderBlock"
            covered += 1
    print(f"bttc: {len(rows)} rows, {covered} under checkpoints, {wrong} under the wrong root, {beyond} beyond, {refused} not provable")
    if bodies:
        code, out = verify(save(bodies))
        assert code == 0, out[-2000:]
        assert out.count("the root was logged in block") == covered


def test_tron():
    """A TRON log can not be proven, and its file says so."""
    path = os.path.join(TMP, "evidence-tron.json")
    rc, out, err = run_cli("network", "from-recording", "--shape", "tron", os.path.join(RECORDINGS, "golden"))
    assert rc == 0, err
    with open(path, "w") as f:
        f.write(out)
    with up("--network", path, "--database", new_database()) as (_, api):
        api.wait_indexed("root", meta("golden")["lastBlock"])
        rows = api.get("/v1/events?chain=root&limit=5")["data"]
        docs = [fetch(api, r) for r in rows]
        assert all(d["claim"]["kind"] == "tron" and "header" not in d for d, _, _ in docs)
        code, out = verify(save([b for _, _, b in docs]))
        assert code == 0 and out.count("not provable") == 5 and out.count("  proven ") == 5, out


def bad_requests(api, row):
    for path, status, text in ((f"/v1/evidence/mars/{row['tx']}/0", 404, "no such chain"),
                               ("/v1/evidence/root/0x12/0", 400, "transaction hash"),
                               (f"/v1/evidence/root/{row['tx']}/x", 400, "integer"),
                               (f"/v1/evidence/root/{row['tx']}/-1", 400, "integer"),
                               (f"/v1/evidence/root/{row['tx']}/2147483647", 404, "no such log"),
                               ("/v1/evidence/root/0x" + "00" * 32 + "/0", 404, "no such log"),
                               (f"/v1/evidence/root/{row['tx']}/{row['log_index']}?rev=old", 404, "revision"),
                               (f"/v1/evidence/root/{row['tx']}/{row['log_index']}?limit=3", 400, "limit")):
        got, _, body = api.raw(path)
        assert got == status and text in body.decode(), (path, got, body)


run(globals())
