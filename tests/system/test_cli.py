"""The command line: help, exit codes, and what a mistake says."""
import json, os, re
from harness import *

COMMANDS = ("up", "ingest", "index", "serve", "migrate", "backfill", "status", "verify", "network", "replay-server")


def test_help_shows_every_command():
    rc, out, _ = run_cli("--help")
    assert rc == 0
    for c in COMMANDS:
        assert re.search(rf"^  {c} ", out, re.M), c
        rc, text, err = run_cli(c, "--help")
        assert rc == 0 and err == "", (c, err)
        assert text.startswith(f"Usage: bttc-indexer {c} ")
        for option in re.findall(r"^  --(\S+)", text, re.M):
            if option != "config":
                assert "BTTC_" + option.upper().replace("-", "_") in text, (c, option)


def one_line(args, *words):
    rc, out, err = run_cli(*args)
    assert rc == 2, (args, rc, err)
    assert out == "" and len(err.strip().splitlines()) == 1, (args, out, err)
    for w in words:
        assert w in err, (args, w, err)


def test_mistakes_exit_2_with_one_line():
    one_line(["frobnicate"], "unknown command", "frobnicate")
    one_line(["stauts"], 'did you mean "status"')
    one_line(["up", "--netwrok", "golden"], 'unknown option "netwrok"', 'did you mean "network"')
    one_line(["up"], '"network" is required')
    one_line(["up", "--network", "golden"], "--data", "--database")
    one_line(["up", "--network", "golden", "--data", "x", "--database", "y"], "exclude each other")
    one_line(["up", "--network", "nosuch", "--data", "/tmp/x"], "nosuch")
    one_line(["up", "--network", "golden", "--data", "/tmp/x", "--rpc", "mars=http://a"], "mars=http://a", "CHAIN=URL")
    one_line(["up", "--network", "golden", "--data", "/tmp/x", "--rpc", "root=ftp://a"], "ftp://a")
    one_line(["up", "--network", "golden", "--data", "/tmp/x", "--range", "0"], '"range"', "0 is outside 1 to")
    one_line(["up", "--network", "golden", "--data", "/tmp/x", "extra"], 'unexpected word "extra"')
    one_line(["backfill", "--network", "golden", "--data", "/tmp/x", "--chain", "moon", "--from", "1", "--to", "2"],
             '"chain"', "moon")
    one_line(["backfill", "--network", "golden", "--data", "/tmp/x", "--chain", "root", "--from", "300", "--to", "200"],
             '"from"', "300", "200")
    one_line(["backfill", "--network", "golden", "--data", "/tmp/x", "--chain", "root", "--from", "1", "--to", "200"],
             '"from"', "below the first block")
    one_line(["migrate", "sideways", "--database", "x"], "sideways")
    one_line(["network", "chekc", "x"], 'did you mean "check"')
    one_line(["up", "--network", "golden", "--data", "/tmp/x", "--log-level", "loud"], "log-level", "loud")


def test_configuration_has_origins():
    path = os.path.join(TMP, "up.conf")
    with open(path, "w") as f:
        f.write("network = golden\nrange = 77\ndata = /tmp/none\n")
    rc, out, err = run_cli("up", "--config", path, "--window", "3", "--print-config", env={"BTTC_RPC_BATCH": "9"})
    assert rc == 0, err
    assert f"range = 77  # {path}:2" in out
    assert "window = 3  # argument" in out
    assert "rpc-batch = 9  # BTTC_RPC_BATCH" in out
    assert "rpc-in-flight = 8  # default" in out
    rc, out, err = run_cli("up", "--network", "golden", "--database", "postgres://u:secret@h/d", "--print-config")
    assert rc == 0 and "secret" not in out and "database = ***" in out
    rc, _, err = run_cli("up", "--config", path, "--check-config")
    assert rc == 0, err
    assert not os.path.exists("/tmp/none")


def test_network_files():
    for name in ("mainnet", "donau", "golden", "world"):
        rc, out, err = run_cli("network", "check", os.path.join(ROOT, "schema", "networks", name + ".json"))
        assert rc == 0, err
        assert f'network "{name}"' in out
    rc, out, err = run_cli("network", "from-recording", os.path.join(RECORDINGS, "world"))
    assert rc == 0, err
    assert [c["key"] for c in json.loads(out)["chains"]] == ["root", "bttc"]
    bad = os.path.join(TMP, "bad.json")
    with open(bad, "w") as f:
        f.write(out.replace('"chain_id"', '"chian_id"', 1))
    rc, _, err = run_cli("network", "check", bad)
    assert rc == 1 and "/chains/0" in err and "chian_id" in err, err
    with open(bad, "w") as f:
        f.write(out[: len(out) // 2])
    rc, _, err = run_cli("network", "check", bad)
    assert rc == 1 and re.search(r"bad\.json:\d+", err), err
    rc, _, err = run_cli("network", "from-recording", TMP)
    assert rc == 1 and TMP in err, err


def test_plan_changes_nothing():
    rc, out, err = run_cli("backfill", "--network", "golden", "--chain", "root", "--from", "109", "--to", "500",
                           "--data", os.path.join(TMP, "never"), "--plan")
    assert rc == 0, err
    assert "blocks 109 to 500 (392)" in out
    assert not os.path.exists(os.path.join(TMP, "never"))


def test_status_of_nobody():
    rc, _, err = run_cli("status", "--url", f"http://127.0.0.1:{free_port()}")
    assert rc == 1 and "/v1/status" in err, err


run(globals())
