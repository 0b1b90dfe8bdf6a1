/** What a check is, and how they are run one after the other. */
import type { Api } from "./api.ts";
import type { ApiServer } from "./api-server.ts";

export type World = { readonly server: ApiServer; readonly api: Api; readonly say: (line: string) => void };

/** Throws where it fails; a sentence with what was measured is said. */
export type Check = { readonly name: string; readonly run: (world: World) => Promise<void> };

export async function runChecks(checks: readonly Check[], world: World): Promise<{ passed: number; failed: number }> {
  let failed = 0;
  for (const { name, run } of checks) {
    const sinceMs = performance.now();
    try {
      await run(world);
      world.say(`ok   ${name} (${((performance.now() - sinceMs) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      world.say(`FAIL ${name}: ${(error as Error).message}`);
    }
  }
  return { passed: checks.length - failed, failed };
}

export function must(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** Asks until it is so; throws what it was last. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const sinceMs = performance.now();
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() - sinceMs > withinMs) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
