DROP FUNCTION analytics.delegator_moves(text, bigint, bigint), ledger.delegators_reward(ledger.validator, numeric);
