/** The end of a proxy's process: what is under way is finished, nothing new begins, and a second signal ends it at once. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";
import { type AccessRecord, endpointAt, outcomes, snapshotOf } from "./stand/stand.ts";
import { dial, echo, exchange, Played, response, type Wire } from "./stand/wire.ts";
import { eventually, within } from "./stand/within.ts";

const DEADLINE_MS = 5000;
/** Ended by a second SIGTERM, as a shell says it. */
const TERMINATED = 143;

let folder: string;
let app: Played;
let proxy: ProxyProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-drain-"));
  // The first request is answered when the scenario says so.
  app = await Played.open(async (wire, index) => (index === 0 ? undefined : await echo(wire, index)));
  const flags = ["--app", String(app.port), "--access-log", join(folder, "access.log")];
  proxy = await openProxyProcess(snapshotOf({ orders: [endpointAt(app.port)] }), flags);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

/** A request that the application has, and does not answer yet. */
async function begin(): Promise<{ readonly client: Wire; readonly behind: Wire }> {
  const client = dial(proxy.inbound["http"] ?? 0);
  client.write("GET /slow HTTP/1.1\r\nHost: w\r\n\r\n");
  const behind = await app.next();
  await behind.until("\r\n\r\n");
  return { client, behind };
}

async function records(): Promise<readonly AccessRecord[]> {
  const log = await readFile(join(folder, "access.log"), "utf8");
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AccessRecord);
}

/** The listener takes nobody any more. */
async function closedToNew(): Promise<void> {
  const port = proxy.inbound["http"] ?? 0;
  const isRefused = async (): Promise<boolean> => {
    const wire = dial(port);
    const error = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
      wire.socket.once("connect", () => done(undefined));
      wire.socket.once("error", done);
    });
    wire.socket.destroy();
    return error?.code === "ECONNREFUSED";
  };
  await eventually(DEADLINE_MS, () => "new connections refused", isRefused);
}

test("SIGTERM: an idle connection ends, the request under way is answered whole, and the process ends with 0", async () => {
  const port = proxy.inbound["http"] ?? 0;
  const { client, behind } = await begin();
  const idle = dial(port);
  idle.write("GET /idle HTTP/1.1\r\nHost: w\r\n\r\n");
  await idle.until("GET /idle");
  process.kill(proxy.pid, "SIGTERM");
  await idle.whole(DEADLINE_MS);
  await closedToNew();
  expect(client.text).toBe("");
  behind.write(response("finished"));
  const text = await client.whole(DEADLINE_MS);
  expect([client.statuses, text.endsWith("finished")]).toEqual([[200], true]);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(0);
  await app.deserted();
  expect(outcomes(await records())).toEqual(["GET /idle 200", "GET /slow 200"]);
});

test("SIGTERM: a request under way may still call out, and outbound ends after it", async () => {
  const { client, behind } = await begin();
  process.kill(proxy.pid, "SIGTERM");
  await closedToNew();
  const call = dial(proxy.outbound);
  for (const path of ["/first", "/second"]) {
    call.write(`GET ${path} HTTP/1.1\r\nHost: orders\r\n\r\n`);
    await call.until(`GET ${path}`);
  }
  behind.write(response("finished"));
  expect(await client.whole(DEADLINE_MS)).toMatch(/finished$/);
  await call.whole(DEADLINE_MS);
  expect(call.statuses).toEqual([200, 200]);
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(0);
});

test("SIGTERM under load: who keeps a connection is told before it ends, and every request is answered", async () => {
  const port = proxy.inbound["http"] ?? 0;
  await begin();
  /** Requests without a pause on one connection, until a response ends it. */
  const run = async (name: string): Promise<"told" | "lost"> => {
    const wire = dial(port);
    for (let turn = 0; ; turn++) {
      wire.text = "";
      wire.write(`GET /${name}-${turn} HTTP/1.1\r\nHost: w\r\n\r\n`);
      const text = await wire.until(`GET /${name}-${turn}`).catch(() => undefined);
      if (text === undefined) return "lost";
      if (/connection: close/i.test(text)) return "told";
    }
  };
  const load = Promise.all(["a", "b", "c"].map(run));
  await eventually(
    DEADLINE_MS,
    () => "a load",
    async () => app.wires.length >= 2,
  );
  process.kill(proxy.pid, "SIGTERM");
  expect(await load).toEqual(["told", "told", "told"]);
});

test("SIGTERM: of a pipeline the request under way is the last one", async () => {
  const { client, behind } = await begin();
  process.kill(proxy.pid, "SIGTERM");
  await closedToNew();
  client.write("GET /never HTTP/1.1\r\nHost: w\r\n\r\n");
  behind.write(response("finished"));
  expect(await client.whole(DEADLINE_MS)).toMatch(/finished$/);
  expect(client.statuses).toEqual([200]);
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(0);
  expect(app.wires.map(({ text }) => text).join("")).not.toContain("/never");
});

test("a second SIGTERM ends it at once, and nobody waits any longer", async () => {
  const { client } = await begin();
  process.kill(proxy.pid, "SIGTERM");
  await closedToNew();
  process.kill(proxy.pid, "SIGTERM");
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(TERMINATED);
  expect(await client.whole(DEADLINE_MS)).toBe("");
  await app.deserted();
});

test("SIGTERM without a request under way: it ends at once, and the port is free", async () => {
  const port = proxy.inbound["http"] ?? 0;
  process.kill(proxy.pid, "SIGTERM");
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(0);
  await expect(exchange(port, "")).resolves.toBe("");
});
