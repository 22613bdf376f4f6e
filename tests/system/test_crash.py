"""kill -9 of `up`, of its PostgreSQL, of both, at random points: the tables equal a clean run's."""
import random
from harness import *

ROUNDS = int(os.environ.get("BTTC_CRASH_ROUNDS", "25" if SLOW == 1 else "4"))
SEED = int(os.environ.get("BTTC_TEST_SEED", "20240101"))


def postmaster(data):
    try:
        with open(os.path.join(data, "pg", "postmaster.pid")) as f:
            return int(f.readline())
    except (OSError, ValueError):
        return None


def private_tables(data, network):
    """Tables of a private cluster, read through a server that `up` starts for us."""
    with up("--network", network, "--data", data) as (p, api):
        for c in api.get("/v1/status")["chains"]:
            api.wait_indexed(c["chain"], LAST[network][c["chain"]])
        with open(os.path.join(data, "pg", "postmaster.pid")) as f:
            rows = f.read().splitlines()
        out = tables(f"host={rows[4]} port={rows[3]} user=bttc dbname=bttc")
        p.stop()
    return out


LAST = {"golden": {"root": 1184}, "world": {"root": 389, "bttc": 7778}}


def new_data(name):
    d = os.path.join(TMP, name)
    os.makedirs(d)
    return d


def test_random_kills():
    rnd = random.Random(SEED)
    print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
    clean = new_data("clean")
    with up("--network", "world", "--data", clean, "--until-head") as (p, _):
        assert p.wait() == 0, p.text()[-2000:]
    want = private_tables(clean, "world")
    data = new_data("killed")
    done = 0
    while done < ROUNDS:
        # A quarter of the rounds begins afresh, so that every phase of a run is hit.
        if done % 6 == 0 and done:
            kill_if_there(postmaster(data))  # one that a killed `up` left behind
            shutil.rmtree(data, ignore_errors=True)
            data = new_data(f"killed{done}")
        p = Proc("up", "--network", "world", "--data", data, "--listen", "127.0.0.1:0", "--no-progress",
                 "--until-head", "--range", rnd.choice([20, 100, 500]), "--replay-speed", "0")
        time.sleep(rnd.uniform(0.05, 1.6) * SLOW)
        what = rnd.choice(["up", "pg", "both", "up"])
        pid = postmaster(data)
        if what in ("pg", "both"):
            kill_if_there(pid)
        if what in ("up", "both"):
            p.kill()
        elif rnd.random() < 0.5:
            p.wait()  # must get over the death of its server by itself
            assert p.p.returncode == 0, p.text()[-3000:]
        else:
            time.sleep(rnd.uniform(0, 0.5))
            p.kill()
        done += 1
    p = Proc("up", "--network", "world", "--data", data, "--listen", "127.0.0.1:0", "--no-progress", "--until-head")
    assert p.wait() == 0, p.text()[-3000:]
    assert_same_tables(private_tables(data, "world"), want, f"after {ROUNDS} kills, seed {SEED}")


run(globals())
