#!/bin/sh
# exports_test.sh LIBRARY: what libfreehold.so needs and exports.
# It is preloaded into programs that have nothing but the C library, so it may need nothing else, and no undefined
# symbol of the C++ runtime may be strong.
set -eu
library=$1
failed=0

needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -E '^(libc\.so\.6|ld-linux.*|libpthread\.so\.0|libdl\.so\.2)$' || true)
if [ -n "$needed" ]; then
  echo "needs more than the C library: $needed"
  failed=1
fi

strong=$(readelf --dyn-syms -W "$library" | awk '$7 == "UND" && $5 != "WEAK" { print $8 }' | grep -E '^(_Z|__cxa_|__gxx_|_Unwind_)' | grep -v '^__cxa_\(finalize\|atexit\)' || true)
if [ -n "$strong" ]; then
  echo "strong references to a C++ runtime: $strong"
  failed=1
fi

# Only names we mean to export: ours, the standard's, C++'s operators.
exported=$(readelf --dyn-syms -W "$library" | awk '$7 != "UND" && $7 != "ABS" && ($5 == "GLOBAL" || $5 == "WEAK") && $8 != "" { sub(/@.*/, "", $8); print $8 }' | sort -u)
for name in $exported; do
  case $name in
  fh_* | malloc | calloc | realloc | free | reallocarray | reallocf | aligned_alloc | posix_memalign | memalign | \
  valloc | pvalloc | cfree | free_sized | free_aligned_sized | malloc_usable_size | malloc_trim | mallinfo | mallinfo2 | \
  malloc_info | malloc_stats | mallopt | __libc_* | __posix_memalign | __malloc_hook | __free_hook | \
  sigaction | signal | bsd_signal | sysv_signal | __sysv_signal | \
  _Zn* | _Zd*) ;;
  *)
    echo "exports a name it should not: $name"
    failed=1
    ;;
  esac
done

# All twenty operators, and every standard name.
for name in _Znwm _Znam _ZnwmRKSt9nothrow_t _ZnamRKSt9nothrow_t _ZnwmSt11align_val_t _ZnamSt11align_val_t \
  _ZnwmSt11align_val_tRKSt9nothrow_t _ZnamSt11align_val_tRKSt9nothrow_t _ZdlPv _ZdaPv _ZdlPvm _ZdaPvm \
  _ZdlPvRKSt9nothrow_t _ZdaPvRKSt9nothrow_t _ZdlPvSt11align_val_t _ZdaPvSt11align_val_t _ZdlPvmSt11align_val_t \
  _ZdaPvmSt11align_val_t _ZdlPvSt11align_val_tRKSt9nothrow_t _ZdaPvSt11align_val_tRKSt9nothrow_t \
  malloc calloc realloc free reallocarray reallocf aligned_alloc posix_memalign memalign valloc pvalloc free_sized \
  free_aligned_sized malloc_usable_size malloc_trim mallinfo mallinfo2 malloc_info malloc_stats mallopt \
  fh_malloc fh_free fh_accounts_root; do
  if ! printf '%s\n' "$exported" | grep -qx "$name"; then
    echo "does not export $name"
    failed=1
  fi
done

# Code segments must not be writable, and the GOT read-only where the library asks for it.
if readelf -lW "$library" | grep -q 'RWE'; then
  echo "has a writable and executable segment"
  failed=1
fi
exit $failed
