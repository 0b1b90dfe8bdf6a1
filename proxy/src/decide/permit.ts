/**
 * The right to forward one request. Only `decide` makes one; a stage that forwards
 * takes it as an argument, so that forgetting the decision does not type-check.
 */
import type { AuthzDecision, FieldChanges, Fields } from "@regomesh/policy-runtime";
import { variableOf } from "../http1/field-edits.ts";

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

/**
 * For `decide` alone: the permit that these allowing decisions amount to, in the order in
 * which their units count. Of one field, or query parameter, the first unit that names it
 * decides alone; what a later one says of it is passed over.
 */
export function makePermit(decisions: readonly AuthzDecision[]): Permit {
  const changing = decisions.filter(isChanging);
  if (changing.length === 0) return PLAIN;
  const claims = { fields: new Set<string>(), response: new Set<string>(), query: new Set<string>() };
  const request: MutableChanges = { set: [], add: [], remove: [] };
  const response: (readonly [string, string])[] = [];
  const query: { set: (readonly [string, string])[]; remove: string[] } = { set: [], remove: [] };
  for (const decision of changing) {
    const { headers, requestHeadersToRemove, responseHeadersToAdd } = decision;
    const { queryParametersToSet, queryParametersToRemove } = decision;
    const fields = unclaimed(claims.fields, headers, requestHeadersToRemove, variableOf);
    request.remove.push(...fields.remove);
    // Of several values of one unit the first takes the place of what came, the others stand beside it.
    const named = new Set<string>();
    for (const field of fields.set) {
      (named.has(variableOf(field[0])) ? request.add : request.set).push(field);
      named.add(variableOf(field[0]));
    }
    response.push(...unclaimed(claims.response, responseHeadersToAdd, [], variableOf).set);
    const parameters = unclaimed(claims.query, queryParametersToSet, queryParametersToRemove, (name) => name);
    query.set.push(...parameters.set);
    query.remove.push(...parameters.remove);
  }
  return {
    request: request.set.length + request.remove.length === 0 ? undefined : request,
    responseHeadersToAdd: response,
    query: query.set.length + query.remove.length === 0 ? undefined : query,
  } as unknown as Permit;
}

type MutableChanges = { set: (readonly [string, string])[]; add: (readonly [string, string])[]; remove: string[] };

/** What one unit says of names that no unit before it has named; names them. */
function unclaimed(
  claims: Set<string>,
  set: Fields,
  remove: readonly string[],
  keyOf: (name: string) => string,
): { readonly set: Fields; readonly remove: readonly string[] } {
  const free = {
    set: set.filter(([name]) => !claims.has(keyOf(name))),
    remove: remove.filter((name) => !claims.has(keyOf(name))),
  };
  for (const [name] of set) claims.add(keyOf(name));
  for (const name of remove) claims.add(keyOf(name));
  return free;
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
