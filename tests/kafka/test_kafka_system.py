#!/usr/bin/env python3
"""`ingest` and `index` as processes over a real broker: the same tables as `up` gives, whatever is killed.

Environment: what tests/run's part `kafka` exports, and BTTC_TEST_PG. Every test has topics of its own.
"""
import os, random, re, struct, sys, urllib.error, urllib.request
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import *

BROKER = os.environ["BTTC_TEST_KAFKA"]
CTL = [os.environ["BTTC_TEST_KAFKA_CTL"]]
CTL_DATA = ["--data", os.environ["BTTC_TEST_KAFKA_DATA"]]
SEED = int(os.environ.get("BTTC_TEST_SEED", "20240101"))
GOLDEN = os.path.join(RECORDINGS, "golden")
_prefix = itertools.count(1)


def new_prefix():
    return f"s{os.getpid()}-{next(_prefix)}"


def ingest(prefix, network, chain, *args, env=None):
    return Proc("ingest", "--network", network, "--chain", chain, "--brokers", BROKER, "--topic-prefix", prefix,
                "--poll-period", "30ms", *args, env=env)


def index(prefix, network, dsn, *args, env=None):
    return Proc("index", "--network", network, "--brokers", BROKER, "--topic-prefix", prefix, "--database", dsn,
                *args, env=env)


def done(p, rc=0):
    got = p.wait()
    assert got == rc, f"{p.args} ended with {got}, not {rc}:\n{p.text()[-3000:]}"
    return p


def chains_of(network):
    return ["root", "bttc"] if network == "world" else ["root"]


def fill(prefix, network, *args):
    for p in [ingest(prefix, network, c, "--until-head", *args) for c in chains_of(network)]:
        done(p)


_clean = {}


def clean(network):
    """Tables of the embedded form."""
    if network not in _clean:
        dsn = new_database()
        index_all(network, dsn)
        _clean[network] = tables(dsn)
    return _clean[network]


def heads(dsn):
    """{chain key: indexed block or None}"""
    return {k: int(b) if b else None for k, b in psql(dsn, "SELECT key, indexed FROM chain.head JOIN chain.chain USING (chain_id)")}


def wait_head(dsn, key, block, block_hash=None, seconds=60):
    def check():
        try:
            rows = psql(dsn, "SELECT indexed, '0x' || encode(indexed_hash, 'hex') FROM chain.head JOIN chain.chain "
                             f"USING (chain_id) WHERE key = '{key}'")
        except AssertionError:  # no schema yet
            return False
        return rows and rows[0][0] == str(block) and block_hash in (None, rows[0][1])
    wait_for(f"chain {key} indexed to {block}", check, seconds)


def kcat(*args):
    r = subprocess.run(["kcat", "-b", BROKER, *args], capture_output=True, timeout=60)
    assert r.returncode == 0, r.stderr
    return r.stdout


def delete_topics(prefix, chain):
    """By Kafka's own protocol (DeleteTopics, version 1): Debian has no tool for it."""
    def text(t):
        return struct.pack(">h", len(t)) + t.encode()
    names = [f"{prefix}.{kind}.{chain}" for kind in ("blocks", "final")]
    body = struct.pack(">hhi", 20, 1, 7) + text("test") + struct.pack(">i", 2) + b"".join(map(text, names)) + struct.pack(">i", 20000)
    host, port = BROKER.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as s:
        s.sendall(struct.pack(">i", len(body)) + body)
        f = s.makefile("rb")
        answer = f.read(struct.unpack(">i", f.read(4))[0])
    at = 12
    for _ in names:  # name, error
        n, = struct.unpack_from(">h", answer, at)
        assert struct.unpack_from(">h", answer, at + 2 + n) == (0,), answer
        at += 4 + n
    wait_for("the topics are gone", lambda: names[0] not in kcat("-L").decode())


