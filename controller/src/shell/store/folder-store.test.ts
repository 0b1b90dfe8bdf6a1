import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { change, readText, writeText } from "../../store/store.ts";
import { FolderStore } from "./folder-store.ts";

const HOLDER = { pid: 7, host: "here", sinceMs: Date.parse("2026-11-27T03:00:00Z") };
const bytes = (text: string) => new TextEncoder().encode(text);

let folder: string;
let store: FolderStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-store-"));
  store = await FolderStore.open(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a value", () => {
  test("is written whole, for its owner alone unless it is public, and nothing stays beside it", async () => {
    const lease = await store.lease(HOLDER);
    await lease.compareAndSet("ca/key", undefined, bytes("secret"));
    await lease.compareAndSet("ca/root", undefined, bytes("open"), { isPublic: true });
    expect([await readText(store, "ca/key"), await readText(store, "ca/root")]).toEqual(["secret", "open"]);
    expect(["ca/key", "ca/root"].map((key) => statSync(join(folder, key)).mode & 0o777)).toEqual([0o600, 0o644]);
    expect(readdirSync(join(folder, "ca")).sort()).toEqual(["key", "root"]);
    await lease.end();
  });

  test("is changed only by whoever knows what it was", async () => {
    const lease = await store.lease(HOLDER);
    const first = await lease.compareAndSet("key", undefined, bytes("1"));
    await expect(lease.compareAndSet("key", undefined, bytes("x"))).rejects.toMatchObject({ code: "conflict" });
    const second = await lease.compareAndSet("key", first, bytes("2"));
    await expect(lease.compareAndSet("key", first, bytes("x"))).rejects.toMatchObject({ code: "conflict" });
    expect(await store.get("key")).toEqual({ value: Buffer.from("2"), version: second });
    expect(await store.get("other")).toBeUndefined();
    await lease.end();
  });

  test("sees what somebody else has put in a file's place, or into it, as long and as old as what was there", async () => {
    const lease = await store.lease(HOLDER);
    const path = join(folder, "key");
    let version = await lease.compareAndSet("key", undefined, bytes("1"));
    for (const put of [
      () => writeFileSync(path, "x"),
      () => {
        writeFileSync(`${path}.other`, "y");
        renameSync(`${path}.other`, path);
      },
      () => rmSync(path),
    ]) {
      const { atime, mtime } = statSync(path);
      put();
      if (existsSync(path)) utimesSync(path, atime, mtime);
      await expect(lease.compareAndSet("key", version, bytes("2"))).rejects.toMatchObject({ code: "conflict" });
      const found = await store.get("key");
      version = await lease.compareAndSet("key", found?.version, bytes("3"));
    }
    await lease.end();
  });

  test("takes changes that come at once, one after the other, and loses none", async () => {
    const lease = await store.lease(HOLDER);
    const add = () => change(lease, "count", (value) => bytes(String(Number(new TextDecoder().decode(value)) + 1)));
    await Promise.all([add(), add(), add()]);
    expect(await readText(store, "count")).toBe("3");
    await change(lease, "count", () => undefined);
    expect(await readText(store, "count")).toBe("3");
    await lease.end();
  });

  test("is watched, through the replacement of its file", async () => {
    const lease = await store.lease(HOLDER);
    const leave = new AbortController();
    for (const text of ["1", "2"]) {
      const changed = new Promise<void>((done) => store.watch("at/key", done, leave.signal));
      await writeText(lease, "at/key", text);
      await changed;
    }
    leave.abort();
    await lease.end();
  });
});

