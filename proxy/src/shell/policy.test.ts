import type { BoundEntrypoint } from "@regomesh/protocol";
import { makeSnapshotFile } from "@regomesh/protocol";
import { describe, expect, test } from "vitest";
import { printMetrics } from "../metrics/print-metrics.ts";
import { type Bench, statuses } from "../test/bench.ts";
import { type MadePolicy, makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { get, out, setUp } from "../test/policy-bench.ts";

test("a policy decides on the normalised path and the fields, and nothing else goes on", async () => {
  const inbound = makePolicy(
    makeAuthz('default allow := false\n\nallow if {\n\thttp.path == "/ok"\n\thttp.headers["x-user"] == "alice"\n}'),
  );
  const { backend, bench } = await setUp({}, { inbound });
  expect(statuses(await get(bench, "/a/../ok", "X-User: alice\r\n"))).toEqual([200]);
  const refused = await get(bench, "/ok", "X-User: bob\r\n");
  expect(statuses(refused)).toEqual([403]);
  expect(refused).toMatch(/x-regomesh-decision: ([0-9A-Z]{10})\r\n[\s\S]*"decision":"\1"/);
  expect(refused).not.toContain(".rego");
  expect(backend.seen).toEqual(["GET /ok"]);
});

test("a port of both families has IPv4 clients by their IPv4 addresses, as Envoy does", async () => {
  const rules = `default allow := false

allow if {
	input.attributes.source.address.socketAddress.address == "127.0.0.1"
	input.attributes.destination.address.socketAddress.address == "127.0.0.1"
}`;
  const [port] = makeWorkload().inbound;
  if (port === undefined) throw new Error("a workload has a port");
  const { bench } = await setUp(
    { inbound: [{ ...port, listen: { address: "::", port: 0 } }] },
    { inbound: makePolicy(makeAuthz(rules)) },
  );
  const asked = { ...bench, inbound: bench.proxy.addresses.inbound["http"]?.port ?? 0 };
  expect(statuses(await get(asked, "/"))).toEqual([200]);
});

test("a demo's denials name rule and place", async () => {
  const inbound = makePolicy(makeAuthz("default allow := false"));
  const { bench } = await setUp({}, { inbound }, { explain: true });
  const refused = await get(bench, "/");
  expect(refused).toContain('"rule":"data.mesh.authz.allow","place":"authz-one.rego:5"');
});

test("an object gives the status, fields and content of a denial, and the fields of a request", async () => {
  const rules = [
    'allow := {"allowed": true, "headers": {"x-given": "by policy"}, "response_headers_to_add": {"x-added": "1"}} if http.path == "/ok"',
    'allow := {"allowed": false, "http_status": 418, "headers": {"x-why": "tea"}, "body": "no coffee"} if http.path != "/ok"',
  ];
  const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz(rules.join("\n\n"))) });
  const allowed = await get(bench, "/ok");
  expect(allowed).toContain("x-backend: by policy");
  expect(allowed).toContain("x-added: 1");
  const refused = await get(bench, "/tea");
  expect(statuses(refused)).toEqual([418]);
  expect(refused).toMatch(/x-why: tea[\s\S]*\r\n\r\nno coffee$/);
});

test("a policy adds no word of the mesh's own to a response", async () => {
  const added = '{"x-regomesh-decision": "forged", "X_Regomesh_Reason": "forged", "x-added": "1"}';
  const rules = `allow := {"allowed": true, "response_headers_to_add": ${added}}`;
  const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz(rules)) });
  const response = await get(bench, "/");
  expect(response).toContain("x-added: 1");
  expect(response).not.toContain("forged");
});