def network_file(directory):
    rc, out, err = run_cli("network", "from-recording", directory)
    assert rc == 0, err
    path = os.path.join(TMP, os.path.basename(directory) + ".json")
    with open(path, "w") as f:
        f.write(out)
    return path


# ---- the same tables ------------------------------------------------------------------------------

def same_as_embedded(network):
    prefix, dsn = new_prefix(), new_database()
    fill(prefix, network)
    done(index(prefix, network, dsn, "--until-head"))
    assert_same_tables(tables(dsn), clean(network), f"{network} through Kafka")
    # Again: nothing is added by either.
    fill(prefix, network)
    before = kcat("-Q", "-t", f"{prefix}.blocks.root:0:-1")
    done(index(prefix, network, dsn, "--until-head"))
    fill(prefix, network)
    assert kcat("-Q", "-t", f"{prefix}.blocks.root:0:-1") == before
    assert_same_tables(tables(dsn), clean(network), f"{network} through Kafka, again")


def test_golden_equals_embedded():
    same_as_embedded("golden")


def test_world_equals_embedded():
    same_as_embedded("world")


def test_moves_between_up_and_kafka():
    """A database that `up` filled half is taken on by `index`, and the other way round."""
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "600"]) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        index_all(net, dsn, *rpc)
        assert heads(dsn) == {"root": 600}
        r.control({"root": {"head": 900}})
        done(ingest(prefix, net, "root", "--until-head", *rpc))
        p = done(index(prefix, net, dsn, "--until-head"))
        assert "taking up another stream" in p.text()
        assert heads(dsn) == {"root": 900}
        r.control({"root": {"head": 1184}})
        index_all(net, dsn, *rpc)
        done(ingest(prefix, net, "root", "--until-head", *rpc))
        done(index(prefix, net, dsn, "--until-head"))
        assert heads(dsn) == {"root": 1184}
        other = new_database()
        index_all(net, other, *rpc)
    assert_same_tables(tables(dsn), tables(other), "up, index, up, index")


# ---- several processes, killed ---------------------------------------------------------------------

def test_two_index_processes_one_killed():
    rnd = random.Random(SEED)
    prefix, dsn = new_prefix(), new_database()
    feeders = [ingest(prefix, "world", c, "--until-head", "--range", 20, "--window", 1) for c in chains_of("world")]
    workers = [index(prefix, "world", dsn) for _ in range(2)]
    try:
        for _ in range(4):
            time.sleep(rnd.uniform(0.3, 1.2) * SLOW)
            i = rnd.randrange(2)
            workers[i].kill()
            workers[i] = index(prefix, "world", dsn)
        for f in feeders:
            done(f)
        workers[0].kill()  # whatever it held, the other one takes over
        for key, last in (("root", 389), ("bttc", 7778)):
            wait_head(dsn, key, last)
        workers[1].stop()
    finally:
        for p in feeders + workers:
            p.kill()
    done(index(prefix, "world", dsn, "--until-head"))
    assert_same_tables(tables(dsn), clean("world"), f"index processes killed, seed {SEED}")


def test_chains_are_shared():
    """One process has the chain, the other waits and takes over when it is gone."""
    prefix, dsn = new_prefix(), new_database()
    net = network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "500"]) as r:
        feeder = ingest(prefix, net, "root", "--rpc", f"root={r.url('root')}")
        first = index(prefix, net, dsn)
        wait_head(dsn, "root", 500)
        second = index(prefix, net, dsn)
        try:
            second.wait_text("waiting for the other process")
            r.control({"root": {"head": 800}})
            wait_head(dsn, "root", 800)
            first.kill()
            r.control({"root": {"head": 1184}})
            wait_head(dsn, "root", 1184)
            second.stop()
            feeder.stop()
        finally:
            for p in (feeder, first, second):
                p.kill()
    done(index(prefix, net, dsn, "--until-head"))
    done(ingest(prefix, "golden", "root", "--until-head"))
    assert stored_logs(dsn, "root") == recorded_logs("golden")


