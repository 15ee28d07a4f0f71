#!/bin/sh
# Python's own tests of its memory-heavy modules, every object from malloc.
. "$(dirname "$0")/common.sh"
need /usr/bin/python3
/usr/bin/python3 -c 'import test.test_dict, test.test_json' 2>/dev/null || {
  echo "skipped: Python's tests are not installed (libpython3.11-testsuite)"
  exit $skip_status
}
cd "$scratch"
# test_bytes, test_list and others allocate up to the address space's end on purpose: malloc must say no.
PYTHONMALLOC=malloc with_library /usr/bin/python3 -m test -j2 --timeout 100 \
  test_dict test_list test_set test_bytes test_unicode test_json test_zlib test_array test_struct test_re test_sort \
  test_deque test_heapq test_memoryview test_pickle test_copy test_weakref test_thread test_threading_local test_queue \
  test_ctypes test_buffer test_ast test_itertools test_bz2 test_lzma test_mmap >"$scratch/tests" 2>&1 || {
  cat "$scratch/tests" >&2
  fail "some of Python's tests failed"
}
require_active 2
