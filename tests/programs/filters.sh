#!/bin/sh
# Interpreters and filters whose output is known: gawk, jq, xmllint, z3, bc, bash, vim; those that are installed.
. "$(dirname "$0")/common.sh"
programs=$source_directory/bench/programs
ran=0
have() {
  command -v "$1" >/dev/null && ran=$((ran + 1))
}

if have gawk; then
  same_with_and_without gawk -f "$programs/words.awk"
fi
if have jq; then
  same_with_and_without jq -n -c -f "$programs/records.jq"
fi
if have xmllint; then
  gen() { echo '<rows>'; seq 1 20000 | sed 's,.*,<row id="&" class="c"><name>n &</name><!-- note --><e/></row>,'; echo '</rows>'; }
  gen >"$scratch/rows.xml"
  same_with_and_without xmllint --format "$scratch/rows.xml"
  same_with_and_without xmllint --xpath 'sum(//row[@id mod 7 = 3]/@id)' "$scratch/rows.xml"
  head -c 300000 "$scratch/rows.xml" >"$scratch/broken.xml"
  same_with_and_without xmllint --noout "$scratch/broken.xml"
fi
if have z3; then
  /usr/bin/python3 "$programs/puzzle.py" >"$scratch/puzzle.smt2"
  same_with_and_without z3 "$scratch/puzzle.smt2"
fi
if have bc; then
  echo 'scale = 600; 4 * a(1); define f(n) { if (n < 2) return n; return f(n - 1) + f(n - 2) }; f(17)' >"$scratch/in.bc"
  same_with_and_without sh -c 'bc -l <"$1"' sh "$scratch/in.bc"
fi
if have bash; then
  cat >"$scratch/script.bash" <<'BASH'
declare -A map
for i in {1..8000}; do map["key $i"]=$((i * 7)); text+="$i,"; done
sum=0
for key in "${!map[@]}"; do ((sum += map[$key])); done
for i in {1..60}; do part=$(echo "$text" | cut -d, -f"$i"); parts+=("$part"); done
(echo "subshell ${parts[*]}") | tr ' ' '\n' | sort -n | tail -1
echo "$sum ${#map[@]} ${#text} ${text//1/one}"
BASH
  same_with_and_without bash "$scratch/script.bash"
fi
if have vim; then
  seq 1 20000 >"$scratch/lines"
  printf '%s\n' '%s/\(\d\)\(\d\)/\2-\1/g' 'g/7/t$' 'sort! n' "w! $scratch/edited" 'qa!' >"$scratch/commands"
  vim -u NONE -N -n -i NONE -e -s "$scratch/lines" <"$scratch/commands" || true
  mv "$scratch/edited" "$scratch/edited.without"
  with_library vim -u NONE -N -n -i NONE -e -s "$scratch/lines" <"$scratch/commands" || true
  cmp "$scratch/edited.without" "$scratch/edited" || fail "vim edited otherwise"
fi
[ $ran -ge 3 ] || {
  echo "skipped: too few of the programs are installed"
  exit $skip_status
}
