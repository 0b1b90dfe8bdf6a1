import { printRecord, toDiagnosticRecord } from "@regomesh/base";
import type { EntrypointKind } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { loadRuntime } from "../shell/runtime-file.ts";

const runtime = await loadRuntime();

function refused(text: string, name: string): readonly string[] {
  const units = [{ name: "u", modules: [{ name: "p.rego", text }], data: {} }];
  const { diagnostics } = compile({ units, entrypoints: [{ unit: "u", name }], runtime, role: "inbound" });
  return diagnostics.map((each) => printRecord(toDiagnosticRecord(each)));
}

test("an entrypoint of any name is held to what a binding asks it for", () => {
  const text = 'package shop\n\nmost contains {"key": "k", "limit": "three", "window": "1m"}\n';
  const units = [{ name: "u", modules: [{ name: "p.rego", text }], data: {} }];
  const says = (kinds: readonly EntrypointKind[] | undefined) => {
    const entrypoint = { unit: "u", name: "shop/most", ...(kinds === undefined ? {} : { kinds }) };
    return compile({ units, entrypoints: [entrypoint], runtime, role: "inbound" }).diagnostics.map(
      ({ message }) => message,
    );
  };
  expect(says(undefined)).toEqual([]);
  expect(says(["limits"])).toEqual(["limit of a limit must be a number, not string"]);
  expect(says(["authz"])).toEqual([expect.stringMatching(/^the decision must be an object, not set/)]);
});

const AUTHZ = ["mesh/authz/allow", "package mesh.authz\n"] as const;
const LIMITS = ["mesh/ratelimit/limits", "package mesh.ratelimit\n"] as const;
const ROUTE = ["mesh/routing/route", "package mesh.routing\n"] as const;

const ROWS: Readonly<
  Record<string, readonly [kind: readonly [string, string], rule: string, says: readonly string[]]>
> = {
  "a limit in words": [
    LIMITS,
    'limits contains {"key": "k", "limit": "three", "window": "1m"}',
    ["p.rego:2:39: decision_type: limit of a limit must be a number, not string"],
  ],
  "a limit in words, in a variable": [
    LIMITS,
    'limits contains limit if {\n\tlimit := {"key": "k", "limit": "three", "window": "1m"}\n}',
    ["p.rego:2:1: decision_type: limit of a limit must be a number, not string"],
  ],
  "an unknown field of a limit": [
    LIMITS,
    'limits contains {"key": "k", "limits": 3, "window": "1m"}',
    [
      'p.rego:2:30: decision_type: a limit has the unknown field "limits"; known are key, limit, window, burst, scope, cost',
    ],
  ],
  "limits that are no set": [
    LIMITS,
    'limits := "none"',
    ["p.rego:2:1: decision_type: limits must be a set or an array of objects, not string"],
  ],
  "a limit of any type": [LIMITS, 'limits contains {"key": input.x, "limit": data.limit, "window": data.window}', []],
  "a verdict in words": [
    AUTHZ,
    'allow := "yes" if input.x\n\nallow := {"allowed": 1, "reason": []} if input.y',
    [
      "p.rego:2:1: decision_type: the decision must be an object, not string",
      "p.rego:4:22: decision_type: allowed of the decision must be a boolean, not number",
    ],
  ],
  "verdicts that are right": [
    AUTHZ,
    'default allow := false\n\nallow if input.x\n\nallow := {"allowed": true, "anything": 1, "headers": {"a": "b"}} if input.y',
    [],
  ],
  "a route's parts": [
    ROUTE,
    'route := {"to": 3, "retry": {"attempts": "2"}, "mirror": [{"to": 1}], "timeut": "1s"}',
    [
      "p.rego:2:17: decision_type: to of the route must be a service's name or an array of targets, not number",
      "p.rego:2:42: decision_type: attempts of retry of the route must be a number, not string",
      "p.rego:2:66: decision_type: to of mirror of the route[0] must be a string, not number",
      'p.rego:2:71: decision_type: the route has the unknown field "timeut"; known are to, timeout, perTry, retry, rewrite, redirect, respond, headers, mirror, fault, hashKey',
    ],
  ],
  "an entrypoint that the mesh does not know": [["my/own", "package my\n"], 'own := "yes"', []],
};

for (const [name, [[entrypoint, head], rule, says]] of Object.entries(ROWS)) {
  test(name, () => expect(refused(head + rule, entrypoint)).toEqual(says));
}
