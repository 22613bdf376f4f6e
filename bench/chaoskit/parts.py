"""What a round is made of: PostgreSQL, broker, node and our own processes, each with what can be done to it."""
import glob, http.client, json, os, re, shutil, signal, struct, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from common import BIN, NODE, ROOT, as_pg, pg_bin
from chaoskit import compare

SHIM = os.path.join(os.path.dirname(NODE), "libchaos_clock.so")
KAFKA = os.path.join(ROOT, "deploy", "kafka-local")


class Fault(Exception):
    """A round found something wrong."""


def wait_for(what, check, seconds, alive=lambda: None):
    end = time.monotonic() + seconds
    while True:
        v = check()
        if v:
            return v
        alive()
        if time.monotonic() > end:
            raise Fault(f"waited {seconds} s for: {what() if callable(what) else what}")
        time.sleep(0.03)


def signal_all(pids, sig):
    n = 0
    for p in pids:
        try:
            os.kill(p, sig)
            n += 1
        except ProcessLookupError:
            pass
    return n


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def gone(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


class Clock:
    """The wall clock of the processes that have env(): stepped by whole seconds."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "clock")
        self.step(0)
        os.chmod(self.path, 0o644)

    def step(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("=q", seconds))

    def env(self):
        return {"LD_PRELOAD": SHIM, "BTTC_CHAOS_CLOCK": self.path}


def as_user():
    """PostgreSQL refuses to run as root. (runuser would stay as a parent, and stop when the server is stopped.)"""
    return dict(user="postgres", group="postgres", extra_groups=[]) if os.geteuid() == 0 else {}


class Postgres:
    """A server that clients reach by a socket in `dir`; its processes may be killed at any time."""
    SETTINGS = [x for s in ("listen_addresses=", "max_connections=60", "shared_buffers=64MB", "max_wal_size=64MB", "min_wal_size=8MB")
                for x in ("-c", s)]

    def __init__(self, directory, log, env=None):
        self.dir, self.log, self.env, self.p = directory, log, env or {}, None
        self.data = os.path.join(directory, "data")
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres")
        r = subprocess.run(as_pg(os.path.join(pg_bin(), "initdb"), "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
                                 "--locale=C", "-N", "--wal-segsize=4"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/")
        if r.returncode:
            sys.exit(f"initdb: {r.stdout}")

    def dsn(self, name):
        return f"host={self.dir} user=postgres dbname={name}"

    def postmaster(self):
        try:
            return int(open(os.path.join(self.data, "postmaster.pid")).readline())
        except (OSError, ValueError):
            return None

    def backends(self):
        pid = self.postmaster()
        return children(pid) if pid else []

    def processes(self):
        pid = self.postmaster()
        return [pid] + children(pid) if pid and not gone(pid) else []

    def running(self):
        pid = self.postmaster()
        return bool(pid) and not gone(pid) and self.p is not None and self.p.poll() is None

    def start(self, seconds=60):
        """Until it answers. A killed server's last backends may have to end first."""
        end = time.monotonic() + seconds
        while True:
            if not self.p or self.p.poll() is not None:
                # Again and again: what remained of the server before may still be ending.
                self.p = subprocess.Popen([os.path.join(pg_bin(), "postgres"), "-D", self.data, "-k", self.dir, *self.SETTINGS],
                    stdout=self.log, stderr=self.log, cwd="/", stdin=subprocess.DEVNULL, env={**os.environ, **self.env}, **as_user())
            if subprocess.run([os.path.join(pg_bin(), "pg_isready"), "-q", "-h", self.dir, "-U", "postgres"]).returncode == 0:
                return
            if time.monotonic() > end:
                raise Fault(f"PostgreSQL did not start again in {seconds} s")
            time.sleep(0.1)

    def kill(self, backends_too):
        pid, all_of_it = self.postmaster(), self.processes()
        signal_all(all_of_it if backends_too else [pid] if pid else [], signal.SIGKILL)
        if self.p:
            self.p.wait()
        self.p = None

    def kill_backend(self, rnd):
        b = self.backends()
        return signal_all([rnd.choice(b)], signal.SIGKILL) if b else 0

    def sql(self, name, text):
        return compare.ask(self.dsn(name), text)

    def stop(self):
        self.kill(True)


class Broker:
    """kafka-local behind a proxy: clients are told the proxy's address."""

    def __init__(self, directory, advertised=None, env=None):
        self.dir, self.env = directory, {**os.environ, **(env or {})}
        self.more = ["--set", f"advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}"] if advertised else []
        self.address = None

    def ctl(self, *args, check=True):
        r = subprocess.run([KAFKA, args[0], "--data", self.dir, *args[1:]], capture_output=True, text=True, env=self.env, timeout=180)
        if check and r.returncode:
            raise Fault(f"kafka-local {' '.join(args)}: {r.stderr.strip()[-1500:]}")
        return r.stdout.strip()

    def start(self):
        self.address = self.ctl("start", *self.more)
        self.more = []

    def pid(self):
        try:
            return int(open(os.path.join(self.dir, "pid")).read())
        except (OSError, ValueError):
            return None

    def running(self):
        pid = self.pid()
        return bool(pid) and not gone(pid)

    def kill(self):
        self.ctl("kill")

    def signal(self, sig):
        pid = self.pid()
        return signal_all([pid], sig) if pid else 0


class Node:
    """replay-server over recordings or a synthetic chain, with /control."""

    def __init__(self, recordings, log, *args):
        a = [BIN, "replay-server", "--listen", "127.0.0.1:0", "--control", *args]
        for r in recordings:
            a += ["--recording", r]
        self.log = log
        before = os.path.getsize(log.name)  # a round that is played again writes into the same file
        self.p = subprocess.Popen(a, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        m = wait_for("the node", lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", open(log.name).read()[before:]), 60,
                     lambda: self.p.poll() is None or sys.exit(f"replay-server: {open(log.name).read()}"))
        self.port = int(m[1])

    def control(self, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request("GET" if body is None else "POST", "/control", None if body is None else json.dumps(body),
                  {"Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read().decode()
        if r.status != 200:
            raise Fault(f"control {body}: {r.status} {text}")
        return json.loads(text) if text else None

    def requests(self):
        return sum(c["http"] for c in self.control()["chains"].values())

    def fault_hits(self):
        return sum(f["hits"] for f in self.control()["faults"])

    def close(self):
        self.p.terminate()
        self.p.wait()


class Program:
    """One of our processes: its command line, and what became of it."""

    def __init__(self, name, args, log, env=None):
        self.name, self.args, self.log, self.env = name, [BIN, *map(str, args)], log, env or {}
        self.p, self.wanted, self.deaths, self.refusals = None, False, [], 0

    def start(self):
        self.wanted = True
        if not self.p or self.p.poll() is not None:
            self.before = os.path.getsize(self.log.name)
            self.p = subprocess.Popen(self.args, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                      env={**os.environ, **self.env})

    def running(self):
        return self.p is not None and self.p.poll() is None

    def kill(self):
        """False: it was not running."""
        was = self.running()
        self.wanted = False
        if was:
            self.p.kill()
            self.p.wait()
        return was

    def pause(self):
        if self.running():
            self.p.send_signal(signal.SIGSTOP)
            return True
        return False

    def resume(self):
        if self.running():
            self.p.send_signal(signal.SIGCONT)

    def look(self):
        """Started again, as a service manager would, when it ended without being told to. Only before it has started
        may it do that, with a reason: when there is no disk for a new database, say."""
        if not self.wanted or self.p.poll() is None:
            return
        said = self.text()[self.before:]
        if self.p.returncode != 1 or 'msg="started"' in said or not said.strip():
            self.deaths.append(f"{self.name} ended by itself with {self.p.returncode}: {said[-600:]}")
            if len(self.deaths) > 20:
                raise Fault(f"{self.name} ended by itself again and again")
        else:
            self.refusals += 1
        time.sleep(0.2)
        self.start()

    def stop(self, limit=5.0):
        """SIGTERM: must end with 0 within five seconds."""
        self.wanted = False
        if not self.running():
            return
        t = time.monotonic()
        self.p.terminate()
        try:
            rc = self.p.wait(30)
        except subprocess.TimeoutExpired:
            raise Fault(f"{self.name} still runs 30 s after SIGTERM") from None
        took = time.monotonic() - t
        if rc or took > limit:
            raise Fault(f"{self.name} ended with {rc} in {took:.1f} s after SIGTERM, 0 within {limit:.0f} s is promised")

    def text(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def refusal(self):
        """What it said last when it did not start."""
        lines = [g for g in self.text().splitlines() if g.startswith("bttc-indexer ")]
        return lines[-1] if lines else "(nothing)"

    def last_error(self):
        lines = [g for g in self.text().splitlines() if "level=error" in g or "level=warn" in g or "rror" in g]
        return lines[-1] if lines else "(it said nothing)"


class PrivatePostgres:
    """The server that `up --data` has made."""

    def __init__(self, data):
        self.data = os.path.join(data, "pg")

    def _file(self):
        try:
            return open(os.path.join(self.data, "postmaster.pid")).read().splitlines()
        except OSError:
            return []

    def postmaster(self):
        f = self._file()
        return int(f[0]) if f and f[0].isdigit() else None

    def processes(self):
        pid = self.postmaster()
        return [pid] + children(pid) if pid and not gone(pid) else []

    def running(self):
        return bool(self.processes())

    def kill(self, backends_too):
        p = self.processes()
        signal_all(p if backends_too else p[:1], signal.SIGKILL)

    def kill_backend(self, rnd):
        b = self.processes()[1:]
        return signal_all([rnd.choice(b)], signal.SIGKILL) if b else 0

    def dsn(self):
        f = self._file()
        if len(f) < 5:
            raise compare.Unreadable("the private server is down")
        return f"host={f[4]} port={f[3]} user=bttc dbname=bttc"

    def stop(self):
        self.kill(True)
