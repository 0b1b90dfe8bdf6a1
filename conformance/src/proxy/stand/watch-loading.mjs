// Loaded before everything else in each thread of a sidecar under test (NODE_OPTIONS=--import):
// appends what the thread loads, and whether it may turn text into code, to LOADING_FILE.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { isMainThread } from "node:worker_threads";

const note = (record) => appendFileSync(process.env.LOADING_FILE, `${JSON.stringify({ isMainThread, ...record })}\n`);

registerHooks({
  load(url, context, nextLoad) {
    note({ url });
    return nextLoad(url, context);
  },
});

function outcome(attempt) {
  try {
    attempt();
    return "runs";
  } catch {
    return "refused";
  }
}

note({
  flags: process.execArgv,
  code: outcome(() => new Function("return 1")()),
  wasm: outcome(() => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))),
});
