/**
 * Iterations that indexes of data narrow answer as those that go over all: value, rules that fired, errors of
 * built-ins. The module without the pass says so, and the interpreter, which knows no index. Indexes that
 * are wrong on purpose must be found out by the same comparison.
 */
import { type ConnectionContext, openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planRequest } from "../compile.ts";
import { coreOf } from "../core/from-ir.ts";
import type { DataIndex } from "../core/index-node.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import { eachOp } from "../core/walk.ts";
import { emitCore } from "../emit/module.ts";
import { interpret } from "../interpret/interpret.ts";
import { parseValue, printJson } from "../interpret/text.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { toUnit } from "../unit/unit.ts";
import { indexData } from "./data-index.ts";

const runtime = await loadRuntime();
const SEED = Number(process.env["REGOMESH_SEED"] ?? 15);

function planOf(rules: readonly string[]): IrPolicy {
  const text = ["package p", ...rules].join("\n");
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text }] });
  const { policy, diagnostics } = planRequest({ units: [unit], entrypoints: [{ unit: "u", name: "p/out" }] });
  if (policy === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("; ")}\n${text}`);
  return policy;
}

// ── asking ──

/** `j` is JSON text. */
type Request = { readonly method: string; readonly path: string; readonly a: string; readonly j: string };

const CONTEXT: ConnectionContext = {
  ...{ scheme: "https", principal: "p", trustDomain: "t", namespace: "n", serviceAccount: "s" },
  ...{ sourceAddress: "127.0.0.1", sourcePort: 1, destinationAddress: "127.0.0.1", destinationPort: 2 },
  destinationPrincipal: undefined,
};

type Ask = (request: Request) => readonly [value: unknown, errors: number, fired: readonly string[]];

function indexedOf(
  policy: IrPolicy,
  change: (indexes: CoreModule["indexes"]) => CoreModule["indexes"] = (same) => same,
) {
  const module = coreOf(policy);
  indexData(module);
  module.indexes = change(module.indexes);
  return module;
}

/** The module as it is, without the pass. */
function emitted(module: CoreModule): Uint8Array {
  return emitCore({ module, runtime, without: new Set(["data-index"]) }).wasm;
}

function askerOf(module: CoreModule, data: string): Ask {
  const wasm = emitted(module);
  const open = openPolicy({ wasm, data, seed: 1 });
  open.setConnection(CONTEXT);
  return ({ method, path, a, j }) => {
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: h\r\nx-a: ${a}\r\nx-j: ${j}\r\n\r\n`, "latin1");
    const decision = open.decide(head, head.length, toHeadTable(head), 1, RequestId.of("i"), 0);
    const outcome = decision.value(0);
    const value = outcome.kind === "defined" ? outcome.value : outcome.kind;
    return [value, decision.builtinErrors, decision.firedRules().map(({ row, column }) => `${row}:${column}`)];
  };
}

function interpreted(policy: IrPolicy, data: string, { method, path, a, j }: Request): unknown {
  const builtin = (name: string, args: readonly unknown[]) => {
    if (name === "json.unmarshal") return parseValue(args[0] as string);
    if (name !== "count") throw new Error(`${name}: operand`);
    throw new Error("nothing to count");
  };
  const headers = { "x-a": a, "x-j": j };
  const segments = path.replace(/^\/+/, "").split("/");
  const input = JSON.stringify({ attributes: { request: { http: { method, path, headers } } }, parsed_path: segments });
  const answer = interpret({ policy, entrypoint: "p/out", data, input, builtin });
  if (answer.kind === "fault") return "fault";
  const [result] = answer.results.map((found) => JSON.parse(printJson(found)) as { readonly result: unknown });
  return result === undefined ? "undefined" : result.result;
}

// ── data ──

