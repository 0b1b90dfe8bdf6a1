/** `mesh/routing/route`: where an outbound request goes and how. */
import type { RecordReader } from "../layout/record-reader.ts";
import {
  CHANGES,
  FAULT,
  HEADERS,
  MIRROR,
  REDIRECT,
  RESPOND,
  RETRY,
  REWRITE,
  ROUTE,
  TARGET,
} from "../layout/record-shape.ts";
import type { FieldChanges, RetryPolicy, RouteDecision, RouteTarget } from "./decision.ts";
import {
  durationAt,
  fieldNamesAt,
  fieldsAt,
  integerAt,
  numberAt,
  oneOfAt,
  quoted,
  required,
  textsAt,
} from "./read-values.ts";
import { WrongType } from "./wrong-type.ts";

const CONDITIONS = ["connect", "reset", "5xx", "gateway-error", "unavailable"] as const;
const TARGETS_MAX = 100;
const WEIGHT = [0, 1_000_000] as const;
const ATTEMPTS = [0, 10] as const;
const PERCENT = [0, 100] as const;
const STATUS = [200, 599] as const;
const REDIRECT_STATUS = [300, 308] as const;

/** Reads the record behind the cell. Throws WrongType. */
export function readRoute(reader: RecordReader, cell: number): RouteDecision {
  const at = required(reader.record(cell, "the route", ROUTE), "the route", "an object");
  const headers = reader.record(at + ROUTE.at.headers, "headers", HEADERS);
  return {
    targets: readTargets(reader, at + ROUTE.at.to),
    timeoutMs: durationAt(reader, at + ROUTE.at.timeout, "timeout"),
    retry: readRetry(reader, at + ROUTE.at.retry),
    rewrite: readRewrite(reader, at + ROUTE.at.rewrite),
    redirect: readRedirect(reader, at + ROUTE.at.redirect),
    respond: readRespond(reader, at + ROUTE.at.respond),
    requestHeaders:
      headers === undefined ? undefined : readChanges(reader, headers + HEADERS.at.request, "headers.request"),
    responseHeaders:
      headers === undefined ? undefined : readChanges(reader, headers + HEADERS.at.response, "headers.response"),
    mirrors: readMirrors(reader, at + ROUTE.at.mirror),
    fault: readFault(reader, at + ROUTE.at.fault),
    hashKey: reader.text(at + ROUTE.at.hashKey, "hashKey"),
  };
}

function readTargets(reader: RecordReader, cell: number): readonly RouteTarget[] | undefined {
  const targets = reader.records(cell, "to", TARGET)?.map((at, i) => ({
    to: required(reader.text(at + TARGET.at.to, `to[${i}].to`), `to[${i}].to`, "a string"),
    subset: reader.text(at + TARGET.at.subset, `to[${i}].subset`),
    weight: numberAt(reader, at + TARGET.at.weight, `to[${i}].weight`, WEIGHT) ?? 1,
  }));
  if (targets === undefined) return undefined;
  if (targets.length === 0 || targets.length > TARGETS_MAX)
    throw new WrongType(`to must have from 1 to ${TARGETS_MAX} targets`);
  if (targets.every((target) => target.weight === 0)) throw new WrongType("to must have a weight above 0");
  return targets;
}

function readRetry(reader: RecordReader, cell: number): RetryPolicy | undefined {
  const at = reader.record(cell, "retry", RETRY);
  if (at === undefined) return undefined;
  return {
    attempts: integerAt(reader, at + RETRY.at.attempts, "retry.attempts", ATTEMPTS) ?? 1,
    perTryMs: durationAt(reader, at + RETRY.at.perTry, "retry.perTry"),
    on: textsAt(reader, at + RETRY.at.on, "retry.on")?.map(toCondition) ?? ["connect", "reset"],
  };
}

function toCondition(text: string, index: number): (typeof CONDITIONS)[number] {
  const found = CONDITIONS.find((condition) => condition === text);
  if (found !== undefined) return found;
  throw new WrongType(`retry.on[${index}] must be one of ${CONDITIONS.join(", ")}, not ${quoted(text)}`);
}

