/**
 * The state folder as a store: a key is a file. The lease is a lock that the kernel holds and
 * gives back when its process ends, however it ends: Node has no flock, so SQLite takes it for
 * us, on an empty file. Its epoch stands in `lease.json`.
 */
import { hash } from "node:crypto";
import { closeSync, mkdirSync, openSync, watch } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { diskReason } from "@regomesh/base";
import { BEFORE, PUBLIC, readIfThere, SECRET, syncWritten, writeUnsynced, writeWhole } from "@regomesh/base/node";
import { type Holder, type Kept, type Lease, type Store, StoreError, type WriteOptions } from "../../store/store.ts";

const LOCK = "lock";
const LEASE = "lease.json";
/** Of a file that is written to see whether one can be, and taken away. */
const PROOF = ".proof";
/** SQLITE_BUSY: another has the lock (sqlite.org/rescode.html). */
const BUSY = 5;
const CANTOPEN = 14;

export class FolderStore implements Store {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder where it is not there. Throws StoreError `refused`. */
  static async open(folder: string): Promise<FolderStore> {
    await guarded(folder, "the folder itself", mkdir(folder, { recursive: true, mode: 0o700 }));
    return new FolderStore(folder);
  }

  async get(key: string): Promise<Kept | undefined> {
    const value = await guarded(this.folder, key, readIfThere(join(this.folder, key)));
    return value === undefined ? undefined : { value, version: versionOf(value) };
  }

  before(key: string): Promise<Kept | undefined> {
    return this.get(`${key}${BEFORE}`);
  }

  watch(key: string, onChange: () => void, signal: AbortSignal): void {
    const path = join(this.folder, key);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const watcher = watch(dirname(path), { persistent: false, signal }, (_, name) => {
      if (name === null || name === basename(path)) onChange();
    });
    watcher.on("error", () => onChange()); // it can no longer tell: a look costs little
  }

  async lease(holder: Holder): Promise<Lease> {
    const lock = takeLock(join(this.folder, LOCK));
    if (lock === undefined) throw new StoreError("held", await this.#heldSentence());
    try {
      const { epoch = 0 } = (await this.#record()) ?? {};
      return await FolderLease.open(this, lock, { ...holder, epoch: epoch + 1 });
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The lease that was given last; undefined where none was, or its file is damaged. */
  async #record(): Promise<Partial<LeaseRecord> | undefined> {
    return parseRecord((await this.get(LEASE))?.value);
  }

  async #heldSentence(): Promise<string> {
    const { pid, host, sinceMs } = (await this.#record()) ?? {};
    const who =
      pid === undefined
        ? "another process"
        : `process ${pid} on ${host}, since ${new Date(sinceMs ?? 0).toISOString().replace(/\.\d+Z$/, "Z")}`;
    return `the state folder ${this.folder} belongs to a controller that runs: ${who}`;
  }
}

type LeaseRecord = Holder & { readonly epoch: number };

class FolderLease implements Lease {
  readonly epoch: number;
  readonly #store: FolderStore;
  readonly #lock: DatabaseSync;
  readonly #own: LeaseRecord;
  #isRecorded = false;
  #isEnded = false;
  #last: Promise<unknown> = Promise.resolve();
  /** Keys that are still to be synced, each with the version that it has. */
  readonly #unsynced = new Map<string, string>();
  /** What this lease has written last, by key, and the mark of the file that it became. */
  readonly #written = new Map<string, { readonly version: string; readonly mark: string | undefined }>();

  private constructor(store: FolderStore, lock: DatabaseSync, own: LeaseRecord) {
    this.#store = store;
    this.#lock = lock;
    this.#own = own;
    this.epoch = own.epoch;
  }

  /** A disk that takes nothing now may take the record later: with the first write, which needs it. */
  static async open(store: FolderStore, lock: DatabaseSync, own: LeaseRecord): Promise<FolderLease> {
    const lease = new FolderLease(store, lock, own);
    await lease.#record().catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.code !== "refused") throw error;
    });
    return lease;
  }

  get(key: string): Promise<Kept | undefined> {
    return this.#store.get(key);
  }

  async before(key: string): Promise<Kept | undefined> {
    const before = await this.#store.before(key);
    // An earlier process has left it.
    if (before !== undefined && !this.#unsynced.has(key)) this.#unsynced.set(key, (await this.get(key))?.version ?? "");
    return before;
  }

  watch(key: string, onChange: () => void, signal: AbortSignal): void {
    this.#store.watch(key, onChange, signal);
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: Uint8Array,
    { isPublic = false, isSyncedLater = false }: WriteOptions = {},
  ): Promise<string> {
    return await this.#inTurn(async () => {
      await this.#requireOwn();
      if ((await this.#versionNow(key)) !== expected) throw new StoreError("conflict", `${key} was changed by another`);
      const version = versionOf(value);
      await this.#write(key, value, isPublic ? PUBLIC : SECRET, isSyncedLater ? version : undefined);
      this.#written.set(key, { version, mark: await this.#markOf(key) });
      return version;
    });
  }

  /** Megabytes are not read and hashed to find that nobody else has written them. */
  async #versionNow(key: string): Promise<string | undefined> {
    const written = this.#written.get(key);
    if (written?.mark !== undefined && written.mark === (await this.#markOf(key))) return written.version;
    return (await this.get(key))?.version;
  }

  /** What a file has that changes with whatever is done to it; undefined where it is not there. */
  async #markOf(key: string): Promise<string | undefined> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(join(this.#store.folder, key), { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(" ");
    } catch {
      return undefined;
    }
  }

  async sync(key: string, version: string): Promise<boolean> {
    if (this.#unsynced.get(key) !== version) return !this.#unsynced.has(key);
    const { folder } = this.#store;
    // Not in turn: the next write waits for no disk either.
    await guarded(folder, key, syncWritten(join(folder, key)));
    return await this.#inTurn(async () => {
      if (this.#unsynced.get(key) !== version) return false;
      await this.#dropBefore(key);
      return true;
    });
  }

  /** What is there now is synced. */
  async #dropBefore(key: string): Promise<void> {
    const { folder } = this.#store;
    await guarded(folder, key, rm(join(folder, `${key}${BEFORE}`), { force: true }));
    this.#unsynced.delete(key);
  }

