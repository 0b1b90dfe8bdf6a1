/**
 * Which objects go in force together. All that is newest is tried first; what is at fault then stands as it was
 * in force, or is left out, and the rest is tried again: so one object's fault refuses that object alone. Where
 * no object is at fault that could be put back (a test of all that is bound fails), what has changed waits, as far as
 * the test may speak of it.
 */
import type { Source } from "@regomesh/base";
import type { SourceVerdict } from "../sources/source.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { choose, keyOfFile, type Objects, toFiles, type Written } from "./cluster-tree.ts";
import type { ObjectVerdict } from "./conditions.ts";
import { maySpeakOf } from "./gates.ts";
import { missingPolicies, standIn } from "./missing-policies.ts";
import { versionOf } from "./version.ts";

/**
 * Faults come in layers (text, references, tests); each round finds all those of one. What is put back may be at
 * fault beside what is new, and so for a few rounds more; that others wait for it any longer would be its own fault.
 */
const ROUNDS_MAX = 16;

/** Of what is not at fault itself. */
const HELD = "held";

export type Settled = {
  /** What is in force now, as objects. */
  readonly inForce: Objects;
  readonly verdicts: ReadonlyMap<string, ObjectVerdict>;
  readonly isAccepted: boolean;
  /** False where nothing was said of what was tried: it waits, and there are no verdicts. */
  readonly isAnswered: boolean;
};

/** `attempt` puts files in force where they may be, and says what became of them. */
export async function settleObjects(
  newest: Objects,
  inForce: Objects,
  attempt: (files: readonly Source[]) => Promise<SourceVerdict | undefined>,
  written?: Written,
): Promise<Settled> {
  const refused = new Map<string, string>();
  const verdicts = new Map<string, ObjectVerdict>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const chosen = choose(newest, refused, inForce);
    const answer = await attempt(filesOf(chosen, written));
    if (answer === undefined) return { inForce, verdicts: new Map(), isAccepted: false, isAnswered: false };
    if (answer.isAccepted) {
      const unresolved = unresolvedIn(chosen);
      for (const key of newest.keys())
        if (!verdicts.has(key)) verdicts.set(key, unresolved.get(key) ?? { kind: "accepted" });
      return { inForce: chosen, verdicts, isAccepted: true, isAnswered: true };
    }
    if (!putBack(answer, { newest, chosen, inForce, refused, verdicts })) break;
  }
  // What has not changed is in force as it was; the rest waits for those that are at fault.
  for (const [key, object] of newest) {
    const before = inForce.get(key);
    const isKept = before !== undefined && versionOf(before) === versionOf(object);
    const message = "held: what has changed cannot be put in force together";
    if (!verdicts.has(key))
      verdicts.set(key, isKept ? { kind: "accepted" } : { kind: "refused", code: HELD, message, hasBefore: false });
  }
  return { inForce, verdicts, isAccepted: false, isAnswered: true };
}

type Round = {
  readonly newest: Objects;
  readonly chosen: Objects;
  readonly inForce: Objects;
  readonly refused: Map<string, string>;
  readonly verdicts: Map<string, ObjectVerdict>;
};

/** False where nothing more can be put back. */
function putBack({ refused: faults }: SourceVerdict, round: Round): boolean {
  const { newest, chosen, inForce, refused, verdicts } = round;
  let isAny = false;
  const refuse = (
    key: string,
    object: ClusterObject,
    said: Omit<Extract<ObjectVerdict, { kind: "refused" }>, "kind" | "hasBefore">,
  ) => {
    const before = inForce.get(key);
    const hasBefore =
      before !== undefined && versionOf(before) !== versionOf(object) && before.metadata.uid === object.metadata.uid;
    refused.set(key, versionOf(object));
    verdicts.set(key, { kind: "refused", ...said, hasBefore });
    isAny = true;
  };
  const at = faults.flatMap((fault) => {
    const key = keyOfFile(fault.file);
    const object = newest.get(key);
    return object === undefined || refused.has(key) ? [] : [{ key, object, fault }];
  });
  const isGate = ({ kind }: ClusterObject) => kind === "MeshTest";
  const isNew = (key: string, object: ClusterObject) => {
    const before = inForce.get(key);
    return before === undefined || versionOf(before) !== versionOf(object);
  };
  for (const { key, object, fault } of at) {
    // A test that held, and would not any more, is what refuses others: it is not put out of their way.
    if (isGate(object) && !isNew(key, object)) continue;
    refuse(key, object, { code: fault.reason, message: unnamed(fault.message) });
  }
  if (isAny) return true;
  for (const [key, object] of chosen) {
    if (newest.get(key) !== object || !isNew(key, object) || isGate(object)) continue;
    const gate = at.find((each) => maySpeakOf(each.object.metadata, object.metadata));
    if (gate === undefined && at.length > 0) continue;
    const message =
      gate === undefined
        ? "refused together with what else has changed"
        : `refused by ${gate.key}: ${unnamed(gate.fault.message)}`;
    refuse(key, object, { code: HELD, message });
  }
  if (isAny || at.length === 0) return isAny;
  // Not for what it may hold, but by what was deleted, or is others': it goes, and what was held for it is tried again.
  for (const [key, verdict] of verdicts) {
    if (verdict.kind !== "refused" || verdict.code !== HELD) continue;
    verdicts.delete(key);
    refused.delete(key);
  }
  for (const { key, object, fault } of at) refuse(key, object, { code: fault.reason, message: unnamed(fault.message) });
  return true;
}

/** Diagnostics name files of the source; of an object its own key is known to whoever reads it. */
function unnamed(message: string): string {
  return message
    .replace(/^(?:Policy\/[^/]+\/[^/]+\/)([^/:]+\.rego:)/, "$1")
    .replace(/^MeshTest\/[^:]+\.yaml:\d+: MeshTest \S+ fails: /, "")
    .replace(/^(?:[A-Za-z]+\/[^:]+\.yaml|\.):\d+:\d+: [a-z_]+: /, "");
}

/** Verdicts on bindings that name what is not there, by their keys. */
function unresolvedIn(chosen: Objects): ReadonlyMap<string, ObjectVerdict> {
  const found = missingPolicies(chosen).flatMap(({ bindings, namespace, name }) => {
    const message = `no Policy ${name} in namespace ${namespace}: what it would decide is refused with 503`;
    return bindings.map((key): [string, ObjectVerdict] => [key, { kind: "unresolved", message }]);
  });
  return new Map(found);
}

/** The texts of objects, and of what stands in for Policies that are not there. */
export function filesOf(chosen: Objects, written?: Written): readonly Source[] {
  const files = toFiles(chosen.values(), written);
  const places = missingPolicies(chosen).map((each) => ({
    name: `Policy/${each.namespace}/${each.name}.yaml`,
    text: `${JSON.stringify(standIn(each))}\n`,
  }));
  return [...files, ...places].sort((a, b) => (a.name < b.name ? -1 : 1));
}
