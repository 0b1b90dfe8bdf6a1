/** The module thread: compiles a module, opens it, hands both over, and goes on asking until it is fast; what comes meanwhile goes first. */
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { type HostBuiltins, openImaged } from "@regomesh/policy-runtime";
import { EVALUATION_CLOCK } from "@regomesh/policy-runtime/node";
import { compileModule, fuelOf, maskOf, reasonOf } from "./compile-module.ts";
import type { ModuleAnswer, ModuleAsk } from "./module-calls.ts";
import { isSlow, Warming } from "./warm.ts";

const port = parentPort;
if (port === null) throw new Error("module-thread-main runs in a worker thread");
// Of this thread alone, there: requests go before what only makes them faster.
if (process.platform === "linux") setPriority(0, 10);

/** Of a request that nobody has made nothing is to be looked up or verified. */
const refuse = (): never => {
  throw new Error("not while a module is opened");
};

type Waiting = { readonly id: number; readonly warming: Warming };
const waiting: Waiting[] = [];
/** Of a module each for two directions, and of the revision before. */
const WAITING_MAX = 4;
let isWarming = false;

const tell = (said: ModuleAnswer): void => port.postMessage(said);
const nextTurn = (): Promise<void> => new Promise((next) => setImmediate(next));

function answer(ask: ModuleAsk): void {
  const { id, data, destination, seed, entrypoints } = ask;
  try {
    const { wasm, meta } = compileModule(ask.wasm);
    const hostBuiltins: HostBuiltins = Object.fromEntries(meta.hostBuiltins.map((name) => [name, refuse]));
    const bounds = { fuel: fuelOf(meta, entrypoints), clock: EVALUATION_CLOCK };
    const { policy, image } = openImaged({ wasm, data, destination, seed, hostBuiltins, ...bounds });
    const mask = maskOf(
      meta,
      entrypoints.map(({ name }) => name),
    );
    const slow = isSlow(policy, mask);
    tell({ id, kind: "opened", wasm, image, isSlow: slow });
    if (slow) tell({ id, kind: "warm" });
    else waiting.push({ id, warming: new Warming(policy, mask) });
  } catch (error) {
    tell({ id, kind: "refused", code: reasonOf(error), message: (error as Error).message });
  }
  for (const { id: left } of waiting.splice(0, Math.max(0, waiting.length - WAITING_MAX))) {
    tell({ id: left, kind: "warm" });
  }
  if (!isWarming) void warmWaiting();
}

async function warmWaiting(): Promise<void> {
  isWarming = true;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    while (next.warming.step()) await nextTurn();
    tell({ id: next.id, kind: "warm" });
  }
  isWarming = false;
}

port.on("message", answer);
