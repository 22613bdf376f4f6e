DROP SCHEMA analytics, api, ledger, partnership, staking, chain CASCADE;
