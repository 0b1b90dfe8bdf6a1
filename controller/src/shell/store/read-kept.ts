/**
 * What is kept as JSON, read again. What is damaged is never passed over: where nobody may go on without it (an
 * operator's word, what was taken back) no controller starts; all else is told, with what is lost by it, and counts as none.
 */
import type { Log } from "@regomesh/base";
import { type Reading, readText, StoreError } from "../../store/store.ts";

/**
 * Undefined where nothing is kept. `wayOut`: what it would be to take the file away. Throws StoreError, also where
 * what is kept is damaged.
 */
export async function readRequired<T>(
  reading: Reading,
  key: string,
  isIt: (value: unknown) => value is T,
  wayOut: string,
): Promise<T | undefined> {
  const text = await readText(reading, key);
  if (text === undefined) return undefined;
  const value = parseKept(text, isIt);
  if (value !== undefined) return value;
  throw new StoreError(
    "damaged",
    `what is kept in ${key} is damaged: put it back from a backup, or take it away: ${wayOut}`,
  );
}

/** Undefined where nothing is kept, or nothing that can be read. `lost`: what is lost then, and what is to be done. */
export async function readOrTell<T>(
  reading: Reading,
  key: string,
  isIt: (value: unknown) => value is T,
  { lost, log }: { readonly lost: string; readonly log: Log },
): Promise<T | undefined> {
  try {
    const text = await readText(reading, key);
    if (text === undefined) return undefined;
    const value = parseKept(text, isIt);
    if (value !== undefined) return value;
    tellLost(log, key, lost);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    tellLost(log, key, lost, error.message);
  }
  return undefined;
}

export function tellLost(log: Log, key: string, lost: string, reason = "it is damaged"): void {
  log.log("warn", "what is kept is not used", { key, reason, lost });
}

/** Undefined where it is damaged. */
export function parseKept<T>(text: string, isIt: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isIt(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
