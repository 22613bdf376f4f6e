"""Every fault of the replay server: the same rows as the clean run, or a refusal, never a hole."""
from harness import *

GOLDEN = os.path.join(RECORDINGS, "golden")

# Faults that a node recovers from: the run must end with exactly the clean tables.
PASSING = [
    "429:rate=10,seed=1", "503:rate=200,seed=2", "reset:rate=100,seed=3", "truncated:rate=100,seed=4",
    "nonjson:rate=150,seed=5", "null:rate=50,seed=6", "shuffle:rate=1000,seed=7", "missing:rate=200,seed=8",
    "head-back:rate=100,seed=9",
]
# Wrong answers now and then: noticed against the header's bloom or receiptsRoot and asked again.
LYING = ["drop-log:rate=100,seed=10", "alter-log:rate=100,seed=11", "duplicate-log:rate=100,seed=12"]


def run_with(faults, want, *args, timeout="2s"):
    dsn = new_database()
    a = []
    for f in faults:
        a += ["--fault", f]
    with replay(GOLDEN, args=a) as r:
        # --until-head believes the head that is answered first; a node that stepped back then is asked again
        for _ in range(4):
            index_all("golden", dsn, "--rpc", f"root={r.url('root')}", "--rpc-timeout", timeout, "--range", "60",
                      "--rpc-batch", "20", *args)
            if len(tables(dsn)["chain.block"]) >= len(want["chain.block"]):
                break
    assert_same_tables(tables(dsn), want, str(faults))


_want = []


def want():
    if not _want:
        dsn = new_database()
        index_all("golden", dsn)
        _want.append(tables(dsn))
    return _want[0]


def test_each_passing_fault():
    w = want()
    together(lambda f: run_with([f], w), PASSING)


def test_hanging_node():
    run_with(["hang:rate=30,seed=13,seconds=30"], want(), timeout="500ms")


def test_all_at_once():
    run_with([f.replace("rate=200", "rate=40").replace("rate=1000", "rate=300").replace("rate=150", "rate=30")
              .replace("rate=100", "rate=20").replace("rate=10,", "rate=3,") for f in PASSING], want())


def test_lies_are_noticed():
    w = want()
    together(lambda f: run_with([f], w), LYING)


def test_wrong_chain_is_refused():
    dsn = new_database()
    with replay(GOLDEN, args=["--fault", "wrong-chain"]) as r:
        rc, _, err = run_cli("up", "--network", "golden", "--database", dsn, "--rpc", f"root={r.url('root')}",
                             "--listen", "127.0.0.1:0", "--until-head", "--no-progress")
    assert rc == 1 and "31337" in err, err
    assert psql(dsn, "SELECT count(*) FROM chain.block") == [["0"]]


def test_second_endpoint_takes_over():
    dsn = new_database()
    with replay(GOLDEN, args=["--fault", "503"]) as bad, replay(GOLDEN, args=["--fault", "wrong-chain"]) as worse, \
            replay(GOLDEN) as good:
        index_all("golden", dsn, *[x for r in (bad, worse, good) for x in ("--rpc", f"root={r.url('root')}")])
    assert_same_tables(tables(dsn), want(), "two bad endpoints, one good")


run(globals())
