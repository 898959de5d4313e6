// Makes a component of a policy: `node build.mjs [policy.js [policy.wasm]]`.
import { readFile, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';

const [source = 'policy.js', target = 'policy.wasm'] = process.argv.slice(2);
const { component } = await componentize(await readFile(source, 'utf8'), {
  witPath: new URL('../wit', import.meta.url).pathname,
  worldName: 'policy',
  // All that would import WASI, which policies do not get.
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
await writeFile(target, component);
