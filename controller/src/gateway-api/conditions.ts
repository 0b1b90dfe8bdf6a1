/** A match of a route as conditions of a rule body, each a line of Rego. */
import type { GrpcRouteMatch, HttpRouteMatch } from "@regomesh/resources";
import { distinct, isGrpc, type Ranked, withoutSlash } from "./rank.ts";
import { regoString } from "./rego-string.ts";

type ValueMatch = { readonly type: "Exact" | "RegularExpression"; readonly name: string; readonly value: string };

/** None where every request matches. The module has `path`, without a query, and `segments`, the path with a slash at its end. */
export function conditionsOf(ranked: Ranked): readonly string[] {
  return isGrpc(ranked) ? grpcConditions(ranked.match) : httpConditions(ranked.match as HttpRouteMatch);
}

function httpConditions({ path, method, headers, queryParams }: HttpRouteMatch): readonly string[] {
  return [
    ...pathConditions(path),
    ...(method === undefined ? [] : [`http.method == ${regoString(method)}`]),
    ...(headers.length === 0 ? [] : headerConditions(headers)),
    ...queryParams.map((match) => valueCondition(`input.parsed_query[${regoString(match.name)}][0]`, match)),
  ];
}

function pathConditions({ type, value }: HttpRouteMatch["path"]): readonly string[] {
  switch (type) {
    case "Exact":
      return [`path == ${regoString(value)}`];
    case "RegularExpression":
      return [`regex.match(${regoString(whole(value))}, path)`];
    case "PathPrefix":
      return withoutSlash(value) === "" ? [] : [`startswith(segments, ${regoString(`${withoutSlash(value)}/`)})`];
  }
}

function grpcConditions({ method, headers }: GrpcRouteMatch): readonly string[] {
  return [...(method === undefined ? [] : methodConditions(method)), ...headerConditions(headers)];
}

/** A call's path is `/package.Service/Method`. */
function methodConditions({ type, service, method }: NonNullable<GrpcRouteMatch["method"]>): readonly string[] {
  if (type === "RegularExpression") {
    const part = (name: string | undefined) => (name ? `(?:${name})` : "[^/]+");
    return [`regex.match(${regoString(`^/${part(service)}/${part(method)}$`)}, path)`];
  }
  if (service && method) return [`path == ${regoString(`/${service}/${method}`)}`];
  if (service) return [`startswith(path, ${regoString(`/${service}/`)})`];
  return [`regex.match(${regoString(`^/[^/]+/${method}$`)}, path)`];
}

function headerConditions(headers: readonly ValueMatch[]): readonly string[] {
  return distinct(headers).map((match) => {
    const name = match.name.toLowerCase();
    return valueCondition(name === "host" ? "http.host" : `http.headers[${regoString(name)}]`, match);
  });
}

function valueCondition(what: string, { type, value }: ValueMatch): string {
  return type === "Exact" ? `${what} == ${regoString(value)}` : `regex.match(${regoString(whole(value))}, ${what})`;
}

/** An expression of the whole value, as others that serve these routes take it. */
function whole(expression: string): string {
  return `^(?:${expression})$`;
}
