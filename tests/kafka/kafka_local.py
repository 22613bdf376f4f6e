#!/usr/bin/env python3
"""deploy/kafka-local: what scripts and people rely on, with brokers of its own. Needs the jars in the cache
or a way to fetch them."""
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTL = os.path.join(ROOT, "deploy", "kafka-local")


def run(*args, ctl=CTL, env=None, user=None):
    """Exit code, stdout, stderr of one command."""
    argv = [ctl, *args]
    if user:
        argv = ["setpriv", f"--reuid={user}", "--clear-groups", "--inh-caps=-all"] + argv
    p = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
    return p.returncode, p.stdout.strip(), p.stderr.strip()


def expect(got, code, out=None, err=None):
    """The command ended with this code; stdout is `out`, stderr holds `err`."""
    where = f"got {got}"
    assert got[0] == code, where
    assert out is None or got[1] == out, where
    assert err is None or err in got[2], where
    return got[1]


def serves(address):
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=5):
        return True


def listeners(pid):
    """Local addresses on which the process listens."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
        if m:
            inodes.add(m.group(1))
    found = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as f:
            for line in f.readlines()[1:]:
                w = line.split()
                if w[3] == "0A" and w[9] in inodes:
                    found.append(w[1].split(":")[0])
    return found


def test_life(work):
    data = os.path.join(work, "data dir")
    expect(run("status", "--data", data), 1, "stopped")
    expect(run("stop", "--data", data), 1, err="no such directory")
    t0 = time.monotonic()
    address = expect(run("start", "--data", data), 0)
    print(f"  started in {time.monotonic() - t0:.1f} s")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address), address
    assert serves(address)
    expect(run("status", "--data", data), 0, address)
    expect(run("start", "--data", data), 0, address)
    with open(os.path.join(data, "pid"), encoding="ascii") as f:
        pid = int(f.read())
    assert set(listeners(pid)) == {"0100007F"}, listeners(pid)
    assert stat.S_IMODE(os.stat(os.path.join(data, "data")).st_mode) & 0o077 == 0
    os.remove(os.path.join(data, "pid"))  # lost: it is found by its command line
    expect(run("start", "--data", data), 0, address)
    expect(run("start", "--data", data, "--port", "19999"), 1, err="runs already, on port")
    expect(run("start", "--data", data, "--set", "num.io.threads=3"), 1, err="stop it before --set")
    expect(run("kill", "--data", data), 0)
    expect(run("status", "--data", data), 1, "stopped")
    expect(run("kill", "--data", data), 0)
    expect(run("start", "--data", data, "--set", "log.retention.ms=1234567"), 0, address)
    expect(run("stop", "--data", data), 0)
    expect(run("start", "--data", data), 0, address)
    with open(os.path.join(data, "server.properties"), encoding="ascii") as f:
        assert f.read().rstrip().endswith("log.retention.ms=1234567")
    expect(run("stop", "--data", data), 0)
    assert not os.path.exists(os.path.join(data, "pid"))


def test_port(work):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        got = run("start", "--data", os.path.join(work, "taken"), "--port", str(port))
        expect(got, 1, "", f"port {port} of 127.0.0.1 is in use")
    data = os.path.join(work, "chosen")
    expect(run("start", "--data", data, "--port", str(port)), 0, f"127.0.0.1:{port}")
    expect(run("stop", "--data", data), 0)


def test_refusals(work):
    full = os.path.join(work, "full")
    os.mkdir(full)
    with open(os.path.join(full, "thesis.txt"), "w", encoding="ascii") as f:
        f.write("mine")
    expect(run("start", "--data", full), 1, "", "not empty and not made by kafka-local")
    assert os.listdir(full) == ["thesis.txt"]
    old = os.path.join(work, "old")
    os.mkdir(old)
    with open(os.path.join(old, "kafka-version"), "w", encoding="ascii") as f:
        f.write("1.0.0\n")
    expect(run("start", "--data", old), 1, "", "was made by Kafka 1.0.0")
    expect(run("start", "--data", os.path.join(work, "a,b")), 1, "", "may not hold a comma")
    expect(run("start", "--data", os.path.join(full, "thesis.txt")), 1, "", "can not make")
    for args in (["start"], [], ["fly", "--data", work], ["start", "--data"], ["start", "--date", work],
                 ["start", "--data", work, "--port", "0"], ["start", "--data", work, "--port", "70000"],
                 ["start", "--data", work, "--port", "x"], ["start", "--data", work, "--set", "novalue"],
                 ["stop", "--data", work, "--port", "5"]):
        expect(run(*args), 2, "")
    got = run("--help")
    assert got[0] == 0 and "start prints the broker's address" in got[1]


def test_missing_packages(work):
    tools = os.path.join(work, "bin")
    os.mkdir(tools)
    for t in ("bash", "env", "sed", "dirname", "basename", "cat", "head", "mkdir", "flock", "ls", "diff", "cut", "tr",
              "sha256sum", "grep", "rm", "cmp"):
        os.symlink(shutil.which(t), os.path.join(tools, t))
    env = {"PATH": tools, "HOME": work}
    got = run("start", "--data", os.path.join(work, "d1"), env=env)
    expect(got, 3, "", "apt-get install --no-install-recommends default-jre-headless")
    os.symlink(shutil.which("java"), os.path.join(tools, "java"))
    expect(run("start", "--data", os.path.join(work, "d1"), env=env), 3, "", "install --no-install-recommends maven")
    expect(run("fetch", env={"PATH": os.environ["PATH"]}), 1, "", "neither XDG_CACHE_HOME nor HOME is set")
    got = run("fetch", env={"PATH": os.environ["PATH"], "HOME": work, "KAFKA_LOCAL_NO_FETCH": "1"})
    expect(got, 1, "", "is not filled")


def test_elsewhere(work):
    """Another checkout and another cache, both with spaces, offline, as another user when we are root."""
    cache = expect(run("fetch"), 0)
    place = os.path.join(work, "a check out")
    env = dict(os.environ, XDG_CACHE_HOME=os.path.join(work, "x d g"), KAFKA_LOCAL_NO_FETCH="1", HOME="/nonexistent")
    os.makedirs(os.path.join(place, "deploy"))
    shutil.copy(CTL, os.path.join(place, "deploy"))
    shutil.copytree(os.path.join(ROOT, "deploy", "kafka"), os.path.join(place, "deploy", "kafka"))
    target = os.path.join(work, "x d g", "bttc-indexer", os.path.basename(cache))
    shutil.copytree(os.path.join(cache, "lib"), os.path.join(target, "lib"))
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        uid = pwd.getpwnam(user).pw_uid
        os.chmod(work, 0o755)
        for top, dirs, files in os.walk(work):
            for name in dirs + files:
                os.chown(os.path.join(top, name), uid, -1, follow_symlinks=False)
        os.chown(work, uid, -1)
    ctl = os.path.join(place, "deploy", "kafka-local")
    data = os.path.join(work, "da ta")
    address = expect(run("start", "--data", data, ctl=ctl, env=env, user=user), 0)
    assert serves(address)
    if user:
        with open(os.path.join(data, "pid"), encoding="ascii") as f:
            assert os.stat(f"/proc/{int(f.read())}").st_uid == uid
    expect(run("stop", "--data", data, ctl=ctl, env=env, user=user), 0)
    # A jar that is not the pinned one is refused.
    jar = os.path.join(target, "lib", sorted(os.listdir(os.path.join(target, "lib")))[0])
    with open(jar, "ab") as f:
        f.write(b"x")
    os.remove(os.path.join(target, "complete"))
    expect(run("fetch", ctl=ctl, env=env, user=user), 1, "", "is not filled")


def main():
    tests = [v for k, v in sorted(globals().items()) if k.startswith("test_")]
    for t in tests:
        work = tempfile.mkdtemp(prefix="kafka-local-")
        try:
            print(t.__name__, flush=True)
            t(work)
        finally:
            for name in os.listdir(work):
                data = os.path.join(work, name)
                if os.path.exists(os.path.join(data, "pid")):
                    run("kill", "--data", data)
            shutil.rmtree(work)
    print(f"{len(tests)} passed")


if __name__ == "__main__":
    sys.exit(main())
