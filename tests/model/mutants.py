"""The model with one rule wrong. Each has to be noticed, or the comparison would not see that rule."""
from contracts import World
from evm import div, wrap
from partnership import Partnership
from share import P, RETIRED, Share, split_reward
from stake_manager import StakeManager


def wrong(rule):
    """The world in which that class takes the place of the one it is derived from."""
    place = {StakeManager: "SM", Share: "SHARE", Partnership: "PARTNERSHIP"}[rule.__base__]
    return type(rule.__name__, (World,), {place: rule})


class RoundedUp(StakeManager):
    """The validator's part of a reward is rounded up."""
    @staticmethod
    def split_reward(v, per_stake):
        own, delegators = split_reward(v, per_stake)
        whole = v.amount + v.delegated_amount
        more = 1 if delegators and v.commission == 0 and (v.amount * (per_stake * whole // P)) % whole else 0
        return own + more, delegators - more


class SettledAtOnce(StakeManager):
    """Parts of validator and delegators are computed apart from each other, without the sum's rounding."""
    @staticmethod
    def split_reward(v, per_stake):
        if v.delegated_amount == 0 or v.commission:
            return split_reward(v, per_stake)
        return per_stake * v.amount // P, per_stake * v.delegated_amount // P


class CommissionOfAll(StakeManager):
    """Commission is taken from the whole reward."""
    @staticmethod
    def split_reward(v, per_stake):
        own, delegators = split_reward(v, per_stake)
        if delegators:
            more = min(delegators, own * v.commission // 100)
            return own + more, delegators - more
        return own, delegators


class IntervalPerChain(StakeManager):
    """prevBlockInterval is a chain's own."""
    def checkpoint_worth(self, chain, blocks):
        seen = self.world.counters
        self.prev_block_interval = seen["interval", chain]
        try:
            return super().checkpoint_worth(chain, blocks)
        finally:
            seen["interval", chain] = self.prev_block_interval


class ChangesKept(StakeManager):
    """An epoch's changes stay when it is left."""
    def next_epoch(self):
        old = self.state_changes[self.epoch]
        super().next_epoch()
        if old != (0, 0):
            self.state_changes[self.epoch - 1] = old


class KeyRetired(StakeManager):
    """unstakeClaim retires the signer's key instead of the zero address."""
    def unstake_claim(self, sender, validator_id):
        key, zero = self.validator(validator_id).signer, self.signer_to_validator[0]
        super().unstake_claim(sender, validator_id)
        self.signer_to_validator[key], self.signer_to_validator[0] = RETIRED, zero


class NobodyElseRemoved(StakeManager):
    """Removing a signer that is not listed leaves the list alone."""
    def leave(self, validator_id, exit_epoch):
        before, listed = self.signers, self.validator(validator_id).signer in self.signers
        super().leave(validator_id, exit_epoch)
        if not listed:
            self.signers = before


class LeavingNotSettled(StakeManager):
    """Who signs while leaving gets nothing."""
    def sort_signers(self, recovered):
        signed, unsigned, leaving, power = super().sort_signers(recovered)
        return signed, unsigned, [], power


class MarkerKept(StakeManager):
    """A claim does not move the validator's marker."""
    def liquidate(self, validator_id, owner):
        v = self.validator(validator_id)
        marker = v.initial
        super().liquidate(validator_id, owner)
        v.initial = marker


class LeavingUpdated(StakeManager):
    """A validator that left is settled like any other."""
    def update(self, v):
        self.settle(v, self.reward_per_stake, self.reward_per_stake)


class ExitCountedTwice(StakeManager):
    """Sales after the exit lower the total stake once more, as an earlier implementation did."""
    def delegated(self, share, change):
        super().delegated(share, change)
        v = self.validator(share.validator_id)
        if change < 0 and v.deactivation_epoch:
            self.total_stake = wrap(self.total_stake + change)


class DeltaNotWrapped(StakeManager):
    """base * delta is not cut to 256 bits."""
    def checkpoint_worth(self, chain, blocks):
        base, full = self.chain_reward[chain], min(div(blocks, self.block_interval), self.max_rewarded)
        exact = base * self.reward_delta // 100
        if full and self.prev_block_interval not in (0, full) and exact != wrap(base * self.reward_delta) // 100:
            self.prev_block_interval = full
            return 1
        return super().checkpoint_worth(chain, blocks)


class RewardKept(Share):
    """Rewards that nobody holds shares for are not dropped but wait in the pool of the first."""
    def take_reward(self, user):
        if self.total_supply == 0:
            self.initial[user] = self.reward_per_share
            return 0
        return super().take_reward(user)


class EpochOfFirstSale(Share):
    """A second legacy sale does not restart the waiting time."""
    def sell_voucher(self, user, amount):
        shares, epoch = self.slots[user]
        super().sell_voucher(user, amount)
        if shares:
            self.slots[user] = (self.slots[user][0], epoch)


class DustToFirst(Partnership):
    """What the division leaves goes to the first partner."""
    def dust_person(self):
        return self.partners[0]


class RemovedLosesClaim(Partnership):
    """A removed partner loses what it did not claim."""
    def set_partners(self, partners, bps):
        before = self.partners
        super().set_partners(partners, bps)
        for person in set(before) - set(partners):
            self.claimable[person] = 0


class RestakedIsFree(Partnership):
    """Restaked rewards count as free capital."""
    def restake(self, amount, stake_rewards):
        free = self.free_capital
        staked = self.staked_capital
        super().restake(amount, stake_rewards)
        income = self.staked_capital - staked - amount
        self.free_capital, self.staked_capital = free - amount + income, self.staked_capital - income


MUTANTS = [wrong(rule) for rule in (
    RoundedUp, SettledAtOnce, CommissionOfAll, IntervalPerChain, ChangesKept, KeyRetired, NobodyElseRemoved,
    LeavingNotSettled, MarkerKept, LeavingUpdated, ExitCountedTwice, DeltaNotWrapped, RewardKept,
    EpochOfFirstSale, DustToFirst, RemovedLosesClaim, RestakedIsFree)]
