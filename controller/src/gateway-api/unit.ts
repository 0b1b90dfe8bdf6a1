/**
 * Routes as Rego: one module for all clients that the same routes hold for, so that they are decided,
 * counted and explained as every other policy is. Of each service's port the matches stand in the
 * order in which they are looked at; where routes are attached and none matches, the answer is 404.
 */
import type { Route } from "@regomesh/resources";
import { actionOf, corsOf } from "./action.ts";
import type { PortRoutes } from "./attach.ts";
import { conditionsOf } from "./conditions.ts";
import { type Branch, corsBranches, print } from "./cors.ts";
import { isGrpc, type Ranked, rankMatches } from "./rank.ts";
import type { Targets } from "./references.ts";
import { regoString } from "./rego-string.ts";

/** Rules behind one another in one chain of `else`: longer ones are cut, so that nobody has to follow them by recursion. */
const CHAIN_MAX = 24;

/** As HTTP says it, and as gRPC makes UNIMPLEMENTED of it. */
const NO_MATCH: Branch = { conditions: [], value: print({ respond: { status: 404 } }) };

/** Text of the module; `whose` says in its first line whose requests it routes. */
export function printUnit(ports: readonly PortRoutes[], targets: Targets, whose: string): string {
  const parts = sharedPorts(ports).map((own, at) => {
    const [first] = own as [PortRoutes, ...PortRoutes[]];
    const addresses = own.map(({ service, port }) => regoString(`${service}:${port}`));
    const asked = addresses.length === 1 ? `service == ${addresses[0]}` : `service in {${addresses.join(", ")}}`;
    const name = `routes_${at + 1}`;
    return `route := ${name} if ${asked}\n\n${printChains(name, branchesOf(first, targets))}`;
  });
  return [HEAD(whose), ...parts].join("\n");
}

/** Ports of a service for which the same routes hold are one. */
export function sharedPorts(ports: readonly PortRoutes[]): readonly (readonly PortRoutes[])[] {
  const shared = Map.groupBy(ports, ({ service, routes }) => `${service} ${routes.map(identityOf).join(" ")}`);
  return [...shared.values()];
}

/** Characters of what stands for the route where it holds for one port alone. */
export function lengthOf(route: Route, targets: Targets): number {
  return printChains("routes_1", branchesFor([route], targets)).length;
}

const HEAD = (
  whose: string,
) => `# Made of HTTPRoutes and GRPCRoutes, for requests of ${whose}. To change it, change those.
package mesh.routing

import input.attributes.destination.service
import input.attributes.request.http

path := split(http.path, "?")[0]

segments := concat("", [path, "/"])
`;

type Commented = Branch & { readonly comment: string };

function branchesFor(routes: readonly Route[], targets: Targets): readonly Commented[] {
  return rankMatches(routes).flatMap((each) => {
    const comment = describe(each);
    return ruleBranches(each, targets).map((branch) => ({ ...branch, comment }));
  });
}

function branchesOf({ routes }: PortRoutes, targets: Targets): readonly Commented[] {
  const ranked = branchesFor(routes, targets);
  // Behind a match that every request has, nobody is asked any more.
  const last = ranked.findIndex(({ conditions }) => conditions.length === 0);
  return last >= 0 ? ranked.slice(0, last + 1) : [...ranked, { ...NO_MATCH, comment: "no route matches" }];
}

function ruleBranches(ranked: Ranked, targets: Targets): readonly Branch[] {
  const { route, rule: at } = ranked;
  const rule = route.spec.rules[at];
  if (rule === undefined) return [];
  const conditions = conditionsOf(ranked);
  const prefix = isGrpc(ranked) || ranked.match.path.type !== "PathPrefix" ? "" : ranked.match.path.value;
  const action = actionOf(route, rule, prefix, targets);
  const cors = corsOf(rule);
  return cors === undefined ? [{ conditions, value: print(action) }] : corsBranches(cors, conditions, action);
}

/** For whoever reads a trace: which rule of which route it is. */
function describe({ route, rule: at, at: match }: Ranked): string {
  const { kind, metadata, spec } = route;
  const rule = spec.rules[at];
  const name = rule?.name === undefined ? "" : ` (${rule.name})`;
  const which = (rule?.matches.length ?? 0) > 1 ? `, match ${match + 1}` : "";
  return `${kind} ${metadata.namespace}/${metadata.name}, rule ${at + 1}${name}${which}`;
}

function printChains(name: string, branches: readonly Commented[]): string {
  const chains = Array.from({ length: Math.ceil(branches.length / CHAIN_MAX) }, (_, i) =>
    branches.slice(i * CHAIN_MAX, (i + 1) * CHAIN_MAX),
  );
  return chains
    .map((chain, i) => {
      const isLast = i === chains.length - 1;
      const own = i === 0 ? name : `${name}_${i + 1}`;
      const next = isLast ? "" : ` else := ${name}_${i + 2}`;
      return `${own} := ${chain.map(printBranch).join(" else := ")}${next}\n`;
    })
    .join("\n");
}

function printBranch({ conditions, value, comment }: Commented): string {
  if (conditions.length === 0) return `${value} # ${comment}`;
  return `${value} if {\n${[`# ${comment}`, ...conditions].map((line) => `\t${line}\n`).join("")}}`;
}

function identityOf({ kind, metadata: { namespace, name } }: PortRoutes["routes"][number]): string {
  return `${kind}/${namespace}/${name}`;
}
