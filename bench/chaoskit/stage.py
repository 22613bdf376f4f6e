"""One round: servers and programs of its form, the steps of its plan, what became of it."""
import heapq, itertools, os, random, shutil, signal, subprocess, tempfile, time, traceback

from chaoskit import compare
from chaoskit.parts import *
from chaoskit.plan import ELSEWHERE, KAFKA, PRIVATE
from chaoskit.proxy import Link



class Stage:
    """Base of the three forms. `world`: what outlives a round (world.py). said: what happened, with its time."""
    settle_seconds = 120

    def __init__(self, world, plan):
        self.world, self.plan = world, plan
        self.rnd = random.Random(f"{plan.seed}/{plan.number}/stage")
        self.begin = time.monotonic()
        self.said, self.heap, self.count = [], [], itertools.count()
        self.programs, self.links = [], {}
        self.hit = self.busy = 0
        self.clock = world.clock if plan.clock else None
        self.dir = tempfile.mkdtemp(prefix="round.", dir=world.place("pg"))
        os.chmod(self.dir, 0o755)
        self.node = Node(world.networks[plan.network].recordings, self.file("node"))
        self.move({c: (first, 0) for c, (first, last, forks) in plan.chains.items()})
        self.links["node"] = Link(world.loop, "node", ("127.0.0.1", self.node.port), plan.late_ms / 1000)

    # ---- small things ----

    def file(self, name):
        return open(os.path.join(self.world.logs, f"{self.plan.number}.{name}.log"), "a+")

    def say(self, text):
        self.said.append(f"{time.monotonic() - self.begin:6.2f} s  {text}")

    def env(self):
        return self.clock.env() if self.clock else {}

    def node_options(self):
        p = self.plan
        rpc = [x for c in p.chains for x in ("--rpc", f"{c}=http://127.0.0.1:{self.links['node'].port}/{c}")]
        return ["--network", self.world.networks[p.network].file, *rpc, "--range", p.range, "--window", p.window, "--rpc-batch", p.batch,
                "--poll-period", "50ms", "--rpc-timeout", "1500ms"]

    def program(self, name, *args):
        p = Program(name, args, self.file(name.replace(" ", "-")), self.env())
        self.programs.append(p)
        p.start()
        return p

    def move(self, heads):
        self.node.control({c: {"head": h, "fork": f} for c, (h, f) in heads.items()})

    def later(self, seconds, f, *args):
        heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.count), f, args))

    def turn(self):
        """Do what is due, look after the programs."""
        while self.heap and self.heap[0][0] <= time.monotonic():
            _, _, f, args = heapq.heappop(self.heap)
            f(*args)
        for p in list(self.programs):
            p.look()

    def wait(self, check, seconds):
        """True when check() came true in time; things that are due are done meanwhile."""
        end = time.monotonic() + seconds
        while not check():
            if time.monotonic() > end:
                return False
            self.turn()
            time.sleep(0.01)
        return True

    def indexed(self, seconds=1):
        """{chain: indexed block or None}; None: nobody could say."""
        try:
            return {k: int(b) if b else None for k, b in compare.ask(self.dsn(), "SELECT key, indexed FROM chain.chain JOIN chain.head "
                                                                     "USING (chain_id)", seconds)}
        except compare.Unreadable:
            return None

    def is_busy(self):
        at, nodes = self.indexed(), self.node.control()["chains"]
        return not at or any(at.get(c) is None or at[c] < nodes[c]["head"] for c in nodes)

    def give_work(self, step):
        """Is it in the middle of something? With nothing left to do the heads rise, until it asks the node again."""
        if self.is_busy():
            return True
        for _ in range(4):
            before = self.node.requests()
            if self.more_work(step) and self.wait(lambda: self.node.requests() > before + self.rnd.randrange(1, 6), 0.5):
                return True
        return self.is_busy()

    def more_work(self, step, share=0.5):
        """Heads of canonical chains go up by at most that share of what is left below the next step. False: by nothing."""
        at, steps = self.node.control()["chains"], self.plan.steps
        after = steps[steps.index(step) + 1].heads if steps[-1] is not step else {}
        heads = {}
        for c, (first, last, forks) in self.plan.chains.items():
            top = after.get(c, (last, 0))
            limit = forks[top[1] - 1][0] if top[1] else top[0]
            if not at[c]["fork"] and at[c]["head"] < limit:
                heads[c] = (at[c]["head"] + max(1, int((limit - at[c]["head"]) * self.rnd.uniform(0.1, share))), 0)
        if heads:
            self.move(heads)
        return bool(heads)

    def effect(self, happened, text):
        """An action was done; happened: it hit something."""
        self.hit += bool(happened)
        self.say(text if happened else text + " (hit nothing)")

    # ---- the round ----

    def play(self):
        for s in self.plan.steps:
            before = self.node.requests()
            self.move(s.heads)
            kind, n = s.trigger
            if kind == "requests":
                self.wait(lambda: self.node.requests() >= before + n, 1.5)
            else:
                self.wait(lambda: False, n / 1000)
            for name, a in s.actions:
                self.busy += name == "fork" or self.give_work(s)  # a fork is work itself
                self.step = s
                getattr(self, "do_" + name.replace(" ", "_"))(random.Random(a.get("seed")), a)
            self.wait(lambda: False, self.rnd.uniform(0, 0.4))
        self.last_heads()
        self.say("last heads given")
        self.wait(lambda: not self.heap, 60)
        self.settle()

    def last_heads(self):
        self.move({c: (last, 0) for c, (first, last, forks) in self.plan.chains.items()})

    def settle(self):
        want = self.world.networks[self.plan.network].heads
        last = {}

        def there():
            try:
                last["rows"] = sorted(map(tuple, compare.ask(self.dsn(), HEADS, 5)))
            except compare.Unreadable as e:
                last["rows"] = str(e)
            return last["rows"] == want and compare.idle(self.dsn())
        t = time.monotonic()
        while not self.wait(there, 0.2):
            if time.monotonic() - t > self.settle_seconds:
                raise Fault(f"not at the head {self.settle_seconds} s after the last fault; is {last['rows']}, should be {want}")
        refused = [f"{p.name} {p.refusals} times ({p.refusal()})" for p in self.programs if p.refusals]
        self.say("at the head" + (f"; did not start at first: {', '.join(refused)}" if refused else ""))

    def check(self, dsn, what):
        """Lines that say what is wrong."""
        clean = self.world.networks[self.plan.network].clean
        got = compare.Content(dsn)
        self.rows = got.rows()
        return [f"{what}: {x}" for x in compare.differences(got, clean) + compare.orphan_differences(got, clean) + compare.broken(dsn)]

    def finish(self):
        """After settle(): stop everything; what is wrong."""
        for p in self.programs:
            p.stop()
        return self.check(self.dsn(), "tables")

    def deaths(self):
        return [d for p in self.programs for d in p.deaths]

    def close(self):
        self.world.clock.step(0)
        for p in self.programs:
            p.resume()
            p.kill()
            p.log.close()
        self.node.close()
        for link in self.links.values():
            link.close()
        for d in self.world.disks.values():
            d.empty()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- actions ----

    def do_kill(self, rnd, a):
        names = rnd.sample(self.programs, rnd.randrange(1, len(self.programs) + 1))
        for i in range(a["times"]):
            self.later(i * rnd.uniform(0.05, 0.6), self.kill_programs, names, a["down"])
        self.wait(lambda: False, 0.02)

    def kill_programs(self, programs, down):
        killed = [p for p in programs if p.kill()]
        self.effect(killed, f"kill -9 {', '.join(p.name for p in programs)}")
        for p in programs:
            self.later(down, p.start)

    def do_kill_pg(self, rnd, a):
        if a["how"] == "a backend":
            n = self.pg.kill_backend(rnd)
        else:
            n = len(self.pg.processes())
            self.pg.kill(a["how"] == "all processes")
        self.effect(n, f"kill -9 {a['how']} of PostgreSQL")
        self.later(a["down"], self.restart_pg)

    def restart_pg(self):
        """Where somebody has to: the private server is looked after by `up`."""

    def do_kill_several(self, rnd, a):
        """Everything at once, as when the machine loses power, or some of it."""
        p = rnd.sample(self.programs, rnd.randrange(1, len(self.programs) + 1))
        self.do_kill_pg(rnd, dict(a, how=rnd.choice(("postmaster", "all processes"))))
        self.kill_programs(p, a["down"])

    def do_pause(self, rnd, a):
        chosen = rnd.sample(self.programs, rnd.randrange(0, len(self.programs) + 1))
        pids = self.pause_servers(rnd, chosen)
        signal_all(pids, signal.SIGSTOP)
        n = sum(p.pause() for p in chosen)
        self.effect(n + len(pids), f"SIGSTOP {', '.join([p.name for p in chosen] + self.paused)} for {a['seconds']} s")
        self.later(a["seconds"], self.resume, chosen, pids)

    def resume(self, programs, pids):
        signal_all(pids, signal.SIGCONT)
        for p in programs:
            p.resume()

    def pause_servers(self, rnd, chosen):
        """Processes of servers to stop; at least one when no program is chosen."""
        self.paused = []
        if chosen and rnd.random() < 0.6:
            return []
        self.paused = ["PostgreSQL"]
        return self.pg.processes()

    def do_cut_node(self, rnd, a):
        self.cut("node", rnd, a)

    def cut(self, name, rnd, a):
        link, before = self.links[name], self.links[name].cuts
        for i in range(a["times"]):
            link.cut(a["how"], rnd.random())
            if i + 1 < a["times"]:
                self.wait(lambda: False, rnd.uniform(0.02, 0.2))
        self.effect(link.cuts > before, f"{a['how']} {link.cuts - before} connections to {name}, {a['seconds']} s")
        self.later(a["seconds"], link.heal)

    def do_slow_node(self, rnd, a):
        self.node.control({"faults": a["faults"]})
        self.say(f"node: {' '.join(a['faults'])}")
        self.later(a["seconds"], self.mend_node)

    def mend_node(self):
        self.effect(self.node.fault_hits(), f"node mended, {self.node.fault_hits()} wrong answers")
        self.node.control({"faults": []})

    def do_fork(self, rnd, a):
        """The head is on the orphaned branch; the other one wins, and perhaps loses and wins again."""
        seen = a["seen"] and self.wait(lambda: ((self.indexed() or {}).get(a["chain"]) or 0) > a["point"], 4)
        for _ in range(a["flips"]):
            self.move({a["chain"]: (a["won"], 0)})
            self.wait(lambda: False, rnd.uniform(0.05, 0.3))
            self.move({a["chain"]: (a["tip"], a["fork"])})
            self.wait(lambda: False, rnd.uniform(0.05, 0.3))
        self.move({a["chain"]: (a["won"], 0)})
        self.effect(True, f"{a['chain']} fork {a['fork']}: {a['tip'] - a['point']} blocks void, "
                          f"{'when some were stored' if seen else 'while behind'}{', and ' + str(a['flips']) + ' times back' if a['flips'] else ''}")

    def do_clock(self, rnd, a):
        for i, s in enumerate(a["steps"]):
            self.later(i * 0.4, self.step_clock, s)
        self.later(len(a["steps"]) * 0.4 + a["seconds"], self.step_clock, 0)

    def step_clock(self, seconds):
        self.clock.step(seconds)
        self.effect(True, f"wall clock {seconds:+d} s")

    def do_disk_pg(self, rnd, a):
        self.fill("pg", a, lambda: self.pg_errors(), self.pg_has_room)

    def fill(self, name, a, errors, room):
        disk, before = self.world.disks[name], errors()
        disk.fill(a["leave"])
        self.say(f"disk of {name} full but for {a['leave']} bytes")
        hit = False
        for _ in range(12):
            hit = hit or self.wait(lambda: errors() > before, 0.4)
            if not hit:  # nothing had to be written
                self.more_work(self.step, 0.2)
        self.effect(hit, f"{'it' if hit else 'nobody'} noticed")
        self.wait(lambda: False, a["seconds"] if hit else 0)
        disk.empty()
        self.say("room again")
        room()

    def pg_has_room(self):
        self.restart_pg()