def test_ingest_killed():
    rnd = random.Random(SEED)
    prefix, dsn = new_prefix(), new_database()
    kills = 0
    while kills < 8:
        p = ingest(prefix, "world", "bttc", "--range", 30, "--window", rnd.choice([1, 4]), "--until-head")
        time.sleep(rnd.uniform(0.2, 1.5) * SLOW)
        kills += p.p.poll() is None
        if p.p.poll() == 0:
            break
        p.kill()
    assert kills >= 3, "it was never caught at work"
    fill(prefix, "world")
    done(index(prefix, "world", dsn, "--until-head"))
    assert_same_tables(tables(dsn), clean("world"), f"ingest killed {kills} times, seed {SEED}")


def test_broker_killed():
    prefix, dsn = new_prefix(), new_database()
    net = network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "400"]) as r:
        feeder = ingest(prefix, net, "root", "--rpc", f"root={r.url('root')}")
        worker = index(prefix, net, dsn)
        try:
            wait_head(dsn, "root", 400)
            for head in (650, 900, 1184):
                subprocess.run([*CTL, "kill", *CTL_DATA], check=True, timeout=60)
                r.control({"root": {"head": head}})
                time.sleep(0.3)
                subprocess.run([*CTL, "start", *CTL_DATA], check=True, timeout=120, stdout=subprocess.DEVNULL)
                wait_head(dsn, "root", head, seconds=90)
            worker.stop()
            feeder.stop()
        finally:
            feeder.kill()
            worker.kill()
        other = new_database()
        index_all(net, other, "--rpc", f"root={r.url('root')}")
    done(index(prefix, net, dsn, "--until-head"))
    assert_same_tables(tables(dsn), tables(other), "the broker killed three times")


# ---- forks --------------------------------------------------------------------------------------

def number(x):
    return x if isinstance(x, int) else int(x, 0)


def test_forks_live():
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    depths = 0
    with replay(GOLDEN) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        other = new_database()
        index_all(net, other, *rpc)
        forks = gz("golden", "reorg.json.gz")
        feeder = worker = None
        try:
            worker = index(prefix, net, dsn)
            for i, f in enumerate(forks, 1):
                point = number(f["forkPoint"])
                r.control({"root": {"head": point}})
                if not feeder:
                    feeder = ingest(prefix, net, "root", *rpc)
                wait_head(dsn, "root", point)
                lost, won = f["orphaned"][-1]["block"], f["canonical"][-1]["block"]
                r.control({"root": {"head": number(lost["number"]), "fork": i}})
                wait_head(dsn, "root", number(lost["number"]), lost["hash"])
                if i % 2:  # the fork happens while no ingest runs: the headers come back from the topic
                    feeder.kill()
                    r.control({"root": {"head": number(won["number"])}})
                    feeder = ingest(prefix, net, "root", *rpc)
                else:
                    r.control({"root": {"head": number(won["number"])}})
                wait_head(dsn, "root", number(won["number"]), won["hash"])
                depths += number(lost["number"]) - point
            r.control({"root": {"head": 1184}})
            wait_head(dsn, "root", 1184)
            feeder.stop()
            worker.stop()
        finally:
            for p in (feeder, worker):
                if p:
                    p.kill()
    done(index(prefix, net, dsn, "--until-head"))
    assert_same_tables(tables(dsn), tables(other), "forks through Kafka")
    assert psql(dsn, "SELECT count(*), sum(depth) FROM chain.fork") == [[str(len(forks)), str(depths)]]
    assert heights_of(prefix, "root") == heights_in(dsn, "root"), "heights after forks"
    # Another database reads the whole story from the topic.
    late = new_database()
    done(index(prefix, net, late, "--until-head"))
    assert_same_tables(tables(late), tables(other), "forks through Kafka, read later")
    assert psql(late, "SELECT count(*), sum(depth) FROM chain.fork") == [[str(len(forks)), str(depths)]]


