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
import type {
  FieldChanges,
  RetryCondition,
  RetryPolicy,
  RouteActions,
  RouteDecision,
  RouteRedirect,
  RouteRewrite,
  RouteTarget,
} from "./decision.ts";
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

const CONDITIONS = ["connect", "reset", "timeout", "5xx", "gateway-error", "unavailable"] as const;
const TARGETS_MAX = 100;
/** Copies of one request: each costs an endpoint as much as the request itself. */
const MIRRORS_MAX = 16;
const WEIGHT = [0, 1_000_000] as const;
const ATTEMPTS = [0, 10] as const;
const PERCENT = [0, 100] as const;
const STATUS = [200, 599] as const;
const REDIRECT_STATUS = [300, 308] as const;
const PORT = [1, 65_535] as const;

/** Reads the record behind the cell. Throws WrongType. */
export function readRoute(reader: RecordReader, cell: number): RouteDecision {
  const at = required(reader.record(cell, "the route", ROUTE), "the route", "an object");
  return {
    targets: readTargets(reader, at + ROUTE.at.to),
    timeoutMs: durationAt(reader, at + ROUTE.at.timeout, "timeout"),
    perTryMs: durationAt(reader, at + ROUTE.at.perTry, "perTry"),
    retry: readRetry(reader, at + ROUTE.at.retry),
    ...readActions(reader, at, ROUTE.at, ""),
    fault: readFault(reader, at + ROUTE.at.fault),
    hashKey: reader.text(at + ROUTE.at.hashKey, "hashKey"),
  };
}

type ActionPlaces = Readonly<Record<"rewrite" | "redirect" | "respond" | "headers" | "mirror", number>>;

/** `before`: what stands before the fields' names in messages, `to[0].`. */
function readActions(reader: RecordReader, at: number, places: ActionPlaces, before: string): RouteActions {
  const headers = reader.record(at + places.headers, `${before}headers`, HEADERS);
  const changes = (side: "request" | "response") =>
    headers === undefined ? undefined : readChanges(reader, headers + HEADERS.at[side], `${before}headers.${side}`);
  return {
    rewrite: readRewrite(reader, at + places.rewrite, `${before}rewrite`),
    redirect: readRedirect(reader, at + places.redirect, `${before}redirect`),
    respond: readRespond(reader, at + places.respond, `${before}respond`),
    requestHeaders: changes("request"),
    responseHeaders: changes("response"),
    mirrors: readMirrors(reader, at + places.mirror, `${before}mirror`),
  };
}

function readTargets(reader: RecordReader, cell: number): readonly RouteTarget[] | undefined {
  const targets = reader.records(cell, "to", TARGET)?.map((at, i) => readTarget(reader, at, `to[${i}]`));
  if (targets === undefined) return undefined;
  if (targets.length === 0 || targets.length > TARGETS_MAX)
    throw new WrongType(`to must have from 1 to ${TARGETS_MAX} targets`);
  if (targets.every((target) => target.weight === 0)) throw new WrongType("to must have a weight above 0");
  return targets;
}

function readTarget(reader: RecordReader, at: number, what: string): RouteTarget {
  const actions = readActions(reader, at, TARGET.at, `${what}.`);
  const to = reader.text(at + TARGET.at.to, `${what}.to`);
  const { redirect, respond } = actions;
  return {
    to: redirect === undefined && respond === undefined ? required(to, `${what}.to`, "a string") : (to ?? ""),
    port: integerAt(reader, at + TARGET.at.port, `${what}.port`, PORT),
    subset: reader.text(at + TARGET.at.subset, `${what}.subset`),
    weight: numberAt(reader, at + TARGET.at.weight, `${what}.weight`, WEIGHT) ?? 1,
    actions: doesNothing(actions) ? undefined : actions,
  };
}

function doesNothing({ mirrors, ...actions }: RouteActions): boolean {
  return mirrors.length === 0 && Object.values(actions).every((action) => action === undefined);
}

function readRetry(reader: RecordReader, cell: number): RetryPolicy | undefined {
  const at = reader.record(cell, "retry", RETRY);
  if (at === undefined) return undefined;
  const on = textsAt(reader, at + RETRY.at.on, "retry.on")?.map(toCondition) ?? ["connect", "reset"];
  return {
    attempts: integerAt(reader, at + RETRY.at.attempts, "retry.attempts", ATTEMPTS) ?? 1,
    perTryMs: durationAt(reader, at + RETRY.at.perTry, "retry.perTry"),
    on: on.filter((condition) => typeof condition === "string"),
    statuses: on.filter((condition) => typeof condition === "number"),
    backoffMs: durationAt(reader, at + RETRY.at.backoff, "retry.backoff"),
  };
}

