/** Memory that a hostile request made a policy take comes back. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compile } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { expect, test } from "vitest";
import { openPolicy, openRenewingPolicy, type Policy, RequestId, toHeadTable } from "../src/index.ts";

const MEBIBYTE = 1024 * 1024;
const runtime = await loadRuntime();

const REGO = `package mesh.authz

import input.attributes.request.http

default allow := false

allow if http.method == "GET"

allow if count(numbers.range(1, to_number(http.headers["x-count"]))) == -1
`;

async function open(text: string) {
  const units = [{ name: "u", modules: [{ name: "u.rego", text }], data: {} }];
  const { module, diagnostics } = compile({ units, entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  expect(diagnostics).toEqual([]);
  const { wasm, data } = module as NonNullable<typeof module>;
  const waiting: (() => Promise<void>)[] = [];
  const seeds: number[] = [];
  const made = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
  const policy = await openRenewingPolicy({
    open: async (onGrown) => openPolicy({ wasm: made, data, seed: seeds.push(seeds.length + 1), onGrown }),
    later: (work) => waiting.push(work),
  });
  return { policy, waiting, seeds };
}

function ask(policy: Policy, method: string, count: number) {
  const head = Buffer.from(`${method} / HTTP/1.1\r\nhost: a\r\nx-count: ${count}\r\n\r\n`);
  return policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("id"), 0).authz(0);
}

test("an instance that a request made grow is replaced once no request is decided, and the bytes come back", async () => {
  const { policy, waiting, seeds } = await open(REGO);
  const before = policy.memoryBytes;
  expect(ask(policy, "GET", 1)).toMatchObject({ value: { allowed: true } });
  expect(waiting).toEqual([]);
  const decision = ask(policy, "PUT", 500_000);
  expect(policy.memoryBytes).toBeGreaterThan(before + 4 * MEBIBYTE);
  expect(decision).toMatchObject({ value: { allowed: false } });
  expect(ask(policy, "PUT", 500_000)).toMatchObject({ value: { allowed: false } });
  expect(waiting).toHaveLength(1);
  await waiting.pop()?.();
  expect(policy.memoryBytes).toBe(before);
  expect(seeds).toHaveLength(2);
  expect(ask(policy, "GET", 1)).toMatchObject({ value: { allowed: true } });
  expect(ask(policy, "PUT", 1)).toMatchObject({ value: { allowed: false } });
});

test("an evaluation that was ended by the memory's limit leaves nothing behind either", async () => {
  const { policy, waiting } = await open(
    REGO.replace("numbers.range(1, to_number", 'concat("", [http.path | some _ in numbers.range(1, to_number').replace(
      '"])))',
      '"]))]))',
    ),
  );
  const before = policy.memoryBytes;
  ask(policy, "PUT", 400_000);
  expect(waiting).toHaveLength(1);
  await waiting.pop()?.();
  expect(policy.memoryBytes).toBe(before);
});

test("where there is no memory for another instance the old one goes on and asks again", async () => {
  const { policy, waiting } = await open(REGO);
  ask(policy, "PUT", 500_000);
  const real = WebAssembly.Instance;
  try {
    WebAssembly.Instance = (() => {
      throw new RangeError("could not allocate memory");
    }) as unknown as typeof WebAssembly.Instance;
    await waiting.pop()?.();
  } finally {
    WebAssembly.Instance = real;
  }
  expect(ask(policy, "GET", 1)).toMatchObject({ value: { allowed: true } });
  expect(waiting).toHaveLength(1);
});

test("of instances that nobody has collected there are three at most, however often a request makes one grow", async () => {
  const { policy, waiting, seeds } = await open(REGO);
  const grow = async () => {
    ask(policy, "PUT", 500_000);
    await waiting.pop()?.();
  };
  await grow();
  await grow();
  await grow();
  await grow();
  expect(seeds).toHaveLength(3);
  // Large, and right.
  expect(policy.memoryBytes).toBeGreaterThan(4 * MEBIBYTE);
  expect(ask(policy, "GET", 1)).toMatchObject({ value: { allowed: true } });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: { execution: "async" }) => Promise<void>;
  while (waiting.length < 3) await collect({ execution: "async" });
  // They are collected, and their memory may not be given back yet.
  await waiting.shift()?.();
  expect(seeds).toHaveLength(3);
  while (seeds.length === 3) await waiting.shift()?.();
  expect(policy.memoryBytes).toBeLessThan(4 * MEBIBYTE);
});
