"""The staking contracts of the staking chain as a model to run: slow, and as close to the text of the
protocol's fact sheet (sections 3, 5, 6) as can be. It shares no code with the indexer's ledger, which
tests/system/test_model.py compares with it.

World.call(operation) is a call from outside: it happens and leaves its logs in World.logs, or it reverts
and leaves nothing. An operation is a tuple of a name and plain values; addresses are integers.
"""
from evm import Journal, Mapping, Revert, require
from partnership import CALLS, Partnership
from share import RETIRED, Share, Token
from stake_manager import StakeManager
from wire import calldata, governance_call

HEADER_STEP = 10000
STRANGER = 0x99 << 152          # sends what anybody may send


def id_text(validator_id):
    return "max" if validator_id == RETIRED else str(validator_id)


class RootChain:
    def __init__(self, world):
        self.world, self.headers = world, Mapping(world.journal, None)

    def submit(self, proposer, blocks, recovered, account_root, root):
        w = self.world
        header_id = w.next_header
        last = self.headers[header_id - HEADER_STEP]
        start = 0 if last is None else last[2] + 1
        reward = w.sm.check_signatures(1, blocks, proposer, recovered)
        w.sm.account_root = account_root
        w.sm.next_epoch()
        require(reward != 0, "Invalid checkpoint")
        w.next_header = header_id + HEADER_STEP
        self.headers[header_id] = (root, start, start + blocks - 1, w.time, proposer)
        w.emit("NewHeaderBlock", proposer, header_id, reward, start, start + blocks - 1, root)

    def reset(self, header_id, sender):
        w = self.world
        require(header_id % HEADER_STEP == 0 and 0 < header_id <= w.next_header, "Invalid value")
        for i in range(header_id, w.next_header, HEADER_STEP):
            self.headers.delete(i)
        w.next_header = header_id
        w.emit("ResetHeaderBlock", sender, header_id)


