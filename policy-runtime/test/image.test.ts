/** A policy that one thread has opened goes on in another instance of its module. */
import { compile } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openFromImage, openImaged, openPolicy, type Policy, RequestId, toHeadTable } from "../src/index.ts";

const runtime = await loadRuntime();
const TUPLES = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`user-${i}`, [`doc-${i % 97}`, i]]));
const REGO = `package mesh.authz
import input.attributes.request.http
default allow := {"allowed": false, "headers": {"x-why": "nothing"}}
allow := {"allowed": true, "headers": {"x-why": why}} if {
	some [doc, number] in [data.tuples[http.headers["x-user"]]]
	doc == input.parsed_path[0]
	why := sprintf("%s %d %s", [doc, number * 7, input.destination.service])
}
allow := {"allowed": true, "headers": {"x-why": grant.why}} if {
	some grant in data.grants
	grant.path == http.path
	http.method in grant.methods
}
`;
const DATA = JSON.stringify({
  tuples: TUPLES,
  grants: Array.from({ length: 50 }, (_, i) => ({ path: `/g/${i}`, methods: ["GET"], why: `grant ${i}` })),
});
const DESTINATION = { service: "orders", namespace: "shop", workload: "orders-1", labels: { app: "orders" }, port: 80 };

function makeModule(): WebAssembly.Module {
  const units = [{ name: "u", modules: [{ name: "u.rego", text: REGO }], data: {} }];
  const { module, diagnostics } = compile({ units, entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  expect(diagnostics).toEqual([]);
  return new WebAssembly.Module((module as NonNullable<typeof module>).wasm as Uint8Array<ArrayBuffer>);
}

function decide(policy: Policy, method: string, path: string, user: string) {
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: a\r\nx-user: ${user}\r\n\r\n`);
  const decision = policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("id"), 0);
  return { value: decision.value(0), fuel: decision.fuelUsed, rules: decision.firedRules() };
}

const request = fc.record({
  method: fc.constantFrom("GET", "PUT"),
  path: fc.oneof(
    fc.nat(96).map((i) => `/doc-${i}`),
    fc.nat(60).map((i) => `/g/${i}`),
  ),
  user: fc.oneof(
    fc.nat(25_000).map((i) => `user-${i}`),
    fc.constantFrom("nobody", ""),
  ),
});

test("what an image gives decides as what was opened from documents, and has read none", async () => {
  const wasm = makeModule();
  const options = { wasm, data: DATA, destination: DESTINATION, seed: 7 };
  const { policy, image } = openImaged(options);
  for (let i = 0; i < 300; i++) decide(policy, "GET", `/doc-${i % 97}`, `user-${i}`); // the image is of before
  let pauses = 0;
  const copy = await openFromImage({ wasm }, image, async () => void pauses++);
  expect(pauses).toBeGreaterThan(3);
  expect(copy.memoryBytes).toBe(openPolicy(options).memoryBytes);
  const fresh = openPolicy(options);
  const read = copy.jsonParses;
  expect(read).toBe(fresh.jsonParses);
  fc.assert(
    fc.property(request, ({ method, path, user }) => {
      expect(decide(copy, method, path, user)).toEqual(decide(fresh, method, path, user));
    }),
    { numRuns: 500 },
  );
  expect(copy.jsonParses).toBe(read);
  // Each has a memory of its own: what one does, the image and the other do not see.
  const other = await openFromImage({ wasm }, image, async () => {});
  expect(decide(other, "GET", "/g/7", "nobody")).toEqual(decide(fresh, "GET", "/g/7", "nobody"));
});

test("an image of another module is refused", async () => {
  const { image } = openImaged({ wasm: makeModule(), data: DATA, seed: 7 });
  const wrong = { ...image, globals: image.globals.slice(1) };
  await expect(openFromImage({ wasm: makeModule() }, wrong, async () => {})).rejects.toThrow("another module's");
});
