// Loaded before everything else in each thread of each process of a mesh under test (NODE_OPTIONS=--import): a
// sidecar of a workload that SMALL_MODULES names, as {"orders-v1": bytes}, is one whose engine takes
// no larger module of a policy. It is V8 that refuses, as one with that limit would: nothing of
// ours knows of it.
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

const NO_LIMIT = 1_073_741_824;
/** Node's own modules, with which it reads TypeScript, are larger than any policy here. */
const NODES_OWN_BYTES = 1_000_000;

// A thread has no arguments of its process; it has its environment.
if (isMainThread && process.argv.includes("proxy")) {
  const limits = JSON.parse(process.env["SMALL_MODULES"] ?? "{}");
  const own = limits[process.argv[process.argv.indexOf("--workload") + 1]];
  if (own !== undefined) process.env["SMALL_MODULES_OWN"] = String(own);
}
const limit = process.env["SMALL_MODULES_OWN"];

if (limit !== undefined) {
  const limited = (bytes, compile) => {
    if (bytes.byteLength >= NODES_OWN_BYTES) return compile();
    setFlagsFromString(`--wasm-max-module-size=${limit}`);
    try {
      return compile();
    } finally {
      setFlagsFromString(`--wasm-max-module-size=${NO_LIMIT}`);
    }
  };
  const { compile } = WebAssembly;
  // The engine looks at the size before it gives its promise.
  WebAssembly.compile = (bytes) => limited(bytes, () => compile(bytes));
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct: (target, [bytes]) => limited(bytes, () => new target(bytes)),
  });
}
