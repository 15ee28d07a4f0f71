#!/bin/sh
# tar, xz with threads, gzip, bzip2, zstd, sort with threads: what goes in comes out.
. "$(dirname "$0")/common.sh"
need tar xz
cd "$scratch"

mkdir -p tree/deep/deeper
seq 1 400000 >tree/numbers
head -c 3000000 /dev/urandom >tree/deep/noise
for i in $(seq 1 200); do seq 1 "$i" >"tree/deep/deeper/$i"; done

with_library tar -cf - tree | with_library xz -T2 --block-size=512KiB -2 >tree.tar.xz
with_library xz -t tree.tar.xz
require_active 3
mkdir out
with_library tar -C out -xJf tree.tar.xz
diff -r tree out/tree || fail "tar and xz changed the files"
xz -dc tree.tar.xz | tar -df - || fail "xz without the library reads something else"
require_active 2

same_with_and_without xz -T2 -3 --block-size=1MiB -c tree/numbers
for packer in gzip bzip2 zstd; do
  command -v $packer >/dev/null || continue
  same_with_and_without $packer -c tree/numbers
  with_library $packer -c tree/deep/noise | $packer -dc | cmp - tree/deep/noise || fail "$packer changed the file"
done
shuf --random-source=tree/deep/noise tree/numbers >shuffled
same_with_and_without sort --parallel=4 -S 4M shuffled
same_with_and_without sort --parallel=2 -S 64M -n -r shuffled
