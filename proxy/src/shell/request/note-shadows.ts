/** Looks at what is bound in shadow, once what is enforced has been decided: counted, and noted in the record. */
import type { PolicyDecision } from "@regomesh/policy-runtime";
import type { Authorization } from "../../decide/authorize.ts";
import type { BoundPolicy } from "../../decide/bound-policy.ts";
import { compareShadows } from "../../decide/shadow.ts";
import type { ClientRequest } from "./client-request.ts";

/** Before the decision's storage is used again; nothing follows from it for the request. */
export function noteShadows(
  { thread, record }: ClientRequest,
  direction: "inbound" | "outbound",
  decision: PolicyDecision,
  bound: BoundPolicy,
  authorization: Authorization,
): void {
  const { inForce } = record;
  if (bound.shadows.length === 0 || inForce === undefined) return;
  const { defaultVerdict, principal } = inForce.workload;
  const differences = compareShadows(decision, bound, {
    authorization,
    // What goes out is permitted where nothing is bound.
    defaultVerdict: direction === "inbound" ? defaultVerdict : "allow",
    buckets: thread.buckets,
    principal,
    nowMs: thread.monoMs(),
  });
  for (const shadow of bound.shadows) {
    const difference = differences.find((each) => each.shadow === shadow);
    thread.shadows.count(direction, shadow.ref.bound, difference?.would);
  }
  record.shadows = differences.map(({ shadow, would }) => ({
    binding: shadow.ref.bound.binding,
    entrypoint: shadow.ref.bound.name,
    would,
  }));
}
