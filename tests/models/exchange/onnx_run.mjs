// SPDX-License-Identifier: Apache-2.0
// node onnx_run.mjs MODULES MODEL SIZE IN OUT: ONNX Runtime on float32 pictures [n, 3, SIZE, SIZE] of the file IN; logits,
// then probabilities, go to OUT. MODULES is the folder where `npm install onnxruntime-node` was run.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [, , modules, model, size, input, output] = process.argv;
const ort = createRequire(path.join(modules, 'package.json'))('onnxruntime-node');
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 2 });
const bytes = fs.readFileSync(input);
const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const side = Number(size);
const shape = [values.length / (3 * side * side), 3, side, side];
const results = await session.run({ input: new ort.Tensor('float32', values, shape) });
const found = Float32Array.from([...results.logits.data, ...results.probabilities.data]);
fs.writeFileSync(output, Buffer.from(found.buffer));