def heights_of(prefix, chain):
    """head, safe, final of the newest record of the final topic, as the example consumer reads it."""
    r = subprocess.run([os.path.join(ROOT, "schema", "records", "consume.py"), "--brokers", BROKER, "--chain", chain, "--prefix",
                        prefix, "--heights"], capture_output=True, text=True, timeout=60)
    assert r.returncode == 0, r.stderr
    v = json.loads(r.stdout)
    return [v[k] for k in ("head", "safe", "final", "after_seq")]


def heights_in(dsn, chain):
    rows = psql(dsn, f"SELECT node_head, safe, final, seq FROM chain.head JOIN chain.chain USING (chain_id) WHERE key = '{chain}'")
    return [int(v) if v else None for v in rows[0]]


def test_final_topic_is_the_tables_heights():
    """bttc.final: what another consumer reads there is what the database ends with, and it never goes back."""
    prefix, dsn = new_prefix(), new_database()
    fill(prefix, "world")
    done(index(prefix, "world", dsn, "--until-head"))
    for chain in chains_of("world"):
        got = heights_of(prefix, chain)
        assert got == heights_in(dsn, chain) and got[0] == heads(dsn)[chain], (chain, got)
        assert got[1] is not None and got[1] < got[0], got
    assert heights_of(prefix, "root")[2] is not None


# ---- writers and records that do not belong -------------------------------------------------------

def test_second_ingest_takes_over():
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "500"]) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        first = ingest(prefix, net, "root", *rpc)
        worker = index(prefix, net, dsn)
        second = None
        try:
            wait_head(dsn, "root", 500)
            second = ingest(prefix, net, "root", *rpc)
            second.wait_text(r'msg="started".* next_block=501 ')
            r.control({"root": {"head": 700}})
            assert first.wait() == 1
            assert "another writer took over" in first.text() and "only one ingest may run" in first.text(), first.text()
            wait_head(dsn, "root", 700)
            second.stop()
            worker.stop()
        finally:
            for p in (first, second, worker):
                if p:
                    p.kill()
    n = 700 - 109 + 1
    assert psql(dsn, "SELECT seq, indexed FROM chain.head") == [[str(n), "700"]]


def test_poison_record_is_parked():
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    poison = b"\x08\x01 this is no record"
    with replay(GOLDEN, args=["--head", "500"]) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        done(ingest(prefix, net, "root", "--until-head", *rpc))
        path = os.path.join(TMP, "poison")
        with open(path, "wb") as f:
            f.write(poison)
        kcat("-P", "-t", f"{prefix}.blocks.root", "-p", "0", path)
        r.control({"root": {"head": 1184}})
        done(ingest(prefix, net, "root", "--until-head", *rpc))
        other = new_database()
        index_all(net, other, *rpc)
    p = done(index(prefix, net, dsn, "--until-head"))
    assert "record parked" in p.text()
    rows = psql(dsn, "SELECT convert_from(raw, 'UTF8'), reason <> '' FROM chain.parked")
    assert rows == [[poison.decode(), "t"]], rows
    got, want = tables(dsn), tables(other)
    for t in ("chain.parked",):
        del got[t], want[t]
    assert_same_tables(got, want, "with a poison record")
    done(index(prefix, net, dsn, "--until-head"))
    assert psql(dsn, "SELECT count(*) FROM chain.parked") == [["1"]]
    # The topic of parked records has it whole, once, and says where it stood.
    offset = re.search(r'msg="record parked" .*offset=(\d+)', p.text()).group(1)
    got = kcat("-C", "-t", f"{prefix}.parked", "-o", "beginning", "-e", "-q", "-f", "%k|%h|%s\n").decode()
    lines = got.splitlines()
    assert len(lines) == 1, got
    key, headers, value = lines[0].split("|")
    assert (key, value) == (f"{prefix}.blocks.root:0:{offset}", poison.decode()), got
    for h in (f"chain=root", f"topic={prefix}.blocks.root", "partition=0", f"offset={offset}", "reason="):
        assert h in headers, got


