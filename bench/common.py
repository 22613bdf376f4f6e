"""What the bench programs share: the machine, a throw-away PostgreSQL, a replayed node, medians. Standard library only."""
import contextlib, datetime, http.client, json, os, platform, re, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.environ.get("BTTC_INDEXER", os.path.join(ROOT, "build", "bttc-indexer"))
NODE = os.path.join(os.path.dirname(BIN), "bench", "bench_node")
# What the private server of `up` runs with (indexer/store/cluster.c); fsync stays on.
PG_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "2GB", "min_wal_size": "256MB", "checkpoint_timeout": "15min",
               "wal_level": "minimal", "max_wal_senders": "0", "maintenance_work_mem": "128MB", "jit": "off",
               "random_page_cost": "1.1"}


def build(*targets):
    r = subprocess.run([os.path.join(ROOT, "deploy", "build"), "release", "bttc-indexer", *targets],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        sys.exit(f"build failed:\n{r.stdout[-3000:]}")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except OSError:
        return ""


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read())
    mem = int(re.search(r"MemTotal:\s*(\d+)", open("/proc/meminfo").read())[1]) // 1048576
    commit = output("git", "-C", ROOT, "rev-parse", "--short", "HEAD")
    dirty = "+changes" if output("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no") else ""
    print(f"machine   {cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {mem + 1} GiB, "
          f"Linux {platform.release()}, load {os.getloadavg()[0]:.1f}, {datetime.date.today()}")
    print(f"versions  bttc-indexer {output(BIN, '--version').split()[-1] if os.path.exists(BIN) else '?'} ({commit}{dirty}), "
          f"{output(os.path.join(pg_bin(), 'postgres'), '--version')}, {output('cc', '--version').splitlines()[0]}", flush=True)


def spread(values, digits=0):
    f = lambda v: f"{v:,.{digits}f}"
    return f"{f(statistics.median(values))}  ({f(min(values))} to {f(max(values))}, {len(values)} runs)"


def percentile(values, p):
    v = sorted(values)
    return v[min(len(v) - 1, int(p / 100 * len(v)))]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """CPU time of a process and of its children that ended."""
    try:
        f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(x) for x in f[11:15]) / os.sysconf("SC_CLK_TCK")


# ---- PostgreSQL -------------------------------------------------------------------------------

def pg_bin():
    dirs = sorted((d for d in (f"/usr/lib/postgresql/{v}/bin" for v in range(30, 9, -1)) if os.path.exists(d + "/initdb")),
                  key=lambda d: -int(d.split("/")[4]))
    return dirs[0] if dirs else os.path.dirname(shutil.which("initdb") or sys.exit("PostgreSQL (initdb) is not installed"))


def as_pg(*command):
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


