import { appendFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Records } from "./records.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-records-"));
});
afterEach(() => rm(folder, { recursive: true }));

const pathOf = (workload: string) => join(folder, workload);
const open = (givesBack = false) => new Records(["web"], pathOf, givesBack);
const taken = async (records: Records) => (await records.take()).map(({ line }) => line as unknown);

test("a line that is read in two parts is one, and none is read twice", async () => {
  const records = open();
  expect(await taken(records)).toEqual([]);
  const bytes = Buffer.from('{"path":"/1"}\n{"path":"/ö"}\n');
  const insideLetter = bytes.indexOf("ö") + 1;
  await writeFile(pathOf("web"), bytes.subarray(0, insideLetter));
  expect(await taken(records)).toEqual([{ path: "/1" }]);
  await appendFile(pathOf("web"), bytes.subarray(insideLetter));
  expect(await taken(records)).toEqual([{ path: "/ö" }]);
  expect(records.torn.get("web")).toBeUndefined();
});

test("what a killed process left of a line is torn, and the next one is whole", async () => {
  const records = open();
  await writeFile(pathOf("web"), '{"path":\n{"path":"/2"}\n');
  expect(await taken(records)).toEqual([{ path: "/2" }]);
  expect(records.torn.get("web")).toBe(1);
});

test.runIf(process.platform === "linux")("what was read is given back to the disk, and reading goes on", async () => {
  const records = open(true);
  const line = `${JSON.stringify({ path: "x".repeat(1000) })}\n`;
  await writeFile(pathOf("web"), line.repeat(4000));
  expect(await taken(records)).toHaveLength(4000);
  const { size, blocks } = await stat(pathOf("web"));
  expect(blocks * 512).toBeLessThan(size / 10);
  await appendFile(pathOf("web"), '{"path":"/last"}\n');
  expect(await taken(records)).toEqual([{ path: "/last" }]);
});
