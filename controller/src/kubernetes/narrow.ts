/**
 * Who is to blame for a fault that names nobody: a release that its own check refuses, a build that does not end. What
 * has changed is tried in halves, beside what is in force, down to single objects. Each half that holds is in force at
 * once, so that what is found out about one costs the others nothing but time.
 */
import { ROOT_NAMESPACE } from "@regomesh/resources";
import type { SourceVerdict } from "../sources/source.ts";
import type { Objects } from "./cluster-tree.ts";

/** Among ten thousand objects one takes some thirty; of several the last may wait for what is found next time. */
const TRIALS_MAX = 64;

export type Narrowed = {
  /** Objects that hold together. */
  readonly sound: ReadonlySet<string>;
  /** Of each that does not, alone beside these, what was said. */
  readonly blamed: ReadonlyMap<string, string>;
  /** False where a trial was not answered. */
  readonly isAnswered: boolean;
};

/**
 * `keys`: of what has changed; together they do not hold. `attempt`: what becomes of these beside what is in force, the
 * rest of what has changed left as it was; the last one that is accepted is in force. Those that are neither sound nor
 * blamed were not tried. `reason`: what is said of all together.
 */
export async function narrow(
  keys: readonly string[],
  newest: Objects,
  reason: string,
  attempt: (taken: ReadonlySet<string>) => Promise<SourceVerdict | undefined>,
): Promise<Narrowed> {
  const sound = new Set<string>();
  const blamed = new Map<string, string>();
  let [left, isAnswered] = [TRIALS_MAX, true];
  const holds = async (more: readonly string[]): Promise<SourceVerdict | undefined> => {
    left--;
    const answer = await attempt(new Set([...sound, ...more]));
    if (answer === undefined) isAnswered = false;
    if (answer?.isAccepted === true) for (const key of more) sound.add(key);
    return answer;
  };
  /** `part` does not hold beside what is sound. */
  const divide = async (part: readonly string[], said: string): Promise<void> => {
    const [only] = part;
    if (part.length === 1 && only !== undefined) {
      blamed.set(only, said);
      return;
    }
    const middle = part.length >> 1;
    for (const half of [part.slice(0, middle), part.slice(middle)]) {
      if (left === 0 || !isAnswered) return;
      const answer = await holds(half);
      if (answer?.isAccepted === false) await divide(half, answer.reason ?? "");
    }
  };
  const none = await holds([]);
  // What is in force does not hold without what was deleted: nobody who could be left out is to blame.
  if (none?.isAccepted === true) await divide(inOrder(keys, newest), reason);
  return { sound, blamed, isAnswered };
}

/** What is named comes before what names it, tests last; by namespace, so that halves are whole ones first. */
const KINDS = ["Service", "Pod", "MeshConfig", "Policy", "TrafficPolicy", "PolicyBinding"];

function inOrder(keys: readonly string[], newest: Objects): readonly string[] {
  const ranked = keys.map((key) => {
    const { kind = "", metadata } = newest.get(key) ?? {};
    const namespace = metadata?.namespace ?? "";
    const at = KINDS.indexOf(kind);
    const rank = [
      kind === "MeshTest" ? 1 : 0,
      namespace === "" || namespace === ROOT_NAMESPACE ? "" : namespace,
      at < 0 ? KINDS.length : at,
    ].join(" ");
    return { key, rank };
  });
  return ranked.sort((a, b) => compare(a.rank, b.rank) || compare(a.key, b.key)).map(({ key }) => key);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
