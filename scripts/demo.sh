#!/bin/bash
# demo.sh [BUILD]: what Freehold does, shown on programs of the distribution. Exits 1 when anything came out wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
freehold=$build/bin/freehold
work=$(mktemp -d)
process=
cleanup() {
  if [ -n "$process" ]; then
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
unset FREEHOLD LD_PRELOAD
failed=0

heading() { printf '\n== %s\n\n' "$*"; }
command_line() { printf '$ %s\n' "$*"; }

# measure NAME COMMAND...: runs it, output to $work/NAME.out, messages to NAME.err, "seconds KiB" to NAME.cost.
measure() {
  local name=$1
  shift
  /usr/bin/python3 - "$work/$name" "$@" <<'PYTHON'
import resource, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2:]
with open(name + ".out", "wb") as out, open(name + ".err", "wb") as err:
    start = time.monotonic()
    status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err).returncode
    seconds = time.monotonic() - start
with open(name + ".cost", "w") as cost:
    cost.write(f"{seconds:.2f} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\n")
sys.exit(status if status >= 0 else 128 - status)
PYTHON
}

# compare TITLE NAME COMMAND...: the command without and with the library; same output, time and memory side by side.
compare() {
  local title=$1 name=$2 which seconds kib sum sum_without=
  shift 2
  command_line "freehold run --stats $title"
  for which in without with; do
    local run=()
    [ $which = without ] || run=("$freehold" run --stats)
    if ! measure "$name.$which" "${run[@]}" "$@"; then
      echo "the run $which Freehold failed:"
      tail -n 20 "$work/$name.$which.err"
      failed=1
      return
    fi
    read -r seconds kib <"$work/$name.$which.cost"
    sum=$(sha256sum <"$work/$name.$which.out" | cut -c1-16)
    printf '  %-17s %7s s  %7s KiB peak   output %s\n' "$which Freehold" "$seconds" "$kib" "$sum"
    if [ $which = without ]; then
      sum_without=$sum
    elif [ "$sum" != "$sum_without" ]; then
      echo "  THE OUTPUTS DIFFER"
      failed=1
    fi
  done
  [ "$sum" != "$sum_without" ] || echo "  the outputs are the same"
}