test("a denial says by itself which decision it is and how long its content, whatever its policy says", async () => {
  const headers =
    '{"X-Regomesh-Decision": "forged", "x_regomesh_decision": "forged", "Content_Length": "1", "x-why": "tea"}';
  const { bench } = await setUp(
    {},
    { inbound: makePolicy(makeAuthz(`allow := {"allowed": false, "headers": ${headers}}`)) },
  );
  const refused = await get(bench, "/tea");
  expect(refused).toMatch(/x-why: tea/);
  expect(refused).not.toMatch(/forged|content_length/i);
  expect(refused.match(/x-regomesh-decision: [0-9A-Z]+\r/g)).toHaveLength(1);
});

test.each([
  ["is not defined", 'allow if http.path == "/never"', 403, "denied"],
  [
    "has two values",
    'allow := true if http.path == "/"\n\nallow := false if http.method == "GET"',
    503,
    "policy_conflict",
  ],
  ["is of the wrong type", 'allow := "yes"', 503, "policy_type_error"],
  [
    "runs away",
    "allow if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\ta * b < 0\n}",
    503,
    "policy_fuel_exhausted",
  ],
  ["runs away in a built-in", "allow if count(numbers.range(1, 1000000000)) > 0", 503, "policy_"],
])("a policy that %s denies, and the next request is decided anew", async (_, rules, status, reason) => {
  const { bench, backend } = await setUp({}, { inbound: makePolicy(makeAuthz(rules)) });
  for (let i = 0; i < 2; i++) {
    const text = await get(bench, "/");
    expect(statuses(text)).toEqual([status]);
    expect(text).toContain(`"reason":"${reason}`);
  }
  expect(backend.seen).toEqual([]);
});

test("a built-in error leaves the policy's default to decide, and is counted", async () => {
  const inbound = makePolicy(makeAuthz('default allow := false\n\nallow if to_number(http.headers["x-n"]) == 1'));
  const { bench } = await setUp({}, { inbound });
  expect(statuses(await get(bench, "/", "X-N: 1\r\n"))).toEqual([200]);
  expect(statuses(await get(bench, "/", "X-N: one\r\n"))).toEqual([403]);
  const { recent } = await bench.proxy.plane.read();
  expect(recent.map(({ builtinErrors }) => builtinErrors)).toEqual([1, 0]);
});

test("every mandatory unit and the most specific other tier must allow", async () => {
  const when = (unit: string, path: string, tier: "mandatory" | "workload" | "default") =>
    makeAuthz(`allow if startswith(http.path, "${path}")`, { unit, tier });
  const inbound = makePolicy(
    when("a", "/m", "mandatory"),
    when("b", "/m/w", "workload"),
    when("c", "/never", "default"),
  );
  const { bench } = await setUp({}, { inbound });
  const answers = await Promise.all(["/m/w", "/m", "/w", "/never"].map((path) => get(bench, path)));
  expect(answers.flatMap(statuses)).toEqual([200, 403, 403, 403]);
});