HEADS = """SELECT key, indexed::text, encode(indexed_hash, 'hex'), coalesce(safe::text, ''), coalesce(final::text, '')
  FROM chain.head JOIN chain.chain USING (chain_id)"""


class Private(Stage):
    """`up --data`: everything in one process, its PostgreSQL on the small disk."""

    def __init__(self, world, plan):
        super().__init__(world, plan)
        self.data = os.path.join(self.dir, "data")
        os.mkdir(self.data)
        self.pg = PrivatePostgres(self.data)
        self.program("up", "up", *self.node_options(), "--data", self.data, "--listen", "127.0.0.1:0", "--no-progress")

    def dsn(self):
        return self.pg.dsn()

    def finish(self):
        wrong = self.check(self.dsn(), "tables")
        for p in self.programs:
            p.stop()
        if self.pg.running():
            wrong.append("the private PostgreSQL runs on after `up` has stopped")
        return wrong

    def pg_errors(self):
        """Told by the server, or by `up` that can not make one."""
        try:
            with open(os.path.join(self.pg.data, "server.log"), errors="replace") as f:
                return f.read().count("No space left on device")
        except OSError:
            return self.programs[0].refusals

    def close(self):
        super().close()
        self.pg.stop()
        self.wait(lambda: not self.pg.running(), 10)
        shutil.rmtree(self.dir, ignore_errors=True)


