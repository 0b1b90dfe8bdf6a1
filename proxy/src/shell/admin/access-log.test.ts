import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AccessLog } from "./access-log.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-log-"));
});
afterEach(() => rm(folder, { recursive: true }));

function line(log: AccessLog, text: string): void {
  log.begin(text.length + 1)?.ascii(`${text}\n`);
  log.done();
}

test("lines are written whole, in their order", async () => {
  const path = join(folder, "access.log");
  const log = await AccessLog.open(path);
  for (const text of ["one", "two", "three"]) line(log, text);
  await log.close();
  expect(await readFile(path, "utf8")).toBe("one\ntwo\nthree\n");
});

test("a disk that takes nothing is told of, and keeps nobody from ending", async () => {
  const troubles: (string | undefined)[] = [];
  const log = await AccessLog.open("/dev/full", (trouble) => void troubles.push(trouble));
  line(log, "lost");
  await log.close();
  expect(troubles).toEqual(["lines of /dev/full wait, and then are lost: no space is left on its disk"]);
});

test("a file that cannot be opened is told of, and lines are written once it can", async () => {
  const path = join(folder, "later", "access.log");
  const troubles: (string | undefined)[] = [];
  const opened = Promise.withResolvers<void>();
  const log = await AccessLog.open(path, (trouble) => {
    troubles.push(trouble);
    if (trouble === undefined) opened.resolve();
  });
  line(log, "one");
  await mkdir(dirname(path));
  await writeFile(path, "tor");
  await opened.promise;
  line(log, "two");
  await log.close();
  expect(await readFile(path, "utf8")).toBe("tor\none\ntwo\n");
  expect(troubles).toEqual([`lines of ${path} wait, and then are lost: its folder is not there`, undefined]);
});

test("a file that can never be opened keeps nobody from ending", async () => {
  let lost = 0;
  const log = await AccessLog.open(join(folder, "never", "access.log"));
  log.onLost((lines) => {
    lost += lines;
  }, SILENT);
  line(log, "lost");
  await log.close();
  expect(lost).toBe(1);
});

test.each([
  { before: "one\ntw", after: "one\ntw\nthree\n" },
  { before: "one\n", after: "one\nthree\n" },
  { before: "", after: "three\n" },
])("a line that a killed process left unfinished takes no other with it: $before", async ({ before, after }) => {
  const path = join(folder, "access.log");
  await writeFile(path, before);
  const log = await AccessLog.open(path);
  line(log, "three");
  await log.close();
  expect(await readFile(path, "utf8")).toBe(after);
});
