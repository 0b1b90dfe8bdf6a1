/** From the outcomes of authorization entrypoints to one verdict: a permit or a refusal. */
import type { AuthzDecision, Fields, PolicyDecision } from "@regomesh/policy-runtime";
import type { Reason } from "../filter/reason.ts";
import type { BoundRef } from "./bound-policy.ts";
import { isChanging, makePermit, type Permit, plainPermit } from "./permit.ts";

export type Refusal = {
  readonly reason: Reason;
  /** Undefined: what the reason gives. */
  readonly status: number | undefined;
  readonly headers: Fields;
  readonly body: string | undefined;
  /** Entrypoint that refused; "" where none was asked. */
  readonly entrypoint: string;
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
        return refused({ ...DENIED, entrypoint: bound.name });
      case "fault":
        return refused({ ...DENIED, reason: outcome.fault, entrypoint: bound.name, detail: outcome.message });
      case "defined":
        if (!outcome.value.allowed) return refused(denial(outcome.value, bound.name));
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
  entrypoint: "",
  detail: "",
};

function denial(decision: AuthzDecision, entrypoint: string): Refusal {
  return {
    reason: "denied",
    status: decision.httpStatus,
    headers: decision.headers,
    body: decision.body,
    entrypoint,
    detail: "",
  };
}

function refused(refusal: Refusal): Authorization {
  return { kind: "refused", refusal };
}
