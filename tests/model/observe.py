"""What the model says of its state, under the names that fold_print.c uses: {name: text}, zero left out."""
from contracts import World, id_text
from evm import MAX, Revert

LOW64 = 2**64 - 1


def text(address):
    return "%040x" % address if address else 0


def view(f, *args):
    try:
        return f(*args)
    except Revert:
        return "revert"


def state_of(w: World):
    out = {}

    def put(of, values):
        for name, value in values.items():
            if value != 0:
                out[of + name] = str(value)

    put("", global_values(w))
    out["signers"] = ",".join("%040x" % s for s in w.sm.signers)
    for i in {**w.sm.validators, **w.sm.nonces}:
        values = validator_values(w, i, w.sm.validator(i))
        if any(value not in (0, "revert") for value in values.values()):
            put(f"validator.{id_text(i)}.", values)
    for address, share in w.shares.items():
        put_share(put, "%040x" % address, share)
    for a, amount in w.token.balance.items():
        put("balance.", {"%040x" % a: amount})
    for a, i in w.sm.signer_to_validator.items():
        put("key.", {"%040x" % a: id_text(i) if i else 0})
    for i, (root, start, end, time, proposer) in w.root_chain.headers.items():
        put(f"header.{i}.", {"root": root, "start": start, "end": end, "createdAt": time,
                             "proposer": text(proposer)})
    for c in {**w.sm.chain_reward, **w.sm.sync_ids}:
        put(f"chain.{c}.", {"reward": w.sm.chain_reward[c], "currentHeaderBlockId": w.sm.sync_ids[c]})
    for e, (amount, stakers) in w.sm.state_changes.items():
        put(f"change.{e}.", {"amount": amount & MAX, "stakerCount": stakers & LOW64})
    for p in w.partnerships.values():
        put_partnership(put, p)
    put_sums(put, w)
    return out


def global_values(w):
    sm = w.sm
    return {
        "rewardPerStake": sm.reward_per_stake, "totalStaked": sm.total_staked, "totalRewards": sm.total_rewards,
        "totalRewardsLiquidated": sm.total_liquidated, "totalStake": sm.total_stake,
        "totalHeimdallFee": sm.total_fee, "minDeposit": sm.min_deposit, "minHeimdallFee": sm.min_heimdall_fee,
        "prevBlockInterval": sm.prev_block_interval, "rewardDecreasePerCheckpoint": sm.reward_decrease,
        "maxRewardedCheckpoints": sm.max_rewarded, "checkpointRewardDelta": sm.reward_delta,
        "checkPointBlockInterval": sm.block_interval, "proposerBonus": sm.proposer_bonus,
        "WITHDRAWAL_DELAY": sm.withdrawal_delay, "dynasty": sm.dynasty, "auctionPeriod": sm.auction_period,
        "replacementCoolDown": sm.replacement_cool_down, "signerUpdateLimit": sm.signer_update_limit,
        "validatorThreshold": sm.validator_threshold, "accountStateRoot": sm.account_root,
        "currentEpoch": sm.epoch, "stakerCount": sm.staker_count & LOW64, "NFTCounter": sm.nft_counter,
        "nextHeaderBlock": w.next_header, "currentHeaderBlock": w.next_header - 10000,
        "delegationEnabled": int(sm.delegation_enabled)}


def validator_values(w, i, v):
    share = w.shares[v.contract]
    auction = w.sm.auctions[i]
    return {
        "amount": v.amount, "reward": v.reward, "activationEpoch": v.activation_epoch,
        "deactivationEpoch": v.deactivation_epoch, "signer": text(v.signer),
        "contractAddress": text(v.contract), "status": v.status,
        "commissionRate": v.commission, "lastCommissionUpdate": v.last_commission_update,
        "delegatorsReward": v.delegators_reward, "delegatedAmount": v.delegated_amount,
        "initialRewardPerStake": v.initial, "latestSignerUpdateEpoch": v.latest_signer_update,
        "nonce": w.sm.nonces[i], "owner": text(w.sm.owner[i]),
        "auction": auction[0] if auction else 0, "validatorReward": view(w.sm.validator_reward, i),
        "delegatorsRewardView": view(w.sm.delegators_reward, i), "isValidator": int(w.sm.is_validator(v)),
        "totalValidatorStake": (v.amount + (share.active_amount if share else 0)) & MAX}


def put_share(put, name, s):
    put(f"share.{name}.", {
        "totalSupply": s.total_supply, "rewardPerShare": s.reward_per_share, "activeAmount": s.active_amount,
        "withdrawPool": s.withdraw_pool, "withdrawShares": s.withdraw_shares, "validatorId": s.validator_id,
        "delegation": int(s.delegation), "locked": int(s.locked), "exchangeRate": view(s.exchange_rate),
        "withdrawExchangeRate": view(s.withdraw_rate), "getRewardPerShare": view(s.reward_per_share_now)})
    for user in {**s.balance, **s.initial, **s.nonces}:
        values = {"balanceOf": s.balance[user], "initalRewardPerShare": s.initial[user],
                  "unbondNonces": s.nonces[user]}
        if any(values.values()):
            values["getLiquidRewards"] = view(s.liquid_rewards, user)
            values["getTotalStake"] = view(s.total_stake, user)
            put(f"position.{name}.{user:040x}.", values)
    for user, (shares, epoch) in s.slots.items():
        put(f"unbond.{name}.{user:040x}.0.", {"shares": shares, "withdrawEpoch": epoch})
    for (user, nonce), (shares, epoch) in s.unbonds.items():
        put(f"unbond.{name}.{user:040x}.{nonce}.", {"shares": shares, "withdrawEpoch": epoch})


def put_partnership(put, p):
    put(f"partnership.{p.address:040x}.", {
        "phase": p.phase, "paused": int(p.paused), "admin": text(p.admin), "operator": text(p.operator),
        "validatorId": p.validator_id, "totalReceived": p.total_received, "freeCapital": p.free_capital,
        "stakedCapital": p.staked_capital, "dustPartner": text(p.dust_partner), "partnerCount": len(p.partners),
        "partners": ",".join("%040x" % a for a in p.partners) or 0})
    for a in {**p.share_bps, **p.contributed}:
        put(f"person.{p.address:040x}.{a:040x}.", {
            "shareBps": p.share_bps[a], "claimable": p.claimable[a], "claimed": p.claimed[a],
            "contributed": p.contributed[a], "allocated": p.allocated[a], "restaked": p.restaked[a]})


def put_sums(put, w):
    for key, amount in w.books.items():
        if key[0] in ("checkpoint", "delegators_taken"):
            continue
        what, i, account = key
        of = "%040x" % i if i in w.partnerships else id_text(i)
        name = of if what == "accrual_delegators" else f"{of}.{account:040x}"
        put(f"sum.{what}.", {name: amount})
