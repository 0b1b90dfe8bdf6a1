/**
 * Which objects go in force together. All that is newest is tried first; what is at fault then stands as it was
 * in force, or is left out, and the rest is tried again: so one object's fault refuses that object alone. Where
 * a test of all that is bound fails, what has changed waits, as far as the test may speak of it; where nobody is named,
 * it is found out who it is (`narrow.ts`).
 */
import type { Source } from "@regomesh/base";
import { ROOT_NAMESPACE } from "@regomesh/resources";
import type { SourceVerdict } from "../sources/source.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { choose, isOurs, keyOfFile, type Objects, toFiles, type Written } from "./cluster-tree.ts";
import { type ObjectVerdict, TAKEN_BACK } from "./conditions.ts";
import { maySpeakOf } from "./gates.ts";
import { missingPolicies, standIn } from "./missing-policies.ts";
import { missingServices } from "./missing-services.ts";
import { narrow } from "./narrow.ts";
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
  /** False where nothing was said of what was tried last: it waits, and there are no verdicts. */
  readonly isAnswered: boolean;
};

/** Texts of objects that proxies have shown to be wrong, by object: they are not tried again. Changed where it stands. */
export type TakenBack = Map<string, { readonly version: string; readonly message: string }>;

export type SettleOptions = { readonly written?: Written; readonly takenBack?: TakenBack };

type Attempt = (files: readonly Source[]) => Promise<SourceVerdict | undefined>;

/** `attempt` puts files in force where they may be, and says what became of them. */
export async function settleObjects(
  newest: Objects,
  inForce: Objects,
  attempt: Attempt,
  { written, takenBack = new Map() }: SettleOptions = {},
): Promise<Settled> {
  const round: Round = { newest, inForce, refused: new Map(), verdicts: new Map(), takenBack };
  const { refused, verdicts } = round;
  refuseTakenBack(round);
  let reason = "what has changed cannot be put in force together";
  // What was accepted last, also where nothing is said of what was tried after it.
  let current = inForce;
  for (let at = 0; at < ROUNDS_MAX; at++) {
    const chosen = choose(newest, refused, inForce);
    const answer = await attempt(filesOf(chosen, written));
    if (answer === undefined) return UNANSWERED(current);
    if (answer.isAccepted) return accepted(chosen, round);
    const named = namedIn(answer, round);
    if (answer.isTakenBack === true) {
      if (!takeBack(answer, chosen, round)) break;
    } else if (named.length > 0) putBack(named, chosen, round);
    else {
      const changed = changedIn(chosen, round);
      reason = unnamed(answer.reason ?? reason);
      const found = await narrow(changed, newest, reason, async (taken) => {
        const part = choose(newest, without(changed, taken, round), inForce);
        const said = await attempt(filesOf(part, written));
        if (said?.isAccepted === true) current = part;
        return said;
      });
      if (!found.isAnswered) return UNANSWERED(current);
      if (found.sound.size === 0 && found.blamed.size === 0) break;
      for (const key of changed) {
        if (found.sound.has(key)) continue;
        const said = found.blamed.get(key);
        const message = said === undefined ? `held: ${reason}` : unnamed(said);
        refuse(key, { code: said === undefined ? HELD : "release_refused", message }, round);
      }
    }
  }
  // What has not changed is in force as it was; the rest waits for those that are at fault.
  for (const [key, object] of newest) {
    if (verdicts.has(key)) continue;
    if (isNew(key, object, round)) refuse(key, { code: HELD, message: `held: ${reason}` }, round);
    else verdicts.set(key, { kind: "accepted" });
  }
  return { inForce: current, verdicts, isAccepted: false, isAnswered: true };
}

const UNANSWERED = (inForce: Objects): Settled => ({
  inForce,
  verdicts: new Map(),
  isAccepted: false,
  isAnswered: false,
});

function accepted(chosen: Objects, { newest, verdicts }: Round): Settled {
  const unresolved = unresolvedIn(chosen);
  for (const key of newest.keys())
    if (!verdicts.has(key)) verdicts.set(key, unresolved.get(key) ?? { kind: "accepted" });
  return { inForce: chosen, verdicts, isAccepted: true, isAnswered: true };
}

type Round = {
  readonly newest: Objects;
  readonly inForce: Objects;
  readonly refused: Map<string, string>;
  readonly verdicts: Map<string, ObjectVerdict>;
  readonly takenBack: TakenBack;
};

type Refusal = Omit<Extract<ObjectVerdict, { kind: "refused" }>, "kind" | "hasBefore">;
type Named = { readonly key: string; readonly object: ClusterObject; readonly fault: SourceVerdict["refused"][number] };

function refuse(key: string, said: Refusal, { newest, inForce, refused, verdicts }: Round): void {
  const object = newest.get(key);
  if (object === undefined) return;
  const before = inForce.get(key);
  const hasBefore =
    before !== undefined && versionOf(before) !== versionOf(object) && before.metadata.uid === object.metadata.uid;
  refused.set(key, versionOf(object));
  verdicts.set(key, { kind: "refused", ...said, hasBefore });
}

