/** Bars of speed: how a decision grows, what several cost together, what fuel takes, and absolute figures for a quiet machine. */
import { openPolicy } from "@regomesh/policy-runtime";
import { type Asked, median, medianRatio, pairedRounds } from "../engine.ts";
import { askSdk, compilePolicy, openDecider } from "../ours.ts";
import { type EnginePolicy, SHAPE_NAMES, shapePolicy, simplePolicy, tuplesPolicy } from "../policies.ts";
import { timeOneMore, timeQuestions, timeUnits } from "../together.ts";
import { atMost, type Bar } from "./bar.ts";
import { withoutFuel } from "./without-fuel.ts";

/** Of ten thousand rules beside ten, in each shape that indexes are made for. */
export function growth(): readonly Bar[] {
  return SHAPE_NAMES.map((name) => {
    const [few = [], many = []] = pairedRounds([10, 10_000].map((rules) => askedOf(shapePolicy(name, rules))));
    return atMost(`10 → 10,000 rules, ${name}`, medianRatio(many, few), 1.3, "×");
  });
}

export function together(shared: readonly EnginePolicy[]): readonly Bar[] {
  const units = [shapePolicy("equality", 10), ...shared].flatMap(timeUnits);
  const questions = ["prefix", "equality"].map((name) => timeQuestions(shapePolicy(name, 10)));
  return [
    ...units.map(({ name, beside, ratio }) => atMost(`${name} / ${beside}`, ratio, 1.2, "×")),
    ...questions.map(({ name, beside, ratio }) => atMost(`${name} / ${beside}`, ratio, 1.5, "×")),
  ];
}

export function absolute(shared: readonly EnginePolicy[]): readonly Bar[] {
  const whole = [simplePolicy(), ...shared];
  const mosts = [120, 300, 300];
  const fast = pairedRounds(whole.map((policy) => askedOf(policy)));
  const sdk = pairedRounds(
    whole.map((policy) => {
      const { wasm, data } = compilePolicy(policy);
      return { requests: policy.requests.length, ask: askSdk(wasm, data, policy) };
    }),
  );
  const { name, ns } = timeOneMore(simplePolicy());
  return [
    ...whole.map((policy, i) =>
      atMost(`${policy.name}, head in, decision out`, median(fast[i] ?? []), mosts[i] ?? 300, "ns"),
    ),
    atMost(name, ns, 60, "ns"),
    ...whole.map((policy, i) =>
      atMost(`${policy.name}, our module under the npm SDK`, median(sdk[i] ?? []) / 1000, 4, "µs"),
    ),
  ];
}

/** What counting fuel takes: the same module with its counts taken out. */
export function fuel(shared: readonly EnginePolicy[]): readonly Bar[] {
  return [...shared, shapePolicy("equality", 10)].map((policy) => {
    const { wasm, data } = compilePolicy(policy);
    const [counted = [], free = []] = pairedRounds(
      [wasm, withoutFuel(wasm)].map((bytes) => askedOf(policy, { wasm: bytes, data })),
      21,
    );
    return atMost(`${policy.name}, fuel`, (medianRatio(counted, free) - 1) * 100, 5, "%");
  });
}

const MEBIBYTE = 1024 * 1024;

/** 100,000 tuples: the memory of a worker's instance, and a look-up beside one of ten. */
export function tuples(): readonly Bar[] {
  const policies = [10, 100_000].map((number) => {
    const made = tuplesPolicy(number);
    const { wasm, data } = compilePolicy(made);
    return { made, policy: openPolicy({ wasm, data, seed: 0x5eed }) };
  });
  const [few = [], many = []] = pairedRounds(
    policies.map(({ made, policy }) => {
      const { requests, decide } = openDecider(policy, made.requests);
      return { requests, ask: (i) => void decide(i, 1).authz(0) };
    }),
  );
  const above = median(many.map((ns, i) => ns - (few[i] ?? 0)));
  return [
    atMost(
      "100,000 tuples, memory of an instance",
      (policies[1]?.policy.memoryBytes ?? Number.NaN) / MEBIBYTE,
      20,
      "MiB",
    ),
    atMost("100,000 tuples, look-up above one of ten", above, 100, "ns"),
  ];
}

function askedOf(
  policy: EnginePolicy,
  { wasm, data } = compilePolicy(policy) as { wasm: Uint8Array; data: string },
): Asked {
  const { requests, decide } = openDecider(openPolicy({ wasm, data, seed: 0x5eed }), policy.requests);
  return { requests, ask: (i) => void decide(i, 1).authz(0) };
}