function readRewrite(reader: RecordReader, cell: number): RouteDecision["rewrite"] {
  const at = reader.record(cell, "rewrite", REWRITE);
  if (at === undefined) return undefined;
  const path = pathAt(reader, at + REWRITE.at.path, "rewrite.path");
  const prefix = pathAt(reader, at + REWRITE.at.prefix, "rewrite.prefix");
  const authority = authorityAt(reader, at + REWRITE.at.authority, "rewrite.authority");
  if (path !== undefined && prefix !== undefined) throw new WrongType("rewrite may have path or prefix, not both");
  return {
    ...(path === undefined ? {} : { path }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(authority === undefined ? {} : { authority }),
  };
}

function readRedirect(reader: RecordReader, cell: number): RouteDecision["redirect"] {
  const at = reader.record(cell, "redirect", REDIRECT);
  if (at === undefined) return undefined;
  const scheme = oneOfAt(reader, at + REDIRECT.at.scheme, "redirect.scheme", ["http", "https"]);
  const authority = authorityAt(reader, at + REDIRECT.at.authority, "redirect.authority");
  const path = pathAt(reader, at + REDIRECT.at.path, "redirect.path");
  return {
    status: integerAt(reader, at + REDIRECT.at.status, "redirect.status", REDIRECT_STATUS) ?? 302,
    ...(scheme === undefined ? {} : { scheme }),
    ...(authority === undefined ? {} : { authority }),
    ...(path === undefined ? {} : { path }),
  };
}

function readRespond(reader: RecordReader, cell: number): RouteDecision["respond"] {
  const at = reader.record(cell, "respond", RESPOND);
  if (at === undefined) return undefined;
  return {
    status: required(
      integerAt(reader, at + RESPOND.at.status, "respond.status", STATUS),
      "respond.status",
      `an integer from ${STATUS[0]} to ${STATUS[1]}`,
    ),
    body: reader.text(at + RESPOND.at.body, "respond.body") ?? "",
    headers: fieldsAt(reader, at + RESPOND.at.headers, "respond.headers") ?? [],
  };
}

function readChanges(reader: RecordReader, cell: number, what: string): FieldChanges | undefined {
  const at = reader.record(cell, what, CHANGES);
  if (at === undefined) return undefined;
  return {
    set: fieldsAt(reader, at + CHANGES.at.set, `${what}.set`) ?? [],
    add: fieldsAt(reader, at + CHANGES.at.add, `${what}.add`) ?? [],
    remove: fieldNamesAt(reader, at + CHANGES.at.remove, `${what}.remove`) ?? [],
  };
}

function readMirrors(reader: RecordReader, cell: number): RouteDecision["mirrors"] {
  const mirrors = reader.records(cell, "mirror", MIRROR) ?? [];
  return mirrors.map((at, i) => ({
    to: required(reader.text(at + MIRROR.at.to, `mirror[${i}].to`), `mirror[${i}].to`, "a string"),
    percent: numberAt(reader, at + MIRROR.at.percent, `mirror[${i}].percent`, PERCENT) ?? 100,
  }));
}

function readFault(reader: RecordReader, cell: number): RouteDecision["fault"] {
  const at = reader.record(cell, "fault", FAULT);
  if (at === undefined) return undefined;
  const delayMs = durationAt(reader, at + FAULT.at.delay, "fault.delay");
  const abortStatus = integerAt(reader, at + FAULT.at.abortStatus, "fault.abortStatus", STATUS);
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(abortStatus === undefined ? {} : { abortStatus }),
    percent: numberAt(reader, at + FAULT.at.percent, "fault.percent", PERCENT) ?? 100,
  };
}

/** An absolute path of visible ASCII, as it goes into a request target or Location. */
function pathAt(reader: RecordReader, at: number, what: string): string | undefined {
  const path = reader.text(at, what);
  if (path !== undefined && !/^\/[\x21-\x7e]*$/.test(path))
    throw new WrongType(`${what} must be an absolute path of visible ASCII`);
  return path;
}

function authorityAt(reader: RecordReader, at: number, what: string): string | undefined {
  const authority = reader.text(at, what);
  if (
    authority !== undefined &&
    !/^[A-Za-z0-9._~-]{1,253}(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/.test(authority)
  ) {
    throw new WrongType(`${what} must be a host, with a port or without`);
  }
  return authority;
}
