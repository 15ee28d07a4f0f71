#!/bin/sh
# git on a real repository: clone, threaded repack, fsck, log, blame, archive; compared with git without the library.
. "$(dirname "$0")/common.sh"
need git
export GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
cat >"$scratch/.gitconfig" <<'CONFIG'
[safe]
  directory = *
[user]
  name = Test
  email = test@example.org
CONFIG
git -C "$source_directory" rev-parse -q --verify HEAD >/dev/null 2>&1 || {
  echo "skipped: the source is not a git repository"
  exit $skip_status
}

clone=$scratch/clone
with_library git -c protocol.file.allow=always clone -q --no-local "$source_directory" "$clone"
cd "$clone"
[ "$(git rev-parse HEAD)" = "$(git -C "$source_directory" rev-parse HEAD)" ] || fail "the clone has another HEAD"
with_library git -c pack.threads=2 repack -a -d -f -q --depth=50 --window=50
with_library git gc -q --aggressive --prune=now
with_library git fsck --full --strict >"$scratch/fsck" 2>&1 || {
  cat "$scratch/fsck" >&2
  fail "git fsck finds the repository broken"
}
require_active 4
git fsck --full >/dev/null 2>&1 || fail "git without the library finds the repository broken"

same_with_and_without git log -p --stat -M -C --all
same_with_and_without git rev-list --objects --all
same_with_and_without git archive --format=tar HEAD
same_with_and_without git grep -n -e size -e free HEAD
git ls-files | head -40 | while read -r file; do
  same_with_and_without git blame -w -M "$file"
done

# Writing: the same trees and commits come out.
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
make_commits() {
  git init -q -b main "$1"
  for number in $(seq 1 15); do
    seq "$number" $((number * 400)) >"$1/file$((number % 5))"
    ${2:-} git -C "$1" add -A
    ${2:-} git -C "$1" commit -qm "commit $number"
  done
  git -C "$1" rev-parse HEAD
}
[ "$(make_commits "$scratch/one")" = "$(make_commits "$scratch/two" with_library)" ] || fail "other commits were made"
require_active 30
