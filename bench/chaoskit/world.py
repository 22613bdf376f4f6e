"""What outlives a round: disks, the PostgreSQL and the broker of the run, the clean tables of each network."""
import os, re, shutil, subprocess, sys, tempfile

from chaoskit import compare, proxy
from chaoskit.disks import Disk
from chaoskit.parts import *
from chaoskit.stage import HEADS

SYNTHETIC = "synthetic:blocks=3000,logs=4,every=2"
BROKER_ROUNDS = 8  # then a fresh one: its disk is small


class Network:
    """A network: where it is served from, what a clean run of it gives."""

    def __init__(self, name, recordings, file):
        self.name, self.recordings, self.file = name, recordings, file
        self.clean = self.heads = None
        self.chains = {}  # {chain: (first, last, [(fork point, tip, won at)])}


class World:
    def __init__(self, place, keep):
        self.keep = keep
        self.mounts = place
        self.logs = tempfile.mkdtemp(prefix="bttc-chaos-logs.", dir="/tmp")
        self.disks = {n: Disk(self.place(n)) for n in ("pg", "broker")}
        self.clock = Clock(self.logs)
        os.chmod(self.logs, 0o755)
        self.loop = proxy.Loop()
        self.pg_log = open(os.path.join(self.logs, "postgres.log"), "a+")
        self.pg = Postgres(os.path.join(self.place("pg"), "server"), self.pg_log)
        self.pg.start()
        self.databases = 0
        self.broker = self.broker_link = None
        self.broker_rounds = 0
        self.networks = {}

    def place(self, name):
        return os.path.join(self.mounts, name)

    # ---- PostgreSQL ----

    def new_database(self):
        self.databases += 1
        name = f"chaos{self.databases}"
        self.pg.sql("postgres", f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name):
        self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def restart_pg(self, env):
        self.pg.kill(True)
        self.pg.env = env
        self.pg.start()

    def pg_log_count(self, text):
        with open(self.pg_log.name, errors="replace") as f:
            return f.read().count(text)

    # ---- Kafka ----

    def need_broker(self, clock):
        """A running broker; with `clock` one that has its wall clock."""
        self.broker_rounds += 1
        if clock or self.broker_rounds > BROKER_ROUNDS:
            self.drop_broker()
        if not self.broker:
            self.broker_rounds = 1
            self.broker_link = proxy.Link(self.loop, "broker", None)
            directory = tempfile.mkdtemp(dir=self.place("broker"))
            self.broker = Broker(os.path.join(directory, "kafka"), self.broker_link.port, clock.env() if clock else None)
        self.broker.start()
        self.broker_link.target = ("127.0.0.1", int(self.broker.address.split(":")[1]))
        return self.broker

    def drop_broker(self):
        if self.broker:
            self.broker.kill()
            self.broker_link.close()
            shutil.rmtree(os.path.dirname(self.broker.dir))
        self.broker = self.broker_link = None

    def topic_faults(self, prefix, plan):
        """Every record of a topic once, numbered without a gap."""
        wrong = []
        for chain in plan.chains:
            topic = f"{prefix}.blocks.{chain}"
            r = subprocess.run(["kcat", "-C", "-q", "-e", "-o", "beginning", "-b", self.broker.address, "-t", topic, "-f", "%S %s\n"],
                               capture_output=True, timeout=60)
            if r.returncode:
                raise Fault(f"kcat {topic}: {r.stderr.decode()}")
            wrong += [f"{topic}: {x}" for x in numbering([n for n in map(sequence, records(r.stdout)) if n])]
        return wrong

    # ---- networks and their clean tables ----

    def add_network(self, name, recordings):
        if recordings[0].startswith("synthetic:"):
            command = [NODE, "--network-file", recordings[0]]
        else:
            command = [BIN, "network", "from-recording", *recordings]
        r = subprocess.run(command, capture_output=True, text=True)
        if r.returncode:
            sys.exit(f"{' '.join(command)}: {r.stderr}")
        path = os.path.join(self.logs, f"{name}.json")
        with open(path, "w") as f:
            f.write(r.stdout)
        n = self.networks[name] = Network(name, recordings, path)
        node = Node(recordings, open(os.path.join(self.logs, f"clean.{name}.node.log"), "a+"))
        try:
            for key, c in node.control()["chains"].items():
                n.chains[key] = (c["first"], c["last"], [(f["point"], f["tip"], f["won_at"]) for f in c["forks"]])
            self.clean_run(n, node)
        finally:
            node.close()

    def until_head(self, n, node, database):
        rpc = [x for c in n.chains for x in ("--rpc", f"{c}=http://127.0.0.1:{node.port}/{c}")]
        r = subprocess.run([BIN, "up", "--network", n.file, *rpc, "--database", self.pg.dsn(database), "--listen", "127.0.0.1:0",
                            "--until-head", "--no-progress"], capture_output=True, text=True, timeout=300)
        if r.returncode:
            sys.exit(f"the clean run of {n.name} failed: {r.stderr[-2000:]}")

    def clean_run(self, n, node):
        """Straight to the head; and one that visits every fork, for the rows of removed blocks."""
        straight, winding = self.new_database(), self.new_database()
        self.until_head(n, node, straight)
        for i in range(max(len(c[2]) for c in n.chains.values())):
            with_fork = {key: c[2][i] for key, c in n.chains.items() if i < len(c[2])}
            node.control({key: {"head": tip, "fork": i + 1} for key, (point, tip, won) in with_fork.items()})
            self.until_head(n, node, winding)
            node.control({key: {"head": won, "fork": 0} for key, (point, tip, won) in with_fork.items()})
            self.until_head(n, node, winding)
        node.control({key: {"head": c[1], "fork": 0} for key, c in n.chains.items()})
        self.until_head(n, node, winding)
        n.clean = compare.Content(self.pg.dsn(straight))
        n.heads = sorted(map(tuple, self.pg.sql(straight, HEADS)))
        two = compare.Content(self.pg.dsn(winding), forks=True)
        wrong = compare.differences(two, n.clean) + compare.broken(self.pg.dsn(straight)) + compare.broken(self.pg.dsn(winding))
        if wrong:
            raise Fault(f"two clean runs of {n.name} differ:\n" + "\n".join(wrong))
        n.clean.orphans = two.orphans
        self.drop_database(straight)
        self.drop_database(winding)

    def close(self):
        self.drop_broker()
        self.pg.stop()
        self.loop.close()
        if not self.keep:
            shutil.rmtree(self.logs, ignore_errors=True)


def numbering(numbers):
    """What is wrong with sequence numbers that should be 1, 2, 3, ...: nothing, or one line."""
    wrong = next((i for i, n in enumerate(numbers) if n != i + 1), None)
    return [] if wrong is None else [f"{len(numbers)} records, {len(numbers) - len(set(numbers))} doubled, "
                                     f"{max(numbers) - len(set(numbers))} lost; from {numbers[max(0, wrong - 2):wrong + 3]} on"]


def records(out):
    """Messages of kcat's "%S %s\\n"."""
    at = 0
    while at < len(out):
        end = out.index(b" ", at)
        n = int(out[at:end])
        yield out[end + 1:end + 1 + n]
        at = end + 1 + n + 1


def sequence(record):
    """Field `seq` (4) of a Step; 0: it has none."""
    def varint(i):
        v = shift = 0
        while True:
            b = record[i]
            v |= (b & 0x7f) << shift
            shift, i = shift + 7, i + 1
            if b < 0x80:
                return v, i
    i = 0
    while i < len(record):
        tag, i = varint(i)
        if tag & 7 == 0:
            v, i = varint(i)
            if tag >> 3 == 4:
                return v
        else:
            n, i = varint(i)
            i += n
    return 0