class Postgres:
    """A cluster of its own in a temporary directory, reached by a socket."""

    def __init__(self, settings=None):
        self.dir = tempfile.mkdtemp(prefix="bttc-bench-pg.")
        os.chmod(self.dir, 0o755)
        if os.geteuid() == 0:
            shutil.chown(self.dir, "postgres")
        data = os.path.join(self.dir, "data")
        self.run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {k}={v}" for k, v in {**PG_SETTINGS, **(settings or {})}.items())
        self.run("pg_ctl", "-D", data, "-w", "-l", os.path.join(self.dir, "log"), "-o",
                 f"-c listen_addresses= -k {self.dir} {options}", "start")
        self.pid = int(open(os.path.join(data, "postmaster.pid")).readline())
        self.count = 0

    def run(self, program, *args):
        r = subprocess.run(as_pg(os.path.join(pg_bin(), program), *args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, cwd="/")
        if r.returncode:
            sys.exit(f"{program}: {r.stdout}")

    def dsn(self, name):
        return f"host={self.dir} user=postgres dbname={name}"

    def database(self, migrate=True):
        self.count += 1
        name = f"bench{self.count}"
        self.sql("postgres", f"CREATE DATABASE {name}")
        if migrate:
            r = subprocess.run([BIN, "migrate", "up", "--database", self.dsn(name)], capture_output=True, text=True)
            if r.returncode:
                sys.exit(f"migrate: {r.stderr}")
        return name

    def sql(self, name, text, binary=False):
        r = subprocess.run([os.path.join(pg_bin(), "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(name), "-c", text],
                           capture_output=True)
        if r.returncode:
            sys.exit(f"{text}: {r.stderr.decode()}")
        return r.stdout if binary else r.stdout.decode().strip()

    def cpu(self):
        """CPU seconds of the server and all its backends, past and present."""
        pids = [self.pid] + [int(p) for p in output("pgrep", "-P", str(self.pid)).split()]
        return sum(cpu_seconds(p) for p in pids)

    def close(self):
        self.run("pg_ctl", "-D", os.path.join(self.dir, "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.dir, ignore_errors=True)


# ---- node -------------------------------------------------------------------------------------

class Node:
    """bench_node over a recording or a synthetic chain."""

    def __init__(self, what, *args):
        self.p = subprocess.Popen([NODE, "127.0.0.1:0", what, "--control", *args], stdout=subprocess.PIPE, text=True)
        line = self.p.stdout.readline()
        m = re.match(r"listening on (\d+)", line)
        if not m:
            sys.exit(f"bench_node did not start: {line}")
        self.port = int(m[1])
        self.key = "bttc" if "kind=bttc" in what else "root"
        self.url = f"http://127.0.0.1:{self.port}/{self.key}"

    def control(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request("GET", "/control")
        return json.loads(c.getresponse().read())

    def cpu(self):
        return cpu_seconds(self.p.pid)

    def close(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()


def network_file(what, **changes):
    """A network file for a synthetic chain; changes to its chain."""
    text = output(NODE, "--network-file", what)
    if not text:
        sys.exit(f"no network file for {what}")
    net = json.loads(text)
    net["chains"][0].update(changes)
    fd, path = tempfile.mkstemp(prefix="bttc-bench.", suffix=".json")
    with os.fdopen(fd, "w") as f:
        json.dump(net, f)
    return path


class Run:
    """A command to its end: seconds, CPU seconds, peak memory."""

    def __init__(self, *command, env=None):
        start = time.monotonic()
        with tempfile.TemporaryFile("w+") as log:
            p = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
            _, status, usage = os.wait4(p.pid, 0)
            self.seconds = time.monotonic() - start
            log.seek(0)
            self.text = log.read()
        p.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.rss_mb = usage.ru_maxrss / 1024
        if self.code:
            sys.exit(f"{' '.join(command)}: exit {self.code}\n{self.text[-2000:]}")


class Kafka:
    """A real broker on this machine (deploy/kafka-local)."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="bttc-bench-kafka.", dir="/tmp")
        self.ctl = os.path.join(ROOT, "deploy", "kafka-local")
        self.brokers = output(self.ctl, "start", "--data", self.dir).strip().splitlines()[-1]
        self.topics = 0

    def prefix(self):
        """Topics that nobody used before."""
        self.topics += 1
        return f"bench{os.getpid()}-{self.topics}"

    def close(self):
        subprocess.run([self.ctl, "stop", "--data", self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)


class Daemon:
    """A program that runs beside the bench; end() stops it and says what it used."""

    def __init__(self, *command):
        self.command, self.log = command, tempfile.TemporaryFile("w+")
        self.p = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def alive(self):
        if self.p.poll() is not None:
            sys.exit(f"{' '.join(self.command)}: exit {self.p.returncode}\n{self.text()[-2000:]}")

    def end(self):
        """(CPU seconds, peak memory in MB); says so when it had ended by itself."""
        if self.p.poll() is not None:
            print(f"{' '.join(self.command)}: exit {self.p.returncode}\n{self.text()[-2000:]}", file=sys.stderr)
            return 0, 0
        self.p.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.p.pid, 0)
        self.p.returncode = 0
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
