-- Who may do what. Roles belong to the whole server and may be there already (another database, or an
-- administrator who made them): only what is missing is made. They come without LOGIN; whoever runs the
-- server decides about passwords (the private server of `up` does it by itself).
DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['bttc_writer', 'bttc_api', 'bttc_analyst'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I', r);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'role % is missing and this user may not make it', r
            USING HINT = 'an administrator runs first: CREATE ROLE bttc_writer; CREATE ROLE bttc_api; CREATE ROLE bttc_analyst',
            ERRCODE = 'insufficient_privilege';
      END;
    END IF;
  END LOOP;
  -- Analysts cannot write anything anyhow; these two keep a mistake cheap. A session may change them.
  FOREACH r IN ARRAY ARRAY['statement_timeout=5min', 'default_transaction_read_only=on'] LOOP
    IF NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles o ON o.oid = s.setrole
                   WHERE o.rolname = 'bttc_analyst' AND s.setdatabase = 0 AND r = ANY (s.setconfig)) THEN
      BEGIN
        EXECUTE format('ALTER ROLE bttc_analyst SET %I = %L', split_part(r, '=', 1), split_part(r, '=', 2));
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'setting % of role bttc_analyst is left to an administrator', r;
      END;
    END IF;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA chain, staking, partnership, ledger, analytics, api TO bttc_writer, bttc_api;
GRANT USAGE ON SCHEMA chain, staking, partnership, ledger, analytics TO bttc_analyst;
GRANT USAGE ON SCHEMA bttc TO bttc_writer;
GRANT SELECT ON bttc.migration TO bttc_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA chain, staking, partnership, ledger, analytics, api TO bttc_api, bttc_analyst;
REVOKE SELECT ON chain.position, chain.coverage FROM bttc_analyst;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA chain, staking, partnership, ledger TO bttc_writer;

-- Objects of later migrations, and partitions.
ALTER DEFAULT PRIVILEGES IN SCHEMA chain, staking, partnership, ledger, analytics, api
  GRANT SELECT ON TABLES TO bttc_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA staking, partnership, ledger, analytics
  GRANT SELECT ON TABLES TO bttc_analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA chain, staking, partnership, ledger
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bttc_writer;

REVOKE EXECUTE ON FUNCTION chain.build_log_indexes(bigint), chain.drop_log_indexes(bigint),
  chain.analyze_all(), chain.comment_orphan(regclass, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain.build_log_indexes(bigint), chain.drop_log_indexes(bigint),
  chain.analyze_all() TO bttc_writer;
