import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import { type Lease, StoreError } from "../../store/store.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Sources } from "./sources.ts";

let folder: string;
let lease: Lease;
let sources: Sources | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-suspend-"));
  lease = await makeLease(folder);
});
afterEach(async () => {
  await sources?.close();
  await lease.end();
  await rm(folder, { recursive: true });
});

const open = async (over: Lease): Promise<Sources> => {
  sources = await Sources.open({
    root: { name: "root", directory: folder, follow: { kind: "branch", name: "main" }, path: "", isSuspended: false },
    named: [],
    credentials: [],
    state: folder,
    lease: over,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    onContent: async () => {},
    onTrouble: () => {},
    onGone: () => {},
  });
  return sources;
};

test("a source is suspended once that is kept: a restart does not forget it", async () => {
  const first = await open(lease);
  expect(await first.suspend("none", true)).toBe(false);
  expect(await first.suspend("root", true)).toBe(true);
  // No close, as where the process is killed right after its answer.
  const again = await open(lease);
  expect(again.find("root")?.isSuspended).toBe(true);
  await first.close();
});

test("a word that the disk refuses changes nothing", async () => {
  const refusing: Lease = {
    ...lease,
    get: (key) => lease.get(key),
    compareAndSet: async () => {
      throw new StoreError("refused", "the disk is full");
    },
  };
  const opened = await open(refusing);
  await expect(opened.suspend("root", true)).rejects.toThrow("the disk is full");
  expect([opened.isSuspendedHere("root"), opened.find("root")?.isSuspended]).toEqual([false, false]);
});
