/** What the process of a sidecar is: no schema library, no compiler in it, and no text becomes code. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";
import { AUTHZ, makeBoundPolicy } from "./stand/policy.ts";
import { snapshotOf } from "./stand/stand.ts";
import { echo, exchange, Played } from "./stand/wire.ts";

type Loading = {
  readonly isMainThread: boolean;
  readonly url?: string;
  readonly flags?: readonly string[];
  readonly code?: string;
  readonly wasm?: string;
};

const WATCH = resolve(import.meta.dirname, "stand/watch-loading.mjs");
const POLICY = [{ name: "unit/authz.rego", text: 'package mesh.authz\n\nallow := input.parsed_path[0] == "open"\n' }];

let folder: string;
let app: Played;
let proxy: ProxyProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-loading-"));
  app = await Played.open(echo);
  const policy = await makeBoundPolicy({ unit: POLICY }, [AUTHZ]);
  const file = snapshotOf({ modules: [policy.module], workload: { policies: { inbound: policy.ref } } });
  const env = ["env", `LOADING_FILE=${join(folder, "loading")}`, `NODE_OPTIONS=--import=${WATCH}`];
  proxy = await openProxyProcess(file, ["--app", String(app.port), "--workers", "2"], env);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

function readLoading(): readonly Loading[] {
  const lines = readFileSync(join(folder, "loading"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Loading);
}

test("a sidecar decides with its policy, where text cannot become code, and loads no schema library", async () => {
  const port = proxy.inbound["http"] ?? 0;
  expect(await exchange(port, "GET /open HTTP/1.1\r\nHost: w\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  expect(await exchange(port, "GET /shut HTTP/1.1\r\nHost: w\r\n\r\n")).toMatch(/^HTTP\/1\.1 403 /);

  const loading = readLoading();
  const threads = loading.filter(({ flags }) => flags?.includes("--disallow-code-generation-from-strings"));
  expect(threads.map(({ isMainThread }) => isMainThread)).toEqual([true, false, false]);
  for (const { code, wasm } of threads) expect({ code, wasm }).toEqual({ code: "refused", wasm: "runs" });
  const loaded = loading.flatMap(({ url }) => (url === undefined ? [] : [url]));
  expect(loaded.some((url) => url.endsWith("/proxy/src/index.ts"))).toBe(true);
  const unwanted = /\/node_modules\/(zod|ajv|typebox)\/|\/(resources|policy-compiler|controller)\/src\//;
  expect(loaded.filter((url) => unwanted.test(url))).toEqual([]);
});
