import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beat } from "./heartbeat.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-heartbeat-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the file is there at once, and touched again and again", async () => {
  const file = join(folder, "alive");
  const ending = new AbortController();
  await beat(file, ending.signal, 1);
  expect(await readFile(file, "utf8")).toBe(`${process.pid}\n`);
  const watcher = watch(folder);
  const [, name] = (await once(watcher, "change")) as [string, string];
  watcher.close();
  ending.abort();
  expect(name).toBe("alive");
});

test("what cannot be written is said", async () => {
  await expect(beat(join(folder, "no/alive"), new AbortController().signal)).rejects.toThrow(/ENOENT/);
});
