#!/bin/sh
# Node.js: a threaded program with a heap of its own beside malloc's; workers, buffers and its thread pool's compression.
. "$(dirname "$0")/common.sh"
need node
cat >"$scratch/work.js" <<'JS'
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
const crypto = require('crypto'), zlib = require('zlib'), { promisify } = require('util');

async function work(seed) {
  const hash = crypto.createHash('sha256');
  for (let round = 0; round < 12; round++) {
    const texts = Array.from({ length: 16 }, (_, i) => Buffer.alloc(1000 + (seed * 7919 + i * 104729 + round) % 60000, `${seed}.${i}|`));
    const packed = await Promise.all(texts.map((text) => promisify(zlib.deflate)(text)));
    const again = await Promise.all(packed.map((data) => promisify(zlib.inflate)(data)));
    again.forEach((data, i) => { if (!data.equals(texts[i])) throw new Error('zlib lost something'); });
    again.forEach((data) => hash.update(data));
    hash.update(await promisify(crypto.scrypt)('secret', `salt ${seed}`, 64, { N: 1024 }));
    hash.update(JSON.stringify(JSON.parse(JSON.stringify(texts.map((text) => text.toString())))));
  }
  return hash.digest('hex');
}

if (isMainThread) {
  const answers = [];
  let left = 4;
  for (let seed = 0; seed < 4; seed++) {
    const worker = new Worker(__filename, { workerData: seed });
    worker.on('message', (answer) => { answers[seed] = answer; if (--left === 0) console.log(answers.join('\n')); });
  }
} else {
  work(workerData).then((answer) => parentPort.postMessage(answer));
}
JS
same_with_and_without node "$scratch/work.js"
[ "$(wc -l <"$scratch/with.out")" -eq 4 ] || fail "a worker gave no answer"
