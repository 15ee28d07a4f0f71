#!/bin/sh
# calls_programs_test.sh LIBRARY EARLY NAMES: LIBRARY wraps functions of libc, NAMES prints which, EARLY is a library
# that calls them before anything is prepared. Programs must say what they say without it, whatever they call.
set -eu
library=$1
early=$2
names=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# Every name is exported, and nothing that libc does not have in some version.
defined() {
  readelf --dyn-syms -W "$1" | awk '$7 != "UND" && $5 != "LOCAL" { sub(/@.*/, "", $8); print $8 }' | sort -u
}
defined "$library" >"$folder/exported"
"$names" names | sort >"$folder/names"
[ "$(wc -l <"$folder/names")" -gt 300 ] || { echo "the list of names is too short"; exit 1; }
missing=$(comm -13 "$folder/exported" "$folder/names")
[ -z "$missing" ] || { echo "not exported: $missing"; failed=1; }
libc=$(ldd "$names" | awk '$1 == "libc.so.6" { print $3 }')
defined "$libc" >"$folder/libc"
# These came with glibc 2.38.
strange=$(comm -23 "$folder/names" "$folder/libc" | grep -v -E '^(__isoc23_.*|strlcpy|strlcat)$' || true)
[ -z "$strange" ] || { echo "not in libc: $strange"; failed=1; }
# What the library itself needs of these is its own: a call of memcpy in it must not come back to the wrapper.
inner=$(readelf -rW "$library" | awk '{ print $5 }' | grep -x -E 'mem(cpy|move|set|cmp|chr)|str(len|cmp|chr)' || true)
[ -z "$inner" ] || { echo "calls its own wrapper: $inner"; failed=1; }

seq 1 20000 | awk '{ print $1 * 7919 % 10007, "line", $1 }' >"$folder/text"
same() {
  "$@" >"$folder/plain" 2>&1 && plain=0 || plain=$?
  LD_PRELOAD="$library:$early" "$@" >"$folder/wrapped" 2>&1 && wrapped=0 || wrapped=$?
  if [ "$plain" != "$wrapped" ] || ! cmp -s "$folder/plain" "$folder/wrapped"; then
    echo "differs ($plain, $wrapped): $*"
    head -c 400 "$folder/wrapped"
    failed=1
  fi
}
same /bin/true
# The other way round, and the constructor of one that does not depend on the library may run first.
same env LD_PRELOAD="$early:$library" /bin/true
same ls -la /etc
same sort -n "$folder/text"
same awk '{ n[$1 % 17] += $3 } END { for (k in n) printf "%d %s %5.2f\n", k, n[k], n[k] / 3 }' "$folder/text"
same sed -n 's/\([0-9]*\) line \(.*\)7$/\2 \1/p' "$folder/text"
same grep -c 'line .*99' "$folder/text"
same gzip -9 -c "$folder/text"
same tar -cf - --mtime=@0 -C "$folder" text
same sh -c 'for i in 1 2 3; do echo $i | cat; done; cd /nonexistent; exit 4'
same bash -c 'printf "%s %05d %x\n" a 42 255; read -r x <<<"word"; echo "${x^^}"; (echo sub) | tr a-z A-Z; exit 5'
same find /usr/include/linux -name 'f*.h'
same perl -e 'print join(",", map { sprintf "%03d", $_ } sort { $b <=> $a } 1..2000), "\n"; print `echo child`'
same date -u -d @1700000000 '+%F %T'
same env LANG=C.UTF-8 LC_ALL=C.UTF-8 wc -m "$folder/text"
if [ -x /usr/bin/python3 ]; then
  same /usr/bin/python3 -c '
import hashlib, json, os, select, socket, subprocess, threading, time
print(hashlib.sha256(open("'"$folder/text"'", "rb").read()).hexdigest())
print(json.dumps({"a": [1, 2.5, "x"] * 100}, sort_keys=True))
left, right = socket.socketpair()
thread = threading.Thread(target=lambda: left.sendall(b"y" * 100000))
thread.start()
got = 0
while got < 100000:
    select.select([right], [], [])
    got += len(right.recv(4096))
thread.join()
print(got, subprocess.run(["sh", "-c", "echo $0 $1; exit 3", "a", "b"], capture_output=True))
print(os.stat("/etc/passwd").st_size, os.readlink("/proc/self/cwd") == os.getcwd(), os.listdir("/proc/self/task") != [])
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, address = server.accept()
client.sendmsg([b"ab", b"cd"])
print(peer.recvmsg(10)[0], address == client.getsockname())
'
fi
exit $failed
