/** What a sidecar says of itself in its responses, and who may say it: no application. */
import { KnownField } from "@regomesh/policy-runtime";
import type { Reason } from "../filter/reason.ts";
import { isReason } from "../filter/rescue.ts";
import type { Head } from "../http1/head.ts";
import { maskOf } from "../http1/known-field.ts";

/** Of an application's response these fields do not go on, for they mean nothing there; of a peer's, the reason is heard by this sidecar alone. */
export const OF_APPLICATION = maskOf(KnownField.decisionId, KnownField.meshReason);
export const OF_PEER = maskOf(KnownField.meshReason);

/** Sidecars name their decision where they answer by themselves, and take that name from what an application says. */
export function isRefusal(head: Head): boolean {
  return head.status < 500 && (head.present & maskOf(KnownField.decisionId)) !== 0;
}

/** Why the sidecar at the other end made a response by itself; undefined where it is the application's. */
export function meshReasonOf(head: Head): Reason | undefined {
  const index = head.indexOf(KnownField.meshReason);
  if (index < 0) return undefined;
  const text = head.valueText(index);
  // A newer proxy may know more of them.
  return isReason(text) ? text : "internal";
}
