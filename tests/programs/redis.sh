#!/bin/sh
# redis-server: a load of every kind of value, contents checked one by one, before and after a save and a reload.
. "$(dirname "$0")/common.sh"
need redis-server redis-benchmark redis-cli /usr/bin/python3

socket=$scratch/redis.socket
become_with_library redis-server --port 0 --unixsocket "$socket" --save '' --dir "$scratch" --enable-debug-command yes \
  --io-threads 2 --logfile "$scratch/log" &
server=$!
servers=$server
wait_until redis-cli -s "$socket" ping || {
  cat "$scratch/log" >&2
  fail "redis-server did not start"
}
require_mapped $server

redis-benchmark -q -s "$socket" -n 20000 -r 10000 -d 300 -c 20 -P 8 -t set,get,lpush,rpop,sadd,hset,spop,zadd,mset >"$scratch/benchmark" 2>&1 || fail "redis-benchmark failed"
redis-cli -s "$socket" flushall >"$scratch/answer"
/usr/bin/python3 "$directory/redis_content.py" "$socket" || fail "redis lost or changed a value"
kill -0 $server || fail "redis-server ended"
redis-cli -s "$socket" shutdown nosave || true
wait $server || fail "redis-server ended with status $?"
servers=
require_active 1