/** A condition by its name, or a status by its digits: `503`. */
function toCondition(text: string, index: number): RetryCondition | number {
  const found = CONDITIONS.find((condition) => condition === text);
  if (found !== undefined) return found;
  if (/^[45][0-9]{2}$/.test(text)) return Number(text);
  throw new WrongType(
    `retry.on[${index}] must be one of ${CONDITIONS.join(", ")}, or a status from 400 to 599, not ${quoted(text)}`,
  );
}

function readRewrite(reader: RecordReader, cell: number, what: string): RouteRewrite | undefined {
  const at = reader.record(cell, what, REWRITE);
  if (at === undefined) return undefined;
  const authority = authorityAt(reader, at + REWRITE.at.authority, `${what}.authority`);
  return { ...readNewPath(reader, at, REWRITE.at, what), ...(authority === undefined ? {} : { authority }) };
}

type NewPathPlaces = Readonly<Record<"path" | "prefix" | "match", number>>;

function readNewPath(reader: RecordReader, at: number, places: NewPathPlaces, what: string) {
  const path = pathAt(reader, at + places.path, `${what}.path`);
  const prefix = pathAt(reader, at + places.prefix, `${what}.prefix`);
  const match = pathAt(reader, at + places.match, `${what}.match`);
  if (path !== undefined && prefix !== undefined) throw new WrongType(`${what} may have path or prefix, not both`);
  if (match !== undefined && prefix === undefined) throw new WrongType(`${what}.match says what prefix replaces`);
  return {
    ...(path === undefined ? {} : { path }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(match === undefined ? {} : { match }),
  };
}

function readRedirect(reader: RecordReader, cell: number, what: string): RouteRedirect | undefined {
  const at = reader.record(cell, what, REDIRECT);
  if (at === undefined) return undefined;
  const scheme = oneOfAt(reader, at + REDIRECT.at.scheme, `${what}.scheme`, ["http", "https"]);
  const authority = authorityAt(reader, at + REDIRECT.at.authority, `${what}.authority`);
  const host = authorityAt(reader, at + REDIRECT.at.host, `${what}.host`);
  const port = integerAt(reader, at + REDIRECT.at.port, `${what}.port`, PORT);
  if (authority !== undefined && (host !== undefined || port !== undefined))
    throw new WrongType(`${what} may have authority, or host and port, not both`);
  return {
    status: integerAt(reader, at + REDIRECT.at.status, `${what}.status`, REDIRECT_STATUS) ?? 302,
    ...readNewPath(reader, at, REDIRECT.at, what),
    ...(scheme === undefined ? {} : { scheme }),
    ...(authority === undefined ? {} : { authority }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
}

function readRespond(reader: RecordReader, cell: number, what: string): RouteDecision["respond"] {
  const at = reader.record(cell, what, RESPOND);
  if (at === undefined) return undefined;
  return {
    status: required(
      integerAt(reader, at + RESPOND.at.status, `${what}.status`, STATUS),
      `${what}.status`,
      `an integer from ${STATUS[0]} to ${STATUS[1]}`,
    ),
    body: reader.text(at + RESPOND.at.body, `${what}.body`) ?? "",
    headers: fieldsAt(reader, at + RESPOND.at.headers, `${what}.headers`) ?? [],
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

function readMirrors(reader: RecordReader, cell: number, what: string): RouteDecision["mirrors"] {
  const mirrors = reader.records(cell, what, MIRROR) ?? [];
  if (mirrors.length > MIRRORS_MAX) throw new WrongType(`${what} has more than ${MIRRORS_MAX} members`);
  return mirrors.map((at, i) => ({
    to: required(reader.text(at + MIRROR.at.to, `${what}[${i}].to`), `${what}[${i}].to`, "a string"),
    port: integerAt(reader, at + MIRROR.at.port, `${what}[${i}].port`, PORT),
    percent: numberAt(reader, at + MIRROR.at.percent, `${what}[${i}].percent`, PERCENT) ?? 100,
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
