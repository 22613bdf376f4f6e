DROP SCHEMA analytics, api, ledger, partnership, staking CASCADE;
