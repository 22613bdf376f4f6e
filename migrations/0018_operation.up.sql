-- What operators did to this database, each entry bound to the one before it by a hash, so that an entry that
-- was changed or taken out shows.
CREATE TABLE chain.operation (
  id bigint NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  kind text COLLATE "C" NOT NULL,
  detail text NOT NULL,
  previous bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT operation_pk PRIMARY KEY (id),
  CONSTRAINT operation_kind_ck CHECK (kind ~ '^[a-z][a-z_]*$'),
  CONSTRAINT operation_hash_ck CHECK (length(previous) = 32 AND length(hash) = 32)
);
COMMENT ON TABLE chain.operation IS 'Log of what operators did: migrations, network files, overrides, backfills, other streams, ledgers made anew, chains resumed, checks of the database. Rows are never changed; each is bound to the one before it by a hash.';
COMMENT ON COLUMN chain.operation.id IS 'Counts the entries from 1 without gaps.';
COMMENT ON COLUMN chain.operation.at IS 'When its transaction began.';
COMMENT ON COLUMN chain.operation.actor IS 'Database user who did it.';
COMMENT ON COLUMN chain.operation.kind IS 'migrate_up, migrate_down, network, chain, override, ledger_begun, ledger_redone, backfill, stream, resume or verify.';
COMMENT ON COLUMN chain.operation.detail IS 'What was done, and by which version of the program.';
COMMENT ON COLUMN chain.operation.previous IS 'Hash of the entry before; of the first entry 32 zero bytes.';
COMMENT ON COLUMN chain.operation.hash IS 'SHA-256 over previous and the entry (chain.operation_hash).';

-- The lock under which entries get their number, and what shows that the newest ones were taken out.
CREATE TABLE chain.operation_head (
  id bigint NOT NULL,
  hash bytea NOT NULL,
  only_one boolean NOT NULL DEFAULT true,
  CONSTRAINT operation_head_pk PRIMARY KEY (only_one),
  CONSTRAINT operation_head_only_one_ck CHECK (only_one)
);
COMMENT ON TABLE chain.operation_head IS 'The newest entry of chain.operation, written with it.';
COMMENT ON COLUMN chain.operation_head.id IS 'Its number; 0: none.';
COMMENT ON COLUMN chain.operation_head.hash IS 'Its hash.';
COMMENT ON COLUMN chain.operation_head.only_one IS 'Always true; keeps the table at one row.';
INSERT INTO chain.operation_head (id, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Lengths before the texts: no two entries give the same bytes.
CREATE FUNCTION chain.operation_hash(previous bytea, id bigint, at timestamptz, actor text, kind text, detail text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT sha256(previous || convert_to(concat_ws(' ', id, (extract(epoch FROM at) * 1000000)::bigint,
  octet_length(convert_to(actor, 'UTF8')) || ':' || actor, octet_length(convert_to(kind, 'UTF8')) || ':' || kind,
  octet_length(convert_to(detail, 'UTF8')) || ':' || detail), 'UTF8'))
$$;
COMMENT ON FUNCTION chain.operation_hash(bytea, bigint, timestamptz, text, text, text) IS 'Hash of an entry of chain.operation: SHA-256 over the 32 bytes of previous, then as UTF-8, with blanks between: id, microseconds since 1970, and actor, kind and detail, each as its length in bytes, a colon and the text.';

CREATE FUNCTION chain.chain_operation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head chain.operation_head;
BEGIN
  SELECT * INTO STRICT head FROM chain.operation_head FOR UPDATE;
  NEW.id := head.id + 1;
  NEW.at := now();
  NEW.actor := session_user;
  NEW.previous := head.hash;
  NEW.hash := chain.operation_hash(NEW.previous, NEW.id, NEW.at, NEW.actor, NEW.kind, NEW.detail);
  UPDATE chain.operation_head SET id = NEW.id, hash = NEW.hash;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION chain.chain_operation() IS 'Trigger of chain.operation: everything but kind and detail is set here, one entry at a time.';
CREATE TRIGGER operation_chain BEFORE INSERT ON chain.operation
  FOR EACH ROW EXECUTE FUNCTION chain.chain_operation();

CREATE FUNCTION chain.keep_operation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'chain.operation only grows';
END $$;
COMMENT ON FUNCTION chain.keep_operation() IS 'Refuses to change or delete entries of chain.operation.';
CREATE TRIGGER operation_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON chain.operation
  FOR EACH STATEMENT EXECUTE FUNCTION chain.keep_operation();

CREATE FUNCTION chain.record_operation(kind text, detail text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
INSERT INTO chain.operation (kind, detail) VALUES (kind, detail) RETURNING id
$$;
COMMENT ON FUNCTION chain.record_operation(text, text) IS 'Adds an entry to chain.operation in the caller''s transaction; returns its number. Others wait with theirs until it ends.';

CREATE FUNCTION chain.operation_fault() RETURNS TABLE (operation bigint, fault text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH o AS (
  SELECT o.*, lag(o.id, 1, 0::bigint) OVER w AS id_before,
    lag(o.hash, 1, decode(repeat('00', 32), 'hex')) OVER w AS hash_before
  FROM chain.operation o WINDOW w AS (ORDER BY o.id)
)
SELECT id, CASE WHEN id <> id_before + 1
    THEN format('missing before it: %s', CASE WHEN id = id_before + 2 THEN 'entry ' || id_before + 1
      ELSE format('entries %s to %s', id_before + 1, id - 1) END)
  WHEN hash <> chain.operation_hash(previous, id, at, actor, kind, detail) THEN 'was changed: its hash is not that of its contents'
  ELSE 'does not follow the entry before it: one of the two was changed' END
FROM o WHERE id <> id_before + 1 OR previous <> hash_before
  OR hash <> chain.operation_hash(previous, id, at, actor, kind, detail)
UNION ALL
SELECT h.id, CASE WHEN n.id IS NULL OR n.id < h.id THEN 'is the newest that was written, and is missing'
  ELSE 'is not the newest entry, or has another hash than was written with it' END
FROM chain.operation_head h LEFT JOIN (SELECT id, hash FROM chain.operation ORDER BY id DESC LIMIT 1) n ON true
WHERE h.id <> coalesce(n.id, 0) OR h.hash <> coalesce(n.hash, decode(repeat('00', 32), 'hex'))
UNION ALL
SELECT 0, 'the row of chain.operation_head is missing' WHERE NOT EXISTS (SELECT FROM chain.operation_head)
ORDER BY 1
$$;
COMMENT ON FUNCTION chain.operation_fault() IS 'Entries of chain.operation that were changed, or before which some are missing; no row: the log is whole.';

REVOKE INSERT, UPDATE, DELETE ON chain.operation, chain.operation_head FROM bttc_writer;
REVOKE EXECUTE ON FUNCTION chain.record_operation(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain.record_operation(text, text) TO bttc_writer;
GRANT SELECT ON chain.operation, chain.operation_head TO bttc_analyst;
