/** A document of 100,000 tuples: what it takes, and that each is found in it and nothing else is. */
import { compile, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";

const TUPLES = 100_000;
/** Goal of what they take; the memory's last growth adds up to a quarter that nothing touches. */
const DATA_BYTES_MAX = 20_000_000;

const REGO = `package mesh.authz

import input.attributes.request.http

default allow := false

allow if "viewer" in data.tuples[http.headers["x-tuple"]]
`;

const keyOf = (i: number) => `user-${i}#document:${(i * 7919) % TUPLES}`;
const runtime = await loadRuntime();

function makePolicy() {
  const tuples = Object.fromEntries(Array.from({ length: TUPLES }, (_, i) => [keyOf(i), ["viewer"]]));
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text: REGO }] });
  const { module } = compile({ units: [unit], entrypoints: [{ unit: "u", name: "mesh/authz/allow" }], runtime });
  if (module === undefined) throw new Error("the policy does not compile");
  const policy = openPolicy({ wasm: module.wasm, data: JSON.stringify({ tuples }), seed: 0x5eed });
  const isAllowed = (key: string): boolean => {
    const head = Buffer.from(`GET / HTTP/1.1\r\nhost: a\r\nx-tuple: ${key}\r\n\r\n`, "latin1");
    const outcome = policy.decide(head, head.length, toHeadTable(head), 1, new RequestId(), 0).authz(0);
    return outcome.kind === "defined" && outcome.value.allowed;
  };
  return { policy, isAllowed };
}

test("100,000 tuples take less than 20 MB, and each is found", () => {
  const { policy, isAllowed } = makePolicy();
  expect(policy.memoryBytes).toBeLessThan(DATA_BYTES_MAX * 1.25);
  for (let i = 0; i < TUPLES; i += 97) expect(isAllowed(keyOf(i)), keyOf(i)).toBe(true);
  for (let i = 0; i < TUPLES; i += 997) expect(isAllowed(`${keyOf(i)}0`), keyOf(i)).toBe(false);
});
