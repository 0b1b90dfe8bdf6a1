/** The built runtime, from its file in this package. The root `prepare` script makes it; so does a load that finds it stale. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseRuntime, type RuntimeModule } from "../link/runtime-module.ts";

const FILE = join(import.meta.dirname, "../../runtime/build/runtime.wasm");
const BUILD = join(import.meta.dirname, "../../../scripts/build-runtime.mjs");

let loaded: RuntimeModule | undefined;

/**
 * Reads the runtime once in a process; in a checkout whose runtime sources changed it is compiled first.
 * Throws an error with one sentence where it is neither built nor can be.
 */
export async function loadRuntime(): Promise<RuntimeModule> {
  if (loaded !== undefined) return loaded;
  const failure = await build();
  if (!existsSync(FILE)) {
    throw new Error("the policy runtime is not built and cannot be built here: run npm run prepare in the checkout", {
      cause: failure,
    });
  }
  loaded = parseRuntime(readFileSync(FILE));
  return loaded;
}

/** An installation without the compiler of the runtime lives with the file it has. */
async function build(): Promise<unknown> {
  try {
    const { buildRuntime } = (await import(pathToFileURL(BUILD).href)) as { buildRuntime: () => string };
    buildRuntime();
    return undefined;
  } catch (cause) {
    return cause;
  }
}
