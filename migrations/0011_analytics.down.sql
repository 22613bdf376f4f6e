DROP FUNCTION analytics.side_by_side(numeric), analytics.stake_concentration(bigint), analytics.validator_apr(integer),
  analytics.partner_at(bigint), analytics.validator_at(bigint);
DROP VIEW analytics.uptime, analytics.delegator_flow, analytics.payout, analytics.partner_month, analytics.validator_day_final,
  analytics.validator_month, analytics.validator_week, analytics.validator_day, analytics.freshness;
DROP FUNCTION analytics.btt(numeric);
