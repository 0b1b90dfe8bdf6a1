/**
 * Runs the tests of all units of a build. What they may take of a processor is shared by whoever writes them: each
 * namespace's Policies have as much as any other's, and so has what each source holds in directories. Beyond that
 * the junior units are refused, and nobody else's: who writes slow tests keeps no other from being built.
 */
import { type Diagnostic, NO_FILE, type Source } from "@regomesh/base";
import type { Policy } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import type { MeshIndex } from "../index/mesh-index.ts";
import type { Seniority } from "../index/seniority.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { inlineUnit, inlineUnits } from "./inline-units.ts";
import { qualify, type SourceTree, sourceOf, unitOf } from "./source-tree.ts";
import { type PolicyTools, TurnOver, type UnitFiles } from "./tools.ts";

/** Milliseconds of a processor for the tests of all Policies of a namespace: honest ones take some of each. */
const NAMESPACE_TESTS_CPU_MS_MAX = 10_000;
/** For those of all directories of a source, which may hold a whole organisation's. */
const SOURCE_TESTS_CPU_MS_MAX = 60_000;

/** Code of what is not looked at yet: it is tried again by itself. */
export const TEST_WAITING = "test_waiting";

export type UnitTests = {
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: readonly FailedTestBody[];
  readonly passed: number;
};

/** Whose tests count together. */
type Share = {
  readonly owner: string;
  readonly cpuMsMax: number;
  /** By unit. */
  readonly taken: Map<string, number>;
  /** In all. */
  takenMs: number;
};

type Tested = { readonly trees: readonly SourceTree[]; readonly index: Units; readonly seniority: Seniority };

export function testUnits({ trees, index, seniority }: Tested, tools: Pick<PolicyTools, "test">): UnitTests {
  const diagnostics: Diagnostic[] = [];
  const failed: FailedTestBody[] = [];
  let passed = 0;
  const sources = trees.map(({ source = ROOT_SOURCE }) => source);
  const mayWait = new Set(trees.flatMap(({ mayWait = false, fresh = [] }) => (mayWait ? fresh : [])));
  const isNew = (policy: Policy | undefined) => policy !== undefined && mayWait.has(policy.source.name);
  const test = ({ name, policy, share }: Ordered) => {
    const unit = unitOf(trees, name);
    if (unit === undefined) return;
    try {
      const mayRun = share.takenMs < share.cpuMsMax || !mayHaveTests(unit);
      const tested = mayRun ? tools.test(unit, isNew(policy)) : undefined;
      if (tested !== undefined && mayHaveTests(unit)) {
        share.taken.set(policy?.metadata.name ?? unit.directory, tested.cpuMs);
        share.takenMs += tested.cpuMs;
      }
      if (tested === undefined || (mayHaveTests(unit) && share.takenMs > share.cpuMsMax)) {
        diagnostics.push(beyondShare(unit, share));
        return;
      }
      diagnostics.push(...tested.diagnostics);
      failed.push(...tested.failed);
      passed += tested.passed;
    } catch (error) {
      if (!(error instanceof TurnOver) || !isNew(policy)) throw error;
      diagnostics.push(waiting(unit));
    }
  };
  const units = unitsInOrder(trees, index, seniority, sources);
  for (const each of units.filter(({ policy }) => !isNew(policy))) test(each);
  // Who has taken least comes first: nobody waits for more than what another has begun.
  const queues = [
    ...Map.groupBy(
      units.filter(({ policy }) => isNew(policy)),
      ({ share }) => share,
    ),
  ].map(([share, own]) => ({ share, own }));
  for (;;) {
    const [next] = queues.filter(({ own }) => own.length > 0).sort((a, b) => a.share.takenMs - b.share.takenMs);
    const unit = next?.own.shift();
    if (unit === undefined) break;
    test(unit);
  }
  return { diagnostics, failed, passed };
}

/** Without one it is compiled alone. */
function mayHaveTests({ files }: UnitFiles): boolean {
  return files.some((file) => {
    const known = haveTests.get(file) ?? file.text.includes("test_");
    haveTests.set(file, known);
    return known;
  });
}

/** Of files, for as long as they are held: each build asks of all. */
const haveTests = new WeakMap<Source, boolean>();

type Units = Pick<MeshIndex, "bindings" | "policies">;

type Ordered = { readonly name: string; readonly policy: Policy | undefined; readonly share: Share };

/** Directories that are bound, and all Policies: who applies one hears of its faults, whether it is bound yet or not. */
function unitsInOrder(
  trees: readonly SourceTree[],
  { bindings, policies }: Units,
  seniority: Seniority,
  sources: readonly string[],
): readonly Ordered[] {
  const shares = new Map<string, Share>();
  const ordered = (name: string, policy?: Policy): Ordered => ({
    name,
    policy,
    share: shareOf(policy, sourceOf(name, sources), shares),
  });
  const inline = policies.toSorted(seniority).map((policy): readonly [string, Ordered] => {
    const source = sourceOf(policy.source.name, sources);
    const name = qualify({ source }, inlineUnit(policy.metadata.namespace, policy.metadata.name));
    return [name, ordered(name, policy)];
  });
  const others = [...bindings.map(({ spec }) => spec.unit), ...trees.flatMap(inlineUnits)];
  const named = new Map(inline);
  for (const name of others) if (!named.has(name)) named.set(name, ordered(name));
  return [...named.values()];
}

function shareOf(policy: Policy | undefined, source: string, shares: Map<string, Share>): Share {
  const key = policy === undefined ? source : `${source} ${policy.metadata.namespace}`;
  const [owner, cpuMsMax] =
    policy === undefined
      ? [`source ${source}`, SOURCE_TESTS_CPU_MS_MAX]
      : [`namespace ${policy.metadata.namespace}`, NAMESPACE_TESTS_CPU_MS_MAX];
  const share = shares.get(key) ?? { owner, cpuMsMax, taken: new Map(), takenMs: 0 };
  shares.set(key, share);
  return share;
}

/** Units that are named as those that take most. */
const SHOWN_MAX = 3;

function beyondShare({ files }: UnitFiles, { owner, cpuMsMax, taken }: Share): Diagnostic {
  const most = [...taken].sort(([, a], [, b]) => b - a).slice(0, SHOWN_MAX);
  const shown = most.map(([name, cpuMs]) => `${name} ${(cpuMs / 1000).toFixed(1)} s`).join(", ");
  const [source = { name: NO_FILE, text: "" }] = files;
  return {
    code: "test_time",
    severity: "error",
    message: `the tests of ${owner} take more than the ${cpuMsMax / 1000} s of a processor that they may: ${shown}`,
    at: { source, span: { start: 0, end: 0 } },
    hint: "make them quicker, or have the slow ones run by `regomesh test` alone",
  };
}

function waiting({ files }: UnitFiles): Diagnostic {
  const [source = { name: ".", text: "" }] = files;
  const message = "its tests wait until those that others have written have run";
  return { code: TEST_WAITING, severity: "error", message, at: { source, span: { start: 0, end: 0 } } };
}
