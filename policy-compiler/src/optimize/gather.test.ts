/**
 * What is gathered answers as what is made each time: value or fault, errors of built-ins, rules that fired. The module
 * without the pass says so, and the interpreter. Gatherings that are wrong on purpose must be found out.
 */
import { openEvaluator } from "@regomesh/policy-runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planRequest } from "../compile.ts";
import { coreOf } from "../core/from-ir.ts";
import { assign, leaveTo, reset } from "../core/make-op.ts";
import { type CoreModule, codesOf } from "../core/module.ts";
import type { Op, Region } from "../core/op.ts";
import { makeLocal } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf } from "../core/walk.ts";
import { emitCore } from "../emit/module.ts";
import { interpret } from "../interpret/interpret.ts";
import { printJson } from "../interpret/text.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { loadRuntime } from "../shell/runtime-file.ts";
import { toUnit } from "../unit/unit.ts";
import { gatherComprehensions } from "./gather.ts";

const runtime = await loadRuntime();
const SEED = Number(process.env["REGOMESH_SEED"] ?? 15);
const MIB = 1024 * 1024;
const DATA = '{"ports": [{"host": "a", "port": 1}, {"host": "b", "port": 2}]}';

function planOf(text: string): IrPolicy {
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text: `package p\n${text}` }] });
  const { policy, diagnostics } = planRequest({
    units: [unit],
    entrypoints: [{ unit: "u", name: "p/out" }],
    print: true,
  });
  if (policy === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("; ")}\n${text}`);
  return policy;
}

function gatheredOf(plan: IrPolicy): CoreModule {
  const module = coreOf(plan);
  gatherComprehensions(module, () => true);
  return module;
}

function gatherings({ functions }: CoreModule): number {
  return functions.filter(({ keeps }) => keeps === "gathered").length;
}

type Ask = (input: string, strict?: boolean) => { readonly told: readonly unknown[]; readonly fuel: number };

function askerOf(module: CoreModule, memoryBytesMax = 64 * MIB): Ask {
  const { wasm } = emitCore({ module, runtime, without: new Set(["gather"]) });
  const evaluator = openEvaluator({ wasm, data: DATA, seed: 1, limits: { fuel: 10 ** 9, memoryBytesMax } });
  return (input, strict = false) => {
    const answer = evaluator.evaluate("p/out", input, { strict });
    const fired = answer.kind === "results" ? evaluator.firedRules().map(({ row, column }) => `${row}:${column}`) : [];
    const value = answer.kind === "results" ? JSON.parse(answer.text) : answer.code;
    return { told: [value, answer.builtinErrors, fired], fuel: answer.fuelUsed };
  };
}

function interpreted(policy: IrPolicy, input: string): unknown {
  const builtin = (name: string, [operand]: readonly unknown[]) => {
    if (name !== "lower" || typeof operand !== "string") throw new Error(`${name}: operand`);
    return operand.toLowerCase();
  };
  const answer = interpret({ policy, entrypoint: "p/out", data: DATA, input, builtin });
  return answer.kind === "fault"
    ? answer.code
    : JSON.parse(`[${answer.results.map((result) => printJson(result)).join(",")}]`);
}

const EACH = "some h in input.hosts";

/** How many of its comprehensions are gathered. */
const POLICIES: Readonly<Record<string, readonly [text: string, gathered: number]>> = {
  "members of an array": [`out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host == h] }`, 1],
  "members of a set": [`out[h] := r if { ${EACH}; r := {p.port | some p in input.ports; h == p.host} }`, 1],
  "keys of an object": [`out[h] := r if { ${EACH}; r := {p.zone: p.port | some p in input.ports; p.host == h} }`, 1],
  "of several values": [
    `out[i] := r if { some i, h in input.ports; r := [p.port | some p in input.ports; p.host == h.host; p.zone == h.zone] }`,
    1,
  ],
  "of a part that need not be there": [
    `out[i] := r if { some i, h in input.ports; r := {p.port | some p in input.ports; p.host == h.zone.x} }`,
    1,
  ],
  "of an argument": ["out[h] := f(h) if some h in input.hosts\nf(h) := [p | some p in input.ports; p.host == h]", 1],
  "by nothing": [`out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.open] }`, 1],
  "over members of members": [
    `out[h] := r if { ${EACH}; r := [p.host | some p in input.ports; some t in p.tags; t == h] }`,
    1,
  ],
  "of what a rule makes": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in open; p.host == h] }\nopen := [p | some p in input.ports; p.open]`,
    1,
  ],
  "with another input": [
    `out[h] := [r, s] if { ${EACH}; r := f(h); s := f(h) with input.ports as [{"host": h, "port": h}] }\nf(h) := [p.port | some p in input.ports; p.host == h]`,
    1,
  ],
  "behind a built-in that fails": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; lower(p.host) == h] }`,
    1,
  ],
  "one in the other": [
    `out[h] := r if { ${EACH}; r := [n | some p in input.ports; p.host == h; n := count([q | some q in input.ports; q.zone == p.zone])] }`,
    1,
  ],
  "two, one in the other": [
    `out[h] := r if { ${EACH}; r := [n | some p in input.ports; n := [q.port | some q in input.ports; q.open]; p.host == h] }`,
    3,
  ],
  "a comparison that is none of equality": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host != h] }`,
    0,
  ],
  "a comparison in a negation": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; not p.host == h] }`,
    0,
  ],
  "a part of what is around in a negation": [
    `out[i] := r if { some i, h in input.ports; r := [p.port | some p in input.ports; not h.open; p.host == h.host] }`,
    0,
  ],
  "a value of what is around": [
    `out[h] := r if { ${EACH}; r := [[h, p.port] | some p in input.ports; p.host == h] }`,
    0,
  ],
  "a rule behind the comparison": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host == h; fine(p)] }\nfine(p) if p.open`,
    0,
  ],
  "a function before the comparison": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; fine(p); p.host == h] }\nfine(p) if p.open`,
    1,
  ],
  "what is printed": [`out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; print(p); p.host == h] }`, 0],
  "an iteration behind the comparison": [
    `out[h] := r if { ${EACH}; r := [t | some p in input.ports; p.host == h; some t in p.tags] }`,
    1,
  ],
  "outside of all iterations": ["out := [p | some p in input.ports; p.host == input.hosts[0]]", 0],
};

const name = fc.constantFrom<unknown>("a", "b", "c", "A", 1, 2, null, true, ["a"], { a: 1 });
const text = fc.constantFrom("a", "b", "c", "A");
const port = fc.record(
  {
    host: fc.oneof({ weight: 6, arbitrary: text as fc.Arbitrary<unknown> }, name),
    zone: fc.oneof(fc.constantFrom<unknown>("x", "y", 1), fc.record({ x: name })),
    port: fc.constantFrom<unknown>(1, 2, 3, "p", [1]),
    open: fc.boolean(),
    tags: fc.array(name, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const INPUT = fc
  .record({
    hosts: fc.array(fc.oneof({ weight: 3, arbitrary: text as fc.Arbitrary<unknown> }, name), { maxLength: 12 }),
    ports: fc.oneof(
      { weight: 6, arbitrary: fc.array(port, { maxLength: 12 }) as fc.Arbitrary<unknown> },
      fc.dictionary(fc.constantFrom("k", "l", "m", "n"), port),
      name,
    ),
  })
  .map((input) => JSON.stringify(input));

test.each(Object.entries(POLICIES))("gathered or not, the same: %s", (_, [text, gathered]) => {
  const plan = planOf(text);
  const module = gatheredOf(plan);
  expect(gatherings(module)).toBe(gathered);
  const [plain, fast] = [askerOf(coreOf(plan)), askerOf(module)];
  fc.assert(
    fc.property(INPUT, (input) => {
      for (const strict of [false, true]) expect(fast(input, strict).told).toEqual(plain(input, strict).told);
      expect(fast(input).told[0]).toEqual(interpreted(plan, input));
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test("a group in conflict is one for whoever asks for it alone", () => {
  const plan = planOf(`out[h] := r if { ${EACH}; r := {p.zone: p.port | some p in input.ports; p.host == h} }`);
  const ask = askerOf(gatheredOf(plan));
  const ports = [
    { host: "a", zone: "x", port: 1 },
    { host: "b", zone: "x", port: 1 },
    { host: "b", zone: "x", port: 2 },
  ];
  const hosts = ["a", "c", "d", "e", "f"];
  expect(ask(JSON.stringify({ hosts, ports })).told[0]).toMatchObject([{ result: { a: { x: 1 } } }]);
  expect(ask(JSON.stringify({ hosts: [...hosts, "b"], ports })).told[0]).toBe("eval_conflict_error");
});

test("members are looked at once, however many ask", () => {
  const plan = planOf(`out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host == h] }`);
  const fuelOf = (module: CoreModule) => {
    const ask = askerOf(module);
    return [100, 400].map((size) => {
      const hosts = Array.from({ length: size }, (_, i) => `h${i}`);
      return ask(JSON.stringify({ hosts, ports: hosts.map((host, port) => ({ host, port })) })).fuel;
    }) as [number, number];
  };
  const [[few, many], [plainFew, plainMany]] = [fuelOf(gatheredOf(plan)), fuelOf(coreOf(plan))];
  expect(many / few).toBeLessThan(5);
  expect(plainMany / plainFew).toBeGreaterThan(10);
});

/** Each beside the hosts `a` to `e`. */
const DEAR: Readonly<Record<string, readonly [text: string, ports: readonly object[]]>> = {
  "for a member that nobody asks for": [
    `out[h] := r if { ${EACH}; r := [a | some p in input.ports; p.host == h; some a in p.tags; some b in p.tags; a + b == 7] }`,
    [
      { host: "z", tags: numbers(300) },
      { host: "a", tags: [3, 4] },
    ],
  ],
  "for members that nobody asks for": [
    `out[h] := r if { ${EACH}; r := [q.port | some p in input.ports; p.host == h; some q in input.ports; q.zone == p.zone] }`,
    numbers(300).map((port) => ({ host: `h${port}`, zone: port, port })),
  ],
  "a comparison with much": [
    `out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host == h; p.port in input.ports] }`,
    numbers(300).map((port) => ({ host: `h${port}`, port })),
  ],
};

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

test.each(Object.entries(DEAR))("what is dear %s is given up", (_, [text, ports]) => {
  const plan = planOf(text);
  const gathering = gatheredOf(plan);
  expect(gatherings(gathering)).toBeGreaterThan(0);
  const input = JSON.stringify({ hosts: ["a", "b", "c", "d", "e"], ports });
  const [plain, fast] = [askerOf(coreOf(plan)), askerOf(gathering)].map((ask) => ask(input));
  expect(fast?.told).toEqual(plain?.told);
  expect((fast?.fuel ?? 0) / (plain?.fuel ?? 0)).toBeLessThan(4);
});

test("what is gathered leaves memory for all else, under modifiers, too", () => {
  const plan = planOf(`out := count([h | some h in input.hosts; open with input.host as h])