const WORDS = ["a", "b", "c", "GET", "PUT", "*", "", "1"];
const word = fc.constantFrom(...WORDS);
const odd = fc.constantFrom<unknown>(1, 2, true, false, null, 1.5, [], ["a"], { x: "a" }, 1e300);
const scalar = fc.oneof({ weight: 5, arbitrary: word as fc.Arbitrary<unknown> }, odd);
const list = fc.oneof(
  { weight: 6, arbitrary: fc.array(word, { maxLength: 4 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.dictionary(word, scalar, { maxKeys: 3 }) as fc.Arbitrary<unknown> },
);
const member = fc.record(
  { k: scalar, tags: fc.oneof(list, scalar), path: fc.oneof({ weight: 9, arbitrary: list }, scalar), ref: scalar },
  { requiredKeys: [] },
);
const counted = fc.record({ k: scalar, tags: list, path: list, ref: word });
const many = (of: fc.Arbitrary<unknown>) =>
  fc.oneof(fc.array(of, { maxLength: 12 }), fc.dictionary(fc.string({ maxLength: 3 }), of, { maxKeys: 12 }));
const DATA = fc
  .record({
    items: fc.oneof(many(counted), many(member), many(scalar), scalar),
    groups: fc.dictionary(word, fc.oneof(many(counted), many(member), scalar)),
    by: fc.dictionary(word, fc.oneof(many(word), many(scalar), scalar)),
  })
  .map((data) => JSON.stringify(data));

const REQUEST: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom("GET", "PUT", "POST"),
  path: fc
    .array(fc.constantFrom("a", "b", "c", "*", "1", "zz"), { maxLength: 4 })
    .map((parts) => `/${parts.join("/")}`),
  a: fc.constantFrom("a", "b", "c", "1", "*", "zz"),
  j: fc.oneof(scalar, list).map((value) => JSON.stringify(value)),
});

// ── policies ──

const HEADERS = "input.attributes.request.http.headers";
const KEYS = ["input.attributes.request.http.method", `${HEADERS}["x-a"]`, "j", "input.parsed_path", '"a"', "1"];
const SEGMENTS = ["input.parsed_path", "j"];
const key = fc.constantFrom(...KEYS);
const segments = fc.constantFrom(...SEGMENTS);

/** Of a member `x`. */
const CONDITION = fc.oneof(
  { weight: 4, arbitrary: key.map((k) => `x.k == ${k}`) },
  key.map((k) => `${k} = x.k`),
  { weight: 4, arbitrary: key.map((k) => `${k} in x.tags`) },
  key.map((k) => `${k} == x`),
  segments.map((k) => `count(x.path) == count(${k})`),
  segments.map((k) => `count(${k}) == count(x.path)`),
  { weight: 3, arbitrary: segments.map((k) => `every i, s in x.path { s in {"*", ${k}[i]} }`) },
  segments.map((k) => `every i, s in x.path { s == ${k}[i] }`),
  segments.map((k) => `matches(x.path, ${k})`),
  segments.map((k) => `fits(x, ${k})`),
  key.map((k) => `x.k != ${k}`),
  key.map((k) => `not x.k == ${k}`),
  fc.constantFrom("count(x.tags) > 0", "noted(x)", 'x.k in {"a", "b", 1}', "some t in x.tags; t == j"),
  key.map((k) => `data.by[x.ref].k == ${k}`),
);

const LOOPS = [
  "some x in data.items",
  "some i, x in data.items",
  "x := data.items[i]",
  `some x in data.groups[${HEADERS}["x-a"]]`,
  `some g in data.by[${HEADERS}["x-a"]]; some x in data.groups[g]`,
  "some g in data.items; some x in data.groups[g.ref]",
  "some g in data.groups; some x in g",
  "some y in data.items; some x in y.tags",
  "some y in data.items; y.k == j; some x in y.path",
];