heading "1. A database in memory: the same sqlite3, without and with Freehold's heap"
cat >"$work/rows.sql" <<'SQL'
CREATE TABLE measurement(id INTEGER PRIMARY KEY, place TEXT, amount INTEGER, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
INSERT INTO measurement SELECT i, 'place ' || (i * 7919 % 10007), i * 104729 % 1000003, printf('note %08d', i * 31 % 65537)
FROM n;
CREATE INDEX by_place ON measurement(place);
CREATE INDEX by_amount ON measurement(amount, note);
DELETE FROM measurement WHERE id % 3 = 0;
SELECT count(*), sum(amount), min(note), max(note) FROM measurement;
SELECT place, count(*), sum(amount) FROM measurement GROUP BY place ORDER BY 3 DESC, 1 LIMIT 500;
SQL
compare "sqlite3 :memory: '.read rows.sql'" sqlite sqlite3 :memory: ".read $work/rows.sql"
echo
echo "What --stats said when it ended (how much the heap took, how much of it the program held):"
echo
sed -n '1,20s/^/  /p' "$work/sqlite.with.err"

heading "2. Objects of a script: the same python3, without and with"
cat >"$work/objects.py" <<'PYTHON'
import hashlib, json
rows = [{"id": i, "name": f"row {i * 7919 % 100003}", "tags": [str(i % k) for k in range(2, 8)]} for i in range(120000)]
text = json.dumps(rows, sort_keys=True)
again = json.loads(text)
again.sort(key=lambda row: (row["name"], row["id"]))
index = {}
for row in again:
    for tag in row["tags"]:
        index.setdefault(tag, []).append(row["id"])
print(len(text), len(index), hashlib.sha256(repr(sorted((k, len(v)) for k, v in index.items())).encode()).hexdigest())
PYTHON
# The script's interpreter has a heap of its own on top; PYTHONMALLOC sends every object to malloc.
PYTHONMALLOC=malloc compare "python3 objects.py" python env PYTHONMALLOC=malloc PYTHONHASHSEED=0 /usr/bin/python3 "$work/objects.py"

heading "3. A running process, looked into from outside"
mkfifo "$work/statements"
command_line "freehold run sqlite3 :memory: &"
"$freehold" run sqlite3 :memory: <"$work/statements" >"$work/process.out" 2>&1 &
process=$!
exec 3>"$work/statements"
printf '.read %s\n.print ready\n' "$work/rows.sql" >&3
for _ in $(seq 600); do
  ! grep -q '^ready' "$work/process.out" || break
  kill -0 "$process" 2>/dev/null || break
  sleep 0.1
done
if grep -q '^ready' "$work/process.out" && ! grep -i error "$work/process.out"; then
  echo "  it has built the database of part 1 and waits for the next statement"
  command_line "freehold stat $process"
  "$freehold" stat "$process" >"$work/stat.out" || failed=1
  sed -n '1,20s/^/  /p' "$work/stat.out"
  echo "  (and a line for each size class)"
else
  echo "the process did not get ready:"
  tail -n 5 "$work/process.out"
  failed=1
fi
exec 3>&-

if "$freehold" check --help >/dev/null 2>&1; then
  heading "4. Six errors, and where they are: freehold check"
  cat >"$work/tell.py" <<'PYTHON'
import json, sys

def place(title, frames):
    """The first frame that has a line in the program's own source."""
    for frame in frames or ():
        if "/examples/errors/" in (frame.get("file") or ""):
            print(f"    {title} {frame['file'].rsplit('/', 1)[-1]}:{frame['line']} in {frame['function']}")
            return

reports = json.load(open(sys.argv[1], encoding="utf-8"))["reports"]
for report in reports:
    thing = report.get("object") or {}
    print(f"  {report['id']}: {report['message']}")
    place("at", report.get("stack"))
    place("allocated at", thing.get("allocation_stack") or report.get("allocation_stack"))
    place("freed at", thing.get("free_stack"))
sys.exit(0 if sys.argv[2] in [report["id"] for report in reports] else 1)
PYTHON
  while read -r name kind; do
    command_line "freehold check --leaks ./$name"
    for twin in "$name" "${name}_clean"; do
      gcc -g -w -D_GNU_SOURCE -o "$work/$twin" "$PWD/examples/errors/$twin.c"
    done
    "$freehold" check --leaks --json="$work/$name.json" "$work/$name" >"$work/$name.out" 2>"$work/$name.err" || true
    if ! /usr/bin/python3 "$work/tell.py" "$work/$name.json" "$kind"; then
      echo "  THE ERROR WAS NOT FOUND"
      tail -n 5 "$work/$name.err"
      failed=1
    fi
    if "$freehold" check --leaks "$work/${name}_clean" >"$work/clean.out" 2>"$work/clean.err"; then
      echo "  its clean twin: silent"
    else
      echo "  ITS CLEAN TWIN WAS REPORTED"
      tail -n 5 "$work/clean.err"
      failed=1
    fi
  done <<'CLASSICS'
wild_pointer wild-pointer
overflow_by_one heap-buffer-overflow
uninitialized_array uninitialized-read
leak leak
dangling_pointer heap-use-after-free
double_free double-free
CLASSICS
fi

heading "5. What this machine offers the heap"
command_line "freehold doctor"
"$freehold" doctor | sed 's/^/  /' || failed=1

if [ $failed -ne 0 ]; then
  printf '\nSomething above came out wrong.\n'
  exit 1
fi
printf '\nThe command is %s; see README.md.\n' "${freehold#"$PWD"/}"
