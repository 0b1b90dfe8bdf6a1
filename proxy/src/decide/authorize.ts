/** From the outcomes of authorization entrypoints to one verdict: a permit or a refusal. */
import type { AuthzDecision, Fields, PolicyDecision } from "@regomesh/policy-runtime";
import type { Reason } from "../filter/reason.ts";
import type { BoundRef } from "./bound-policy.ts";
import { isChanging, makePermit, type Permit, plainPermit } from "./permit.ts";

/** An entrypoint and its unit; both "" where none was asked. */
export type Decider = { readonly entrypoint: string; readonly unit: string };

const NOBODY: Decider = { entrypoint: "", unit: "" };

export function deciderOf({ name, unit }: BoundRef["bound"]): Decider {
  return { entrypoint: name, unit };
}

export type Refusal = {
  readonly reason: Reason;
  /** Undefined: what the reason gives. */
  readonly status: number | undefined;
  readonly headers: Fields;
  readonly body: string | undefined;
  /** The entrypoint that refused. */
  readonly decider: Decider;
  /** For records, not for clients. */
  readonly detail: string;
};

export type Authorization =
  | { readonly kind: "permitted"; readonly permit: Permit }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const PERMITTED: Authorization = { kind: "permitted", permit: plainPermit() };
const NO_FIELDS: Fields = [];

/** The verdict of every authorization entrypoint that counts; `refs` as `bindPolicy` ordered them. */
export function authorize(
  decision: PolicyDecision,
  refs: readonly BoundRef[],
  defaultVerdict: "deny" | "allow",
): Authorization {
  if (refs.length === 0) return withoutPolicy(defaultVerdict);
  let changing: AuthzDecision[] | undefined;
  for (const { bit, bound } of refs) {
    const outcome = decision.authz(bit);
    switch (outcome.kind) {
      case "undefined":
        return refused({ ...DENIED, decider: deciderOf(bound) });
      case "fault":
        return refused({ ...DENIED, reason: outcome.fault, decider: deciderOf(bound), detail: outcome.message });
      case "defined":
        if (!outcome.value.allowed) return refused(denial(outcome.value, deciderOf(bound)));
        if (isChanging(outcome.value)) {
          changing ??= [];
          changing.push(outcome.value);
        }
    }
  }
  return changing === undefined ? PERMITTED : { kind: "permitted", permit: makePermit(changing) };
}

/** What stands where nothing is bound. */
export function withoutPolicy(defaultVerdict: "deny" | "allow"): Authorization {
  return defaultVerdict === "allow" ? PERMITTED : refused({ ...DENIED, reason: "default_deny" });
}

const DENIED: Refusal = {
  reason: "denied",
  status: undefined,
  headers: NO_FIELDS,
  body: undefined,
  decider: NOBODY,
  detail: "",
};

function denial(decision: AuthzDecision, decider: Decider): Refusal {
  return {
    reason: "denied",
    status: decision.httpStatus,
    headers: decision.headers,
    body: decision.body,
    decider,
    detail: "",
  };
}

function refused(refusal: Refusal): Authorization {
  return { kind: "refused", refusal };
}