class Elsewhere(Stage):
    """`up --database`: the server of the run, behind a proxy."""

    def __init__(self, world, plan):
        super().__init__(world, plan)
        self.pg = world.pg
        self.open_pg()
        self.start()

    def open_pg(self):
        if self.clock:  # a server of its own clock
            self.world.restart_pg(self.clock.env())
        self.name = self.world.new_database()
        self.links["PostgreSQL"] = Link(self.world.loop, "PostgreSQL", os.path.join(self.pg.dir, ".s.PGSQL.5432"))
        self.url = f"host=127.0.0.1 port={self.links['PostgreSQL'].port} user=postgres dbname={self.name}"

    def dsn(self):
        return self.pg.dsn(self.name)

    def start(self):
        self.up("up")

    def up(self, name):
        return self.program(name, "up", *self.node_options(), "--database", self.url, "--listen", "127.0.0.1:0", "--no-progress")

    def restart_pg(self):
        self.pg.start()

    def pg_errors(self):
        return self.world.pg_log_count("No space left on device")

    def do_cut_pg(self, rnd, a):
        self.cut("PostgreSQL", rnd, a)

    def do_rival(self, rnd, a):
        """A second one beside the first; then the first is killed and the second has to take over."""
        first = self.programs[0]
        self.up("up two")
        self.effect(True, "a second up beside it")
        self.wait(lambda: False, a["seconds"])
        first.kill()
        self.say("kill -9 the first")
        self.programs.remove(first)
        first.log.close()

    def close(self):
        super().close()
        self.pg.start()
        if self.clock:
            self.world.restart_pg({})
        self.world.drop_database(self.name)


