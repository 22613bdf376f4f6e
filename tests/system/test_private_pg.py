"""The private PostgreSQL of `up`: made, reused, adopted, refused."""
import pwd
from harness import *


def new_data(name):
    d = os.path.join(TMP, name)
    os.makedirs(d)
    return d


def pidfile(data):
    with open(os.path.join(data, "pg", "postmaster.pid")) as f:
        return f.read().splitlines()


def test_reused_and_stopped():
    data = new_data("re used")
    for _ in range(2):
        with up("--network", "golden", "--data", data) as (p, api):
            api.wait_indexed("root", 1184)
            pid = int(pidfile(data)[0])
            if os.geteuid() == 0:
                owner = pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name
                assert owner != "root", owner
            p.stop()
        assert not os.path.exists(f"/proc/{pid}"), "PostgreSQL must stop with `up`"


def test_adopted_after_kill():
    data = new_data("adopt")
    with up("--network", "golden", "--data", data) as (p, api):
        api.wait_indexed("root", 1184)
        pid = pidfile(data)[0]
        p.kill()
    with up("--network", "golden", "--data", data) as (p, api):
        assert pidfile(data)[0] == pid, "the running server is adopted"
        api.wait_indexed("root", 1184)
        p.stop()


def test_server_killed_under_us():
    data = new_data("pgkill")
    with up("--network", "golden", "--data", data) as (p, api):
        api.wait_indexed("root", 1184)
        os.kill(int(pidfile(data)[0]), signal.SIGKILL)
        wait_for("API answers again", lambda: api.raw("/v1/checkpoints?limit=1")[0] == 200, 30)
        p.stop()


def startup_process(data):
    """The process that recovers the server in DIR/pg, or None."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                if re.match("postgres: (bttc-indexer: )?startup", f.read()) and os.readlink(f"/proc/{pid}/cwd") == os.path.join(data, "pg"):
                    return int(pid)
        except OSError:
            pass
    return None


def test_leaves_while_the_server_recovers():
    """A stop in the middle of recovery: `up` ends in time, the server does not stay, and the next start has it all."""
    data = new_data("recover")
    with up("--network", "golden", "--data", data) as (p, api):
        api.wait_indexed("root", 1184)
        lines = pidfile(data)
        dsn = f"host={lines[4]} port={lines[3]} user=bttc dbname=bttc"
        want = tables(dsn)
        psql(dsn, "CREATE TABLE filler AS SELECT n, repeat('x', 300) AS t FROM generate_series(1, 1000000) n")
        server = int(lines[0])
        p.kill()
    workers = subprocess.run(["pgrep", "-P", str(server)], capture_output=True, text=True).stdout.split()
    for pid in (server, *map(int, workers)):
        kill_if_there(pid)
    with started("up", "--network", "golden", "--data", data, "--listen", "127.0.0.1:0", "--no-progress") as p:
        recovering = wait_for("recovery", lambda: startup_process(data))
        os.kill(recovering, signal.SIGSTOP)  # so that it lasts, as on a slow disk
        assert "started" not in p.text()
        p.stop()
    wait_for("the server is gone", lambda: startup_process(data) is None and not os.path.exists(f"/proc/{recovering}"), 30)
    with up("--network", "golden", "--data", data) as (p, api):
        api.wait_indexed("root", 1184)
        lines = pidfile(data)
        assert_same_tables(tables(f"host={lines[4]} port={lines[3]} user=bttc dbname=bttc"), want, "after the recovery")
        p.stop()


def test_in_use_is_said():
    data = new_data("inuse")
    with up("--network", "golden", "--data", data) as (p, _):
        rc, _, err = run_cli("up", "--network", "golden", "--data", data, "--listen", "127.0.0.1:0", "--until-head")
        assert rc == 1 and "in use" in err and data in err, err
        p.stop()


def test_other_version_is_said():
    data = new_data("version")
    with up("--network", "golden", "--data", data) as (p, _):
        p.stop()
    with open(os.path.join(data, "pg", "PG_VERSION"), "w") as f:
        f.write("9\n")
    rc, _, err = run_cli("up", "--network", "golden", "--data", data, "--listen", "127.0.0.1:0", "--until-head")
    assert rc == 1 and "version 9" in err, err


def test_other_network_is_refused():
    dsn = new_database()
    index_all("golden", dsn)
    rc, _, err = run_cli("up", "--network", "world", "--database", dsn, "--listen", "127.0.0.1:0", "--until-head")
    assert rc == 1 and "golden" in err and "world" in err, err


def test_unreachable_directory_is_explained():
    if os.geteuid() != 0:
        return
    closed = os.path.join(TMP, "closed")
    os.makedirs(closed, mode=0o700)
    os.chmod(closed, 0o700)
    rc, _, err = run_cli("up", "--network", "golden", "--data", os.path.join(closed, "data"), "--listen", "127.0.0.1:0",
                         "--until-head")
    assert rc == 1 and "chmod" in err and closed in err, err


def test_analyst_by_tcp():
    data = new_data("analyst")
    port = free_port()
    with up("--network", "golden", "--data", data, "--sql-listen", f"127.0.0.1:{port}") as (p, api):
        api.wait_indexed("root", 1184)
        with open(os.path.join(data, "analyst.password")) as f:
            password = f.read().strip()
        dsn = f"host=127.0.0.1 port={port} user=bttc_analyst dbname=bttc password={password}"
        assert psql(dsn, "SELECT count(*) FROM staking.staked") == [["14"]]
        for sql in ("DELETE FROM chain.log", "CREATE TABLE x (a int)", "UPDATE chain.head SET seq = 0"):
            try:
                psql(dsn, sql)
            except AssertionError as e:
                assert "denied" in str(e) or "read-only" in str(e), e
            else:
                raise AssertionError(f"the analyst may {sql}")
        p.stop()


run(globals())
