/**
 * The module thread: compiles modules, opens them, and hands both over. Told to, it goes on asking what it has opened
 * until that is fast, behind everybody else, and ends.
 */
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { openImaged } from "@regomesh/policy-runtime";
import { EVALUATION_CLOCK } from "@regomesh/policy-runtime/node";
import { compileModule, fuelOf, maskOf, reasonOf, refusedBuiltins } from "./compile-module.ts";
import type { ModuleAnswer, ModuleAsk, WarmAsk } from "./module-calls.ts";
import { isSlow, Warming } from "./warm.ts";

const port = parentPort;
if (port === null) throw new Error("module-thread-main runs in a worker thread");

const opened: Warming[] = [];
/** Of a module each for two directions; of more, what came last. */
const WARMED_MAX = 4;

const tell = (said: ModuleAnswer): void => port.postMessage(said);

function answer(ask: ModuleAsk): void {
  const { id, data, destination, seed, entrypoints } = ask;
  try {
    const { wasm, meta } = compileModule(ask.wasm);
    const bounds = { fuel: fuelOf(meta, entrypoints), clock: EVALUATION_CLOCK };
    const { policy, image } = openImaged({
      wasm,
      data,
      destination,
      seed,
      hostBuiltins: refusedBuiltins(meta),
      ...bounds,
    });
    const names = entrypoints.map(({ name }) => name);
    // What reads answers is each thread's own: here nobody does.
    const questions = { mask: maskOf(meta, names), answers: [] };
    const slow = isSlow(policy, questions);
    tell({ id, kind: "opened", wasm, image, isSlow: slow });
    if (!slow) opened.push(new Warming(policy, questions));
    if (opened.length > WARMED_MAX) opened.shift();
  } catch (error) {
    tell({ id, kind: "refused", code: reasonOf(error), message: (error as Error).message });
  }
}

function warmAll(): void {
  // Of this thread alone, there; what has been lowered cannot be raised again, so nothing is opened after it.
  if (process.platform === "linux") setPriority(0, 10);
  for (const warming of opened) while (warming.step());
  process.exit();
}

port.on("message", (said: ModuleAsk | WarmAsk) => ("kind" in said ? warmAll() : answer(said)));
