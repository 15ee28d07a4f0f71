#!/bin/sh
# nginx under wrk: compressing and proxying to itself; the content is the file's before, during and after the load.
. "$(dirname "$0")/common.sh"
need nginx wrk /usr/bin/python3

mkdir "$scratch/www"
seq 1 30000 >"$scratch/www/numbers.txt"
head -c 300000 /dev/urandom >"$scratch/www/noise.bin"
user_line=
[ "$(id -u)" -ne 0 ] || user_line='user root;'
port=$(free_port)
cat >"$scratch/nginx.conf" <<CONFIG
$user_line
worker_processes 2;
daemon off;
pid $scratch/pid;
error_log $scratch/error.log warn;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $scratch/body;
  proxy_temp_path $scratch/proxy;
  fastcgi_temp_path $scratch/fastcgi;
  uwsgi_temp_path $scratch/uwsgi;
  scgi_temp_path $scratch/scgi;
  types { text/plain txt; }
  gzip on;
  gzip_types text/plain;
  server {
    listen 127.0.0.1:$port;
    root $scratch/www;
    location /through/ { proxy_pass http://127.0.0.1:$port/; }
  }
}
CONFIG
become_with_library nginx -c "$scratch/nginx.conf" -e "$scratch/error.log" &
server=$!
servers=$server

cat >"$scratch/fetch.py" <<'PYTHON'
import gzip, pathlib, sys, urllib.request
base, root = sys.argv[1], pathlib.Path(sys.argv[2])
for path in ("numbers.txt", "noise.bin"):
    for prefix in ("/", "/through/"):
        request = urllib.request.Request(base + prefix + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            body = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
        if body != (root / path).read_bytes():
            sys.exit(f"{prefix}{path} came out wrong")
PYTHON
fetch() { /usr/bin/python3 "$scratch/fetch.py" "http://127.0.0.1:$port" "$scratch/www"; }
wait_until fetch || {
  cat "$scratch/error.log" >&2
  fail "nginx did not serve the files"
}
for process in $server $(cat "/proc/$server/task/$server/children"); do
  require_mapped "$process"
done

for path in numbers.txt through/numbers.txt through/noise.bin; do
  wrk -t2 -c20 -d1s -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/$path" >"$scratch/wrk"
  ! grep -E 'Non-2xx|Socket errors' "$scratch/wrk" || fail "nginx gave errors under load"
  grep -q 'requests in' "$scratch/wrk" || fail "wrk did not run"
  fetch || fail "wrong content after the load"
done
kill -HUP $server # new workers take over from the old
sleep 0.3
fetch || fail "wrong content after a reload"
kill -QUIT $server
wait $server || fail "nginx ended with status $?"
servers=
! grep -E 'alert|emerg|signal' "$scratch/error.log" || fail "nginx reports trouble"