  async prove(key: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#requireOwn();
      const { folder } = this.#store;
      const value = (await this.get(key))?.value;
      if (value !== undefined)
        return await this.#write(key, value, await guarded(folder, key, modeOf(join(folder, key))));
      const proof = join(folder, `${key}${PROOF}`);
      await guarded(
        folder,
        key,
        writeWhole(proof, PROOF, SECRET).finally(() => rm(proof, { force: true })),
      );
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    const { folder: root } = this.#store;
    return await guarded(
      root,
      folder,
      readdir(join(root, folder)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      }),
    );
  }

  async remove(key: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#requireOwn();
      const { folder } = this.#store;
      await guarded(folder, key, rm(join(folder, key), { force: true }));
      if (this.#unsynced.has(key)) await this.#dropBefore(key);
    });
  }

  async end(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#isEnded) this.#lock.close();
      this.#isEnded = true;
    });
  }

  async #requireOwn(): Promise<void> {
    const kept = parseRecord((await this.get(LEASE))?.value);
    if (this.#isEnded || (kept?.epoch ?? 0) > this.epoch) {
      throw new StoreError("fenced", `this controller no longer holds ${this.#store.folder}`);
    }
    if (!this.#isRecorded) await this.#record();
  }

  async #record(): Promise<void> {
    await this.#write(LEASE, new TextEncoder().encode(`${JSON.stringify(this.#own)}\n`), SECRET);
    this.#isRecorded = true;
  }

  /** `unsynced`: its version, where it is synced later. */
  async #write(key: string, value: Uint8Array, mode: number, unsynced?: string): Promise<void> {
    const { folder } = this.#store;
    const path = join(folder, key);
    if (unsynced !== undefined) {
      await guarded(folder, key, writeUnsynced(path, value, mode));
      this.#unsynced.set(key, unsynced);
      return;
    }
    await guarded(folder, key, writeWhole(path, value, mode));
    if (this.#unsynced.has(key)) await this.#dropBefore(key);
  }

  /** One write after the other: what is compared is still so when it is set. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return await turn;
  }
}

/** The lock, or undefined where another has it. Throws StoreError where there can be none. */
function takeLock(path: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined;
  try {
    // Loaded by who takes a lock alone: up to Node 23 it warns that it is an experiment.
    lock = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(path, { timeout: 0 });
    // In memory: a full disk takes no journal, and there is nothing to undo.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    const { errcode, message } = error as { readonly errcode?: unknown; readonly message: string };
    if (errcode === BUSY) return undefined;
    const reason = errcode === CANTOPEN ? (whyNotMade(path) ?? message) : message;
    throw new StoreError("refused", `${path} cannot be locked: ${reason}`, { cause: error });
  }
}

/** Why a lock that is not there cannot be made: SQLite does not say it. One that is there is not touched: it may be held. */
function whyNotMade(path: string): string | undefined {
  try {
    closeSync(openSync(path, "wx", SECRET));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST" ? undefined : diskReason(error);
  }
}

/** What the disk said, as a sentence that names the folder and what was not taken. */
async function guarded<T>(folder: string, key: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StoreError("refused", `the state folder ${folder} does not take or give ${key}: ${diskReason(error)}`, {
      cause: error,
    });
  }
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

function parseRecord(value: Uint8Array | undefined): Partial<LeaseRecord> | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(value)) as Partial<LeaseRecord>;
    return typeof record.epoch === "number" ? record : undefined;
  } catch {
    return undefined;
  }
}

function versionOf(value: Uint8Array): string {
  return hash("sha256", value);
}