describe("a unit in shadow decides nothing, and what it would have changed is counted and recorded", () => {
  const inShadow = (rules: string, change: Partial<BoundEntrypoint> = {}) =>
    makeAuthz(rules, { unit: "s", mode: "shadow", ...change });
  const shadowsOf = async (bench: Bench) => (await bench.proxy.plane.read()).shadows;

  test("where it would deny what passes, and agree with what does not", async () => {
    const inbound = makePolicy(
      makeAuthz('allow if startswith(http.path, "/open")'),
      inShadow('allow if http.path == "/open"'),
    );
    const { bench } = await setUp({}, { inbound });
    const answers = await Promise.all(["/open", "/open/b", "/open/c", "/other"].map((path) => get(bench, path)));
    expect(answers.flatMap(statuses)).toEqual([200, 200, 200, 403]);
    const reading = await bench.proxy.plane.read();
    expect(reading.shadows).toEqual([
      {
        direction: "inbound",
        binding: "authz-s-binding",
        unit: "s",
        entrypoint: "authz-s/mesh/authz/allow",
        decisions: 4,
        changes: { allow: 0, deny: 2, limit: 0, route: 0, break: 0 },
      },
    ]);
    const differing = reading.recent.filter(({ shadows }) => shadows.length > 0);
    expect(
      differing.map(({ path, verdict, shadows: [one] }) => [path, verdict, one?.binding, one?.would]).sort(),
    ).toEqual([
      ["/open/b", "allowed", "authz-s-binding", "deny"],
      ["/open/c", "allowed", "authz-s-binding", "deny"],
    ]);
    const label = 'direction="inbound",binding="authz-s-binding",entrypoint="authz-s/mesh/authz/allow"';
    const metrics = printMetrics(reading, undefined);
    expect(metrics).toContain(`regomesh_shadow_decisions_total{${label},would="deny"} 2`);
    expect(metrics).toContain(`regomesh_shadow_decisions_total{${label},would="same"} 2`);
  });

  test("where it would allow, as the most specific of its tiers, what another denies", async () => {
    const inbound = makePolicy(makeAuthz("allow := false", { tier: "default" }), inShadow("allow := true"));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([403]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ allow: 1 });
  });

  test("nothing, where its tier would not count", async () => {
    const inbound = makePolicy(makeAuthz("allow := true"), inShadow("allow := false", { tier: "default" }));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 1, changes: { deny: 0 } });
  });

  test("where it would go wrong", async () => {
    const inbound = makePolicy(makeAuthz("allow := true"), inShadow('allow := "yes"'));
    const { bench } = await setUp({}, { inbound });
    expect(statuses(await get(bench, "/"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ break: 1 });
  });

  test("where all that is bound is in shadow: the mesh's default verdict stands", async () => {
    const { bench } = await setUp({ defaultVerdict: "deny" }, { inbound: makePolicy(inShadow("allow := true")) });
    expect(statuses(await get(bench, "/"))).toEqual([403]);
    expect((await shadowsOf(bench))[0]?.changes).toMatchObject({ allow: 1 });
  });

  test("a limit counts in a bucket of its own", async () => {
    const shadow = { ...limited, entrypoints: [{ ...limited.entrypoints[0], mode: "shadow" as const }] };
    const { bench } = await setUp({}, { inbound: makePolicy(makeAuthz("allow := true"), shadow) });
    for (let i = 0; i < 5; i++) expect(statuses(await get(bench, "/", "X-User: alice\r\n"))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 5, changes: { limit: 2 } });
  });

  test("a route that would lead elsewhere", async () => {
    const unit = (name: string, rules: string, mode: "enforce" | "shadow") => ({
      name,
      rego: `package mesh.routing\n\nimport input.attributes.request.http\n\n${rules}\n`,
      entrypoints: [{ name: "mesh/routing/route", kind: "route" as const, mode }],
    });
    const outbound = makePolicy(
      unit("now", 'route := {"to": "orders", "timeout": "3s"}', "enforce"),
      unit("next", 'route := {"to": "orders", "timeout": "2s"} if http.path == "/other"', "shadow"),
    );
    const { bench } = await setUp({}, { outbound });
    for (const path of ["/same", "/other"]) expect(statuses(await out(bench, path))).toEqual([200]);
    expect(await shadowsOf(bench)).toMatchObject([{ direction: "outbound", decisions: 2 }]);
  });

  test("a route that would lead elsewhere, as the only one", async () => {
    const outbound = makePolicy({
      name: "next",
      rego: 'package mesh.routing\n\nroute := {"to": "orders"} if input.attributes.request.http.path == "/other"\n',
      entrypoints: [{ name: "mesh/routing/route", kind: "route", mode: "shadow" }],
    });
    const { bench } = await setUp({}, { outbound });
    for (const path of ["/same", "/other"]) expect(statuses(await out(bench, path))).toEqual([200]);
    expect((await shadowsOf(bench))[0]).toMatchObject({ decisions: 2, changes: { route: 1 } });
  });
});

