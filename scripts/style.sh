#!/bin/bash
# style.sh [--fix]: the formatting of C and C++ by .clang-format, and the order of the layers.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.cc' '*.h' '*.hpp')
existing=()
for file in "${files[@]}"; do
  [ ! -f "$file" ] || existing+=("$file")
done
if [ "${1:-}" = --fix ]; then
  clang-format -i "${existing[@]}"
  exit
fi
status=0
clang-format --dry-run -Werror "${existing[@]}" || status=1
/usr/bin/python3 tests/house/layers.py . || status=1
[ $status -eq 0 ] || echo "style.sh: \`make format\` formats; a wrong include has to be moved by hand" >&2
exit $status