class World:
    """All contracts, the clock, and what the test wants to know of their history."""
    SM, SHARE, PARTNERSHIP = StakeManager, Share, Partnership

    def __init__(self, addresses, parameters):
        self.journal = Journal()
        self.addresses, self.time = dict(addresses), 0
        self.logs, self.votes, self.calldata = [], [], None
        self.sm = self.SM(self, addresses["StakeManager"], dict(parameters["stake_manager"]))
        self.token, self.root_chain = Token(self), RootChain(self)
        self.token.balance.update(parameters["balances"])
        self.shares = Mapping(self.journal, None)
        self.partnerships = {a: self.PARTNERSHIP(self, a) for a in parameters["partnerships"]}
        self.books = Mapping(self.journal)
        self.counters = Mapping(self.journal, 0, {"header": HEADER_STEP, "share": 0, "checkpoint": 0})
        self.reason = None

    @property
    def next_header(self):
        return self.counters["header"]

    @next_header.setter
    def next_header(self, value):
        self.counters["header"] = value

    def call(self, operation):
        """Whether it succeeded. The logs are added to self.logs."""
        name, *args = operation
        mark, logs, votes = len(self.journal), len(self.logs), len(self.votes)
        try:
            getattr(self, "do_" + name)(*args)
            return True
        except Revert as e:
            self.reason = str(e)
            self.journal.rollback(mark)
            del self.logs[logs:], self.votes[votes:]
            return False

    def emit(self, name, *args, at=None):
        self.logs.append((name, at, args))

    def book(self, what, validator_id, account, amount):
        if amount:
            self.books[what, validator_id, account] += amount

    def share_address(self, validator_id):
        return (0xabc << 140) + (self.counters["share"] << 8) + validator_id

    def deploy_share(self, validator_id, announced=True):
        self.counters["share"] += 1
        address = self.share_address(validator_id)
        share = self.shares[address] = self.SHARE(self, address, validator_id, announced)
        if announced:
            sm, factory = self.sm.address, self.addresses["ValidatorShareFactory"]
            self.emit("OwnerUpdate", sm, factory, at=address)
            self.emit("OwnershipTransferred", 0, sm, at=address)
        return share

    def share_of(self, validator_id):
        share = self.shares[self.sm.validator(validator_id).contract]
        require(share is not None, "no delegation")
        return share

    # ---- what checkpoints did, for the books ----

    def ids(self):
        return [i for i in self.sm.validators if i >= 1 and i < 2**64]

    def view_values(self):
        """{id: (validatorReward, delegatorsReward)}; an id whose views revert is left out."""
        values = {}
        for i in self.ids():
            try:
                values[i] = (self.sm.validator_reward(i), self.sm.delegators_reward(i))
            except Revert:
                pass
        return values

    def book_growth(self, before, chain, reward, bonus, power, total, lists):
        after = self.view_values()
        for i in before:
            if i in after:
                self.book("accrual", i, 0, after[i][0] - before[i][0])
                self.book("accrual_delegators", i, 0, after[i][1] - before[i][1])
        self.counters["checkpoint"] += 1
        facts = [chain, reward, bonus, power, total, *(",".join(map(id_text, ids)) for ids in lists)]
        self.books["checkpoint", self.counters["checkpoint"]] = " ".join(map(str, facts))

    # ---- operations: validators ----

    def do_stake(self, payer, owner, amount, fee, delegation, signer):
        self.sm.stake_for(payer, owner, amount, fee, delegation, signer)

    def do_unstake(self, sender, validator_id):
        self.sm.unstake(sender, validator_id)

    def do_unstake_claim(self, sender, validator_id):
        self.sm.unstake_claim(sender, validator_id)

    def do_restake(self, sender, validator_id, amount, stake_rewards):
        self.sm.restake(sender, validator_id, amount, stake_rewards)

    def do_withdraw_rewards(self, sender, validator_id):
        self.sm.withdraw_rewards(sender, validator_id)

    def do_commission(self, sender, validator_id, rate):
        self.sm.update_commission(sender, validator_id, rate)

    def do_signer(self, sender, validator_id, signer):
        self.sm.update_signer(sender, validator_id, signer)

    def do_nft(self, sender, target, validator_id):
        self.sm.transfer_nft(sender, target, validator_id)

    def do_top_up(self, payer, user, fee):
        self.sm.top_up(payer, user, fee, 0)

    def do_claim_fee(self, user, fee):
        self.sm.claim_fee(user, fee)

    def do_bid(self, bidder, validator_id, amount, signer, delegation):
        self.sm.start_auction(bidder, validator_id, amount, signer, delegation)

    def do_confirm(self, sender, validator_id, fee):
        self.sm.confirm_auction(sender, validator_id, fee)

    def do_delegation(self, sender, on):
        self.direct(sender, "StakeManager", "updateValidatorDelegation(bool)", int(on))
        self.sm.update_delegation(sender, on)

    # ---- delegators ----

    def do_buy(self, user, validator_id, amount):
        self.share_of(validator_id).buy_voucher(user, amount)

    def do_reinvest(self, user, validator_id):
        self.share_of(validator_id).restake(user)

    def do_claim(self, user, validator_id):
        self.share_of(validator_id).withdraw_rewards(user)

    def do_sell(self, user, validator_id, amount):
        self.share_of(validator_id).sell_voucher_new(user, amount)

    def do_sell_old(self, user, validator_id, amount):
        self.share_of(validator_id).sell_voucher(user, amount)

    def do_redeem(self, user, validator_id, nonce):
        self.share_of(validator_id).unstake_claim_new(user, nonce)

    def do_redeem_old(self, user, validator_id):
        self.share_of(validator_id).unstake_claim(user)

    def do_migrate(self, user, source, target, amount):
        self.sm.migrate_delegation(user, source, target, amount)

    def do_share_transfer(self, source, target, validator_id, shares):
        share = self.share_of(validator_id)
        require(share.announced, "outside of what the model covers: nobody would see the transfer")
        share.transfer(source, target, shares)

    def do_pay(self, source, target, amount):
        self.token.transfer(source, target, amount)

    # ---- partnerships: sent by whom the contract allows ----

    def do_p_initialize(self, p, admin, operator, partners, bps, sender=STRANGER):
        self.partnerships[p].initialize(sender, admin, operator, partners, bps)

    def do_p_set_partners(self, p, partners, bps):
        admin = self.partnerships[p].admin
        self.calldata = (admin, p, calldata("setPartners(address[],uint256[])", list(partners), list(bps)))
        self.partnerships[p].set_partners(partners, bps)

    def do_p(self, what, p, *args):
        """Any other function of the contract."""
        assert what in CALLS, what
        getattr(self.partnerships[p], what)(*args)

    # ---- checkpoints ----

    def do_checkpoint(self, proposer, blocks, recovered, account_root, root=7):
        self.votes.append((account_root, recovered))
        self.root_chain.submit(proposer, blocks, recovered, account_root, root)

    def do_relayed(self, proposer, blocks, recovered):
        """A checkpoint made by another contract: nobody sees its signatures."""
        self.votes.append((None, None))
        self.root_chain.submit(proposer, blocks, recovered, self.sm.account_root, 7)

    def do_sync(self, chain, proposer, blocks, recovered, start=7):
        self.votes.append((None, recovered))
        self.sm.submit_sync(chain, proposer, blocks, recovered, start)

    def do_reset_header(self, header_id, sender=STRANGER):
        self.root_chain.reset(header_id, sender)

    # ---- owner and governance: some of it without an event ----

    def direct(self, sender, contract, signature, *args):
        """The transaction's own calldata."""
        to = self.addresses[contract]
        self.calldata = (sender, to, calldata(signature, *args))

    def govern(self, signature, *args):
        inner = calldata(signature, *args)
        data = governance_call(self.addresses["StakeManager"], inner)
        self.calldata = (STRANGER, self.addresses["Governance"], data)

    def do_set_interval(self, blocks):
        self.govern("updateCheckPointBlockInterval(uint256)", blocks)
        require(blocks > 0, "incorrect value")
        self.sm.block_interval = blocks

    def do_set_epoch(self, epoch):
        self.govern("setCurrentEpoch(uint256)", epoch)
        self.sm.epoch = epoch

    def do_set_delegation(self, on):
        self.govern("setDelegationEnabled(bool)", int(on))
        self.sm.delegation_enabled = on

    def do_set_min_amounts(self, deposit, fee):
        self.govern("updateMinAmounts(uint256,uint256)", deposit, fee)
        self.sm.min_deposit, self.sm.min_heimdall_fee = deposit, fee

    def do_set_signer_limit(self, epochs):
        self.govern("updateSignerUpdateLimit(uint256)", epochs)
        self.sm.signer_update_limit = epochs

    def do_stop_auctions(self, epochs):
        self.govern("stopAuctions(uint256)", epochs)
        self.sm.replacement_cool_down = self.sm.epoch + epochs

    def do_set_threshold(self, count):
        self.govern("updateValidatorThreshold(uint256)", count)
        require(count > 0, "incorrect value")
        self.emit("ThresholdChange", count, self.sm.validator_threshold)
        self.sm.validator_threshold = count

    def do_set_dynasty(self, epochs):
        self.govern("updateDynastyValue(uint256)", epochs)
        require(epochs > 0, "incorrect value")
        self.emit("DynastyValueChange", epochs, self.sm.dynasty)
        self.sm.dynasty = self.sm.withdrawal_delay = epochs
        self.sm.auction_period = epochs // 4
        self.sm.replacement_cool_down = self.sm.epoch + epochs // 4

    def do_set_bonus(self, percent):
        self.govern("updateProposerBonus(uint256)", percent)
        require(percent <= 100, "too big")
        self.emit("ProposerBonusChange", percent, self.sm.proposer_bonus)
        self.sm.proposer_bonus = percent

    def do_set_chain_reward(self, chain, reward):
        self.govern("updateChainCheckpointReward(uint256,uint256)", chain, reward)
        self.emit("ChainRewardUpdate", chain, reward, self.sm.chain_reward[chain])
        self.sm.chain_reward[chain] = reward

    def do_set_reward_params(self, decrease, rewarded, delta):
        self.govern("updateCheckpointRewardParams(uint256,uint256,uint256)", decrease, rewarded, delta)
        self.sm.reward_decrease, self.sm.max_rewarded, self.sm.reward_delta = decrease, rewarded, delta
        self.emit("RewardParams", decrease, rewarded, delta)

    def do_force_unstake(self, validator_id):
        self.govern("forceUnstake(uint256)", validator_id)
        self.sm.force_unstake(validator_id)

    def do_drain(self, target, amount):
        self.govern("drain(address,uint256)", target, amount)
        self.token.transfer(self.sm.address, target, amount)

    def do_lock(self, on):
        self.govern("lock()" if on else "unlock()")
        require(self.sm.locked != on, "as it is")
        self.sm.locked = on

    def do_insert_signers(self, signers):
        self.direct(STRANGER, "StakeManager", "insertSigners(address[])", list(signers))
        self.sm.signers = list(signers)

    def do_new_share(self, validator_id):
        """updateValidatorContractAddress to a share contract that nothing announces."""
        require(self.sm.validator(validator_id).contract != 0, "no delegation")
        address = self.deploy_share(validator_id, announced=False).address
        self.do_old_share(validator_id, address)

    def do_old_share(self, validator_id, address):
        self.govern("updateValidatorContractAddress(uint256,address)", validator_id, address)
        require(self.shares[address] is not None, "no such contract")
        self.sm.validator(validator_id).contract = address

    def do_migrate_data(self, first, end):
        self.direct(STRANGER, "StakeManager", "migrateValidatorsData(uint256,uint256)", first, end)
        for i in range(first, end):
            v = self.sm.validator(i)
            v.delegators_reward = 1
            if v.contract:
                v.reward, v.delegated_amount = 1, self.shares[v.contract].active_amount
                v.commission = 0
            else:
                v.reward += 1

    def do_nonces(self, ids, nonces):
        self.direct(STRANGER, "StakingInfo", "updateNonce(uint256[],uint256[])", list(ids), list(nonces))
        for i, n in zip(ids, nonces):
            self.sm.nonces[i] = n

    def do_slashed(self, nonce):
        self.emit("Slashed", nonce, 0)
