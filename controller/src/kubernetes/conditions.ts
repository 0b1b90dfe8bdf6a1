/** What the controller says of each of its objects, as conditions. A condition keeps its time while its status does. */
import type { ConditionType } from "@regomesh/resources";
import { TEST_WAITING } from "../build/unit-tests.ts";
import { timed } from "./timed-conditions.ts";

export type Condition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
};

/** What is known of one object's newest text. */
export type ObjectState = {
  readonly kind: string;
  readonly generation: number;
  /** Undefined while nothing was said of this text. */
  readonly verdict: ObjectVerdict | undefined;
  /** The mesh's revision in force; undefined where the text is not in it. */
  readonly revision: string | undefined;
  /** An operator has put a revision above what the cluster holds. */
  readonly isPinned: boolean;
  /** How many it concerns, whether their proxies are connected or not. */
  readonly workloads: number;
  /** Connected proxies that it concerns, and of those, how many enforce the revision. */
  readonly proxies: { readonly total: number; readonly programmed: number };
};

export type ObjectVerdict =
  | { readonly kind: "accepted" }
  /** It is in force, and names what is not there. */
  | { readonly kind: "unresolved"; readonly message: string }
  /** `code`: a diagnostic's. `hasBefore`: an earlier text of it stays in force. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly hasBefore: boolean };

/** Code of what was in force, and is no more, as proxies have shown it to be wrong. */
export const TAKEN_BACK = "taken_back";

type Said = Pick<Condition, "status" | "reason" | "message">;

const TRUE = (reason: string, message = ""): Said => ({ status: "True", reason, message });
const FALSE = (reason: string, message: string): Said => ({ status: "False", reason, message });
const UNKNOWN: Said = { status: "Unknown", reason: "Pending", message: "" };

/** Which condition a diagnostic denies, beside Accepted. */
function deniedBy(code: string): ConditionType | undefined {
  if (code === "test_failed" || code === "test_time") return "TestsPassed";
  if (code.startsWith("reference_") || code === "binding_entrypoint") return "ResolvedRefs";
  return code.startsWith("rego_") || code.startsWith("data_") ? "Compiled" : undefined;
}

const REASONS: Partial<Record<ConditionType, string>> = {
  TestsPassed: "TestFailed",
  ResolvedRefs: "TargetNotFound",
  Compiled: "CompileError",
};

/** The conditions of a kind, in the order in which they come true. */
const OF_KIND: Readonly<Record<string, readonly ConditionType[]>> = {
  MeshConfig: ["Accepted", "Programmed"],
  Policy: ["Accepted", "Compiled", "TestsPassed", "Programmed"],
  PolicySource: ["Accepted"],
  PolicyBinding: ["Accepted", "ResolvedRefs", "Programmed"],
  TrafficPolicy: ["Accepted", "ResolvedRefs", "Programmed"],
  MeshTest: ["Accepted", "TestsPassed"],
};

/** Those of an object, after those that were there before; what others have said of it stays theirs. */
export function toConditions(state: ObjectState, before: readonly Condition[], nowIso: string): readonly Condition[] {
  const said = (OF_KIND[state.kind] ?? []).map((type) => ({
    type,
    ...say(type, state),
    observedGeneration: state.generation,
  }));
  return timed(said, before, nowIso);
}

function say(type: ConditionType, state: ObjectState): Said {
  const { verdict } = state;
  if (verdict === undefined) return unknown(state, "not looked at yet");
  if (verdict.kind === "refused" && verdict.code === TEST_WAITING) return { ...UNKNOWN, message: verdict.message };
  const denied = verdict.kind === "refused" ? deniedBy(verdict.code) : undefined;
  if (type === "Programmed") return sayProgrammed(state);
  if (verdict.kind === "unresolved" && type === "ResolvedRefs") return FALSE("TargetNotFound", verdict.message);
  if (verdict.kind !== "refused") return TRUE(type);
  if (verdict.code === TAKEN_BACK) return type === "Accepted" ? FALSE("TakenBack", verdict.message) : TRUE(type);
  if (type === "Accepted") return FALSE(denied === "ResolvedRefs" ? "TargetNotFound" : "Invalid", verdict.message);
  if (type === denied) return FALSE(REASONS[type] ?? "Invalid", verdict.message);
  // What was refused for one thing was not looked at for what comes after it.
  return type === "Compiled" && denied === "TestsPassed" ? TRUE(type) : { ...UNKNOWN, message: "refused before that" };
}

function unknown({ isPinned }: ObjectState, message: string): Said {
  return isPinned
    ? { status: "Unknown", reason: "Pinned", message: "an operator has pinned another revision above it" }
    : { ...UNKNOWN, message };
}

function sayProgrammed(state: ObjectState): Said {
  const { verdict, revision, workloads, proxies } = state;
  if (verdict?.kind === "refused") {
    const stays = verdict.hasBefore ? "what was accepted of it before stays in force" : "nothing of it is in force";
    return FALSE(verdict.code === TAKEN_BACK ? "TakenBack" : "Invalid", stays);
  }
  if (revision === undefined) return unknown(state, "not in a revision yet");
  const { total, programmed } = proxies;
  // Of a reason of its own: who waits for a binding to reach its Policy is told as soon as of a proxy that lags.
  if (total === 0) {
    const none = workloads === 0 ? "it concerns no workload" : `of its ${workloads} workloads no proxy is connected`;
    return TRUE("NoProxy", none);
  }
  const message = `${programmed} of ${total} proxies enforce it`;
  if (programmed === total) return TRUE("Programmed", message);
  return FALSE(programmed === 0 ? "Reconciling" : "PartiallyProgrammed", message);
}
