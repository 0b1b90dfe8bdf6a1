/**
 * What the controller keeps between its lives: values by key, written by whoever holds the lease.
 * Today a folder (`shell/store/folder-store.ts`); nothing here says so, that a cluster can be one.
 */

/** A value, and the version that a change of it must name. Versions are compared, never read. */
export type Kept = { readonly value: Uint8Array; readonly version: string };

/** Who asks for the lease, for the sentence that refuses another. */
export type Holder = { readonly pid: number; readonly host: string; readonly sinceMs: number };

/** Keys are paths: `ca/root.pem`. */
export interface Reading {
  get(key: string): Promise<Kept | undefined>;
  /** Of a key that was written with `isSyncedLater`, and is not synced yet, what was synced last; undefined of any other. */
  before(key: string): Promise<Kept | undefined>;
  /** Calls `onChange` after the key was written or taken away, by whomever, until the signal is aborted. */
  watch(key: string, onChange: () => void, signal: AbortSignal): void;
}

export interface Store extends Reading {
  /** Throws StoreError `held`, which names the holder, where another has it. */
  lease(holder: Holder): Promise<Lease>;
}

export type WriteOptions = {
  /** Others of this machine may read it; everything else is for its owner's eyes. */
  readonly isPublic?: boolean;
  /**
   * The end of this process loses nothing of it, that of the machine may until it is synced: `get` may give something
   * torn then, and `before` what was synced last. For what is read with a digest of its own alone.
   */
  readonly isSyncedLater?: boolean;
};

/** The right to write, until it is ended or its process is. */
export interface Lease extends Reading {
  /** Larger than that of every lease before it: a write of an older one is refused (`fenced`). */
  readonly epoch: number;
  /**
   * Writes where the key still has this version (undefined: where it is not there), whole or
   * not at all, and gives the new version. Throws StoreError.
   */
  compareAndSet(key: string, expected: string | undefined, value: Uint8Array, options?: WriteOptions): Promise<string>;
  /**
   * Has a version that was written with `isSyncedLater` kept as surely as all else. False where the key was written
   * again meanwhile: then nothing is said of it. Throws StoreError: then it is to be written again.
   */
  sync(key: string, version: string): Promise<boolean>;
  /**
   * Whether the key would be taken now: writes what it has once more, as a write may have been refused
   * when all but its last step was done; where it has nothing, it is as before. Throws StoreError.
   */
  prove(key: string): Promise<void>;
  /** Names of the keys right under a folder; none where there is no such folder. Throws StoreError. */
  list(folder: string): Promise<readonly string[]>;
  /** Takes a key away, whatever it has; one that is not there is as it shall be. Throws StoreError. */
  remove(key: string): Promise<void>;
  end(): Promise<void>;
}

/**
 * `held`: another has the lease · `fenced`: a later lease was given · `conflict`: the key has
 * another version · `refused`: what keeps the values took nothing (a full disk, say); worth another try · `damaged`: what
 * is kept is not what was written, and nobody may go on without it.
 */
export type StoreErrorCode = "held" | "fenced" | "conflict" | "refused" | "damaged";

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of a change against one that came between: those of this process wait for each other, so that only a write past `change` is one. */
const TRIES_MAX = 5;

/** The last change of each key, by lease. */
const changes = new WeakMap<Lease, Map<string, Promise<void>>>();

/**
 * Changes a value by what it is; `change` gives undefined to leave it. One after the other: however
 * many come at once, each sees what the one before it has made. Throws StoreError.
 */
export async function change(
  lease: Lease,
  key: string,
  edit: (value: Uint8Array | undefined) => Uint8Array | undefined,
): Promise<void> {
  const last = changes.get(lease) ?? new Map<string, Promise<void>>();
  changes.set(lease, last);
  const turn = (last.get(key) ?? Promise.resolve()).then(() => changeNow(lease, key, edit));
  last.set(
    key,
    turn.catch(() => {}),
  );
  await turn;
}

async function changeNow(
  lease: Lease,
  key: string,
  edit: (value: Uint8Array | undefined) => Uint8Array | undefined,
): Promise<void> {
  for (let left = TRIES_MAX; ; left--) {
    const kept = await lease.get(key);
    const value = edit(kept?.value);
    if (value === undefined) return;
    try {
      await lease.compareAndSet(key, kept?.version, value);
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "conflict" || left <= 1) throw error;
    }
  }
}

/** The text of a value; undefined where there is none. */
export async function readText(reading: Reading, key: string): Promise<string | undefined> {
  const kept = await reading.get(key);
  return kept === undefined ? undefined : new TextDecoder().decode(kept.value);
}

/** Writes a text whatever stands there; nothing where it stands there already. Gives its version. Throws StoreError. */
export async function writeText(lease: Lease, key: string, text: string, options?: WriteOptions): Promise<string> {
  const kept = await lease.get(key);
  if (kept !== undefined && new TextDecoder().decode(kept.value) === text) return kept.version;
  return await lease.compareAndSet(key, kept?.version, new TextEncoder().encode(text), options);
}
