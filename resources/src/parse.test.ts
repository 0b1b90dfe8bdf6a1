import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Diagnostic, printDiagnostic, printRecord, toDiagnosticRecord } from "@regomesh/base";
import { describe, expect, test } from "vitest";
import { mentionsGroup } from "./group.ts";
import { API_VERSION } from "./kinds/metadata.ts";
import { parseResources } from "./parse.ts";
import { locate } from "./resource.ts";

const read = (text: string) => parseResources({ name: "mesh.yaml", text });
const printRecordOf = (diagnostic: Diagnostic) => printRecord(toDiagnosticRecord(diagnostic));
const head = (kind: string, name = "x") =>
  `apiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;

describe("parseResources", () => {
  test("fills every default", () => {
    const { resources, diagnostics } = read(
      `${head("TrafficPolicy")}spec: { services: [orders], timeouts: { request: 2s } }`,
    );
    expect(diagnostics).toEqual([]);
    expect(resources[0]?.metadata).toEqual({ name: "x", namespace: "default", labels: {}, annotations: {} });
    expect(resources[0]?.spec).toEqual({
      services: ["orders"],
      balancer: "LeastRequest",
      timeouts: { connect: 5000, request: 2000, idle: 90_000 },
      retries: { attempts: 2, on: ["connect", "reset", "gateway-error"], budgetPercent: 20, budgetMin: 3 },
      breaker: { failures: 5, open: 1000, openMax: 30_000 },
      pool: { connectionsMax: 1024, pendingMax: 1024 },
    });
  });

  test("takes 0s for none wherever a duration stands", () => {
    const spec = `spec:
  services: [orders]
  timeouts: { connect: 0s, request: 0s, idle: 0s }
  retries: { perTry: 0s }
  breaker: { open: 0s, openMax: 0s }`;
    const { resources, diagnostics } = read(head("TrafficPolicy") + spec);
    expect(diagnostics).toEqual([]);
    expect(resources[0]?.spec).toMatchObject({
      timeouts: { connect: 0, request: 0, idle: 0 },
      retries: { perTry: 0 },
      breaker: { open: 0, openMax: 0 },
    });
  });

  test("reads an entrypoint in its short form", () => {
    const spec =
      "spec: { unit: policies/mesh, direction: Inbound, entrypoints: [mesh/authz/allow, { name: my/own, kind: Authz }] }";
    const [binding] = read(head("PolicyBinding") + spec).resources;
    expect(binding?.kind === "PolicyBinding" && binding.spec.entrypoints).toEqual([
      { name: "mesh/authz/allow" },
      { name: "my/own", kind: "Authz" },
    ]);
  });

  test("reads many documents and skips empty and foreign ones", () => {
    const workload = `${head("Workload")}spec: { service: x }`;
    const { resources, diagnostics } = read(
      `---\n---\n${workload}\n---\napiVersion: apps/v1\nkind: Deployment\n---\n${workload}`,
    );
    expect(resources.map((resource) => resource.kind)).toEqual(["Workload", "Workload"]);
    expect(diagnostics).toEqual([]);
  });

  test("reads the members of a List, and JSON with its tabs, each with its place", () => {
    const workload = (name: string) => ({ apiVersion: API_VERSION, kind: "Workload", metadata: { name }, spec: {} });
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: [workload("a"), { apiVersion: "v1", kind: "Pod" }, workload("b")],
    };
    const { diagnostics } = parseResources({ name: "mesh.JSON", text: JSON.stringify(list, undefined, "\t") });
    expect(diagnostics.map(printRecordOf)).toEqual([
      "mesh.JSON:11:12: resource_missing: spec.service is missing",
      "mesh.JSON:23:12: resource_missing: spec.service is missing",
    ]);
    const nested = {
      apiVersion: "regomesh.dev/v1alpha1",
      kind: "WorkloadList",
      items: [{ kind: "List", items: [workload("c")] }],
    };
    expect(parseResources({ name: "mesh.yaml", text: JSON.stringify(nested) }).diagnostics).toHaveLength(1);
  });

  test.each([
    ["an alias", "kind: Deployment\napiVersion: apps/v1\nspec: { a: &x 1, b: *x }\n"],
    ["no apiVersion", "on: push\njobs: {}\n"],
    ["another apiVersion", "apiVersion: kustomize.config.k8s.io/v1beta1\nresources: []\n"],
    ["what is not YAML", "a: {{ .Values.x }}\n b: [\n"],
  ])("another tool's document with %s refuses nothing", (_, foreign) => {
    const workload = `${head("Workload")}spec: { service: x }\n`;
    const { resources, diagnostics } = read(`${foreign}---\n${workload}`);
    expect(diagnostics).toEqual([]);
    expect(resources.map(({ kind }) => kind)).toEqual(["Workload"]);
  });

  test.each([
    "regomesh.io/v1alpha1",
    "regmesh.dev/v1alpha1",
    "policy.regomesh.dev/v1",
    "Regomesh.dev/v1alpha1",
    "rego-mesh.dev/v1",
  ])("a document of %s is named, not passed over", (version) => {
    const text = `apiVersion: ${version}\nkind: Workload\nmetadata: { name: a }\nspec: { service: x }\n`;
    expect(mentionsGroup(text)).toBe(true);
    expect(read(text).diagnostics.map(({ message }) => message)).toEqual([`unknown apiVersion ${version}`]);
  });

  test.each([
    "apiVersion: apps/v1",
    "apiVersion: kyverno.io/v1",
    '{"name": "regomesh"}',
    "uses: regomesh.dev/setup@v1",
    "apiVersion: v1",
  ])("a file that says %s speaks of nothing of ours", (text) => {
    expect(mentionsGroup(text)).toBe(false);
  });

  test.each([
    ["anchors without an end", "apiVersion:&".repeat(300_000), false],
    [
      "more groups than there are",
      Array.from({ length: 300_000 }, (_, at) => `apiVersion: ${at}.io/v1`).join("\n"),
      true,
    ],
  ])("%s are looked through once", (_, text, expected) => {
    expect(mentionsGroup(text)).toBe(expected);
  });

  test("a text that was no UTF-8 gives no resource, and its heads", () => {
    const text = `${head("Workload")}spec: { service: x }\n# caf\uFFFD\n`;
    const { resources, heads, diagnostics } = parseResources({ name: "mesh.yaml", text, illegalAt: text.length - 2 });
    expect([resources, heads.map(({ kind }) => kind)]).toEqual([[], ["Workload"]]);
    expect(diagnostics.map(printRecordOf)).toEqual(["mesh.yaml:5:6: yaml_syntax: illegal utf-8 character"]);
  });

  test("a Policy's data has the numbers that its text has, or is refused", () => {
    const refusedOf = (data: string) =>
      read(`${head("Policy")}spec:\n  modules: { a.rego: package a }\n  data: { x: ${data} }\n`).diagnostics.map(
        ({ message }) => message,
      );
    for (const data of ["1e400", ".inf", "-.inf", ".nan"])
      expect([data, ...refusedOf(data)]).toEqual([data, "spec.data.x is no number that JSON has"]);
    for (const data of ["9007199254740993", "-9007199254740993", "[1, 12345678901234567890123]", "0x20000000000001"])
      expect([data, ...refusedOf(data)]).toEqual([data, expect.stringContaining(" has more digits than are kept")]);
    expect(refusedOf("!!binary aGk=")).toEqual(["spec.data.x is nothing that is read here"]);
    const kept = [
      "9007199254740991",
      "9007199254740992",
      "1e300",
      "1.50",
      "-0",
      "0x1F",
      "+12",
      "10000000000000000000000",
    ];
    expect(kept.flatMap(refusedOf)).toEqual([]);
  });

  test("a key that stands twice is a fault of its document alone", () => {
    const workload = `${head("Workload")}spec: { service: x }\n`;
    const { resources, diagnostics } = read(
      `${head("Workload")}spec:\n  service: x\n  service: y\n---\n${workload}---\na: { b: 1, b: 2 }\n`,
    );
    expect(resources).toHaveLength(1);
    expect(diagnostics.map(printRecordOf)).toEqual(["mesh.yaml:6:3: yaml_syntax: map keys must be unique"]);
  });

  test("of a document that is broken all through, the first errors are told", () => {
    const { diagnostics } = read(`${head("Workload")}spec: ${"&a ".repeat(1000)}\n`);
    expect(diagnostics.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => "yaml_syntax"));
  });

  test("however many keys a mapping has, each is looked at once", () => {
    const cpuMs = (keys: number): number => {
      const rows = Array.from({ length: keys }, (_, at) => `    k${at}: ${at}\n`).join("");
      const text = `${head("Policy")}spec:\n  modules: { a.rego: package a }\n  data:\n${rows}`;
      const before = process.cpuUsage();
      expect(read(text).diagnostics).toEqual([]);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    cpuMs(4000);
    // Sixteen times the keys are sixteen times the work; the parser's own look was 250 times.
    expect(cpuMs(48_000)).toBeLessThan(80 * Math.max(cpuMs(3000), 10));
  });

  test("knows where each value stands", () => {
    const [resource] = read(`${head("Workload")}spec:\n  service: orders\n`).resources;
    if (resource === undefined) throw new Error("no resource");
    const text = (path: string) => {
      const { span } = locate(resource, path);
      return resource.source.text.slice(span.start, span.end);
    };
    expect(text("spec.service")).toBe("orders");
    expect(text("spec.ports[3].listen")).toBe("service: orders\n");
  });

  test("a labels key __proto__ is refused, and touches nothing", () => {
    const { resources, diagnostics } = read(
      `${head("Workload").replace("name: x", "name: x, labels: { __proto__: v }")}spec: { service: x }`,
    );
    expect(resources).toEqual([]);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "metadata.labels has a key __proto__, which is no name",
    ]);
    expect(({} as Record<string, unknown>)["v"]).toBeUndefined();
  });

  for (const [name, text] of [
    ["flow nesting", `a: ${"[".repeat(100_000)}`],
    ["sequence nesting", "- ".repeat(100_000)],
    ["explicit keys", `apiVersion: regomesh.dev/v1alpha1\n${"? ".repeat(100_000)}`],
    ["a long file", `a: ${"x".repeat(1_100_000)}`],
    ["aliases", `${head("Workload")}spec: { service: &a orders, ports: [*a] }`],
    ["many documents", "---\na: 1\n".repeat(2000)],
  ] as const) {
    test(`hostile ${name} is refused with a diagnostic`, () => {
      const { resources, diagnostics } = read(text);
      expect(resources).toEqual([]);
      expect(diagnostics.length).toBeGreaterThan(0);
      expect(diagnostics.every(({ severity }) => severity === "error")).toBe(true);
    });
  }
});

describe("diagnostics", () => {
  const folder = join(import.meta.dirname, "../test/golden");
  for (const file of readdirSync(folder)) {
    test(file, async () => {
      const [input = ""] = readFileSync(join(folder, file), "utf8").split("\n-----\n");
      const printed = read(input).diagnostics.map(printDiagnostic).join("\n");
      await expect(`${input}\n-----\n${printed}\n`).toMatchFileSnapshot(join(folder, file));
    });
  }
});
