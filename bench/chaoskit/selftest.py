"""Can the bench fail? Tables, topics and programs are broken on purpose; each must be noticed."""
import signal, subprocess

from chaoskit.plan import ELSEWHERE, KAFKA, Plan
from chaoskit.stage import FORMS, one_round
from chaoskit.parts import Fault
from chaoskit.world import numbering

# What is done to a copy of right tables, and a word that the complaint must have.
SABOTAGE = {
    "a log is lost": ("DELETE FROM chain.log WHERE (block, log_index) = (SELECT block, log_index FROM chain.log ORDER BY 1, 2 LIMIT 1 OFFSET 3000)", "chain.log"),
    "a block is lost": ("DELETE FROM chain.block WHERE number = 700", "every block up to the indexed one"),
    "a byte is wrong": ("UPDATE chain.log SET data = data || '\\x00' WHERE (block, log_index) = (SELECT max(block), min(log_index) FROM chain.log "
                        "WHERE block = (SELECT max(block) FROM chain.log))", "chain.log"),
    "an amount is wrong": ("UPDATE partnership.event SET amount = amount + 1 WHERE (block, log_index) = (SELECT block, log_index FROM partnership.event "
                           "WHERE amount IS NOT NULL LIMIT 1)", "partnership.event"),
    "a row is there twice": ("INSERT INTO chain.contract SELECT chain_id, address, contract, rule, block + 1, log_index, validator_id FROM chain.contract "
                             "LIMIT 1", "chain.contract"),
    "the end is missing": ("DELETE FROM chain.block WHERE number = (SELECT indexed FROM chain.head); DELETE FROM chain.log WHERE block = "
                           "(SELECT indexed FROM chain.head); UPDATE chain.head h SET indexed = number, indexed_hash = hash, indexed_time = time FROM "
                           "chain.block b WHERE b.number = h.indexed - 1", "chain.head"),
    "an orphaned block is lost": ("DELETE FROM chain.orphan_block WHERE (fork, number) = (SELECT fork, number FROM chain.orphan_block LIMIT 1)", "fork's depth"),
    "an orphaned log is lost": ("DELETE FROM chain.orphan_log WHERE (fork, block, log_index) = (SELECT fork, block, log_index FROM chain.orphan_log "
                                "LIMIT 1)", "chain.orphan_log"),
    "levels are miscounted": ("UPDATE chain.level_count SET blocks = blocks + 1", "levels are counted"),
    "an index is missing": ("DROP INDEX chain.contract_address_ix", "schema"),
    "a table too many": ("CREATE TABLE ledger.more (a int)", "ledger.more"),
}


def plan_of(world, mode, card):
    """The first plan of seed 1 with that card, over golden."""
    golden = {"golden": world.networks["golden"].chains}
    return next(p for p in (Plan(1, n, golden) for n in range(1, 100)) if (p.mode, p.card) == (mode, card))


def expect(failed, name, lines, word):
    ok = any(word in x for x in lines)
    print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else f': {word!r} expected, got {lines}'}", flush=True)
    if not ok:
        failed.append(name)


def tables(world, failed):
    """Right tables with removed blocks in them, and copies that are broken."""
    stage = FORMS[ELSEWHERE](world, plan_of(world, ELSEWHERE, "fork"))
    try:
        (chain, (_, _, forks)), = stage.plan.chains.items()
        stage.move({chain: (forks[0][1], 1)})
        if not stage.wait(lambda: (stage.indexed() or {}).get(chain) == forks[0][1], 30):
            raise Fault("the orphaned branch was not stored")
        stage.plan.steps = []
        stage.play()
        wrong = stage.finish()
        print(f"{'FAIL' if wrong else 'ok  '} right tables are right {wrong or ''}", flush=True)
        failed += wrong
        for name, (sql, word) in SABOTAGE.items():
            world.pg.sql("postgres", f"CREATE DATABASE broken TEMPLATE {stage.name}")
            world.pg.sql("broken", sql)
            expect(failed, name, stage.check(world.pg.dsn("broken"), "tables"), word)
            world.drop_database("broken")
    finally:
        stage.close()


def topics(world, failed):
    stage = FORMS[KAFKA](world, plan_of(world, KAFKA, "kill"))
    try:
        stage.plan.steps = []
        stage.play()
        expect(failed, "right topics are right", stage.finish() or ["nothing"], "nothing")
        topic = f"{stage.prefix}.blocks.{next(iter(stage.plan.chains))}"
        b = ["kcat", "-b", world.broker.address, "-t", topic]
        record = subprocess.run([*b, "-C", "-q", "-e", "-o", "beginning", "-c", "1", "-f", "%s"], capture_output=True, check=True).stdout
        subprocess.run([*b, "-P", "-p", "0", "-D", "\x1fnever\x1f"], input=record, check=True, capture_output=True)
        expect(failed, "a record is there twice", world.topic_faults(stage.prefix, stage.plan), "1 doubled")
        expect(failed, "a record is lost", numbering([1, 2, 4]), "1 lost")
    finally:
        stage.close()


def programs(world, failed):
    """A chain that stops short, a program that ends, a round in which nothing happened."""
    stage = FORMS[ELSEWHERE](world, plan_of(world, ELSEWHERE, "kill pg"))
    try:
        stage.plan.steps, stage.settle_seconds = [], 3
        stage.last_heads = lambda: stage.move({c: (last - 1, 0) for c, (first, last, forks) in stage.plan.chains.items()})
        try:
            stage.play()
            expect(failed, "a chain stops short", [], "not at the head")
        except Fault as e:
            expect(failed, "a chain stops short", [str(e)], "not at the head")
        stage.programs[0].p.send_signal(signal.SIGSEGV)
        stage.wait(lambda: stage.programs[0].deaths, 20)
        expect(failed, "a program ends by itself", stage.deaths(), "ended by itself with -11")
    finally:
        stage.close()
    plan = plan_of(world, ELSEWHERE, "kill pg")
    plan.steps = []
    expect(failed, "a round without a fault says nothing", one_round(world, plan)[0], "no fault hit anything")


def run(world):
    failed = []
    for part in (tables, topics, programs):
        part(world, failed)
    return failed
