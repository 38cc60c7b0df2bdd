// SPDX-License-Identifier: Apache-2.0
// `unmask bench --mode infer` in ONNX Runtime, on a model that torch_detector.py --mode export wrote:
//     npm install onnxruntime-node && node bench/peers/onnx_detector.mjs m.onnx 1 224 2 5 3 parallel
// The numbers are batch, size, threads, timed and untimed runs; `parallel` runs branches of the graph side by side, on two threads.
// The package is looked for in the folder that UNMASK_ONNXRUNTIME_NODE names, else in the working folder.
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(path.resolve(process.env.UNMASK_ONNXRUNTIME_NODE || '.'), 'package.json'));
const ort = require('onnxruntime-node');
const [, , model, batch = '1', size = '224', threads = '2', repeats = '5', warmUp = '3',
    mode = 'sequential'] = process.argv;
const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: Number(threads), executionMode: mode, ...(mode === 'parallel' ? { interOpNumThreads: 2 } : {}),
});
const shape = [Number(batch), 3, Number(size), Number(size)];
const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, Math.random);
const feeds = { image: new ort.Tensor('float32', data, shape) };
for (let i = 0; i < Number(warmUp); ++i) await session.run(feeds);
const seconds = [];
for (let i = 0; i < Number(repeats); ++i) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
}
seconds.sort((a, b) => a - b);
const middle = seconds.slice(Math.ceil(seconds.length / 2) - 1, Math.floor(seconds.length / 2) + 1);
const median = middle.reduce((a, b) => a + b) / middle.length;
console.log(JSON.stringify({
    peer: `ONNX Runtime ${require('onnxruntime-node/package.json').version}`, mode: 'infer', variant: mode, batch: shape[0],
    size: shape[2], threads: Number(threads), seconds: median, images_per_second: shape[0] / median,
}));
