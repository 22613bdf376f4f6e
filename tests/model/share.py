"""Token and ValidatorShare (protocol.md 6.4, 6.5), and what both and the StakeManager share."""
from evm import MAX, Mapping, Struct, add, div, mul, require, sub, wrap

P = 10**25              # rewardPerStake, rewardPerShare
COIN = 10**18           # explicit claims below it revert
ACTIVE, UNSTAKED = 1, 3
EMPTY = 1               # INITIALIZED_AMOUNT of reward and delegatorsReward
RETIRED = MAX           # signerToValidator of a key that was given up


def split_reward(v, per_stake):
    """Parts of validator and delegators in what its whole stake earned (6.2)."""
    if v.delegated_amount == 0:
        return div(mul(per_stake, v.amount), P), 0
    whole = add(v.amount, v.delegated_amount)
    earned = div(mul(per_stake, whole), P)
    own = div(mul(v.amount, earned), whole)
    if v.commission > 0:
        own = add(own, div(mul(sub(earned, own), v.commission), 100))
    return own, sub(earned, own)


def insert_sorted(signers, new):
    at = len(signers)
    while at > 0 and signers[at - 1] >= new:
        at -= 1
    return signers[:at] + [new] + signers[at:]


def remove_signer(signers, gone):
    """Bubble-shift from the end: what is not in the list takes the first one with it."""
    require(signers, "no signer left")
    for i in reversed(range(len(signers))):
        if signers[i] == gone or i == 0:
            return signers[:i] + signers[i + 1:]


