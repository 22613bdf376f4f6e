"""StakeManager, its extension and the StakingNFT (protocol.md 5 and 6)."""
from evm import Mapping, Struct, add, div, mul, require, sub, wrap
from share import (ACTIVE, EMPTY, P, RETIRED, UNSTAKED, Share, insert_sorted, remove_signer, split_reward)


class StakeManager(Struct):
    split_reward = staticmethod(split_reward)

    def __init__(self, world, address, parameters):
        j = world.journal
        super().__init__(j, world=world, address=address, locked=False, reward_per_stake=0, total_stake=0,
                         staker_count=0, total_staked=0, total_rewards=0, total_liquidated=0, epoch=1,
                         prev_block_interval=0, total_fee=0, account_root=0, signers=[],
                         validators=Mapping(j, None), signer_to_validator=Mapping(j), owner=Mapping(j),
                         owned=Mapping(j), contracts=Mapping(j), auctions=Mapping(j, None),
                         state_changes=Mapping(j, (0, 0)), nonces=Mapping(j), sync_ids=Mapping(j))
        self.__dict__.update(parameters)
        self.chain_reward = Mapping(j, 0, parameters["chain_reward"])

    # ---- views ----

    def validator(self, validator_id):
        v = self.validators[validator_id]
        if v is None:
            v = self.validators[validator_id] = Struct(
                self._journal, amount=0, reward=0, activation_epoch=0, deactivation_epoch=0, signer=0,
                contract=0, status=0, commission=0, last_commission_update=0, delegators_reward=0,
                delegated_amount=0, initial=0, latest_signer_update=0)
        return v

    def is_validator(self, v):
        return (v.amount > 0 and v.status == ACTIVE
                and (v.deactivation_epoch == 0 or v.deactivation_epoch > self.epoch))

    def pending(self, v):
        if v.deactivation_epoch != 0:
            return 0, 0
        return self.split_reward(v, sub(self.reward_per_stake, v.initial))

    def validator_reward(self, validator_id):
        v = self.validator(validator_id)
        return sub(add(v.reward, self.pending(v)[0]), EMPTY)

    def delegators_reward(self, validator_id):
        v = self.validator(validator_id)
        return sub(add(v.delegators_reward, self.pending(v)[1]), EMPTY)

    # ---- settling ----

    def settle(self, v, current, new):
        if v.initial < current:
            own, delegators = self.split_reward(v, current - v.initial)
            v.delegators_reward = add(v.delegators_reward, delegators)
            v.reward = add(v.reward, own)
        if new > v.initial:
            v.initial = new

    def update(self, v):
        if v.deactivation_epoch == 0:
            self.settle(v, self.reward_per_stake, self.reward_per_stake)

    def liquidate(self, validator_id, owner):
        v = self.validator(validator_id)
        paid = sub(v.reward, EMPTY)
        self.total_liquidated = add(self.total_liquidated, paid)
        v.reward = EMPTY
        v.initial = self.reward_per_stake
        self.world.token.transfer(self.address, owner, paid)
        self.world.emit("ClaimRewards", validator_id, paid, self.total_liquidated)
        self.world.book("validator_claim", validator_id, owner, paid)

    def change_totals(self, amount, stakers):
        """SafeMath both ways: an exit that was counted already can make a checkpoint revert."""
        total = self.total_stake
        self.total_stake = add(total, amount) if amount >= 0 else sub(total, -amount)
        count = self.staker_count
        self.staker_count = add(count, stakers) if stakers >= 0 else sub(count, -stakers)

    # ---- what share contracts call ----

    def only_share(self, share):
        require(self.validator(share.validator_id).contract == share.address, "Invalid contract address")

    def withdraw_delegators_reward(self, share):
        self.only_share(share)
        v = self.validator(share.validator_id)
        self.update(v)
        rewards = sub(v.delegators_reward, EMPTY)
        v.delegators_reward = EMPTY
        self.world.book("delegators_taken", share.validator_id, 0, rewards)
        return rewards

    def delegated(self, share, change):
        self.only_share(share)
        v = self.validator(share.validator_id)
        require(change <= 0 or self.delegation_enabled, "Delegation is disabled")
        if v.deactivation_epoch == 0:
            self.change_totals(change, 0)
        else:
            require(v.deactivation_epoch <= self.epoch, "unstaking")
        v.delegated_amount = add(v.delegated_amount, change) if change >= 0 else sub(v.delegated_amount, -change)

    # ---- staking ----

    def only_owner_of(self, sender, validator_id):
        require(sender != 0 and self.owner[validator_id] == sender, "not the owner")

    def top_up(self, payer, user, fee, stake):
        require(fee >= self.min_heimdall_fee, "fee too small")
        self.world.token.pull(payer, self.address, add(fee, stake))
        self.total_fee = add(self.total_fee, fee)
        self.world.emit("TopUpFee", user, fee)

    def mint(self, owner, validator_id):
        require(owner != 0 and self.owned[owner] == 0, "Validators MUST NOT own multiple stake position")
        self.owned[owner] = validator_id
        self.owner[validator_id] = owner
        self.world.emit("NFTTransfer", 0, owner, validator_id)

    def next_nonce(self, validator_id):
        self.nonces[validator_id] += 1
        return self.nonces[validator_id]

    def create(self, owner, amount, signer, delegation):
        """_stakeFor; the id."""
        require(signer != 0 and self.signer_to_validator[signer] == 0, "Invalid signer")
        validator_id = self.nft_counter
        self.nft_counter += 1
        v = self.validator(validator_id)
        share = self.world.deploy_share(validator_id) if delegation else None
        self.total_staked = add(self.total_staked, amount)
        v.amount, v.reward, v.delegators_reward = amount, EMPTY, EMPTY
        v.activation_epoch = v.latest_signer_update = self.epoch
        v.signer, v.status, v.initial = signer, ACTIVE, self.reward_per_stake
        v.contract = share.address if share else 0
        self.signer_to_validator[signer] = validator_id
        self.change_totals(amount, 1)
        self.signers = insert_sorted(self.signers, signer)
        self.mint(owner, validator_id)
        self.world.emit("Staked", signer, validator_id, self.next_nonce(validator_id), self.epoch, amount,
                        self.total_staked, signer)
        return validator_id

    def stake_for(self, payer, owner, amount, fee, delegation, signer):
        require(not self.locked, "locked")
        require(self.staker_count < self.validator_threshold, "no more slots")
        require(amount >= self.min_deposit, "not enough deposit")
        self.top_up(payer, signer, fee, amount)
        self.create(owner, amount, signer, delegation)

    def leave(self, validator_id, exit_epoch):
        """_unstake."""
        v = self.validator(validator_id)
        owner = self.owner[validator_id]
        require(owner != 0, "no owner")
        self.update(v)
        v.deactivation_epoch = exit_epoch
        if v.contract:
            self.world.shares[v.contract].locked = True
        self.signers = remove_signer(self.signers, v.signer)
        self.liquidate(validator_id, owner)
        stake = v.amount + v.delegated_amount
        if exit_epoch <= self.epoch:
            self.change_totals(-stake, -1)
        else:
            amount, stakers = self.state_changes[exit_epoch]
            self.state_changes[exit_epoch] = (amount - stake, stakers - 1)
        self.world.emit("UnstakeInit", owner, validator_id, self.next_nonce(validator_id), exit_epoch, v.amount)

    def unstake(self, sender, validator_id):
        v = self.validator(validator_id)
        self.only_owner_of(sender, validator_id)
        require(self.auctions[validator_id] is None, "auction in progress")
        require(v.status == ACTIVE and v.amount > 0 and v.deactivation_epoch == 0, "not active")
        self.leave(validator_id, self.epoch + 1)

    def force_unstake(self, validator_id):
        self.leave(validator_id, self.epoch)

    def unstake_claim(self, sender, validator_id):
        v = self.validator(validator_id)
        self.only_owner_of(sender, validator_id)
        require(v.deactivation_epoch > 0 and v.status != UNSTAKED, "not leaving")
        require(add(v.deactivation_epoch, self.withdrawal_delay) <= self.epoch, "too early")
        amount = v.amount
        self.total_staked = sub(self.total_staked, amount)
        self.liquidate(validator_id, sender)
        self.owner[validator_id] = 0
        self.owned[sender] = 0
        self.world.emit("NFTTransfer", sender, 0, validator_id)
        v.amount, v.signer, v.status = 0, 0, UNSTAKED
        self.signer_to_validator[v.signer] = RETIRED  # the zero address: signer is cleared already
        self.world.token.transfer(self.address, sender, amount)
        self.world.emit("Unstaked", sender, validator_id, amount, self.total_staked)
        self.world.book("validator_principal", validator_id, sender, amount)

    def restake(self, sender, validator_id, amount, stake_rewards):
        require(not self.locked, "locked")
        v = self.validator(validator_id)
        self.only_owner_of(sender, validator_id)
        require(v.deactivation_epoch == 0, "No restaking")
        if amount > 0:
            self.world.token.pull(sender, self.address, amount)
        self.update(v)
        if stake_rewards:
            compounded = sub(v.reward, EMPTY)
            amount = add(amount, compounded)
            v.reward = EMPTY
            self.world.book("validator_restake", validator_id, sender, compounded)
        v.amount = add(v.amount, amount)
        self.total_staked = add(self.total_staked, amount)
        self.change_totals(amount, 0)
        share = self.world.shares.get(v.contract)
        self.world.emit("StakeUpdate", validator_id, wrap(v.amount + (share.active_amount if share else 0)))
        self.world.emit("Restaked", validator_id, v.amount, self.total_staked)

    def withdraw_rewards(self, sender, validator_id):
        self.only_owner_of(sender, validator_id)
        self.update(self.validator(validator_id))
        self.liquidate(validator_id, sender)

    def update_commission(self, sender, validator_id, rate):
        v = self.validator(validator_id)
        self.only_owner_of(sender, validator_id)
        self.update(v)
        require(v.last_commission_update == 0
                or add(v.last_commission_update, self.withdrawal_delay) <= self.epoch, "Cooldown")
        require(rate <= 100, "Commission rate should be in range of 0-100")
        self.world.emit("UpdateCommissionRate", validator_id, rate, v.commission)
        v.commission, v.last_commission_update = rate, self.epoch

    def update_signer(self, sender, validator_id, signer):
        v = self.validator(validator_id)
        self.only_owner_of(sender, validator_id)
        require(v.deactivation_epoch == 0, "exiting")
        require(signer != 0 and self.signer_to_validator[signer] == 0, "Invalid signer")
        require(self.epoch >= add(v.latest_signer_update, self.signer_update_limit), "Not allowed")
        old = v.signer
        self.world.emit("SignerChange", validator_id, self.next_nonce(validator_id), old, signer, signer)
        self.signers = insert_sorted(remove_signer(self.signers, old), signer)
        self.signer_to_validator[old] = RETIRED
        self.signer_to_validator[signer] = validator_id
        v.signer, v.latest_signer_update = signer, self.epoch

    def transfer_nft(self, sender, target, validator_id):
        self.only_owner_of(sender, validator_id)
        require(target not in (0, sender) and self.owned[target] == 0, "one position each")
        self.owned[sender], self.owned[target] = 0, validator_id
        self.owner[validator_id] = target
        self.world.emit("NFTTransfer", sender, target, validator_id)

    def update_delegation(self, sender, on):
        v = self.validator(self.signer_to_validator[sender])
        require(v.contract != 0, "Delegation is disabled")
        self.world.shares[v.contract].delegation = on

    def migrate_delegation(self, user, source, target, amount):
        require(target > 7, "Invalid migration")
        self.world.share_of(source).migrate_out(user, amount)
        self.world.share_of(target).migrate_in(user, amount)

    def claim_fee(self, user, fee):
        self.total_fee = sub(self.total_fee, fee)
        self.world.emit("ClaimFee", user, fee)
        self.world.token.transfer(self.address, user, fee)

    # ---- auctions ----

    def in_auction_period(self, v):
        return sub(self.epoch, v.activation_epoch) % add(self.dynasty, self.auction_period) < self.auction_period

    def start_auction(self, bidder, validator_id, amount, signer, delegation):
        v = self.validator(validator_id)
        require(v.deactivation_epoch == 0 and v.amount != 0, "Invalid validator for an auction")
        require(self.owned[bidder] == 0, "Already used address")
        require(self.replacement_cool_down <= self.epoch, "Cooldown period")
        require(self.in_auction_period(v), "Invalid auction period")
        last = self.auctions[validator_id]
        require(amount > max(add(v.amount, v.delegated_amount), last[0] if last else 0), "Must bid higher")
        self.world.token.pull(bidder, self.address, amount)
        if last:
            self.world.token.transfer(self.address, last[1], last[0])
        self.auctions[validator_id] = (amount, bidder, signer, delegation)
        self.world.emit("StartAuction", validator_id, v.amount, amount)

    def confirm_auction(self, sender, validator_id, fee):
        v = self.validator(validator_id)
        require(self.auctions[validator_id] is not None, "Invalid auction")
        amount, bidder, signer, delegation = self.auctions[validator_id]
        require(sender in (bidder, self.owner[validator_id]), "Only bidder can confirm")
        require(not self.in_auction_period(v), "Not allowed before auctionPeriod")
        if v.deactivation_epoch == 0 and add(v.amount, v.delegated_amount) >= amount:
            self.world.token.transfer(self.address, bidder, amount)
            self.world.emit("ConfirmAuction", validator_id, validator_id, v.amount)
        else:
            self.top_up(bidder, signer, fee, 0)
            self.leave(validator_id, self.epoch)
            new_id = self.create(bidder, amount, signer, delegation)
            self.world.emit("ConfirmAuction", new_id, validator_id, amount)
        self.auctions[validator_id] = None

    # ---- checkpoints ----

    def sort_signers(self, recovered):
        """(signed, unsigned, leaving, S) of the recovered addresses (3.2)."""
        last = pointer = 0
        signed, unsigned, leaving, power = [], [], [], 0
        for a in recovered:
            if a == last:
                continue
            if a < last:
                break
            validator_id = self.signer_to_validator[a]
            v = self.validator(validator_id)
            if not self.is_validator(v):
                continue
            last = a
            signed.append(validator_id)
            power = add(power, add(v.amount, v.delegated_amount))
            if v.deactivation_epoch != 0:
                leaving.append(validator_id)
                continue
            while pointer < len(self.signers) and self.signers[pointer] != a:
                unsigned.append(self.signer_to_validator[self.signers[pointer]])
                pointer += 1
            pointer += 1
        unsigned += [self.signer_to_validator[s] for s in self.signers[pointer:]]
        return signed, unsigned, leaving, power

    def checkpoint_worth(self, chain, blocks):
        """What it is worth when all stake signs: steps 2 to 5, before the scaling."""
        base, target = self.chain_reward[chain], self.block_interval
        full = min(div(blocks, target), self.max_rewarded)
        if full > 0 and full != self.prev_block_interval:
            if self.prev_block_interval != 0:
                delta = wrap(base * self.reward_delta) // 100
                base = wrap(base + delta if self.prev_block_interval > full else base - delta)
            self.prev_block_interval = full
        reward = 0
        if blocks > target:
            less = mul(wrap(wrap(full - 1) * full) // 2, self.reward_decrease)
            reward = sub(mul(base, full), div(mul(base, less), 100))
            blocks = sub(blocks, mul(full, target))
            base = sub(base, div(mul(mul(base, full), self.reward_decrease), 100))
        return add(reward, div(mul(blocks, base), target))

    def check_signatures(self, chain, blocks, proposer, recovered):
        """Credits a checkpoint; its reward."""
        quorum = 2 * self.staker_count // 3 + 1
        require(len(recovered) >= quorum, "2/3+1 signatures")
        before = self.world.view_values()
        signed, unsigned, leaving, power = self.sort_signers(recovered)
        require(len(signed) >= quorum, "2/3+1 validators")
        total = self.total_stake
        reward = div(mul(self.checkpoint_worth(chain, blocks), power), total)
        self.total_rewards = add(self.total_rewards, reward)
        bonus = div(mul(reward, self.proposer_bonus), 100)
        best = self.validator(self.signer_to_validator[proposer])
        best.reward = add(best.reward, bonus)
        current = self.reward_per_stake
        new = add(current, div(mul(sub(reward, bonus), P), power))
        for validator_id in unsigned:
            self.settle(self.validator(validator_id), current, new)
        self.reward_per_stake = new
        for validator_id in leaving:
            self.settle(self.validator(validator_id), new, new)
        self.world.book_growth(before, chain, reward, bonus, power, total, (signed, unsigned, leaving))
        return reward

    def next_epoch(self):
        amount, stakers = self.state_changes[self.epoch + 1]
        self.change_totals(amount, stakers)
        self.state_changes.delete(self.epoch)
        self.epoch += 1

    def submit_sync(self, chain, proposer, blocks, recovered, start):
        checkpoint_id = self.sync_ids[chain] + 1
        self.sync_ids[chain] = checkpoint_id
        self.check_signatures(chain, blocks, proposer, recovered)
        self.world.emit("CheckpointSyncAck", proposer, chain, checkpoint_id, start, start + blocks - 1)
