# Throw-away servers for tests/run: sourced, needs $work. Loopback only, free ports, no traces.
# shellcheck shell=bash

pg_bindir() {
  local d
  for d in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
    [ -x "$d/initdb" ] && { echo "$d"; return; }
  done
  dirname "$(command -v initdb)"
}

# as_pg COMMAND...: PostgreSQL refuses to run as root
as_pg() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# pg_start: a fresh cluster reached by a socket; exports BTTC_TEST_PG (superuser DSN)
pg_start() {
  [ -z "${PG_DIR:-}" ] || return 0
  local bin
  bin=$(pg_bindir)
  PG_DIR=$(mktemp -d /tmp/bttc-pg.XXXXXX)
  [ "$(id -u)" != 0 ] || chown postgres "$PG_DIR"
  if ! as_pg "$bin/initdb" -D "$PG_DIR/data" -A trust -U postgres -E UTF8 --locale=C -N >"$work/pg-init.log" 2>&1 ||
    ! as_pg "$bin/pg_ctl" -D "$PG_DIR/data" -w -l "$PG_DIR/log" \
      -o "-c listen_addresses= -k $PG_DIR -c fsync=off -c max_connections=60 -c shared_buffers=64MB" start >>"$work/pg-init.log" 2>&1
  then
    cat "$work/pg-init.log" >&2
    one "start PostgreSQL" false
    return 1
  fi
  chmod 755 "$PG_DIR"
  export BTTC_TEST_PG="host=$PG_DIR user=postgres dbname=postgres"
}

pg_stop() {
  [ -n "${PG_DIR:-}" ] || return 0
  as_pg "$(pg_bindir)/pg_ctl" -D "$PG_DIR/data" -m immediate stop >/dev/null 2>&1
  rm -rf "$PG_DIR"
  PG_DIR=
  unset BTTC_TEST_PG
}

# kafka_start: a real broker; exports BTTC_TEST_KAFKA, BTTC_TEST_KAFKA_CTL, BTTC_TEST_KAFKA_DATA
kafka_start() {
  KAFKA_DIR=$work/kafka
  export BTTC_TEST_KAFKA_CTL=$root/deploy/kafka-local BTTC_TEST_KAFKA_DATA=$KAFKA_DIR
  if ! BTTC_TEST_KAFKA=$(deploy/kafka-local start --data "$KAFKA_DIR" 2>"$work/kafka.log"); then
    cat "$work/kafka.log" >&2
    one "start Kafka" false
    return 1
  fi
  export BTTC_TEST_KAFKA
}

kafka_stop() {
  [ -z "${KAFKA_DIR:-}" ] || deploy/kafka-local stop --data "$KAFKA_DIR" >/dev/null 2>&1
  KAFKA_DIR=
}

servers_stop() {
  pg_stop
  kafka_stop
}
