#!/bin/sh
# PostgreSQL under pgbench: initdb, a load of transactions, and the books must balance.
. "$(dirname "$0")/common.sh"
for found in /usr/lib/postgresql/*/bin; do
  PATH=$found:$PATH
done
need initdb postgres pgbench psql pg_dump

# The server refuses to run as root.
as_server_user=
if [ "$(id -u)" -eq 0 ]; then
  id postgres >/dev/null 2>&1 || {
    echo "skipped: there is no user postgres"
    exit $skip_status
  }
  need setpriv
  as_server_user='setpriv --reuid postgres --regid postgres --clear-groups'
  mkdir "$scratch/server"
  chown postgres "$scratch/server"
else
  mkdir "$scratch/server"
fi
cd "$scratch/server"
data=$scratch/server/data

with_library $as_server_user initdb -D "$data" -U test -A trust --no-sync >"$scratch/initdb" 2>&1 || {
  cat "$scratch/initdb" >&2
  fail "initdb failed"
}
require_active 2
become_with_library $as_server_user postgres -D "$data" -k "$scratch/server" -c listen_addresses= -c fsync=off \
  -c max_parallel_workers_per_gather=2 -c min_parallel_table_scan_size=0 -c parallel_setup_cost=0 >"$scratch/log" 2>&1 &
server=$!
servers=$server
export PGHOST="$scratch/server" PGUSER=test PGDATABASE=postgres
wait_until psql -qc 'SELECT 1' || {
  cat "$scratch/log" >&2
  fail "postgres did not start"
}
require_mapped $server
backend=$(psql -Atc 'SELECT pg_backend_pid()')
[ -n "$backend" ] || fail "no backend"

# pgbench and psql run under the library too.
with_library pgbench -q -i -s 2 >"$scratch/pgbench" 2>&1 || fail "pgbench -i failed"
with_library pgbench -n -c 8 -j 2 -T 4 -M prepared >"$scratch/pgbench" 2>&1 || {
  cat "$scratch/pgbench" >&2
  fail "pgbench failed"
}
with_library psql -At >"$scratch/sums" <<'SQL'
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history),
       (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history),
       (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history),
       (SELECT count(*) > 0 FROM pgbench_history);
SQL
[ "$(cat "$scratch/sums")" = 't|t|t|t' ] || fail "the balances do not add up: $(cat "$scratch/sums")"
psql -At >"$scratch/answers" <<'SQL'
SELECT count(*), md5(string_agg(t, ',' ORDER BY i)) FROM (SELECT i, repeat(i::text, i % 50) AS t FROM generate_series(1, 60000) i) s;
SELECT jsonb_array_length(jsonb_agg(jsonb_build_object('id', aid, 'list', array[bid, aid]))) FROM pgbench_accounts WHERE aid <= 50000;
SELECT count(*) FROM (SELECT regexp_split_to_table(repeat('many words here ', 20000), ' +')) s;
SELECT count(DISTINCT filler || aid) FROM pgbench_accounts;
SQL
cat >"$scratch/expected" <<'EXPECTED'
60000
50000
60001
200000
EXPECTED
cut -d'|' -f1 "$scratch/answers" | cmp - "$scratch/expected" || fail "a query gave another answer"
with_library pg_dump >"$scratch/dump.sql" || fail "pg_dump failed"
tail -5 "$scratch/dump.sql" | grep -q 'dump complete' || fail "the dump is not complete"
require_active 4

kill -INT $server
wait $server || fail "postgres ended with status $?"
servers=
! grep -E 'terminated by signal|PANIC|out of memory|freehold:' "$scratch/log" || fail "postgres reports trouble"