def test_many_poison_records_make_few_lines():
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "150"]) as r:
        done(ingest(prefix, net, "root", "--until-head", "--rpc", f"root={r.url('root')}"))
    path = os.path.join(TMP, "poisons")
    with open(path, "w") as f:
        f.writelines(f"no record {i}\n" for i in range(60))
    kcat("-P", "-t", f"{prefix}.blocks.root", "-p", "0", "-l", path)
    p = done(index(prefix, net, dsn, "--until-head"))
    assert psql(dsn, "SELECT count(*), count(DISTINCT raw) FROM chain.parked") == [["60", "60"]]
    lines = [x for x in p.text().splitlines() if "record parked" in x]
    assert sum('msg="record parked"' in x for x in lines) < 20, lines
    told = sum(int(n) for x in lines for n in re.findall(r" suppressed=(\d+)$", x))
    assert sum('msg="record parked"' in x for x in lines) + told == 60, lines


# ---- re-ingest ------------------------------------------------------------------------------------

def test_lost_topic_and_reingest():
    """Topics deleted: index says from where, `ingest --from` fills that, contracts below are found again."""
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    with replay(GOLDEN, args=["--head", "900"]) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        done(ingest(prefix, net, "root", "--until-head", *rpc))
        done(index(prefix, net, dsn, "--until-head"))
        delete_topics(prefix, "root")
        # The topic is there again, with records that do not reach down to what is stored.
        r.control({"root": {"head": 1000}})
        done(ingest(prefix, net, "root", "--until-head", "--from", 950, *rpc))
        before = tables(dsn)
        p = done(index(prefix, net, dsn, "--until-head"), 1)
        assert "re-ingest from block 901" in p.text(), p.text()
        assert_same_tables(tables(dsn), before, "nothing is skipped")
        r.control({"root": {"head": 1184}})
        p = done(ingest(prefix, net, "root", "--until-head", "--from", 901, *rpc))
        assert "looking for contracts below" in p.text()
        done(index(prefix, net, dsn, "--until-head"))
        other = new_database()
        index_all(net, other, *rpc)
        assert_same_tables(tables(dsn), tables(other), "re-ingested")
        # A restart of ingest knows all contracts, though the topic begins above most of them.
        r.control({"root": {"head": 1184}})
        p = done(ingest(prefix, net, "root", "--until-head", *rpc))
        assert "next_block=1185" in p.text()
        # A new database can not be filled from here, and is told what to do.
        p = done(index(prefix, net, new_database(), "--until-head"), 1)
        assert "re-ingest from" in p.text()
        done(ingest(prefix, net, "root", "--until-head", "--from", 109, *rpc))
        late = new_database()
        done(index(prefix, net, late, "--until-head"))
        assert_same_tables(tables(late), tables(other), "from the first block again")
        done(index(prefix, net, dsn, "--until-head"))
        assert_same_tables(tables(dsn), tables(other), "the old database goes along")


