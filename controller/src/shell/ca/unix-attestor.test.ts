/** The socket on which proxies of this host join: what stands in its place, and who holds it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { Lease } from "../../store/store.ts";
import { JoinTokens } from "./join-tokens.ts";
import { serveUnix } from "./unix-attestor.ts";

const WORKLOAD = "default/web";
const UID = process.getuid?.() ?? -1;
const NOBODY = 65_534;

let folder: string;
let path: string;
let lease: Lease;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-unix-"));
  chmodSync(folder, 0o755);
  path = join(folder, "join.sock");
  lease = await makeLease(join(folder, "state"));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await lease.end();
  rmSync(folder, { recursive: true });
});

async function serve(): Promise<void> {
  const tokens = new JoinTokens(lease);
  const attestor = {
    createToken: async ({ workload }: { readonly workload: string }) => {
      const { token, ...facts } = await tokens.create({ spiffeId: "spiffe://a/ns/default/sa/web", workload }, 0);
      return { ...facts, file: { token, spiffeId: facts.spiffeId, caPem: "" } };
    },
  };
  closers.push(await serveUnix({ path, rights: [{ uid: UID, workloads: [WORKLOAD] }], attestor, log: SILENT }));
}

async function open(): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  closers.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function ask(workload: string): Promise<Readonly<Record<string, unknown>>> {
  const socket = await open();
  const said: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => said.push(chunk));
  socket.write(`${JSON.stringify({ workload })}\n`);
  await once(socket, "close");
  const text = Buffer.concat(said).toString();
  return text === "" ? {} : JSON.parse(text);
}

/** Leaves a socket behind, as a controller that is killed does. */
async function leaveSocket(): Promise<void> {
  const child = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)},()=>console.log(1))`,
  ]);
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a socket that a killed controller left is replaced; everybody may connect, and is who the kernel says", async () => {
  await leaveSocket();
  await serve();
  expect(statSync(path).mode & 0o777).toBe(0o666);
  expect(await ask(WORKLOAD)).toHaveProperty("token");
  expect(await ask("default/other")).toEqual({
    error: expect.stringMatching(/^user \d+ may not be workload default\/other/),
  });
});

test.each([
  ["a file", (at: string) => writeFileSync(at, "of somebody")],
  [
    "a link to a file",
    (at: string) => {
      writeFileSync(`${at}.target`, "of somebody", { mode: 0o600 });
      symlinkSync(`${at}.target`, at);
    },
  ],
])("%s in its place is left as it is, and said", async (_, put) => {
  put(path);
  const before = statSync(path).mode;
  await expect(serve()).rejects.toThrow(/^the socket \S+ cannot be made: something else than a socket is there$/);
  expect([readFileSync(path, "utf8"), statSync(path).mode]).toEqual(["of somebody", before]);
});

test("a folder in which others may replace it is refused", async () => {
  chmodSync(folder, 0o777);
  await expect(serve()).rejects.toThrow(/cannot be made: everybody may replace what is in /);
  chmodSync(folder, 0o1777);
  await serve();
});

test("whoever says its line letter by letter is let go in time", async () => {
  await serve();
  const socket = await open();
  const drip = setInterval(() => socket.write("x"), 200);
  closers.push(() => clearInterval(drip));
  await once(socket, "close");
}, 8000);

test.skipIf(UID !== 0)("a user who opens all that it can keeps no other out", async () => {
  await serve();
  const program = `const net=require("net");let n=0;for(let i=0;i<80;i++){const s=net.connect(${JSON.stringify(path)},()=>{});s.on("error",()=>{});s.on("close",()=>{if(++n===16)console.log(1)});}setInterval(()=>{},1000)`;
  const child = spawn(process.execPath, ["-e", program], { uid: NOBODY, gid: NOBODY });
  closers.push(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  expect(await ask(WORKLOAD)).toHaveProperty("token");
});
