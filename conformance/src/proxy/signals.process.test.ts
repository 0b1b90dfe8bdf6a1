/** Signals mean what operators expect of them, and none of them ends a proxy undrained or opens a door. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TLSSocket } from "node:tls";
import { TestAuthority } from "@regomesh/proxy/test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { socketsOf } from "../mesh/sockets.ts";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";
import { dialMesh } from "./stand/mesh-client.ts";
import { identityFlags } from "./stand/mesh-pair.ts";
import { snapshotOf } from "./stand/stand.ts";
import { echo, Played } from "./stand/wire.ts";
import { eventually } from "./stand/within.ts";

const DEADLINE_MS = 5000;
const REGOMESH = resolve(import.meta.dirname, "../../../cli/bin/regomesh.mjs");
const ID = "spiffe://cluster.local/ns/default/sa/web";
const authority = new TestAuthority("cluster.local");
const client = authority.identity("spiffe://cluster.local/ns/default/sa/shop");

let folder: string;
let app: Played;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-signals-"));
  app = await Played.open(echo);
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

const log = (): string => join(folder, "access.log");

async function start(workers = 1): Promise<ProxyProcess> {
  const identity = await identityFlags(folder, "identity", authority.identity(ID));
  const flags = ["--app", String(app.port), "--access-log", log(), "--workers", String(workers), ...identity];
  return await openProxyProcess(snapshotOf({}), flags);
}

/** A request on a connection of its own; gives the serial number that the proxy shows. */
async function ask(proxy: ProxyProcess, path: string): Promise<string | undefined> {
  const wire = (await dialMesh(proxy.inbound["http"] ?? 0, client)).write(`GET ${path} HTTP/1.1\r\nHost: w\r\n\r\n`);
  await wire.until(`GET ${path}`);
  const serial = (wire.socket as TLSSocket).getPeerX509Certificate()?.serialNumber;
  wire.socket.destroy();
  return serial;
}

async function holds(path: string, text: string): Promise<boolean> {
  return (await readFile(path, "utf8").catch(() => "")).includes(text);
}

describe.each(["SIGHUP", "SIGUSR1"] as const)("%s", (signal) => {
  test.each([1, 2])("opens the access log anew where it was moved away, with %d workers", async (workers) => {
    await using proxy = await start(workers);
    await ask(proxy, "/before");
    await rename(log(), `${log()}.1`);
    process.kill(proxy.pid, signal);
    await eventually(
      DEADLINE_MS,
      () => "a new file",
      async () => (await readFile(log()).catch(() => undefined)) !== undefined,
    );
    // Until each thread has opened its own there may be lines in the old one, and none is lost.
    let asked = 0;
    await eventually(
      DEADLINE_MS,
      () => "a line in the new file",
      async () => {
        await ask(proxy, `/after-${asked++}`);
        return await holds(log(), "/after-");
      },
    );
    await eventually(
      DEADLINE_MS,
      () => "every line in one of the files",
      async () => {
        const both = `${await readFile(`${log()}.1`, "utf8")}${await readFile(log(), "utf8")}`;
        return (
          Array.from({ length: asked }, (_, i) => `/after-${i}"`).every((path) => both.includes(path)) &&
          both.includes("/before")
        );
      },
    );
  });

  test("reads the identity again, for connections to come", async () => {
    await using proxy = await start();
    const before = await ask(proxy, "/");
    await identityFlags(folder, "identity", authority.identity(ID));
    process.kill(proxy.pid, signal);
    await eventually(
      DEADLINE_MS,
      () => "another certificate",
      async () => (await ask(proxy, "/")) !== before,
    );
  });
});

test("none of the signals opens a port, or ends what is served", async () => {
  await using proxy = await start();
  const listening = async (): Promise<readonly number[]> =>
    (await socketsOf(proxy.pid)).filter(({ state }) => state === "listening").map(({ localPort }) => localPort);
  const before = await listening();
  for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP", "SIGPIPE"] as const) {
    process.kill(proxy.pid, signal);
    await ask(proxy, `/${signal}`);
  }
  await eventually(
    DEADLINE_MS,
    () => "four requests in the log",
    async () => await holds(log(), "/SIGPIPE"),
  );
  expect(await listening()).toEqual(before);
});

test("an identity that cannot be read leaves the old one in place", async () => {
  await using proxy = await start();
  const before = await ask(proxy, "/");
  await rename(join(folder, "identity/svid.pem"), join(folder, "elsewhere.pem"));
  process.kill(proxy.pid, "SIGHUP");
  await eventually(
    DEADLINE_MS,
    () => "the log opened anew",
    async () => await holds(log(), "GET"),
  );
  expect(await ask(proxy, "/")).toBe(before);
});

test.each(["SIGHUP", "SIGUSR1"] as const)(
  "%s finds a proxy that waits for its first snapshot, and ends it not",
  async (signal) => {
    const flags = ["--controller", "127.0.0.1:1", "--workload", "web", "--state", join(folder, "state")];
    const child = spawn(process.execPath, [REGOMESH, "proxy", ...flags, "--access-log", log()], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise<unknown>((done) => child.once("exit", done));
    try {
      let said = "";
      child.stderr.on("data", (chunk) => {
        said += String(chunk);
      });
      const says = async (text: string) =>
        await eventually(
          DEADLINE_MS,
          () => `${text} in ${said}`,
          async () => said.includes(text),
        );
      await says("no identity yet");
      for (let turn = 0; turn < 20; turn++) child.kill(signal);
      await says("log files were opened anew");
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    } finally {
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    }
  },
);
