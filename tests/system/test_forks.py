"""All recorded forks played live, also with a kill in the middle of an UNDO; forks that must stop the chain."""
from harness import *
import odd_node

GOLDEN = os.path.join(RECORDINGS, "golden")
ROOT_WORLD = os.path.join(RECORDINGS, "world", "root")
BTTC = os.path.join(RECORDINGS, "world", "bttc")


def clean_tables(network_file, url, key, last):
    dsn = new_database()
    index_all(network_file, dsn, "--rpc", f"{key}={url}")
    return tables(dsn)


def orphan_keys(dsn):
    return {(int(b), h) for b, h in psql(dsn, "SELECT number, '0x' || encode(hash,'hex') FROM chain.orphan_block")}


def play(d, path, key, crash=None):
    net = network_file(d)
    last = {"golden": 1184, "root": 389, "bttc": 7778}[os.path.basename(d)]
    with replay(d) as r:
        want = clean_tables(net, r.url(key), key, last)
        dsn = new_database()
        all_forks = forks(*path)
        r.control({key: {"head": all_forks[0][0]}})
        p, port = None, free_port()
        api = Api(port)

        def start(env=None):
            return Proc("up", "--network", net, "--database", dsn, "--rpc", f"{key}={r.url(key)}", "--listen",
                        f"127.0.0.1:{port}", "--no-progress", "--poll-period", "30ms", env=env)
        try:
            for i, (point, tip, win, f) in enumerate(all_forks, 1):
                # crash: the process kills itself at a fault point (dev builds), or we kill it
                if p is None:
                    p = start()
                r.control({key: {"head": point}})
                api.wait_indexed(key, point)
                r.control({key: {"head": tip, "fork": i}})
                api.wait_indexed(key, tip, block_hash=f["orphaned"][-1]["block"]["hash"])
                got = psql(dsn, f"SELECT '0x' || encode(hash,'hex') FROM chain.block WHERE number > {point} ORDER BY number")
                assert [h for (h,) in got] == [b["block"]["hash"] for b in f["orphaned"]], f"fork {i}: orphaned branch"
                if crash:
                    p.kill()
                    p = None
                    r.control({key: {"head": win}})
                    p = start()
                    for _ in range(crash):
                        time.sleep(0.15)
                        p.kill()
                        p = start()
                else:
                    r.control({key: {"head": win}})
                api.wait_indexed(key, win, block_hash=f["canonical"][-1]["block"]["hash"])
                got = psql(dsn, f"SELECT '0x' || encode(hash,'hex') FROM chain.block WHERE number > {point} ORDER BY number")
                assert [h for (h,) in got] == [b["block"]["hash"] for b in f["canonical"]], f"fork {i}: canonical"
                gone = {(number(b["block"]["number"]), b["block"]["hash"]) for b in f["orphaned"]}
                assert gone <= orphan_keys(dsn), f"fork {i}: orphaned blocks are kept"
            r.control({key: {"head": last}})
            api.wait_indexed(key, last)
            p.stop()
        finally:
            if p:
                p.kill()
        assert_same_tables(tables(dsn), want, f"{d} after {len(all_forks)} forks")
        (count, depth), = psql(dsn, "SELECT count(*), sum(depth) FROM chain.fork")
        if not crash:
            assert (int(count), int(depth)) == (len(all_forks), sum(t - q for q, t, _, _ in all_forks))


def test_golden_forks_live():
    play(GOLDEN, ("golden",), "root")


def test_world_root_forks_live():
    play(ROOT_WORLD, ("world", "root"), "root")


def test_bttc_forks_live_head_goes_down():
    play(BTTC, ("world", "bttc"), "bttc")


def test_golden_forks_with_kills():
    play(GOLDEN, ("golden",), "root", crash=2)


def test_killed_at_every_statement_of_an_undo():
    """Down on the orphaned branch, started on the canonical one, killed before and after the n-th SQL statement."""
    net = network_file(GOLDEN)
    point, tip, win, f = forks("golden")[3]
    with replay(GOLDEN) as r:
        want = clean_tables(net, r.url("root"), "root", 1184)
        r.control({"root": {"head": tip, "fork": 4}})
        dsn = new_database()
        index_all(net, dsn, "--rpc", f"root={r.url('root')}")
        args = ["up", "--network", net, "--database", dsn, "--rpc", f"root={r.url('root')}", "--listen", "127.0.0.1:0",
                "--until-head", "--no-progress", "--range", "4"]
        r.control({"root": {"head": 1184}})
        kills = 0
        for n in itertools.count(1):
            p = Proc(*args, env={"BTTC_FAULT_POINTS": f"pg.{'before' if n % 2 else 'after'}!:{n}"}, binary=FAULT_BIN)
            rc = p.wait()
            if rc == 0:
                break
            assert rc == -signal.SIGKILL, p.text()[-2000:]
            kills += 1
        assert kills > 20, kills
        (depth,), = psql(dsn, "SELECT sum(depth) FROM chain.fork")
        assert int(depth) == tip - point, depth
    assert_same_tables(tables(dsn), want, f"after {kills} kills")