describe("the lease", () => {
  test("is one controller's: another is refused by a sentence that names it", async () => {
    const lease = await store.lease(HOLDER);
    await expect(store.lease({ ...HOLDER, pid: 8 })).rejects.toMatchObject({
      code: "held",
      message: `the state folder ${folder} belongs to a controller that runs: process 7 on here, since 2026-11-27T03:00:00Z`,
    });
    await lease.end();
    const next = await store.lease({ ...HOLDER, pid: 8 });
    expect([lease.epoch, next.epoch]).toEqual([1, 2]);
    await next.end();
  });

  test("that was given again fences the writes of the one before", async () => {
    const old = await store.lease(HOLDER);
    await old.end();
    const next = await store.lease(HOLDER);
    await expect(old.compareAndSet("key", undefined, bytes("late"))).rejects.toMatchObject({ code: "fenced" });
    expect(await store.get("key")).toBeUndefined();
    // Also where the kernel's lock was lost, as on a disk that is taken away and comes back.
    writeFileSync(join(folder, "lease.json"), JSON.stringify({ ...HOLDER, epoch: next.epoch + 1 }));
    await expect(next.compareAndSet("key", undefined, bytes("late"))).rejects.toMatchObject({ code: "fenced" });
    await next.end();
  });

  test("ends with its process, also one that is killed", async () => {
    const holds = `
      const { FolderStore } = await import(${JSON.stringify(join(import.meta.dirname, "folder-store.ts"))});
      const store = await FolderStore.open(process.argv[1]);
      await store.lease({ pid: process.pid, host: "there", sinceMs: 0 });
      process.stdout.write("held");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", holds, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(store.lease(HOLDER)).rejects.toThrow(`process ${child.pid} on there`);
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await store.lease(HOLDER)).end();
  });
});

test("of starts that come at once, one has the lease, also where the one before was killed and its id is another's", async () => {
  const takes = `
    const { FolderStore } = await import(${JSON.stringify(join(import.meta.dirname, "folder-store.ts"))});
    const store = await FolderStore.open(process.argv[1]);
    process.stdout.write("ready\\n");
    process.stdin.once("data", async () => {
      const said = await store.lease({ pid: process.pid, host: "there", sinceMs: 0 }).then((lease) => { globalThis.lease = lease; return "mine"; }, ({ code }) => code);
      process.stdout.write(said);
    });`;
  // The id of a process that runs, and holds nothing.
  writeFileSync(join(folder, "lease.json"), JSON.stringify({ pid: process.pid, host: "there", sinceMs: 0, epoch: 7 }));
  for (let round = 0; round < 3; round++) {
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", takes, folder], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    await Promise.all(children.map(({ stdout }) => once(stdout, "data")));
    const said = children.map(async ({ stdin, stdout }) => {
      stdin.write("go");
      return String((await once(stdout, "data"))[0]).trim();
    });
    expect((await Promise.all(said)).sort()).toEqual(["held", "held", "held", "mine"]);
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => once(child, "exit")));
  }
  const lease = await store.lease(HOLDER);
  expect(lease.epoch).toBe(11);
  await lease.end();
});

describe("a proof that a key would be taken", () => {
  test("writes what is there once more, leaves nothing where there was nothing, and ends with the lease", async () => {
    const lease = await store.lease(HOLDER);
    await lease.compareAndSet("at/open", undefined, bytes("1"), { isPublic: true });
    const before = statSync(join(folder, "at/open"));
    await lease.prove("at/open");
    await lease.prove("at/none");
    const after = statSync(join(folder, "at/open"));
    expect([after.ino === before.ino, after.mode & 0o777, await readText(store, "at/open")]).toEqual([
      false,
      0o644,
      "1",
    ]);
    expect(readdirSync(join(folder, "at"))).toEqual(["open"]);
    writeFileSync(join(folder, "file"), "");
    await expect(lease.prove("file/key")).rejects.toMatchObject({ code: "refused" });
    await lease.end();
    await expect(lease.prove("at/open")).rejects.toMatchObject({ code: "fenced" });
  });
});

describe("a folder that takes nothing", () => {
  test("keeps no lock, and says why as any other disk does", async () => {
    execFileSync("rm", ["-rf", join(folder, "lock")]);
    symlinkSync(join(folder, "none/lock"), join(folder, "lock"));
    await expect(store.lease(HOLDER)).rejects.toMatchObject({
      code: "refused",
      message: `${join(folder, "lock")} cannot be locked: unable to open database file`,
    });
    rmSync(join(folder, "lock"));
    rmSync(folder, { recursive: true });
    await expect(store.lease(HOLDER)).rejects.toMatchObject({
      message: `${join(folder, "lock")} cannot be locked: its folder is not there`,
    });
    mkdirSync(folder);
  });

  test("keeps what it had, whole, and says why in a sentence", async () => {
    const lease = await store.lease(HOLDER);
    await writeText(lease, "at/key", "old");
    execFileSync("rm", ["-r", join(folder, "at")]);
    writeFileSync(join(folder, "at"), "a file where a folder belongs");
    await expect(lease.compareAndSet("at/key", undefined, bytes("new"))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(`the state folder ${folder} does not take or give at/key: `),
    });
    expect(readFileSync(join(folder, "at"), "utf8")).toBe("a file where a folder belongs");
    await lease.end();
  });
});
