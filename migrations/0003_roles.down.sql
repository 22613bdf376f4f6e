-- The roles stay: other databases of the server may use them.
GRANT EXECUTE ON FUNCTION chain.build_log_indexes(bigint), chain.drop_log_indexes(bigint),
  chain.analyze_all(), chain.comment_orphan(regclass, regclass) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION chain.build_log_indexes(bigint), chain.drop_log_indexes(bigint),
  chain.analyze_all() FROM bttc_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA chain, staking, partnership, ledger
  REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM bttc_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA staking, partnership, ledger, analytics
  REVOKE SELECT ON TABLES FROM bttc_analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA chain, staking, partnership, ledger, analytics, api
  REVOKE SELECT ON TABLES FROM bttc_api;
REVOKE ALL ON ALL TABLES IN SCHEMA chain, staking, partnership, ledger, analytics, api
  FROM bttc_writer, bttc_api, bttc_analyst;
REVOKE SELECT ON bttc.migration FROM bttc_writer;
REVOKE USAGE ON SCHEMA bttc FROM bttc_writer;
REVOKE USAGE ON SCHEMA chain, staking, partnership, ledger, analytics, api FROM bttc_writer, bttc_api, bttc_analyst;