class Kafka(Elsewhere):
    """An ingest for each chain, two index, a broker behind a proxy."""

    def start(self):
        self.broker = self.world.need_broker(self.clock)
        self.prefix = f"r{self.plan.number}-{os.getpid()}-{time.monotonic_ns() % 100000}"
        self.kafka = ["--brokers", f"127.0.0.1:{self.world.broker_link.port}", "--topic-prefix", self.prefix]
        self.links["broker"] = self.world.broker_link
        for c in self.plan.chains:
            self.ingest(f"ingest {c}", c)
        for i in (1, 2):
            self.index(f"index {i}")

    def ingest(self, name, chain):
        return self.program(name, "ingest", *self.node_options(), "--chain", chain, *self.kafka)

    def index(self, name):
        return self.program(name, "index", "--network", self.world.networks[self.plan.network].file, *self.kafka, "--database", self.url,
                            "--no-progress")

    def do_kill_broker(self, rnd, a):
        was = self.broker.running()
        self.broker.kill()
        self.effect(was, "kill -9 broker")
        self.later(a["down"], self.broker.start)

    def do_kill_several(self, rnd, a):
        if rnd.random() < 0.6:
            self.do_kill_broker(rnd, a)
        super().do_kill_several(rnd, a)

    def pause_servers(self, rnd, chosen):
        pids = super().pause_servers(rnd, chosen)
        if self.paused and rnd.random() < 0.6:
            self.paused = ["broker"] if rnd.random() < 0.7 else ["broker", "PostgreSQL"]
            return [self.broker.pid()] + (pids if len(self.paused) == 2 else [])
        return pids

    def do_cut_broker(self, rnd, a):
        self.cut("broker", rnd, a)

    def do_disk_broker(self, rnd, a):
        self.fill("broker", a, lambda: int(not self.broker.running()), self.broker.start)

    def do_rival(self, rnd, a):
        """A second ingest of a chain: the first is fenced and ends. A third index: shares or waits."""
        chain = rnd.choice(list(self.plan.chains))
        first = next(p for p in self.programs if p.name == f"ingest {chain}")
        first.wanted = False
        self.ingest(f"ingest {chain} two", chain)
        self.index("index 3")
        ended = self.wait(lambda: not first.running(), 10)
        self.effect(True, f"a second ingest {chain}, a third index; the first ingest {'ended' if ended else 'had nothing to write'}")
        rc = first.p.poll()
        if ended and (rc != 1 or "another writer took over" not in first.text()):
            raise Fault(f"the fenced ingest ended with {rc}: {first.last_error()}")
        first.kill()
        self.programs.remove(first)
        first.log.close()

    def finish(self):
        wrong = super().finish()
        wrong += self.world.topic_faults(self.prefix, self.plan)
        late = self.world.new_database()
        p = Program("a late index", ["index", "--network", self.world.networks[self.plan.network].file, *self.kafka, "--database",
                                     self.pg.dsn(late), "--until-head", "--no-progress"], self.file("late"))
        p.start()
        try:
            rc = p.p.wait(self.settle_seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            raise Fault(f"a late reader of the topics did not end in {self.settle_seconds} s") from None
        if rc:
            wrong.append(f"a late reader of the topics ended with {rc}: {p.last_error()}")
        else:
            wrong += self.check(self.pg.dsn(late), "read late")
        p.log.close()
        self.world.drop_database(late)
        return wrong

    def close(self):
        del self.links["broker"]
        self.world.broker_link.heal()
        super().close()
        self.broker.signal(signal.SIGCONT)
        if self.clock:
            self.world.drop_broker()


FORMS = {PRIVATE: Private, ELSEWHERE: Elsewhere, KAFKA: Kafka}


def one_round(world, plan):
    """(wrong, stage): what is wrong, as lines."""
    stage = FORMS[plan.mode](world, plan)
    try:
        stage.play()
        wrong = stage.finish()
        if not stage.hit:
            wrong.append("no fault hit anything: the round says nothing")
        if not stage.busy:
            wrong.append("no fault fell while there was work: the round says nothing")
        wrong += stage.deaths()
    except Fault as e:
        wrong = [str(e)] + stage.deaths()
    except Exception:
        wrong = traceback.format_exc().splitlines()
    finally:
        stage.close()
    return wrong, stage