open if { some h in ["a", "b", "c", "d"]; count([p | some p in input.ports; p.host == h]) > 0 }`);
  const gathering = gatheredOf(plan);
  expect(gatherings(gathering)).toBe(1);
  const input = JSON.stringify({
    hosts: numbers(300),
    ports: numbers(400).map((port) => ({ host: `h${port}`, port })),
  });
  for (const module of [coreOf(plan), gathering])
    expect(askerOf(module, 5 * MIB)(input).told[0]).toEqual([{ result: 0 }]);
});

// ── what only another compiler plans ──

type Comprehension = {
  readonly row: Region;
  readonly region: Region;
  readonly loop: Extract<Op, { readonly kind: "loop" }>;
};

const ODD: Readonly<Record<string, (comprehension: Comprehension) => void>> = {
  "that ends at the first member": ({ region, loop }) => {
    loop.regions[0].ops = [...loop.regions[0].ops, leaveTo(region.label)];
  },
  "that keeps something from member to member": ({ region, loop }) => {
    const last = makeLocal(1000);
    region.ops = [reset(last), ...region.ops];
    loop.regions[0].ops = [...loop.regions[0].ops, assign(last, loop.value)];
  },
  "that finds something for what stands behind it": ({ row, region, loop }) => {
    const [first, second] = [makeLocal(1000), makeLocal(1001)];
    loop.regions[0].ops = [assign(first, loop.value), ...loop.regions[0].ops];
    row.ops = row.ops.flatMap((op) => (regionsOf(op).includes(region) ? [op, assign(second, first)] : [op]));
  },
};

function comprehensionIn(regions: readonly Region[]): Comprehension | undefined {
  for (const row of regions) {
    for (const [i, op] of row.ops.entries()) {
      const next = row.ops[i + 1];
      if (op.kind === "make" && op.what === "array" && next?.kind === "regions") {
        const [region] = next.regions as readonly [Region];
        const loop = region.ops.find((each) => each.kind === "loop");
        if (loop !== undefined) return { row, region, loop };
      }
      const inner = comprehensionIn(regionsOf(op));
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

test.each(Object.entries(ODD))("none is gathered %s", (_, change) => {
  const module = coreOf(planOf(`out[h] := r if { ${EACH}; r := [p.port | some p in input.ports; p.host == h] }`));
  const found = codesOf(module).flatMap(({ body }) => comprehensionIn(body) ?? []);
  expect(found).toHaveLength(1);
  change(found[0] as Comprehension);
  gatherComprehensions(module, () => true);
  expect(gatherings(module)).toBe(0);
});

// ── wrong gatherings ──

const MUTANTS: Readonly<Record<string, (op: Op) => readonly Op[] | undefined>> = {
  "nothing is gathered": (op) => (op.kind === "gather" ? [] : undefined),
  "by something else": (op) =>
    op.kind === "gather" && op.value.kind === "local" ? [{ ...op, by: op.value }] : undefined,
  "a group of another kind": (op) => (op.kind === "gather" ? [{ ...op, what: "set", key: undefined }] : undefined),
  "a group in conflict taken for one": (op) => (op.kind === "test" && op.test === "object" ? [] : undefined),
};

function mutate(region: Region, change: (op: Op) => readonly Op[] | undefined): boolean {
  let isChanged = false;
  region.ops = region.ops.flatMap((op) => {
    if (HOLDS_REGIONS[op.kind]) for (const inner of regionsOf(op)) isChanged = mutate(inner, change) || isChanged;
    const changed = change(op);
    if (changed === undefined) return [op];
    isChanged = true;
    return changed;
  });
  return isChanged;
}

test.each(Object.entries(MUTANTS))("a wrong gathering is found out: %s", (_, change) => {
  const plan = planOf(`out[h] := r if { ${EACH}; r := {p.zone: p.port | some p in input.ports; p.host == h} }`);
  const wrong = gatheredOf(plan);
  let isChanged = false;
  for (const { body } of codesOf(wrong)) for (const region of body) isChanged = mutate(region, change) || isChanged;
  expect(isChanged).toBe(true);
  const [plain, asked] = [askerOf(coreOf(plan)), askerOf(wrong)];
  const differs = fc.check(
    fc.property(INPUT, (input) => expect(asked(input).told).toEqual(plain(input).told)),
    { seed: SEED, numRuns: 500 },
  );
  expect(differs.failed).toBe(true);
});