/** What is at fault, and could be put back. */
function namedIn({ refused: faults }: SourceVerdict, { newest, refused }: Round): readonly Named[] {
  return faults.flatMap((fault) => {
    const key = keyOfFile(fault.file);
    const object = newest.get(key);
    return object === undefined || refused.has(key) ? [] : [{ key, object, fault }];
  });
}

const isGate = ({ kind }: ClusterObject) => kind === "MeshTest";

function isNew(key: string, object: ClusterObject, { inForce }: Round): boolean {
  const before = inForce.get(key);
  return before === undefined || versionOf(before) !== versionOf(object);
}

/** Keys of what is tried, and is not in force as it stands. */
function changedIn(chosen: Objects, round: Round): readonly string[] {
  return [...chosen]
    .filter(([key, object]) => round.newest.get(key) === object && isNew(key, object, round))
    .map(([key]) => key);
}

/** What is refused where of what has changed some is left as it was. */
function without(changed: readonly string[], taken: ReadonlySet<string>, { newest, refused }: Round) {
  const left = changed.filter((key) => !taken.has(key));
  return new Map([...refused, ...left.map((key) => [key, versionOf(newest.get(key) as ClusterObject)] as const)]);
}

function refuseTakenBack(round: Round): void {
  for (const [key, { version, message }] of round.takenBack) {
    const object = round.newest.get(key);
    if (object === undefined || versionOf(object) !== version) round.takenBack.delete(key);
    else refuse(key, { code: TAKEN_BACK, message }, round);
  }
}

/**
 * Of what people have written and a release brought that was taken back: what may speak to the workloads whose proxies
 * refuse it, or all where no workload is named. False where that is nothing.
 */
function takeBack(
  { reason = "", changed = [], refusedIn = [] }: SourceVerdict,
  chosen: Objects,
  round: Round,
): boolean {
  const all = [...new Set(changed.map(keyOfFile))].flatMap((key) => {
    const object = chosen.get(key);
    // A test reaches no proxy.
    const isAsked = object !== undefined && isOurs(object) && !isGate(object) && round.newest.get(key) === object;
    return isAsked ? [{ key, object }] : [];
  });
  const near = all.filter(({ object: { metadata } }) => {
    const { namespace = ROOT_NAMESPACE } = metadata;
    return namespace === ROOT_NAMESPACE || refusedIn.includes(namespace);
  });
  const blamed = near.length > 0 && refusedIn.length > 0 ? near : all;
  const message = `taken back from proxies: ${reason}`;
  for (const { key, object } of blamed) round.takenBack.set(key, { version: versionOf(object), message });
  refuseTakenBack(round);
  return blamed.length > 0;
}

/** What is at fault itself goes back; where that is a test which held, what has changed as far as it may speak of it. */
function putBack(at: readonly Named[], chosen: Objects, round: Round): void {
  const { refused, verdicts } = round;
  // A test that held, and would not any more, is what refuses others: it is not put out of their way.
  const own = at.filter(({ key, object }) => !isGate(object) || isNew(key, object, round));
  const refuseNamed = ({ key, fault }: Named) =>
    refuse(key, { code: fault.reason, message: unnamed(fault.message) }, round);
  for (const each of own) refuseNamed(each);
  if (own.length > 0) return;
  let isAny = false;
  for (const key of changedIn(chosen, round)) {
    const object = chosen.get(key);
    if (object === undefined || isGate(object)) continue;
    const gate = at.find((each) => maySpeakOf(each.object.metadata, object.metadata));
    if (gate === undefined) continue;
    refuse(key, { code: HELD, message: `refused by ${gate.key}: ${unnamed(gate.fault.message)}` }, round);
    isAny = true;
  }
  if (isAny) return;
  // Not for what it may hold, but by what was deleted, or is others': it goes, and what was held for it is tried again.
  for (const [key, verdict] of verdicts) {
    if (verdict.kind !== "refused" || verdict.code !== HELD) continue;
    verdicts.delete(key);
    refused.delete(key);
  }
  for (const each of at) refuseNamed(each);
}

/** Diagnostics name files of the source; of an object its own key is known to whoever reads it. */
function unnamed(message: string): string {
  return message
    .replace(/^(?:Policy\/[^/]+\/[^/]+\/)([^/:]+\.rego:)/, "$1")
    .replace(/^[^:]+\.rego:1:1: test_(?:time|waiting): /, "")
    .replace(/^MeshTest\/[^:]+\.yaml:\d+: MeshTest \S+ fails: /, "")
    .replace(/^(?:[A-Za-z]+\/[^:]+\.yaml:\d+:\d+: )?[a-z]+(?:_[a-z]+)+: /, "");
}

/** Verdicts on what is in force and names what is not there, by keys. */
function unresolvedIn(chosen: Objects): ReadonlyMap<string, ObjectVerdict> {
  const services = missingServices(chosen).map(({ key, names }): [string, ObjectVerdict] => {
    const message = `no Service ${names.join(", ")} of the mesh in reach: it is about the others that it names`;
    return [key, { kind: "unresolved", message }];
  });
  const found = missingPolicies(chosen).flatMap(({ bindings, namespace, name }) => {
    const message = `no Policy ${name} in namespace ${namespace}: what it would decide is refused with 503`;
    return bindings.map((key): [string, ObjectVerdict] => [key, { kind: "unresolved", message }]);
  });
  return new Map([...services, ...found]);
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