class Share(Struct):
    """A ValidatorShare contract."""

    def __init__(self, world, address, validator_id, announced):
        j = world.journal
        super().__init__(j, world=world, address=address, validator_id=validator_id, announced=announced,
                         total_supply=0, reward_per_share=0, active_amount=0, withdraw_pool=0,
                         withdraw_shares=0, delegation=True, locked=False,
                         balance=Mapping(j), initial=Mapping(j), nonces=Mapping(j),
                         slots=Mapping(j, (0, 0)), unbonds=Mapping(j, (0, 0)))

    def precision(self):
        return 100 if self.validator_id < 8 else 10**29

    def exchange_rate(self):
        if self.total_supply == 0:
            return self.precision()
        delegated = self.world.sm.validator(self.validator_id).delegated_amount
        return div(mul(delegated, self.precision()), self.total_supply)

    def withdraw_rate(self):
        if self.validator_id < 8 or self.withdraw_shares == 0:
            return self.precision()
        return div(mul(self.withdraw_pool, self.precision()), self.withdraw_shares)

    def total_stake(self, user):
        return div(mul(self.balance[user], self.exchange_rate()), self.precision())

    def per_share_with(self, rewards):
        if rewards == 0 or self.total_supply == 0:
            return self.reward_per_share
        return add(self.reward_per_share, div(mul(rewards, P), self.total_supply))

    def reward(self, user, per_share):
        if self.balance[user] == 0 or per_share == self.initial[user]:
            return 0
        return div(mul(sub(per_share, self.initial[user]), self.balance[user]), P)

    def liquid_rewards(self, user):
        return self.reward(user, self.reward_per_share_now())

    def reward_per_share_now(self):
        return self.per_share_with(self.world.sm.delegators_reward(self.validator_id))

    # ---- inside ----

    def take_reward(self, user):
        per_share = self.per_share_with(self.world.sm.withdraw_delegators_reward(self))
        liquid = self.reward(user, per_share)
        self.reward_per_share = per_share
        self.initial[user] = per_share
        return liquid

    def claim(self, user):
        liquid = self.take_reward(user)
        if liquid:
            self.pay_reward(user, liquid)
        return liquid

    def pay_reward(self, user, amount):
        self.world.token.transfer(self.world.sm.address, user, amount)
        self.world.emit("DelegatorClaimedRewards", self.validator_id, user, amount)
        self.world.book("delegator_claim", self.validator_id, user, amount)

    def log_transfer(self, source, target, amount):
        if self.announced:
            self.world.emit("Transfer", source, target, amount, at=self.address)

    def mint(self, user, shares):
        self.total_supply = add(self.total_supply, shares)
        self.balance[user] = add(self.balance[user], shares)
        self.log_transfer(0, user, shares)

    def burn(self, user, shares):
        self.balance[user] = sub(self.balance[user], shares)
        self.total_supply = sub(self.total_supply, shares)
        self.log_transfer(user, 0, shares)

    def stake_update(self):
        v = self.world.sm.validator(self.validator_id)
        self.world.emit("StakeUpdate", self.validator_id, wrap(v.amount + self.active_amount))

    def buy_shares(self, user, amount):
        require(not self.locked, "locked")
        require(self.delegation, "Delegation is disabled")
        rate = self.exchange_rate()
        shares = div(mul(amount, self.precision()), rate)
        require(self.slots[user][0] == 0, "Ongoing exit")
        self.mint(user, shares)
        bought = div(mul(rate, shares), self.precision())
        self.world.sm.delegated(self, bought)
        self.active_amount = add(self.active_amount, bought)
        self.world.emit("ShareMinted", self.validator_id, user, bought, shares)
        self.stake_update()
        return bought

    def burn_stake(self, user, amount):
        """Shares of an amount; the user's rewards are paid first."""
        total, rate = self.total_stake(user), self.exchange_rate()
        require(total >= amount, "Too much requested")
        shares = div(mul(amount, self.precision()), rate)
        self.claim(user)
        self.burn(user, shares)
        self.world.sm.delegated(self, -amount)
        self.active_amount = sub(self.active_amount, amount)
        return shares

    def sell(self, user, amount):
        require(self.total_stake(user) != 0, "Too much requested")
        shares = self.burn_stake(user, amount)
        parts = div(mul(amount, self.precision()), self.withdraw_rate())
        self.withdraw_pool = add(self.withdraw_pool, amount)
        self.withdraw_shares = add(self.withdraw_shares, parts)
        return shares, parts

    def redeem(self, user, unbond):
        parts, epoch = unbond
        sm = self.world.sm
        require(add(epoch, sm.withdrawal_delay) <= sm.epoch and parts > 0, "Incomplete withdrawal period")
        amount = div(mul(self.withdraw_rate(), parts), self.precision())
        self.withdraw_shares = sub(self.withdraw_shares, parts)
        self.withdraw_pool = sub(self.withdraw_pool, amount)
        sm.only_share(self)
        self.world.token.transfer(sm.address, user, amount)
        self.world.book("delegator_unstake", self.validator_id, user, amount)
        return amount

    # ---- calls of delegators ----

    def buy_voucher(self, user, amount):
        self.claim(user)
        self.world.token.pull(user, self.world.sm.address, self.buy_shares(user, amount))

    def restake(self, user):
        liquid = self.take_reward(user)
        require(liquid >= COIN, "Too small rewards to restake")
        bought = self.buy_shares(user, liquid)
        self.world.book("delegator_restake", self.validator_id, user, bought)
        if liquid > bought:
            self.pay_reward(user, liquid - bought)
        self.world.emit("DelegatorRestaked", self.validator_id, user, self.total_stake(user))

    def withdraw_rewards(self, user):
        require(self.claim(user) >= COIN, "Too small rewards amount")

    def sell_voucher_new(self, user, amount):
        shares, parts = self.sell(user, amount)
        nonce = self.nonces[user] + 1
        self.nonces[user] = nonce
        self.unbonds[user, nonce] = (parts, self.world.sm.epoch)
        self.world.emit("ShareBurnedWithId", self.validator_id, user, amount, shares, nonce)
        self.stake_update()

    def sell_voucher(self, user, amount):
        shares, parts = self.sell(user, amount)
        self.slots[user] = (add(self.slots[user][0], parts), self.world.sm.epoch)
        self.world.emit("ShareBurned", self.validator_id, user, amount, shares)
        self.stake_update()

    def unstake_claim_new(self, user, nonce):
        amount = self.redeem(user, self.unbonds[user, nonce])
        self.unbonds.delete((user, nonce))
        self.world.emit("DelegatorUnstakeWithId", self.validator_id, user, amount, nonce)

    def unstake_claim(self, user):
        amount = self.redeem(user, self.slots[user])
        self.slots.delete(user)
        self.world.emit("DelegatorUnstaked", self.validator_id, user, amount)

    def migrate_out(self, user, amount):
        shares = self.burn_stake(user, amount)
        self.world.emit("ShareBurned", self.validator_id, user, amount, shares)
        self.stake_update()
        self.world.emit("DelegatorUnstaked", self.validator_id, user, amount)
        self.world.book("delegator_migration", self.validator_id, user, amount)

    def migrate_in(self, user, amount):
        self.claim(user)
        self.buy_shares(user, amount)

    def transfer(self, source, target, shares):
        require(target != 0, "transfer to the zero address")
        self.claim(target)
        self.claim(source)
        self.balance[source] = sub(self.balance[source], shares)
        self.balance[target] = add(self.balance[target], shares)
        self.log_transfer(source, target, shares)


class Token:
    def __init__(self, world):
        self.world, self.balance = world, Mapping(world.journal)

    def transfer(self, source, target, amount):
        require(target != 0, "transfer to the zero address")
        self.balance[source] = sub(self.balance[source], amount)
        self.balance[target] = add(self.balance[target], amount)
        self.world.emit("Transfer", source, target, amount)

    def pull(self, source, target, amount):
        """transferFrom; the recorded token logs what is left of the allowance."""
        self.transfer(source, target, amount)
        self.approve(source, target, MAX)

    def approve(self, owner, spender, amount):
        self.world.emit("Approval", owner, spender, amount)
