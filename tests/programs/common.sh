# common.sh: what every test in this directory starts with. Sourced with the build directory as $1.
#
# FREEHOLD_TEST_LIBRARY names another library than libfreehold.so, FREEHOLD_TEST_OPTIONS settings for it.
#
# It gives $library (a copy that every user can read), $scratch (removed at the end), and the functions below. A test
# passes when it reaches its end; `fail` says why it did not; `need` skips it when a program is not installed.

set -eu

skip_status=77
directory=$(cd "$(dirname "$0")" && pwd)
source_directory=$(cd "$directory/../.." && pwd)
build=${1:?usage: $0 BUILD-DIRECTORY}

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

need() {
  for program; do
    command -v "$program" >/dev/null || {
      echo "skipped: $program is not installed"
      exit $skip_status
    }
  done
}

tested=$build/lib/${FREEHOLD_TEST_LIBRARY:-libfreehold.so}
[ -e "$tested" ] || fail "$tested is not built"

export LC_ALL=C PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
unset LD_PRELOAD FREEHOLD
umask 022

scratch=$(mktemp -d "${TMPDIR:-/tmp}/freehold-programs.XXXXXX")
chmod 755 "$scratch"
export HOME="$scratch"
mkdir -m 1777 "$scratch/accounts"
cp "$tested" "$scratch/libfreehold.so"
library=$scratch/libfreehold.so
options=stats=json,stats_file=$scratch/accounts/%p${FREEHOLD_TEST_OPTIONS:+,$FREEHOLD_TEST_OPTIONS}
servers=

# Ends what the test started in the background and removes its files; keeps the exit status.
clean_up() {
  status=$?
  trap - EXIT
  set +e
  for server in $servers; do
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
  done
  rm -rf "$scratch"
  exit $status
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# Runs a command under the library.
with_library() {
  env LD_PRELOAD="$library" FREEHOLD="$options" "$@"
}

# The same in place of this shell: `become_with_library server &` makes $! the server's own process id.
become_with_library() {
  exec env LD_PRELOAD="$library" FREEHOLD="$options" "$@"
}

# At least $1 programs have ended under the library since the last call: each left its accounts.
require_active() {
  ended=$(find "$scratch/accounts" -type f -size +0 | wc -l)
  [ "$ended" -ge "$1" ] || fail "the library was active in $ended programs that ended, not in $1"
  find "$scratch/accounts" -type f -exec rm -f {} +
}

# The running process has the library in its address space.
require_mapped() {
  grep -q "$library" "/proc/$1/maps" || fail "process $1 runs without the library"
}

# Runs a command without and with the library: same status, same output, same complaints.
same_with_and_without() {
  without=0 with=0
  "$@" </dev/null >"$scratch/without.out" 2>"$scratch/without.err" || without=$?
  with_library "$@" </dev/null >"$scratch/with.out" 2>"$scratch/with.err" || with=$?
  [ "$with" -eq "$without" ] || {
    cat "$scratch/with.err" >&2
    fail "exit status $with instead of $without: $*"
  }
  cmp "$scratch/without.out" "$scratch/with.out" || fail "another output: $*"
  cmp "$scratch/without.err" "$scratch/with.err" || {
    cat "$scratch/with.err" >&2
    fail "other messages: $*"
  }
  require_active 1
}

# A TCP port on the loopback that was free a moment ago.
free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits up to ten seconds for a command to succeed.
wait_until() {
  tries=100
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}