def get(port, path):
    """Status and body from a process on this machine."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def test_ingest_and_index_are_watched():
    """Health, readiness and metrics of processes without an API; a halt is told by a `serve` elsewhere."""
    prefix, dsn, net = new_prefix(), new_database(), network_file(GOLDEN)
    ports = [free_port() for _ in range(4)]
    listen = [("--metrics-listen", f"127.0.0.1:{p}") for p in ports]
    procs = []
    with replay(GOLDEN, args=["--head", "900"]) as r:
        rpc = ("--rpc", f"root={r.url('root')}")
        try:
            first = index(prefix, net, dsn, *listen[0])
            procs.append(first)
            wait_for("index says that it has no stream yet", lambda: first.p.poll() is None and
                     "can not be used" in quiet(lambda: get(ports[0], "/readyz")[1]))
            procs.append(ingest(prefix, net, "root", *listen[1], *rpc))
            wait_head(dsn, "root", 900)
            procs.append(index(prefix, net, dsn, *listen[2]))
            wait_for("the second one stands by", lambda: 'bttc_index_phase{chain="root"} 6' in
                     quiet(lambda: get(ports[2], "/metrics")[1]))
            for p in ports[:3]:
                assert get(p, "/healthz")[0] == 200
                wait_for("ready", lambda p=p: get(p, "/readyz")[0] == 200)
                assert get(p, "/v1/status")[0] == 404
            of_index, of_ingest = get(ports[0], "/metrics")[1], get(ports[1], "/metrics")[1]
            for line in ("bttc_index_block", "bttc_index_head_block"):
                wait_for(line, lambda n=line: f'{n}{{chain="root"}} 900' in get(ports[0], "/metrics")[1])
            for name in ("bttc_index_lag_seconds", "bttc_index_batches_total", "bttc_stream_read_records_total"):
                assert f'{name}{{chain="root"}} ' in of_index, name
            for name in ("bttc_ingest_published_block", "bttc_stream_published_records_total",
                         "bttc_ingest_level_blocks_total", "bttc_source_requests_total"):
                assert f"\n{name}{{" in of_ingest, name
            n = 900 - 109 + 1
            for text, line in ((of_ingest, f'bttc_ingest_blocks_total{{chain="root"}} {n}'),
                               (of_ingest, 'bttc_ingest_lag_blocks{chain="root"} 0'),
                               (of_ingest, 'bttc_ingest_published_block{chain="root"} 900'),
                               (of_index, f'bttc_store_rows_total{{chain="root",table="chain.block"}} {n}'),
                               (of_index, f'bttc_index_blocks_total{{chain="root"}} {n}')):
                assert f"\n{line}\n" in text, line
            assert re.search(r'\nbttc_source_endpoint_usable\{chain="root",endpoint="127.0.0.1:%d"\} 1\n' % r.port, of_ingest)
            assert number(re.search(r'\nbttc_stream_batch_records_sum\{chain="root"\} (\d+)', of_ingest).group(1)) >= n
            procs.append(Proc("serve", "--network", net, "--database", dsn, "--listen", f"127.0.0.1:{ports[3]}",
                              "--lag-limit", "1h"))
            wait_for("serve is ready", lambda: '"ready":true' in quiet(lambda: get(ports[3], "/readyz")[1]))
            for p in procs[:3]:
                p.stop()
            # Both topics are gone, and what is made again does not reach down: a person has to look.
            delete_topics(prefix, "root")
            r.control({"root": {"head": 1000}})
            done(ingest(prefix, net, "root", "--until-head", "--from", 950, *rpc))
            done(index(prefix, net, dsn, "--until-head"), 1)
            status, body = get(ports[3], "/readyz")
            assert status == 503 and "halted since 2" in body and "re-ingest from block 901" in body, body
            rc, out, err = run_cli("status", "--url", f"http://127.0.0.1:{ports[3]}")
            assert rc == 1 and "re-ingest from block 901" in out, out + err
            since = psql(dsn, "SELECT since FROM chain.halt")
            done(index(prefix, net, dsn, "--until-head"), 1)
            assert psql(dsn, "SELECT since FROM chain.halt") == since
            done(ingest(prefix, net, "root", "--until-head", "--from", 901, *rpc))
            done(index(prefix, net, dsn, "--until-head"))
            assert psql(dsn, "SELECT count(*) FROM chain.halt") == [["0"]]
            assert get(ports[3], "/readyz")[0] == 200
        finally:
            for p in procs:
                p.kill()


def test_status_says_which_stage_stands_still():
    """The broker is dead, then the index: `status` of each process says so, and what to look at."""
    prefix, dsn = new_prefix(), new_database()
    with open(network_file(GOLDEN)) as f:
        net = json.load(f)
    for c in net["chains"]:
        c.pop("recording")  # as a real one: its end is not expected
    path = os.path.join(TMP, "live.json")
    with open(path, "w") as f:
        json.dump(net, f)
    ports = [free_port() for _ in range(3)]
    procs = []

    def status(port):
        return run_cli("status", "--url", f"http://127.0.0.1:{port}")

    def wait_status(port, code, words):
        got = wait_for(words, lambda: (lambda s: s if s[0] == code and words in s[1] else None)(status(port)))
        return got[1]

    with replay(GOLDEN, args=["--head", "500"]) as r:
        try:
            procs.append(ingest(prefix, path, "root", "--rpc", f"root={r.url('root')}", "--metrics-listen",
                                f"127.0.0.1:{ports[0]}"))
            worker = index(prefix, path, dsn, "--metrics-listen", f"127.0.0.1:{ports[1]}")
            procs.append(worker)
            wait_head(dsn, "root", 500)
            procs.append(Proc("serve", "--network", path, "--database", dsn, "--listen", f"127.0.0.1:{ports[2]}",
                              "--lag-limit", "3s"))
            for port in ports[:2]:
                assert wait_status(port, 0, "ready") == "ready\n"
            subprocess.run([*CTL, "kill", *CTL_DATA], check=True, timeout=60)
            r.control({"root": {"head": 510}})
            out = wait_status(ports[0], 1, "NOT READY: Kafka takes no records at the moment")
            assert "look at the broker" in out, out
            wait_status(ports[2], 1, "STUCK: nothing new since 2")
            subprocess.run([*CTL, "start", *CTL_DATA], check=True, timeout=120, stdout=subprocess.DEVNULL)
            wait_head(dsn, "root", 510, seconds=90)
            wait_status(ports[0], 0, "ready")
            worker.kill()
            r.control({"root": {"head": 520}})
            out = wait_status(ports[2], 1, "STUCK: nothing new since 2")
            assert "ask `ingest` and `index` themselves" in out, out
            assert wait_status(ports[0], 0, "ready") == "ready\n"
        finally:
            for p in procs:
                p.kill()


def quiet(f):
    """The answer, or nothing while nobody listens."""
    try:
        return f()
    except OSError:
        return ""


def test_wrong_use():
    rc, _, err = run_cli("ingest", "--network", "golden", "--chain", "moon", "--brokers", BROKER)
    assert (rc, "no chain \"moon\"" in err) == (2, True), err
    rc, _, err = run_cli("ingest", "--network", "golden", "--chain", "root", "--brokers", BROKER, "--from", "5")
    assert (rc, "below the first block of chain root, 109" in err) == (2, True), err
    rc, _, err = run_cli("ingest", "--network", "golden", "--chain", "root")
    assert (rc, "brokers" in err) == (2, True), err
    rc, _, err = run_cli("index", "--network", "golden", "--brokers", BROKER, "--database", "x", "--chain", "moon")
    assert (rc, "no chain \"moon\"" in err) == (2, True), err
    rc, _, err = run_cli("ingest", "--network", "golden", "--chain", "root", "--brokers", BROKER, "--topic-prefix",
                         new_prefix(), "--kafka-set", "acks=0", "--until-head")
    assert (rc, "acks is set by the program" in err) == (1, True), err
    rc, out, _ = run_cli("ingest", "--network", "golden", "--chain", "root", "--brokers", BROKER, "--kafka-set",
                         "sasl.password=hunter2", "--print-config")
    assert rc == 0 and "hunter2" not in out, out


def test_stop_while_waiting():
    """SIGTERM ends both within five seconds, also when no broker answers."""
    dead = f"127.0.0.1:{free_port()}"
    dsn = new_database()
    p = Proc("ingest", "--network", "golden", "--chain", "root", "--brokers", dead)
    q = Proc("index", "--network", "golden", "--brokers", dead, "--database", dsn)
    try:
        p.wait_text("waiting for Kafka")
        q.wait_text("will try again")
        p.stop()
        q.stop()
    finally:
        p.kill()
        q.kill()


run(globals())
