-- Describes the database as text, one line a row: what schema/tables.sql is made of. Reads the catalog
-- itself, not pg_dump, so that PostgreSQL 15 to 18 give the same text.
WITH RECURSIVE ours AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
  WHERE nspname IN ('bttc', 'chain', 'staking', 'partnership', 'ledger', 'api', 'analytics')
), rel AS (
  SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind, c.reloptions, c.relacl, c.relowner
  FROM pg_catalog.pg_class c JOIN ours n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
), fun AS (
  SELECT p.oid, n.nspname || '.' || p.proname AS name, p.proowner, p.proacl, p.provolatile, p.proparallel, p.prosecdef
  FROM pg_catalog.pg_proc p JOIN ours n ON n.oid = p.pronamespace
), grants AS (
  SELECT r.oid, 3 AS part, a.grantee::regrole::text COLLATE "C" AS who, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type COLLATE "C") AS what
  FROM rel r, pg_catalog.aclexplode(r.relacl) a WHERE a.grantee <> r.relowner AND a.grantee <> 0
  GROUP BY r.oid, a.grantee
), lines (top, name, part, ord, text) AS (
  SELECT 1, nspname::text, 0, '', E'\nSCHEMA ' || nspname || '  -- ' || pg_catalog.obj_description(oid, 'pg_namespace') FROM ours
  UNION ALL
  SELECT CASE relkind WHEN 'v' THEN 3 WHEN 'm' THEN 3 ELSE 2 END, name, 0, '',
    E'\n' || CASE relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' ELSE 'TABLE ' END || name
    || CASE relkind WHEN 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(oid) ELSE '' END
    || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '')
    || '  -- ' || coalesce(pg_catalog.obj_description(oid, 'pg_class'), '')
  FROM rel
  UNION ALL
  SELECT CASE r.relkind WHEN 'v' THEN 3 WHEN 'm' THEN 3 ELSE 2 END, r.name, 1, to_char(a.attnum, '0000'),
    '  ' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation AND r.relkind IN ('r', 'p') THEN ' COLLATE ' || l.collname ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce(' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
    || '  -- ' || coalesce(pg_catalog.col_description(r.oid, a.attnum), '')
  FROM rel r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  UNION ALL
  SELECT 2, r.name, 2, k.contype::text || k.conname::text, '  CONSTRAINT ' || k.conname || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
  FROM rel r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'f', 'c')
  UNION ALL
  SELECT 2, r.name, 2, 'x' || i.relname::text, '  ' || replace(pg_catalog.pg_get_indexdef(i.oid), 'CREATE ', '')
  FROM rel r JOIN pg_catalog.pg_index x ON x.indrelid = r.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid)
  UNION ALL
  SELECT 2, r.name, 2, 'z' || g.tgname::text, '  TRIGGER ' || g.tgname || ' EXECUTES ' || g.tgfoid::regproc::text
  FROM rel r JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal
  UNION ALL
  SELECT CASE r.relkind WHEN 'v' THEN 3 WHEN 'm' THEN 3 ELSE 2 END, r.name, 3, g.who, '  GRANT ' || g.what || ' TO ' || g.who
  FROM rel r JOIN grants g ON g.oid = r.oid
  UNION ALL
  SELECT 4, name || '(' || pg_catalog.pg_get_function_identity_arguments(oid) || ')', 0, '',
    E'\nFUNCTION ' || name || '(' || pg_catalog.pg_get_function_arguments(oid) || ') RETURNS ' || pg_catalog.pg_get_function_result(oid)
    || CASE provolatile WHEN 'i' THEN ' IMMUTABLE' WHEN 's' THEN ' STABLE' ELSE '' END
    || CASE proparallel WHEN 's' THEN ' PARALLEL SAFE' ELSE '' END || CASE WHEN prosecdef THEN ' SECURITY DEFINER' ELSE '' END
    || '  -- ' || coalesce(pg_catalog.obj_description(oid, 'pg_proc'), '')
  FROM fun
)
SELECT text FROM lines ORDER BY top, name COLLATE "C", part, ord COLLATE "C", text COLLATE "C";
