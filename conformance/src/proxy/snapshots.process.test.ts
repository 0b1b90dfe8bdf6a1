/** Snapshots that cannot be enforced: refused whole, with the reason, and the old one stays in force. */

import { randomBytes } from "node:crypto";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import { moduleHash, type PolicyRef, type SnapshotModule } from "@regomesh/protocol";
import { SnapshotRefused } from "@regomesh/proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openProxyProcess } from "../proxy-process.ts";
import { AUTHZ, type BoundPolicyFile, makeRegoPolicy } from "./stand/policy.ts";
import { openStand, outcomes, type Stand, snapshotOf } from "./stand/stand.ts";
import { echo, exchange, Played } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

const DEADLINE_MS = 5000;
const META = "regomesh";

let app: Played;
let stand: Stand;
/** In force from the start: only what is asked for with GET passes. */
let policy: BoundPolicyFile;

beforeEach(async () => {
  app = await Played.open(echo);
  policy = await makeRegoPolicy('package mesh.authz\nallow if input.attributes.request.http.method == "GET"', [AUTHZ]);
  stand = await openStand({
    app: app.port,
    modules: [policy.module],
    workload: { policies: { inbound: policy.ref }, defaultVerdict: "deny" },
  });
});
afterEach(async () => await app.close());

function withModule(wasm: Uint8Array, ref: PolicyRef = policy.ref): { ref: PolicyRef; module: SnapshotModule } {
  const hash = moduleHash(wasm, "{}");
  return { ref: { ...ref, module: hash }, module: { hash, wasm, data: "{}" } };
}

/** The policy's module with a description of itself that says something else. */
function withMeta(change: (meta: Record<string, unknown>) => unknown): Uint8Array {
  const { wasm } = policy.module;
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(new Uint8Array(wasm)), META);
  const meta = JSON.parse(new TextDecoder().decode(section)) as Record<string, unknown>;
  return Buffer.concat([withoutMeta(wasm), customSection(META, JSON.stringify(change(meta)))]);
}

const HEADER_BYTES = 8;

/** All sections but the description. */
function withoutMeta(wasm: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [wasm.subarray(0, HEADER_BYTES)];
  for (let at = HEADER_BYTES; at < wasm.length; ) {
    const [size, from] = readSize(wasm, at + 1);
    const [nameLength, nameAt] = readSize(wasm, from);
    const isMeta = wasm[at] === 0 && Buffer.from(wasm.subarray(nameAt, nameAt + nameLength)).toString() === META;
    if (!isMeta) kept.push(wasm.subarray(at, from + size));
    at = from + size;
  }
  return Buffer.concat(kept);
}

/** An unsigned LEB128, and where it ends. */
function readSize(bytes: Uint8Array, start: number): readonly [size: number, end: number] {
  let size = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [size, at + 1];
  }
}

function printSize(size: number): Uint8Array {
  const bytes: number[] = [];
  let left = size;
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function customSection(name: string, text: string): Uint8Array {
  const content = Buffer.concat([printSize(name.length), Buffer.from(name), Buffer.from(text)]);
  return Buffer.concat([Buffer.of(0), printSize(content.length), content]);
}

/** A module that has nothing. */
const EMPTY = Buffer.from("0061736d01000000", "hex");

const REFUSED: readonly (readonly [string, () => Uint8Array | Promise<Uint8Array>, string])[] = [
  ["of another ABI", () => withMeta((meta) => ({ ...meta, abi: MODULE_ABI + 1 })), "policy_abi_mismatch"],
  ["that does not describe itself, as OPA's own", () => withoutMeta(policy.module.wasm), "policy_abi_mismatch"],
  ["whose description is no JSON object", () => withMeta(() => []), "policy_abi_mismatch"],
  ["whose description lacks what it must say", () => withMeta(({ abi }) => ({ abi })), "policy_bad_module"],
  [
    "that needs a built-in that is not offered",
    () => withMeta((meta) => ({ ...meta, hostBuiltins: ["moon.phase"] })),
    "policy_missing_builtin",
  ],
  ["without the entrypoint", () => withMeta((meta) => ({ ...meta, entrypoints: [] })), "policy_entrypoint"],
  ["of random bytes", () => randomBytes(4096), "policy_bad_module"],
  ["that is cut off", () => policy.module.wasm.subarray(0, policy.module.wasm.length >> 1), "policy_bad_module"],
  ["of no bytes", () => new Uint8Array(0), "policy_bad_module"],
  [
    "that has our description and nothing else",
    () =>
      Buffer.concat([
        EMPTY,
        customSection(
          META,
          `{"abi":${MODULE_ABI},"compiler":"","entrypoints":[],"rules":[],"reads":{},"hostBuiltins":[]}`,
        ),
      ]),
    "policy_bad_module",
  ],
  [
    "that reads the request's body",
    async () => {
      const reads = await makeRegoPolicy("package mesh.authz\nallow if input.parsed_body.user", [AUTHZ]);
      return reads.module.wasm;
    },
    "policy_reads_body",
  ],
];

test.each(REFUSED)("a module %s is refused, and the old snapshot stays", async (_, makeWasm, code) => {
  const { ref, module } = withModule(await makeWasm());
  const next = snapshotOf({
    app: app.port,
    modules: [module],
    workload: { policies: { inbound: ref }, defaultVerdict: "allow" },
  });
  const refusal = await within(
    DEADLINE_MS,
    "an answer to the snapshot",
    stand.proxy.applyFile(next).then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  expect(refusal).toBeInstanceOf(SnapshotRefused);
  expect((refusal as SnapshotRefused).problems.map((problem) => problem.code)).toEqual([code]);
  expect(await stand.ask("/still")).toContain("200 OK");
  expect(await exchange(stand.inbound, "PUT /denied HTTP/1.1\r\nHost: web\r\n\r\n")).toContain("403 Forbidden");
  expect(outcomes(await stand.close())).toEqual(["GET /still 200", "PUT /denied 403 denied"]);
  await app.deserted();
});

test("a snapshot that refers to a module it does not bring is refused", async () => {
  const next = snapshotOf({ workload: { policies: { inbound: { ...policy.ref, module: "0".repeat(64) } } } });
  await expect(stand.proxy.applyFile(next)).rejects.toMatchObject({ problems: [{ code: "policy_missing" }] });
  expect(await stand.ask("/still")).toContain("200 OK");
  await stand.close();
});

test("a proxy process given a module of another ABI ends at once and says so", async () => {
  const { ref, module } = withModule(withMeta((meta) => ({ ...meta, abi: 99 })));
  const file = snapshotOf({ modules: [module], workload: { policies: { inbound: ref } } });
  await expect(openProxyProcess(file)).rejects.toThrow(`has ABI 99, this proxy runs ${MODULE_ABI}`);
  await stand.close();
});
