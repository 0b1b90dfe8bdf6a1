import { Authority } from "../src/shell/ca/authority.ts";
import { FolderStore } from "../src/shell/store/folder-store.ts";
import type { Lease } from "../src/store/store.ts";

/** The lease of a folder; ended by whoever asked for it. */
export async function makeLease(folder: string): Promise<Lease> {
  const store = await FolderStore.open(folder);
  return await store.lease({ pid: process.pid, host: "test", sinceMs: 0 });
}

/** The authority of a folder, with nothing held open. */
export async function makeAuthority(folder: string, nowMs: number, trustDomain = "cluster.local"): Promise<Authority> {
  const lease = await makeLease(folder);
  try {
    return await Authority.open(lease, trustDomain, nowMs);
  } finally {
    await lease.end();
  }
}
