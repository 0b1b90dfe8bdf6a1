/**
 * An operator's word, as it is kept: what outranks git, or keeps a source as it is. Where it cannot be read no
 * controller starts: it would do what the operator has forbidden.
 */
import { type Lease, readText, StoreError } from "../../store/store.ts";

/**
 * Undefined where nothing is kept. `wayOut`: what it would be to take the file away. Throws StoreError, also where
 * what is kept is damaged.
 */
export async function readWord<T>(
  lease: Lease,
  key: string,
  isWord: (value: unknown) => value is T,
  wayOut: string,
): Promise<T | undefined> {
  const text = await readText(lease, key);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (isWord(value)) return value;
  throw new StoreError(
    "damaged",
    `what is kept in ${key} is damaged: put it back from a backup, or take it away: ${wayOut}`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
