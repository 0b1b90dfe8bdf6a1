/** What a rule of a route does with a request, as the answer of `mesh/routing/route`. */
import type {
  GrpcFilter,
  GrpcRouteRule,
  HeaderModifier,
  HttpFilter,
  HttpRouteRule,
  PathModifier,
  RequestMirror,
  RequestRedirect,
  Route,
} from "@regomesh/resources";
import { withoutSlash } from "./rank.ts";
import { resolveBackend, type Targets } from "./references.ts";

/** A term of Rego that JSON can write. */
export type Term = { readonly [name: string]: unknown };

type Rule = HttpRouteRule | GrpcRouteRule;
type Filter = HttpFilter | GrpcFilter;

/** Of a gRPC call it becomes UNAVAILABLE, which the specification asks for there; a request gets 500. */
const BROKEN = { HTTPRoute: { respond: { status: 500 } }, GRPCRoute: { respond: { status: 503 } } } as const;

/** `prefix`: the path prefix that has matched, for what takes its place; "" where none has. */
export function actionOf(route: Route, rule: Rule, prefix: string, targets: Targets): Term {
  const { filters, backendRefs } = rule;
  const own = filterAction(filters, route, prefix, targets);
  if ("redirect" in own || "respond" in own) return own;
  const to = backendRefs.map((backend) => {
    const found = resolveBackend(backend, route, targets);
    const answer =
      "reason" in found ? BROKEN[route.kind] : { ...found, ...filterAction(backend.filters, route, prefix, targets) };
    return { ...answer, weight: backend.weight };
  });
  if (to.every(({ weight }) => weight === 0)) return BROKEN[route.kind];
  return { to, ...timesOf(rule), ...own };
}

function timesOf(rule: Rule): Term {
  const { timeouts, retry } = "timeouts" in rule || "retry" in rule ? rule : {};
  return {
    ...(timeouts?.request === undefined ? {} : { timeout: printMs(timeouts.request) }),
    ...(timeouts?.backendRequest === undefined ? {} : { perTry: printMs(timeouts.backendRequest) }),
    ...(retry === undefined
      ? {}
      : {
          retry: {
            attempts: retry.attempts ?? 1,
            // GEP-1731: where retries are asked for at all, they are made after failed connections, too.
            on: ["connect", "reset", "timeout", ...retry.codes.map(String)],
            ...(retry.backoff === undefined ? {} : { backoff: printMs(retry.backoff) }),
          },
        }),
  };
}

/** A duration has units of at most five digits. */
function printMs(ms: number): string {
  return ms === 0 ? "0s" : `${Math.floor(ms / 1000)}s${ms % 1000}ms`;
}

function filterAction(filters: readonly Filter[], route: Route, prefix: string, targets: Targets): Term {
  // A filter that cannot be resolved must not be skipped.
  if (filters.some(({ extensionRef }) => extensionRef !== undefined)) return BROKEN[route.kind];
  const headers = {
    ...changesOf(
      "request",
      filters.map(({ requestHeaderModifier }) => requestHeaderModifier),
    ),
    ...changesOf(
      "response",
      filters.map(({ responseHeaderModifier }) => responseHeaderModifier),
    ),
  };
  const mirrors = filters.flatMap(({ requestMirror }) =>
    requestMirror === undefined ? [] : mirrorOf(requestMirror, route, targets),
  );
  const { urlRewrite } = partOf(filters, "urlRewrite");
  const { requestRedirect } = partOf(filters, "requestRedirect");
  return {
    ...(requestRedirect === undefined ? {} : { redirect: redirectOf(requestRedirect, prefix) }),
    ...(urlRewrite === undefined
      ? {}
      : {
          rewrite: {
            ...(urlRewrite.hostname === undefined ? {} : { authority: urlRewrite.hostname }),
            ...pathOf(urlRewrite.path, prefix),
          },
        }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(mirrors.length === 0 ? {} : { mirror: mirrors }),
  };
}

/** The filter that has a part which HTTPRoutes alone know. */
function partOf<Part extends "urlRewrite" | "requestRedirect" | "cors">(
  filters: readonly Filter[],
  part: Part,
): Pick<HttpFilter, Part> {
  const found = filters.find((filter): filter is HttpFilter => part in filter);
  return found ?? ({} as Pick<HttpFilter, Part>);
}

export function corsOf(rule: Rule): HttpFilter["cors"] {
  return partOf(rule.filters, "cors").cors;
}

function redirectOf({ scheme, hostname, port, path, statusCode }: RequestRedirect, prefix: string): Term {
  return {
    status: statusCode,
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { host: hostname }),
    ...(port === undefined ? {} : { port }),
    ...pathOf(path, prefix),
  };
}

function pathOf(path: PathModifier | undefined, prefix: string): Term {
  if (path === undefined) return {};
  const { replaceFullPath, replacePrefixMatch } = path;
  if (replaceFullPath !== undefined) return { path: replaceFullPath || "/" };
  return { prefix: replacePrefixMatch || "/", match: withoutSlash(prefix) || "/" };
}

/** Names in lower case, so that one field is one key; of several values of one name all are there. */
function changesOf(side: "request" | "response", modifiers: readonly (HeaderModifier | undefined)[]): Term {
  const { set = [], add = [], remove = [] } = modifiers.find((modifier) => modifier !== undefined) ?? {};
  const changes = {
    ...(set.length === 0 ? {} : { set: Object.fromEntries(set.map(({ name, value }) => [name.toLowerCase(), value])) }),
    ...(add.length === 0 ? {} : { add: groupFields(add) }),
    ...(remove.length === 0 ? {} : { remove: remove.map((name) => name.toLowerCase()) }),
  };
  return Object.keys(changes).length === 0 ? {} : { [side]: changes };
}

function groupFields(fields: HeaderModifier["add"]): Term {
  const byName = Map.groupBy(fields, ({ name }) => name.toLowerCase());
  return Object.fromEntries([...byName].map(([name, own]) => [name, own.map(({ value }) => value)]));
}

/** A mirror that leads nowhere is left out: copies answer nobody. */
function mirrorOf({ backendRef, percent, fraction }: RequestMirror, route: Route, targets: Targets): readonly Term[] {
  const found = resolveBackend(backendRef, route, targets);
  if ("reason" in found) return [];
  const share = fraction === undefined ? (percent ?? 100) : (100 * fraction.numerator) / fraction.denominator;
  return [{ ...found, percent: share }];
}
