/** What a route does with a request, and then one of its targets, as one. */
import type { RouteActions, RouteRewrite } from "@regomesh/policy-runtime";
import { joinChanges } from "../decide/field-changes.ts";

/** Fields are changed by the route first; where both say what path or authority goes on, the target's word counts. */
export function joinActions(route: RouteActions, target: RouteActions | undefined): RouteActions {
  if (target === undefined) return route;
  return {
    rewrite: joinRewrites(route.rewrite, target.rewrite),
    redirect: target.redirect ?? route.redirect,
    respond: target.respond ?? route.respond,
    requestHeaders: joinChanges(route.requestHeaders, target.requestHeaders),
    // Back from the endpoint a response comes by the target first.
    responseHeaders: joinChanges(target.responseHeaders, route.responseHeaders),
    mirrors: [...route.mirrors, ...target.mirrors],
  };
}

function joinRewrites(route: RouteRewrite | undefined, target: RouteRewrite | undefined): RouteRewrite | undefined {
  if (route === undefined || target === undefined) return target ?? route;
  const isPath = target.path !== undefined || target.prefix !== undefined;
  const authority = target.authority ?? route.authority;
  const { authority: _, ...path } = isPath ? target : route;
  return { ...path, ...(authority === undefined ? {} : { authority }) };
}

/** Whether the request's head is another one for it. */
export function changesRequest({ rewrite, requestHeaders }: RouteActions): boolean {
  return rewrite !== undefined || requestHeaders !== undefined;
}