const limited = {
  name: "limits",
  rego: 'package mesh.ratelimit\n\nlimits contains {"key": input.attributes.request.http.headers["x-user"], "limit": 3, "window": "1h", "burst": 3}\n',
  entrypoints: [{ name: "mesh/ratelimit/limits", kind: "limits" }],
} as const;

test.each([1, 2])("a limit holds over all connections and %d threads", async (workers) => {
  const inbound = makePolicy(makeAuthz("allow := true"), limited);
  const { bench } = await setUp({}, { inbound }, { proxy: { workers, sockets: undefined } });
  const texts = await Promise.all(Array.from({ length: 12 }, () => get(bench, "/", "X-User: alice\r\n")));
  expect(texts.flatMap(statuses).sort()).toEqual([200, 200, 200, ...Array(9).fill(429)]);
  expect(texts.find((text) => text.includes("429"))).toMatch(/retry-after: \d+/);
  expect(statuses(await get(bench, "/", "X-User: bob\r\n"))).toEqual([200]);
});

test("a refusal by one unit's limit takes nothing of another's", async () => {
  const limit = (unit: string, rule: string) => ({
    name: unit,
    rego: `package mesh.ratelimit\n\nimport input.attributes.request.http\n\nlimits contains ${rule}\n`,
    entrypoints: [{ name: "mesh/ratelimit/limits", kind: "limits" as const }],
  });
  const inbound = makePolicy(
    limit("a", '{"key": "all", "limit": 3, "window": "1h", "burst": 3}'),
    limit("b", '{"key": "none", "limit": 0, "window": "1h", "burst": 1} if http.path == "/refused"'),
  );
  const { bench } = await setUp({}, { inbound });
  for (let turn = 0; turn < 6; turn++) {
    const text = await get(bench, "/refused");
    expect(statuses(text)).toEqual([429]);
    // No time comes at which it would pass.
    expect(text).not.toMatch(/retry-after/i);
  }
  const passed = [await get(bench, "/"), await get(bench, "/"), await get(bench, "/"), await get(bench, "/")];
  expect(passed.flatMap(statuses)).toEqual([200, 200, 200, 429]);
  expect(passed[3]).toMatch(/retry-after: \d+/i);
});

test("a policy that reads the body is refused, and the old snapshot stays", async () => {
  const { bench } = await setUp({}, {});
  const made = makePolicy(makeAuthz('allow if input.parsed_body.user == "alice"'));
  const workload = makeWorkload({ policies: { inbound: made.ref } });
  const file = makeSnapshotFile(makeSnapshot(workload), [made.module]);
  await expect(bench.proxy.applyFile(file)).rejects.toThrow("reads the request's body");
  expect(statuses(await get(bench, "/"))).toEqual([200]);
});

test("of 200 swaps between two policies no request mixes", async () => {
  const version = (name: string): MadePolicy =>
    makePolicy(
      makeAuthz(
        `allow := {"allowed": true, "headers": {"x-given": "${name}"}, "response_headers_to_add": {"x-version": "${name}"}}`,
      ),
    );
  const versions = [version("one"), version("two")];
  const { bench } = await setUp({}, {});
  let isDone = false;
  const asking = (async () => {
    const texts: string[] = [];
    while (!isDone) texts.push(await get(bench, "/"));
    return texts;
  })();
  for (let turn = 0; turn < 200; turn++) {
    const made = versions[turn % 2] as MadePolicy;
    const workload = makeWorkload({ policies: { inbound: made.ref } });
    await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), [made.module]));
  }
  isDone = true;
  const texts = (await asking).slice(1);
  const pairs = texts.map((text) => [/x-backend: (\w+)/.exec(text)?.[1], /x-version: (\w+)/.exec(text)?.[1]]);
  for (const [given, said] of pairs) if (said !== undefined) expect(given).toBe(said);
  expect(texts.flatMap(statuses).every((status) => status === 200)).toBe(true);
});
