#!/bin/sh
# Python with threads, subprocesses and fork, while other threads allocate: objects cross threads all the time.
. "$(dirname "$0")/common.sh"
need /usr/bin/python3
cat >"$scratch/threads.py" <<'PYTHON'
import hashlib, os, queue, subprocess, threading, zlib

jobs, done = queue.Queue(50), queue.Queue()

def work():
    while (job := jobs.get()) is not None:
        number, text = job
        # zlib and hashlib let go of the interpreter's lock: several threads are inside malloc at once.
        packed = zlib.compress(text, 1)
        if zlib.decompress(packed) != text:
            raise SystemExit("zlib lost something")
        done.put((number, hashlib.sha256(text).hexdigest()))

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for number in range(1500):
    jobs.put((number, (b"%d-" % number) * (number * 13 % 20000 + 1)))
    if number % 100 == 0:
        child = os.fork()
        if child == 0:
            list(map(str, range(20000)))
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit("a forked child failed")
    if number % 500 == 0:
        subprocess.run(["true"], check=True)
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
print(hashlib.sha256(repr(sorted(done.queue)).encode()).hexdigest(), len(done.queue))
PYTHON
PYTHONMALLOC=malloc same_with_and_without /usr/bin/python3 "$scratch/threads.py"
