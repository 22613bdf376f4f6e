"""One placement: a lie, a chain, a block, backfill or live, one endpoint or two; run and judged."""
import contextlib, json, os, re, signal, threading, time, urllib.request
import harness, lies
from harness import psql
from liar import Liar, Node
from stage import CASES, WORLD_BTTC_HEAD, copy_database, drop_database, dsn_of

PATIENCE = 0.8   # seconds that a lone lying node is asked again before it counts as stuck
PATIENCE_TWO = 8 # the same where two endpoints contradict each other and no header says who is right
RECOVER = 90    # seconds in which an honest second endpoint has to be found
STEP = 0.35      # live: how long a new head stands
_nodes = []


def nodes():
    """This worker's replayed nodes."""
    from stage import Nodes
    if not _nodes or _nodes[0][0] != os.getpid():
        _nodes[:] = [(os.getpid(), Nodes())]
        import multiprocessing.util
        multiprocessing.util.Finalize(_nodes[0][1], _nodes[0][1].close, exitpriority=10)
    return _nodes[0][1]


class Never(lies.Lie):
    """No lie: the control."""


class Placement:
    def __init__(self, i, fault, case, mode, second, rng):
        self.i, self.fault, self.case, self.mode, self.second, self.rng = i, fault, case, mode, second, rng
        self.key = CASES[case][2]
        self.outcome, self.detail, self.told, self.seconds, self.what = "WRONG", "not run", 0, 0, ""
        self.held = self.quorum = False
        self.sabotage = None  # SQL that is done to the tables before they are compared (self-test)

    def result(self):
        text = f"{self.fault.name}, {self.case}, block {getattr(self, 'block', '?')}, {self.mode}, " \
               f"{'two endpoints' if self.second else 'one endpoint'}{self.what}"
        return dict(i=self.i, fault=self.fault.name, case=self.case, mode=self.mode, second=self.second, outcome=self.outcome,
                    detail=self.detail, told=self.told, seconds=self.seconds, text=text)

    # ---- what is drawn ----

    def draw(self, slices):
        r = self.rng
        self.facts = slices.facts[self.case]
        self.tip = self.fault.name.startswith("whole") and "tip" in self.fault.name
        self.range, self.window = r.choice([3, 10, 40, 500]), r.choice([1, 4])
        self.slow = r.choice(["liar", "honest"])
        self.mends = r.random() < 0.5 and (self.second or self.mode == "live")
        self.says = "receipts" if r.random() < 0.25 and "rows" in self.fault.needs and not self.tip else "receipts logs"
        pieces = slices.list[self.case][:]
        r.shuffle(pieces)
        below = 3 if self.tip or "deep" in self.fault.needs else 0
        places = []
        for s in pieces:
            fit = self.facts.that(self.fault.needs, s.low + 1, s.high - below)
            r.shuffle(fit)
            places += [(s, n) for n in fit[:20]]
        for self.slice, n in places:
            with contextlib.suppress(lies.Unfit):
                self.block = n
                self.lie = self.make_lie()
                self.what = f" (range {self.range}, window {self.window}, {self.slow} slow, {self.says}, " \
                            f"{'mends' if self.mends else 'stays'}) {self.lie.what}"
                return True
        return False

    def make_lie(self):
        n = nodes()
        n.head(self.case, self.slice.high)
        server, k = n.of(self.case), self.key
        b = server.call(k, "eth_getBlockByNumber", hex(self.block), True)["result"]
        rs = [server.call(k, "eth_getTransactionReceipt", t["hash"])["result"] for t in b["transactions"]]
        lie = (lies.Lie if self.fault.make else Never)(b, rs)
        lie.says = self.says
        if self.fault.make:
            self.fault.make(lie, self.facts, self.rng)
        return lie

    # ---- the run ----

    def run(self, slices):
        if not self.draw(slices):
            self.outcome, self.detail = "not used, clean", "no block of the piece is fit for it"
            return
        self.attempt(slices)
        if self.fault.make and not self.told and self.second and not self.held:
            self.held = True  # the honest one was quicker: this time it only answers once the lie was told
            self.attempt(slices)

    def attempt(self, slices):
        name = f"f{os.getpid()}_p{self.i}"
        self.dsn = copy_database(name, re.search(r"dbname=(\S+)", dsn_of(self.slice.base)).group(1))
        url = nodes().of(self.case).url(self.key)
        self.liar = Liar(url, self.lie, late=0.02 if self.slow == "liar" and self.second and not self.held else 0)
        self.honest = Node(url, late=0.02 if self.slow == "honest" or self.held else 0,
                           ready=self.liar.told_event if self.held else None) if self.second else None
        self.proc = None
        try:
            self.start()
            self.follow()
            self.judge(slices)
        finally:
            if self.proc:
                self.proc.kill()
            for s in (self.liar, self.honest):
                if s:
                    s.close()
            self.told = self.liar.told
            drop_database(name)

    def start(self):
        self.end = self.block if self.tip and not self.second and not self.mends else self.slice.high
        n = nodes()
        n.head(self.case, self.end if self.mode == "backfill" and not (self.tip and self.second) else
               self.block if self.tip else max(self.slice.low, self.block - 3))
        rpc = [f"{self.key}={x.url}" for x in (self.liar, self.honest) if x]
        if self.case in ("root", "bttc"):
            other = {"root": "bttc", "bttc": "root"}[self.key]
            rpc.append(f"{other}={n.of(self.case).url(other)}")
        self.port = harness.free_port()
        args = ["up", "--network", self.slice.network, "--database", self.dsn, "--listen", f"127.0.0.1:{self.port}", "--no-progress",
                "--range", self.range, "--window", self.window, "--poll-period", "15ms", *[x for u in rpc for x in ("--rpc", u)]]
        self.until = self.mode == "backfill" and not (self.tip and self.second)
        self.proc = harness.Proc(*args, *(["--until-head"] if self.until else []))
        self.api = harness.Api(self.port)

    def text(self):
        return self.proc.text()

    def complaints(self):
        """Log lines that name the block, or a neighbour, and what is wrong with it."""
        names = re.compile(rf"\b({self.block - 1}|{self.block}|{self.block + 1})\b")
        return [line for line in self.text().splitlines()
                if re.search(r"refused|level=error|do not agree|took from receipts|left out|msg=\"?fork|follow|halt", line) and names.search(line)]

    def indexed(self):
        try:
            c = self.api.chain(self.key)
            return c["indexed"], c["indexed_hash"]
        except (OSError, AssertionError, ValueError, StopIteration, harness.http.client.HTTPException):
            return None, None

    def settled(self):
        """The program has all there is, or ended, or is stuck at a lie that nobody contradicts."""
        if self.proc.p.poll() is not None:
            return True
        if not self.until:
            at = self.indexed()
            want = self.honest_hash(self.end)
            if self.tip and not self.second and not self.mends:
                want = self.lie.fake
            if at == (self.end, want):
                return True
        if (not self.second or not self.fault.committed) and not self.tip and self.complaints():
            self.stuck_since = self.stuck_since or time.time()
            return time.time() - self.stuck_since > (PATIENCE_TWO if self.second else PATIENCE) * harness.SLOW
        return False

    def honest_hash(self, n):
        if not hasattr(self, "hashes"):
            self.hashes = {}
        if n not in self.hashes:
            self.hashes[n] = nodes().of(self.case).call(self.key, "eth_getBlockByNumber", hex(n), False)["result"]["hash"]
        return self.hashes[n]

    def wait(self, check, seconds):
        end = time.time() + seconds * harness.SLOW
        while time.time() < end:
            if check():
                return True
            time.sleep(0.03)
        return False

    def follow(self):
        self.stuck_since = None
        self.proc.wait_text(r'msg="?started', 60)
        if self.mode == "live" or (self.tip and self.second):
            self.play_live()
        self.ended = self.wait(self.settled, RECOVER)

    def play_live(self):
        """The head walks over the block; it stands there until the lie was told, or for a while."""
        if not self.tip:
            for h in range(max(self.slice.low, self.block - 3) + 1, min(self.block + 3, self.slice.high) + 1):
                self.step(h)
        else:
            self.step(self.block)
            if not self.second and not self.mends:
                return
            self.wait(lambda: self.indexed()[1] == self.lie.fake, 3 * STEP)
            self.liar.mended, self.liar.stale = self.mends, not self.mends
            for h in range(self.block + 1, self.block + 4):
                self.step(h)
        nodes().head(self.case, self.slice.high)

    def step(self, h):
        nodes().head(self.case, h)
        want = self.honest_hash(h)
        if self.second or not self.complaints():
            self.wait(lambda: self.proc.p.poll() is not None or self.indexed() == (h, want), STEP)

    # ---- judgement ----

    def judge(self, slices):
        t, clean = slices.tables, dsn_of(self.slice.clean)
        text = self.complaints()
        if self.sabotage:
            psql(self.dsn, self.sabotage)
        differ = self.differ(t)
        if self.second and not self.ended and not differ:
            differ = []
        rc = self.proc.p.poll()
        if rc is None:
            rc = self.proc.kill(signal.SIGTERM)
            if rc:
                return self.wrong(f"ended with {rc} after SIGTERM")
        elif rc not in (0, 1):
            return self.wrong(f"ended with {rc}")
        orphans = psql(self.dsn, "SELECT number, '0x' || encode(hash, 'hex') FROM chain.orphan_block")
        wrong = [n for n, h in orphans if int(n) > self.slice.low and h != self.honest_hash(int(n))]
        if self.fault.committed and wrong:
            return self.wrong(f"blocks {wrong} were stored and undone later")
        if not differ:
            noticed = bool(text) or bool(wrong) or "an answer does not hold" in self.text()
            if not self.fault.make and (self.troubled() or orphans):
                return self.wrong(f"false alarm: {self.troubled()[:2]}")
            if self.second and self.fault.exposed and self.liar.told_logs and not noticed:
                return self.wrong("nobody was told that the endpoints differ")
            self.outcome = "noticed, clean" if noticed else "not used, clean"
            self.detail = text[0] if text else ""
            return None
        at, folded, final = (int(x or -1) for x in psql(self.dsn, f"""SELECT h.indexed, l.block, h.final FROM chain.head h
            JOIN chain.chain c USING (chain_id) LEFT JOIN ledger.head l USING (chain_id) WHERE c.key = '{self.key}'""")[0])
        cut = (self.key, at, folded)
        here, there = t.digests(self.dsn, cut), t.digests(clean, cut)
        bad = [x for x in here if here[x] != there[x]]
        if not bad and at < self.slice.high:
            if not text:
                return self.wrong(f"stopped at {at}, and nothing says why; rc {rc}\n{self.text()[-1500:]}")
            if self.second and self.fault.committed or self.tip and (self.second or self.mends):
                return self.wrong(f"stays at {at} though an honest endpoint is there; rc {rc}\n{self.text()[-2500:]}")
            self.outcome, self.detail = "noticed, gap shown", text[-1]
            return None
        why = t.difference(self.dsn, clean, (bad or differ)[0], cut if bad else None)
        if self.fault.committed or not bad or (self.second and self.fault.exposed):
            return self.wrong(f"{why}; rc {rc}; {text[-1:]}\n{self.text()[-1500:]}")
        return self.judge_open(why, final)

    def differ(self, t):
        """Tables that differ from the clean run's; what is counted after the blocks gets some seconds."""
        out = []

        def same():
            out[:] = [x for x, d in t.digests(self.dsn).items() if d != self.slice.digests[x]]
            return not out
        if self.proc.p.poll() is None and self.ended and (not self.stuck_since or self.indexed()[0] == self.slice.high):
            self.wait(same, 4)
        else:
            same()
        return out

    def troubled(self):
        return [x for x in self.text().splitlines() if re.search(r"refused|level=(warn|error)|msg=\"?fork", x)]

    def judge_open(self, why, final):
        """A wrong row that nothing can disprove: it must not claim more than is known."""
        level, = psql(self.dsn, f"SELECT level FROM chain.block b JOIN chain.chain c USING (chain_id) "
                                f"WHERE c.key = '{self.key}' AND number = {self.block}")[0]
        level = int(level)
        if self.tip:
            if self.second or self.mends:
                return self.wrong(f"the made-up tip stays: {why}\n{self.text()[-1500:]}")
            if final >= self.block:
                return self.wrong(f"the newest block is final: {final}")
            if "root" in self.fault.name:
                verdict = psql(self.dsn, f"SELECT verdict FROM ledger.verdict WHERE block = {self.block}")
                self.detail = f"verdict {verdict}; "
        elif self.case == "tron" and level > 1:
            return self.wrong(f"level {level} of a block that one node told: {why}")
        elif "fee" in self.fault.name and level > 3:
            return self.wrong(f"level {level}: {why}")
        self.outcome, self.detail = "not provable", f"level {level}; {why}"
        return None

    def wrong(self, why):
        self.outcome, self.detail = "WRONG", why
        return None
