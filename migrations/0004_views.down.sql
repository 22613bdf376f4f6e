DROP VIEW staking.staked,
  staking.unstaked,
  staking.unstake_init,
  staking.signer_change,
  staking.restaked,
  staking.jailed,
  staking.unjailed,
  staking.slashed,
  staking.threshold_change,
  staking.dynasty_value_change,
  staking.proposer_bonus_change,
  staking.reward_update,
  staking.chain_reward_update,
  staking.stake_update,
  staking.mirror_stake_update,
  staking.stake_ack,
  staking.claim_rewards,
  staking.start_auction,
  staking.confirm_auction,
  staking.top_up_fee,
  staking.claim_fee,
  staking.share_minted,
  staking.share_burned,
  staking.share_burned_with_id,
  staking.delegator_claimed_rewards,
  staking.delegator_restaked,
  staking.delegator_unstaked,
  staking.delegator_unstake_with_id,
  staking.update_commission_rate,
  staking.reward_params,
  staking.checkpoint_sync_ack,
  staking.new_header_block,
  staking.reset_header_block,
  staking.new_chain,
  staking.root_chain_changed,
  staking.nft_transfer,
  staking.token_transfer,
  staking.share_transfer,
  staking.owner_update,
  staking.proxy_updated,
  staking.contract_map_updated,
  staking.ownership_transferred,
  chain.mrc20_deposit,
  chain.mrc20_withdraw,
  chain.mrc20_withdraw_to,
  partnership.created,
  partnership.role_granted,
  partnership.role_revoked,
  partnership.partner_added,
  partnership.partner_removed,
  partnership.share_changed,
  partnership.dust_partner,
  partnership.reward_received,
  partnership.allocated,
  partnership.claimed,
  partnership.restaked,
  partnership.capital_in,
  partnership.capital_out,
  partnership.paused,
  partnership.unpaused,
  chain.visible_block,
  chain.visible_log,
  chain.visible_tx,
  chain.visible_contract,
  chain.orphan,
  staking.checkpoints,
  partnership.history;
DROP FUNCTION partnership.make_kind_view;
DROP FUNCTION chain.make_event_view;
DROP FUNCTION chain.comment_columns;
DROP FUNCTION partnership.kind_name;
DROP FUNCTION chain.finality;
DROP FUNCTION chain.level_name;
DROP FUNCTION chain.tron_address;
DROP FUNCTION chain.bytes;
DROP FUNCTION chain.word_bytes;
DROP FUNCTION chain.word_address;
DROP FUNCTION chain.word_hash;
DROP FUNCTION chain.hex;
DROP FUNCTION chain.word_bigint;
DROP FUNCTION chain.word_numeric;
DROP FUNCTION chain.be_u32;
DROP FUNCTION chain.word;
