/** The lease under which a controller keeps its state: of a folder, or of a cluster's Secrets. */
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { PUBLIC, SECRET, writeWhole } from "@regomesh/base/node";
import type { Lease } from "../store/store.ts";
import { ControllerFailed } from "./controller-failed.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { openAccess } from "./kubernetes/access.ts";
import { ApiConnection } from "./kubernetes/api-connection.ts";
import { ClusterLease, ClusterStore } from "./kubernetes/cluster-store.ts";
import { Leadership } from "./kubernetes/leadership.ts";
import { FolderStore } from "./store/folder-store.ts";

/** What the command line looks for beside a controller, and so stands in its folder, too: where it is, and its token. */
const WORDS: Readonly<Record<string, number>> = { "controller.json": PUBLIC, "api-token": SECRET };

/** Waits where another controller leads a cluster. `onLost`: this one must end. Throws StoreError, ControllerFailed. */
export async function openState(options: ControllerOptions, onLost: () => void): Promise<Lease> {
  const { state, kubernetes, clock, log, signal } = options;
  if (kubernetes?.stateNamespace === undefined) {
    const store = await FolderStore.open(state);
    return await store.lease({ pid: process.pid, host: hostname(), sinceMs: clock.nowMs() });
  }
  const namespace = kubernetes.stateNamespace;
  const access = await openAccess(kubernetes).catch((error: Error) => {
    throw new ControllerFailed(`the cluster: ${error.message}`);
  });
  await mkdir(state, { recursive: true, mode: 0o700 });
  const connection = new ApiConnection(access, clock);
  const ending = signal === undefined ? {} : { signal };
  try {
    const leadership = await Leadership.take({ connection, namespace, clock, log, onLost, ...ending });
    log.log("info", "this controller leads", { epoch: leadership.epoch });
    const lease = new ClusterLease(new ClusterStore(connection, namespace, clock), leadership);
    return withWords(lease, state, async () => {
      await lease.end();
      await connection[Symbol.asyncDispose]();
    });
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}

function withWords(lease: Lease, folder: string, end: () => Promise<void>): Lease {
  const leave = async (key: string, value: Uint8Array) => {
    const mode = WORDS[key];
    if (mode !== undefined) await writeWhole(join(folder, key), value, mode).catch(() => {});
  };
  return {
    epoch: lease.epoch,
    watch: (key, onChange, signal) => lease.watch(key, onChange, signal),
    before: (key) => lease.before(key),
    sync: (key, version) => lease.sync(key, version),
    prove: (key) => lease.prove(key),
    list: (under) => lease.list(under),
    remove: (key) => lease.remove(key),
    end,
    async get(key) {
      const kept = await lease.get(key);
      if (kept !== undefined) await leave(key, kept.value);
      return kept;
    },
    async compareAndSet(key, expected, value, more) {
      const version = await lease.compareAndSet(key, expected, value, more);
      await leave(key, value);
      return version;
    },
  };
}