const RULES = fc
  .tuple(
    fc.constantFrom(...LOOPS),
    // Twice would declare a variable twice.
    fc.uniqueArray(CONDITION, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("r", "r contains x", 'r contains {"i": i}', "r := true"),
    fc.constantFrom("", "", "", ' with data.items as [{"k": "a", "tags": ["a"]}]', ' with data.groups as {"a": []}'),
  )
  .map(([loop, conditions, head, within]) => {
    const hasIndex = /\bi\b/.test(loop);
    const rule = `${head.includes('"i"') && !hasIndex ? "r contains x" : head} if { j; ${loop}; ${conditions.join("; ")} }`;
    return [
      rule,
      `j := json.unmarshal(${HEADERS}["x-j"])`,
      'matches(pattern, path) if { count(pattern) == count(path); every i, s in pattern { s in {"*", path[i]} } }',
      "fits(x, path) if { x.path[0] == path[0]; matches(x.path, path) }",
      'noted(x) if x.k != "c"',
      `out := r if true${within}`,
      ...(head === "r" ? ["default r := false"] : []),
    ];
  });

test("narrowed iterations answer as those over all members", () => {
  let narrowed = 0;
  let proven = 0;
  fc.assert(
    fc.property(RULES, DATA, fc.array(REQUEST, { minLength: 4, maxLength: 10 }), (rules, data, requests) => {
      const plan = planOf(rules);
      const indexed = indexedOf(plan);
      for (const { body } of codesOf(indexed)) {
        eachOp(body, (op) => {
          if (op.kind !== "narrow") return;
          narrowed++;
          if (op.sure !== undefined) proven++;
        });
      }
      const [plain, fast] = [askerOf(coreOf(plan), data), askerOf(indexed, data)];
      for (const request of requests) {
        const told = fast(request);
        expect(told, JSON.stringify(request)).toEqual(plain(request));
        const wanted = interpreted(plan, data, request);
        expect(told[0], JSON.stringify(request)).toEqual(wanted);
      }
    }),
    { seed: SEED, numRuns: Number(process.env["REGOMESH_RUNS"] ?? 150) },
  );
  expect(narrowed).toBeGreaterThan(40);
  expect(proven).toBeGreaterThan(10);
});

// ── what an index is for ──

const LARGE = JSON.stringify({
  items: Array.from({ length: 2000 }, (_, i) => ({
    k: `k${i}`,
    tags: [`t${i % 70}`, `t${i % 3}`],
    path: ["a", `p${i}`, "*"],
  })),
});

test.each([
  ["by a field", `some x in data.items; x.k == ${HEADERS}["x-a"]`, { a: "k7" }],
  ["by a member", `some x in data.items; ${HEADERS}["x-a"] in x.tags; x.k == "k7"`, { a: "t1" }],
  [
    "by segments",
    'some x in data.items; every i, s in x.path { s in {"*", input.parsed_path[i]} }',
    { path: "/a/p7/b" },
  ],
])("of 2,000 members one is looked at: %s", (_, body, asked) => {
  const request = { method: "GET", path: "/", a: "-", j: "1", ...asked };
  const used = [planOf([`out if { ${body} }`])].flatMap((plan) =>
    [coreOf(plan), indexedOf(plan)].map((module) => {
      const open = openPolicy({ wasm: emitted(module), data: LARGE, seed: 1 });
      open.setConnection(CONTEXT);
      const head = Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\nhost: h\r\nx-a: ${request.a}\r\n\r\n`);
      const decision = open.decide(head, head.length, toHeadTable(head), 1, RequestId.of("i"), 0);
      expect(decision.value(0)).toEqual({ kind: "defined", value: true });
      // To the last member, where none fits.
      const other = Buffer.from(`${request.method} /a/- HTTP/1.1\r\nhost: h\r\nx-a: none\r\n\r\n`);
      const none = open.decide(other, other.length, toHeadTable(other), 1, RequestId.of("i"), 0);
      expect(none.value(0).kind).toBe("undefined");
      return none.fuelUsed;
    }),
  );
  expect(used[1]).toBeLessThan((used[0] ?? 0) / 20);
});

/** Two ways that lead from a request to a grant: what the index of the first proves needs no second look. */
const GRANTED = [
  "out if { some role in data.bindings[input.attributes.request.http.method]; some grant in data.roles[role]; fits(grant) }",
  `fits(grant) if { ${HEADERS}["x-a"] in grant.tags; matches(grant.path, input.parsed_path) }`,
  'matches(pattern, path) if { count(pattern) == count(path); every i, s in pattern { s in {"*", path[i]} } }',
];
const ROLES = (path: unknown) =>
  JSON.stringify({
    bindings: { GET: ["r0", "r1"], PUT: ["r1", "r2"] },
    roles: Object.fromEntries(
      [0, 1, 2].map((i) => [
        `r${i}`,
        ["a", "b"].map((tag, k) => ({ tags: [tag, i], path: k === 0 ? [`p${i}`, "*"] : path })),
      ]),
    ),
  });

test.each([
  ["everything about it", ["a", "*"], true],
  ["not an element that nothing can be asked about", ["a", ["*"]], false],
  ["not segments behind the sixteenth", ["a", ...Array.from({ length: 16 }, () => "*")], false],
])("an index says %s", (_, path, isSure) => {
  const plan = planOf(GRANTED);
  const [plain, fast] = [coreOf(plan), indexedOf(plan)].map((module) => {
    const open = openPolicy({ wasm: emitted(module), data: ROLES(path), seed: 1 });
    open.setConnection(CONTEXT);
    return (target: string) => {
      const head = Buffer.from(`GET ${target} HTTP/1.1\r\nhost: h\r\nx-a: a\r\n\r\n`);
      const decision = open.decide(head, head.length, toHeadTable(head), 1, RequestId.of("i"), 0);
      return { told: [decision.value(0), decision.firedRules()], fuel: decision.fuelUsed };
    };
  }) as [(target: string) => { told: unknown; fuel: number }, (target: string) => { told: unknown; fuel: number }];
  for (const target of ["/p0/x", "/p1/y", "/p2/z", "/p0", "/p0/x/y", "/a/b"]) {
    expect(fast(target).told).toEqual(plain(target).told);
  }
  const [denied, granted] = [fast("/zz/x"), fast("/p0/x")];
  expect(granted.told).toMatchObject([{ kind: "defined", value: true }, [{}, {}, {}]]);
  expect(granted.fuel - denied.fuel < 100).toBe(isSure);
});

test.each([
  ["a comparison", 'some x in data.items; x == "a"', 0],
  ["what is looked up", "some x in data.items; x.k == input.attributes.request.http.method", 1],
])("of what an index proves what costs more than asking need not run: %s", (_, body, times) => {
  let left = 0;
  for (const { body: regions } of codesOf(indexedOf(planOf([`out if { ${body} }`])))) {
    eachOp(regions, (op) => {
      if (op.kind === "narrow" && op.sure !== undefined) left++;
    });
  }
  expect(left).toBe(times);
});

// ── wrong indexes ──

const MUTANTS: Readonly<Record<string, (index: DataIndex) => DataIndex>> = {
  "another part": (index) =>
    change(index, (level) => ({ ...level, part: level.test === "equal" ? ["ref"] : level.part })),
  "a constant forgotten": (index) => change(index, (level) => ({ ...level, constants: [] })),
  "a member of another part": (index) =>
    change(index, (level) => (level.test === "member" ? { ...level, part: ["path"] } : level)),
  "the segments' length taken for their number": (index) =>
    change(index, (level) => (level.test === "segments" ? { ...level, test: "count" } : level)),
  "another key": (index) => change(index, (level) => ({ ...level, key: 0 })),
};

type Level = DataIndex["levels"][number];

function change(index: DataIndex, of: (level: Level) => Level): DataIndex {
  return { ...index, levels: index.levels.map(of) };
}

test("an index that is asked less than what it proves is found out", () => {
  const plan = planOf(GRANTED);
  const data = ROLES(["a", "*"]);
  const plain = askerOf(indexedOf(plan), data);
  for (const dropped of ["member", "count", "segments"] as const) {
    const less = indexedOf(plan, (indexes) =>
      indexes.map((index) => ({ ...index, levels: index.levels.filter(({ test: asked }) => asked !== dropped) })),
    );
    const wrong = askerOf(less, data);
    const request = fc.record({
      ...{ method: fc.constantFrom("GET", "PUT"), a: fc.constantFrom("a", "b", "c"), j: fc.constant("1") },
      path: fc.constantFrom("/p0/x", "/p1/x", "/p1", "/p2/x", "/p2/x/y", "/a/b", "/a"),
    });
    const differs = fc.check(
      fc.property(request, (one) => expect(wrong(one)).toEqual(plain(one))),
      { seed: SEED, numRuns: 300 },
    );
    expect(differs.failed, dropped).toBe(true);
  }
});

for (const [name, mutate] of Object.entries(MUTANTS)) {
  test(`a wrong index is found out: ${name}`, () => {
    const plan = planOf([
      `out contains x.k if { some x in data.items; ${HEADERS}["x-a"] in x.tags; x.k == input.attributes.request.http.method; every i, s in x.path { s in {"*", input.parsed_path[i]} } }`,
    ]);
    const data = JSON.stringify({
      items: ["GET", "PUT"].flatMap((k) =>
        ["a", "b"].flatMap((tag) =>
          ["a", "*", "c"].map((part) => ({ k, tags: [tag, "c"], path: [part, "*"], ref: tag })),
        ),
      ),
    });
    const changed = indexedOf(plan, (indexes) => indexes.map(mutate));
    const [plain, wrong] = [askerOf(coreOf(plan), data), askerOf(changed, data)];
    const differs = fc.check(
      fc.property(REQUEST, (request) => {
        expect(wrong(request)).toEqual(plain(request));
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(differs.failed).toBe(true);
  });
}
