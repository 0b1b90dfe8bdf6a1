/** `mesh/routing/route`: where an outbound request goes and how (design.md, "Policy"). */
import type { FieldChanges, RetryPolicy, RouteDecision, RouteTarget } from "./decision.ts";
import {
  durationOf,
  fieldNamesOf,
  fieldsOf,
  integerOf,
  type Json,
  listOf,
  numberOf,
  objectOf,
  oneOf,
  textOf,
  WrongType,
} from "./shape.ts";

const FIELDS = [
  "to",
  "timeout",
  "retry",
  "rewrite",
  "redirect",
  "respond",
  "headers",
  "mirror",
  "fault",
  "hashKey",
] as const;
const CONDITIONS = ["connect", "reset", "5xx", "gateway-error"] as const;
const TARGETS_MAX = 100;
const WEIGHT_MAX = 1_000_000;
const ATTEMPTS_MAX = 10;

/** Throws WrongType. */
export function toRouteDecision(value: Json): RouteDecision {
  const route = objectOf(value, "the route", FIELDS);
  const get = <T>(field: (typeof FIELDS)[number], read: (value: Json) => T): T | undefined =>
    route[field] === undefined ? undefined : read(route[field]);
  const headers = get("headers", toHeaders);
  return {
    targets: get("to", toTargets),
    timeoutMs: get("timeout", (timeout) => durationOf(timeout, "timeout")),
    retry: get("retry", toRetry),
    rewrite: get("rewrite", toRewrite),
    redirect: get("redirect", toRedirect),
    respond: get("respond", toRespond),
    requestHeaders: headers?.request,
    responseHeaders: headers?.response,
    mirrors: get("mirror", toMirrors) ?? [],
    fault: get("fault", toFault),
    hashKey: get("hashKey", (key) => textOf(key, "hashKey")),
  };
}

function toTargets(value: Json): readonly RouteTarget[] {
  if (typeof value === "string") return [{ to: value, subset: undefined, weight: 1 }];
  const targets = listOf(value, "to").map((item, i) => {
    const target = objectOf(item, `to[${i}]`, ["to", "subset", "weight"]);
    return {
      to: textOf(target["to"], `to[${i}].to`),
      subset: target["subset"] === undefined ? undefined : textOf(target["subset"], `to[${i}].subset`),
      weight: target["weight"] === undefined ? 1 : numberOf(target["weight"], `to[${i}].weight`, 0, WEIGHT_MAX),
    };
  });
  if (targets.length === 0 || targets.length > TARGETS_MAX)
    throw new WrongType(`to must have from 1 to ${TARGETS_MAX} targets`);
  if (targets.every((target) => target.weight === 0)) throw new WrongType("to must have a weight above 0");
  return targets;
}

function toRetry(value: Json): RetryPolicy {
  const retry = objectOf(value, "retry", ["attempts", "perTry", "on"]);
  return {
    attempts: retry["attempts"] === undefined ? 1 : integerOf(retry["attempts"], "retry.attempts", 0, ATTEMPTS_MAX),
    perTryMs: retry["perTry"] === undefined ? undefined : durationOf(retry["perTry"], "retry.perTry"),
    on:
      retry["on"] === undefined
        ? ["connect", "reset"]
        : listOf(retry["on"], "retry.on").map((item, i) => oneOf(item, `retry.on[${i}]`, CONDITIONS)),
  };
}

function toRewrite(value: Json): NonNullable<RouteDecision["rewrite"]> {
  const rewrite = objectOf(value, "rewrite", ["path", "prefix", "authority"]);
  const { path, prefix, authority } = rewrite;
  if (path !== undefined && prefix !== undefined) throw new WrongType("rewrite may have path or prefix, not both");
  return {
    ...(path === undefined ? {} : { path: pathOf(path, "rewrite.path") }),
    ...(prefix === undefined ? {} : { prefix: pathOf(prefix, "rewrite.prefix") }),
    ...(authority === undefined ? {} : { authority: authorityOf(authority, "rewrite.authority") }),
  };
}

function toRedirect(value: Json): NonNullable<RouteDecision["redirect"]> {
  const redirect = objectOf(value, "redirect", ["status", "scheme", "authority", "path"]);
  const { status, scheme, authority, path } = redirect;
  return {
    status: status === undefined ? 302 : integerOf(status, "redirect.status", 300, 308),
    ...(scheme === undefined ? {} : { scheme: oneOf(scheme, "redirect.scheme", ["http", "https"]) }),
    ...(authority === undefined ? {} : { authority: authorityOf(authority, "redirect.authority") }),
    ...(path === undefined ? {} : { path: pathOf(path, "redirect.path") }),
  };
}

function toRespond(value: Json): NonNullable<RouteDecision["respond"]> {
  const respond = objectOf(value, "respond", ["status", "body", "headers"]);
  return {
    status: integerOf(respond["status"], "respond.status", 200, 599),
    body: respond["body"] === undefined ? "" : textOf(respond["body"], "respond.body"),
    headers: respond["headers"] === undefined ? [] : fieldsOf(respond["headers"], "respond.headers"),
  };
}

function toHeaders(value: Json): { readonly request?: FieldChanges; readonly response?: FieldChanges } {
  const headers = objectOf(value, "headers", ["request", "response"]);
  const { request, response } = headers;
  return {
    ...(request === undefined ? {} : { request: toChanges(request, "headers.request") }),
    ...(response === undefined ? {} : { response: toChanges(response, "headers.response") }),
  };
}

function toChanges(value: Json, what: string): FieldChanges {
  const { set, add, remove } = objectOf(value, what, ["set", "add", "remove"]);
  return {
    set: set === undefined ? [] : fieldsOf(set, `${what}.set`),
    add: add === undefined ? [] : fieldsOf(add, `${what}.add`),
    remove: remove === undefined ? [] : fieldNamesOf(remove, `${what}.remove`),
  };
}

function toMirrors(value: Json): RouteDecision["mirrors"] {
  return listOf(value, "mirror").map((item, i) => {
    const mirror = objectOf(item, `mirror[${i}]`, ["to", "percent"]);
    return {
      to: textOf(mirror["to"], `mirror[${i}].to`),
      percent: mirror["percent"] === undefined ? 100 : numberOf(mirror["percent"], `mirror[${i}].percent`, 0, 100),
    };
  });
}

function toFault(value: Json): NonNullable<RouteDecision["fault"]> {
  const fault = objectOf(value, "fault", ["delay", "abortStatus", "percent"]);
  const { delay, abortStatus, percent } = fault;
  return {
    ...(delay === undefined ? {} : { delayMs: durationOf(delay, "fault.delay") }),
    ...(abortStatus === undefined ? {} : { abortStatus: integerOf(abortStatus, "fault.abortStatus", 200, 599) }),
    percent: percent === undefined ? 100 : numberOf(percent, "fault.percent", 0, 100),
  };
}

/** An absolute path of visible ASCII, as it goes into a request target or Location. */
function pathOf(value: Json, what: string): string {
  const path = textOf(value, what);
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw new WrongType(`${what} must be an absolute path of visible ASCII`);
  return path;
}

function authorityOf(value: Json, what: string): string {
  const authority = textOf(value, what);
  if (!/^[A-Za-z0-9._~-]{1,253}(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/.test(authority)) {
    throw new WrongType(`${what} must be a host, with a port or without`);
  }
  return authority;
}