def test_fork_while_down():
    net = network_file(GOLDEN)
    point, tip, win, f = forks("golden")[0]
    dsn = new_database()
    with replay(GOLDEN, args=["--head", str(tip), "--fork", "1"]) as r:
        index_all(net, dsn, "--rpc", f"root={r.url('root')}")
        assert psql(dsn, f"SELECT encode(hash,'hex') FROM chain.block WHERE number = {tip}") == [[f["orphaned"][-1]["block"]["hash"][2:]]]
        r.control({"root": {"head": 1184}})
        index_all(net, dsn, "--rpc", f"root={r.url('root')}")
        want = clean_tables(net, r.url("root"), "root", 1184)
    assert_same_tables(tables(dsn), want, "fork while down")


def test_two_endpoints_on_two_branches():
    """What is stored stands while somebody has it, and the difference is told; the longer branch decides, though the
    other endpoint answers quicker and stands still for good."""
    net, last = network_file(GOLDEN), 1184
    point, tip, win, f = forks("golden")[0]
    with replay(GOLDEN) as lost, replay(GOLDEN) as right:
        right.control({"root": {"head": last}})
        want = clean_tables(net, right.url("root"), "root", last)
        right.control({"root": {"head": tip}})
        lost.control({"root": {"head": tip, "fork": 1}})
        dsn = new_database()
        answer = odd_node.forward(right.url("root"))

        def late(q):
            time.sleep(0.02)
            return answer(q)

        def number_of(sql):
            return int(psql(dsn, sql)[0][0])
        with odd_node.serve(late) as slow, up("--network", net, "--database", dsn, "--rpc", f"root={lost.url('root')}",
                                              "--rpc", f"root={slow}", "--poll-period", "30ms") as (p, api):
            api.wait_indexed("root", tip)
            wait_for("the dispute", lambda: number_of("SELECT count(*) FROM chain.dispute WHERE what = 'hash'") > 0, 60)
            said = psql(dsn, "SELECT answer, other_answer, outcome FROM chain.dispute WHERE what = 'hash'")
            assert all(a != b and f"block {point + 1} is 0x" in b and "pending" in o for a, b, o in said), said
            undone = number_of("SELECT count(*) FROM chain.orphan_block")
            time.sleep(3)
            assert number_of("SELECT count(*) FROM chain.orphan_block") == undone, "what is stored does not stand"
            right.control({"root": {"head": last}})
            api.wait_indexed("root", last, block_hash=right.call("root", "eth_getBlockByNumber", hex(last), False)["result"]["hash"])
            assert p.p.poll() is None
        assert_same_tables(tables(dsn), want, "two branches")


def test_fork_below_final_stops_the_chain():
    """The depth-32 fork where final is 10 blocks behind: nothing may change, health must tell."""
    net = network_file(GOLDEN)
    text = open(net).read()
    conf = json.loads(text)
    conf["chains"][0]["finality"]["final"] = 10
    conf["chains"][0]["finality"]["safe"] = 5
    net = os.path.join(TMP, "shallow.json")
    with open(net, "w") as o:
        json.dump(conf, o)
    point, tip, win, f = forks("golden")[0]
    dsn = new_database()
    with replay(GOLDEN, args=["--head", str(tip), "--fork", "1", "--final-depth", "10", "--safe-depth", "5"]) as r:
        with up("--network", net, "--database", dsn, "--rpc", f"root={r.url('root')}", "--poll-period", "30ms") as (p, api):
            api.wait_indexed("root", tip)
            before = tables(dsn, orphans=True)
            r.control({"root": {"head": 1184}})
            p.wait_text(r"final", 30)
            wait_for("not ready", lambda: api.raw("/readyz")[0] == 503)
            assert api.raw("/healthz")[0] == 200
            assert_same_tables(tables(dsn, orphans=True), before, "halted chain")
            p.stop()
        rc, _, err = run_cli("up", "--network", net, "--database", dsn, "--rpc", f"root={r.url('root')}", "--listen",
                             "127.0.0.1:0", "--until-head", "--no-progress")
        assert rc == 1 and "final" in err and "nothing was changed" in err, err


run(globals())
