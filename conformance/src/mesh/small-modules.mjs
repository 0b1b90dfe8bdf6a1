// Loaded before everything else in each process of a mesh under test (NODE_OPTIONS=--import): a
// sidecar of a workload that SMALL_MODULES names, as {"orders-v1": bytes}, is one whose engine takes
// no larger module of a policy. It is V8 that refuses, as one with that limit would: nothing of
// ours knows of it.
import { setFlagsFromString } from "node:v8";

const NO_LIMIT = 1_073_741_824;
/** Node's own modules, with which it reads TypeScript, are larger than any policy here. */
const NODES_OWN_BYTES = 1_000_000;

const at = process.argv.indexOf("--workload");
const limits = JSON.parse(process.env["SMALL_MODULES"] ?? "{}");
const limit = process.argv.includes("proxy") ? limits[process.argv[at + 1]] : undefined;

if (limit !== undefined) {
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(target, [bytes]) {
      if (bytes.byteLength >= NODES_OWN_BYTES) return new target(bytes);
      setFlagsFromString(`--wasm-max-module-size=${limit}`);
      try {
        return new target(bytes);
      } finally {
        setFlagsFromString(`--wasm-max-module-size=${NO_LIMIT}`);
      }
    },
  });
}
