/**
 * The right to forward one request. Only `decide` makes one; a stage that forwards
 * takes it as an argument, so that forgetting the decision does not type-check.
 */
import type { AuthzDecision, FieldChanges, Fields } from "@regomesh/policy-runtime";

declare const brand: unique symbol;

export type Permit = {
  readonly [brand]: "Permit";
  /** What the policy wants changed in the request that goes on; undefined where nothing. */
  readonly request: FieldChanges | undefined;
  readonly responseHeadersToAdd: Fields;
  readonly query: QueryChanges | undefined;
};

export type QueryChanges = { readonly set: Fields; readonly remove: readonly string[] };

/** The permit of a request in which the policy changes nothing: nearly all of them. */
const PLAIN = { request: undefined, responseHeadersToAdd: [], query: undefined } as unknown as Permit;

/** For `decide` alone: the permit that these allowing decisions amount to. */
export function makePermit(decisions: readonly AuthzDecision[]): Permit {
  const changing = decisions.filter(isChanging);
  if (changing.length === 0) return PLAIN;
  const request = {
    set: changing.flatMap((decision) => decision.headers),
    add: [],
    remove: changing.flatMap((decision) => decision.requestHeadersToRemove),
  };
  const query = {
    set: changing.flatMap((decision) => decision.queryParametersToSet),
    remove: changing.flatMap((decision) => decision.queryParametersToRemove),
  };
  return {
    request: request.set.length + request.remove.length === 0 ? undefined : request,
    responseHeadersToAdd: changing.flatMap((decision) => decision.responseHeadersToAdd),
    query: query.set.length + query.remove.length === 0 ? undefined : query,
  } as unknown as Permit;
}

export function plainPermit(): Permit {
  return PLAIN;
}

export function isChanging(decision: AuthzDecision): boolean {
  return (
    decision.headers.length +
      decision.responseHeadersToAdd.length +
      decision.requestHeadersToRemove.length +
      decision.queryParametersToSet.length +
      decision.queryParametersToRemove.length >
    0
  );
}
