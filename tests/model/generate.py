"""Random scenarios by seed: every operation is chosen while the model runs, so that most of them succeed."""
import random

from player import Player

COIN = 10**18


class Generator:
    def __init__(self, seed, addresses, partnerships=(), player=Player):
        self.rng = random.Random(seed)
        self.steps = []
        self.manager = int(addresses["StakeManager"], 16)
        self.with_partnerships = self.rng.random() < 0.4
        self.partnerships = list(partnerships)
        self.relayed = self.rng.random() < 0.1
        self.scale = self.rng.choices(("coin", "dust", "huge", "edge"), (60, 23, 12, 5))[0]
        self.parameters = self.random_parameters()
        self.player = player(addresses, self.parameters)
        self.world, self.sm = self.player.world, self.player.world.sm

    # ---- numbers ----

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def address(self):
        return self.rng.randrange(1, 1 << 160)

    def unit(self):
        return {"coin": COIN, "dust": 1, "huge": 1 << 200, "edge": COIN}[self.scale]

    def amount(self):
        """Of a stake or purchase."""
        kind = self.rng.random()
        if kind < 0.08:
            return self.rng.choice((0, 1, 2, 99, 100, 101))
        if kind < 0.4:
            return self.unit() * self.rng.randint(1, 1000)
        return self.rng.randint(1, self.unit() * 5000)

    def part_of(self, whole):
        """All, something, nothing or too much."""
        kind = self.rng.random()
        if kind < 0.35:
            return whole
        if kind < 0.42:
            return 0
        if kind < 0.46:
            return whole + 1
        if kind < 0.6:
            return whole // self.rng.randint(2, 9)
        return self.rng.randint(0, whole)

    def chain_worth(self):
        if self.chance(6):
            return 0
        if self.scale == "dust":
            return self.rng.randint(1, 10**self.rng.randint(1, 9))
        if self.scale == "coin":
            return self.rng.randint(1, 10**self.rng.randint(19, 27))
        if self.scale == "edge":
            # 2^173 * P is about 2^256: after some checkpoints of that size a product does not fit any more.
            return self.rng.randint(2**168, 2**173)
        return self.rng.choice((self.rng.randint(1, 2**self.rng.randint(120, 256) - 1),
                                10**30, 2**256 - self.rng.randint(1, 1000)))

    def delta(self):
        if self.chance(75):
            return self.rng.randint(0, 100)
        return self.rng.choice((2**256 - 1, 2**255, self.rng.randrange(2**256), 250))

    def random_parameters(self):
        r = self.rng
        rewarded = r.random() < 0.6
        sm = {"chain_reward": {c: self.chain_worth() for c in (1, 2, 3)}, "nft_counter": r.choice((1, 3, 5, 6, 7)),
              "block_interval": r.choice((1, 2, 3, 7, 64, 1024)), "proposer_bonus": r.choice((0, 1, 10, 33, 100)),
              "withdrawal_delay": r.randint(0, 3), "dynasty": r.randint(1, 4), "auction_period": r.randint(1, 4),
              "replacement_cool_down": 0, "signer_update_limit": r.randint(0, 3),
              "min_deposit": r.choice((0, 1, self.unit())), "min_heimdall_fee": r.choice((0, 1, self.unit())),
              "validator_threshold": r.randint(4, 8), "delegation_enabled": True,
              "reward_decrease": r.randint(0, 20) if rewarded else 0,
              "max_rewarded": r.randint(1, 5) if rewarded else 0, "reward_delta": self.delta() if rewarded else 0}
        self.owners = [self.address() for _ in range(r.randint(6, 10))]
        self.users = [self.address() for _ in range(r.randint(5, 10))] + r.sample(self.owners, 2)
        self.old_keys, self.strangers = [], [self.address() for _ in range(3)]
        wealth = {"coin": 10**40, "dust": 10**12, "huge": 1 << 230, "edge": 1 << 190}[self.scale]
        balances = {a: r.randint(0, wealth) for a in self.owners + self.users}
        balances[self.manager] = wealth * 1000 if r.random() < 0.9 else wealth // 1000
        return {"stake_manager": sm, "balances": balances, "partnerships": self.partnerships}

    # ---- choices ----

    def ids(self):
        return [i for i in self.sm.validators if i < 2**64 and self.sm.nonces[i]]

    def an_id(self):
        ids = self.ids()
        return self.rng.choice(ids) if ids else None

    def a_share(self):
        """A validator that takes delegation."""
        ids = [i for i in self.ids() if self.sm.validator(i).contract]
        return self.rng.choice(ids) if ids else None

    def a_position(self):
        """(user, id, shares) of somebody, seldom of somebody without."""
        i = self.a_share()
        if i is None:
            return None
        share = self.world.share_of(i)
        users = [u for u, n in share.balance.items() if n and u not in self.partnerships]
        if self.chance(5):
            users = self.users
        if not users:
            return None
        user = self.rng.choice(users)
        return user, i, share.balance[user]

    def anybody(self, people):
        """One of them, or a partnership that did not ask for it."""
        if self.with_partnerships and self.chance(4):
            return self.rng.choice(self.partnerships)
        return self.rng.choice(people)

    def fresh_key(self):
        if self.old_keys and self.chance(5):
            return self.rng.choice(self.old_keys)
        key = self.address()
        self.old_keys.append(key)
        return key

    def owner_of(self, i):
        """Who may act for it. A partnership acts through its own functions alone."""
        owner = self.sm.owner[i]
        return owner if owner not in self.partnerships and self.chance(97) else self.rng.choice(self.owners)

    def quorum(self):
        return 2 * self.sm.staker_count // 3 + 1

    def signers(self):
        """Enough of those who may sign, in order."""
        out = sorted(v.signer for v in (self.sm.validator(i) for i in self.ids()) if self.sm.is_validator(v))
        while len(out) > self.quorum() and self.chance(60):
            out.remove(self.rng.choice(out))
        return tuple(out)

    def recovered(self):
        """Addresses that the signatures of a checkpoint give, in their order; some are odd."""
        out = list(self.signers())
        if self.chance(12):
            out = sorted(out + self.rng.sample(self.strangers + self.old_keys, 2)) if self.old_keys else out
        if self.chance(5) and out:
            out.insert(self.rng.randrange(len(out) + 1), self.rng.choice(out + [0]))
        if self.chance(3):
            out = sorted(out + out[:2])
        if self.chance(3):
            self.rng.shuffle(out)
        if self.chance(2):
            out = out[:max(0, self.quorum() - 1)]
        return tuple(out)

    def proposer(self):
        kind = self.rng.random()
        keys = [self.sm.validator(i).signer for i in self.ids()]
        if kind < 0.8 and keys:
            return self.rng.choice(keys)
        return self.rng.choice(self.strangers + self.old_keys + [0])

    def blocks(self):
        t = self.sm.block_interval
        return self.rng.choice((1, t, t, t + 1, 2 * t, 3 * t + t // 2, self.rng.randint(1, 6 * t), max(1, t // 2)))

    # ---- operations ----

    def make_stake(self):
        payer = self.rng.choice(self.owners)
        owner = payer if self.chance(80) else self.anybody(self.owners + self.users)
        fee = self.sm.min_heimdall_fee + self.rng.choice((0, 0, 1, 77))
        amount = self.sm.min_deposit + self.amount()
        return "stake", payer, owner, amount, fee, self.chance(85), self.fresh_key()

    def make_unstake(self):
        i = self.an_id()
        return i and ("unstake", self.owner_of(i), i)

    def make_unstake_claim(self):
        ids = [i for i in self.ids() if self.sm.validator(i).deactivation_epoch] or self.ids()
        if not ids:
            return None
        i = self.rng.choice(ids)
        return "unstake_claim", self.owner_of(i), i

    def make_restake(self):
        i = self.an_id()
        amount = self.rng.choice((0, 0, 1, self.amount()))
        return i and ("restake", self.owner_of(i), i, amount, self.chance(70))

    def make_withdraw_rewards(self):
        i = self.an_id()
        return i and ("withdraw_rewards", self.owner_of(i), i)

    def make_commission(self):
        i = self.an_id()
        return i and ("commission", self.owner_of(i), i, self.rng.choice((0, 1, 7, 33, 50, 99, 100, 101)))

    def make_signer(self):
        i = self.an_id()
        return i and ("signer", self.owner_of(i), i, self.fresh_key())

    def make_nft(self):
        i = self.an_id()
        return i and ("nft", self.owner_of(i), self.anybody(self.owners + self.users), i)

    def make_top_up(self):
        return ("top_up", self.rng.choice(self.owners), self.rng.choice(self.owners),
                self.sm.min_heimdall_fee + self.rng.choice((0, 1, 1000)))

    def make_claim_fee(self):
        return "claim_fee", self.rng.choice(self.users), self.part_of(self.sm.total_fee)

    def make_bid(self):
        i = self.an_id()
        if not i:
            return None
        v, last = self.sm.validator(i), self.sm.auctions[i]
        least = max(v.amount + v.delegated_amount, last[0] if last else 0)
        bidders = [a for a in self.owners if not self.sm.owned[a]] if self.chance(90) else self.owners
        if not bidders:
            return None
        amount = min(least + self.rng.choice((0, 1, self.amount() + 1)), 2**256 - 1)
        return "bid", self.rng.choice(bidders), i, amount, self.fresh_key(), self.chance(80)

    def make_confirm(self):
        open_ = [i for i in self.ids() if self.sm.auctions[i]]
        if not open_:
            return None
        i = self.rng.choice(open_)
        return "confirm", self.rng.choice((self.sm.auctions[i][1], self.owner_of(i))), i, self.sm.min_heimdall_fee

    def make_delegation(self):
        i = self.a_share()
        if not i:
            return None
        sender = self.sm.validator(i).signer if self.chance(90) else self.sm.owner[i]
        share = self.world.share_of(i)
        return "delegation", sender, not share.delegation

    def make_buy(self):
        i = self.a_share()
        return i and ("buy", self.rng.choice(self.users), i, self.amount())

    def make_of_position(self, name):
        p = self.a_position()
        return p and (name, *p[:2])

    def make_reinvest(self):
        return self.make_of_position("reinvest")

    def make_claim(self):
        return self.make_of_position("claim")

    def make_sale(self, name):
        p = self.a_position()
        return p and (name, *p[:2], self.part_of(p[2]))

    def make_sell(self):
        return self.make_sale("sell")

    def make_sell_old(self):
        return self.make_sale("sell_old")

    def make_redeem(self):
        i = self.a_share()
        if not i:
            return None
        keys = list(self.world.share_of(i).unbonds)
        if not keys:
            return None
        user, nonce = self.rng.choice(keys)
        return "redeem", user, i, nonce

    def make_redeem_old(self):
        i = self.a_share()
        users = i and list(self.world.share_of(i).slots)
        return ("redeem_old", self.rng.choice(users), i) if users else None

    def make_migrate(self):
        p, target = self.a_position(), self.a_share()
        return p and target and ("migrate", p[0], p[1], target, self.part_of(p[2]))

    def make_share_transfer(self):
        p = self.a_position()
        return p and ("share_transfer", p[0], self.anybody(self.users), p[1], self.part_of(p[2]))

    def make_pay(self):
        source = self.rng.choice(self.users)
        target = self.anybody(self.users + [self.sm.address])
        return "pay", source, target, self.rng.choice((0, 1, self.world.token.balance[source] // 3))

    def make_checkpoint(self):
        if self.relayed and self.chance(30):
            return "relayed", self.proposer(), self.blocks(), self.signers()
        return "checkpoint", self.proposer(), self.blocks(), self.recovered(), self.rng.randrange(2**256)

    def make_sync(self):
        chain = self.rng.choice((2, 2, 2, 3, 3, 1, 9))
        return "sync", chain, self.proposer(), self.blocks(), self.recovered()

    # ---- partnerships ----

    def terms(self, n, bps=10000):
        """n positive numbers that add up to 10000."""
        cuts = sorted(self.rng.sample(range(1, bps), n - 1))
        return tuple(b - a for a, b in zip([0, *cuts], [*cuts, bps]))

    def partner_list(self, known=()):
        n = self.rng.choice((1, 2, 3, 3, 5))
        pool = list(dict.fromkeys([*self.rng.sample(list(known), len(known)), *self.rng.sample(self.users, 4)]))
        partners = tuple(pool[:n] if self.chance(60) else self.rng.sample(pool, min(n, len(pool))))
        return partners, self.terms(len(partners))

    def make_partnership(self):
        """(operation, whether it has to be alone in its transaction)"""
        r = self.rng
        p = self.world.partnerships[r.choice(self.partnerships[:2] if self.chance(85) else self.partnerships)]
        a = p.address
        if p.phase == 0:
            return ("p_initialize", a, r.choice(self.owners), r.choice(self.owners), *self.partner_list()), False
        partner = r.choice(p.partners)
        people = list({**p.share_bps, **p.contributed})
        owed = [x for x in people if p.claimable[x]]
        choices = [("p", "deposit", a, partner, self.amount()), ("p", "deposit", a, partner, self.amount()),
                   ("p", "set_dust", a, partner), ("p", "set_operator", a, r.choice(self.owners)),
                   ("p", "transfer_admin", a, r.choice(self.owners)), ("p_set_partners", a, *self.partner_list(people)),
                   ("p", "pause", a, self.chance(30)), ("p", "claim", a, partner, partner)]
        if p.paused:
            choices += 8 * [("p", "pause", a, False)]
        if owed:
            person = r.choice(owed)
            choices += 2 * [("p", "claim", a, person, person), ("p", "claim", a, person, r.choice(self.users))]
        if p.phase == 1:
            choices += 6 * [("p", "stake", a, self.sm.min_deposit + self.part_of(p.free_capital // 2),
                             self.sm.min_heimdall_fee, self.chance(90), self.fresh_key())]
        if p.phase == 2:
            choices += 4 * [("p", "pull", a), ("p", "restake", a, self.part_of(p.free_capital // 2), True),
                            ("p", "restake", a, 0, True)]
            choices += [("p", "restake", a, self.part_of(p.free_capital), False), ("p", "unstake", a),
                        ("p", "update_commission", a, r.randint(0, 101)), ("p", "update_signer", a, self.fresh_key())]
        if p.phase == 3:
            choices += 5 * [("p", "pull", a), ("p", "unstake_claim", a)]
        operation = r.choice(choices)
        return operation, operation[0] == "p_set_partners"

    # ---- what owner and governance do: a transaction of its own ----

    def make_governance(self):
        r, i = self.rng, self.an_id() or 1
        signers = list(self.sm.signers)
        if signers and self.chance(60):
            signers.remove(r.choice(signers))
        if self.chance(30):
            signers = sorted(signers + [r.choice(self.strangers + self.old_keys[-4:])])
        some = sorted(set(signers))
        return r.choice((
            ("set_interval", r.choice((0, 1, 2, 5, 100, 1024))),
            ("set_epoch", max(1, self.sm.epoch + r.randint(-3, 4))),
            ("set_delegation", self.chance(80)),
            ("set_min_amounts", r.choice((0, 1, self.unit())), r.choice((0, 5))),
            ("set_signer_limit", r.randint(0, 4)),
            ("stop_auctions", r.randint(0, 5)),
            ("set_threshold", r.randint(0, 10)),
            ("set_dynasty", r.randint(0, 9)),
            ("set_bonus", r.choice((0, 9, 50, 100, 101))),
            ("set_chain_reward", r.choice((1, 2, 3, 9)), self.chain_worth()),
            ("set_chain_reward", r.choice((1, 2, 3)), self.chain_worth()),
            ("set_reward_params", r.randint(0, 20), r.randint(0, 6), self.delta()),
            ("force_unstake", i),
            ("force_unstake", self.of_partnership() or i),
            ("drain", r.choice(self.users), r.choice((0, 1, self.unit()))),
            ("lock", self.chance(40)),
            ("lock", False),
            ("insert_signers", tuple(some)),
            ("new_share", self.a_share() or 1),
            self.old_share(),
            self.make_delegation() or ("lock", False),
            self.make_delegation() or ("lock", False),
            ("migrate_data", i, i + r.randint(0, 2)),
            ("nonces", (i,), (r.randint(0, 99),)),
            ("slashed", r.randint(1, 5)),
            ("reset_header", 10000 * r.randint(1, self.world.next_header // 10000))))

    def of_partnership(self):
        ids = [p.validator_id for p in self.world.partnerships.values() if p.validator_id]
        return self.rng.choice(ids) if ids else None

    def old_share(self):
        address = self.rng.choice([*self.world.shares, 5])
        share = self.world.shares[address]
        return "old_share", share.validator_id if share else 1, address

    def rare_operation(self):
        rare = self.make_governance()
        # What only few seeds should do: afterwards most of the usual arithmetic is out of reach.
        if rare[0] in ("migrate_data", "new_share", "insert_signers", "force_unstake", "lock") and self.chance(60):
            return None
        return rare

    # ---- the whole ----

    COMMON = {"stake": 6, "unstake": 2, "unstake_claim": 3, "restake": 7, "withdraw_rewards": 6, "commission": 4,
              "signer": 3, "nft": 1, "top_up": 1, "claim_fee": 1, "bid": 3, "confirm": 4, "buy": 16,
              "reinvest": 6, "claim": 6, "sell": 8, "sell_old": 3, "redeem": 5, "redeem_old": 3, "migrate": 4,
              "share_transfer": 4, "pay": 2}
    NAMES, WEIGHTS = tuple(COMMON), tuple(COMMON.values())

    def common_operation(self):
        name = self.rng.choices(self.NAMES, self.WEIGHTS)[0]
        if name == "stake" and self.sm.staker_count >= 6 and self.chance(80):
            return None
        return getattr(self, "make_" + name)() or None

    def any_operation(self):
        if self.with_partnerships and self.chance(30):
            operation, alone = self.make_partnership()
            return None if alone else operation
        return self.common_operation()

    def random_block(self, begin=()):
        """Plays a block and returns its transactions."""
        p = self.player
        p.begin()
        for operation in begin:
            p.transaction()
            p.operate(operation)
        for _ in range(self.rng.choice((1, 1, 2, 3, 5))):
            kind = self.rng.random()
            if kind < 0.30:
                alone = self.make_checkpoint() if self.chance(65) else self.make_sync()
            elif kind < 0.36:
                alone = self.rare_operation()
            else:
                alone = None
                if self.with_partnerships and self.chance(25):
                    operation, on_its_own = self.make_partnership()
                    alone = operation if on_its_own else None
            p.transaction()
            if alone:
                p.operate(alone)
                continue
            for _ in range(self.rng.choice((1, 1, 1, 2, 2, 4))):
                operation = self.any_operation()
                if operation:
                    p.operate(operation)
        p.end()
        return p.blocks[-1][2]

    def run(self):
        """The player; self.steps is the scenario as played."""
        p, r = self.player, self.rng
        target = r.randint(60, 200)
        begin = [self.make_stake() for _ in range(r.randint(3, 6))]
        self.steps.append(("block", self.random_block(begin)))
        while p.done < target:
            self.steps.append(("block", self.random_block()))
            kind = r.random()
            if kind < 0.10:
                self.steps.append(("query",))
                p.query()
            elif kind < 0.14:
                count = r.choice((1, 2, 5, 40))
                self.steps.append(("undo", count))
                p.undo(count)
            elif kind < 0.17:
                tip = p.number
                blocks = [self.random_block() for _ in range(r.choice((1, 2, 6)))]
                p.end_branch(tip, len(blocks))
                self.steps.append(("branch", blocks))
        self.steps.append(("query",))
        p.query()
        return p
