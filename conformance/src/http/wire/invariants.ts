/** The README's invariants on what one record did: to the client, to the application, to the next request. */
import type { WireRow } from "../vectors.ts";
import type { Exchange } from "./exchange.ts";
import { differencesToPolicy } from "./policy-saw.ts";
import type { Recording } from "./recording-backend.ts";
import { connectionOptions, leadingRequests, type SeenRequest } from "./strict-request.ts";

export type Trial = {
  readonly row: WireRow;
  readonly raw: string;
  readonly exchange: Exchange;
  readonly recording: Recording;
};

/** Every invariant that the trial breaks, in words. */
export function brokenInvariants(trial: Trial): string[] {
  const { row, exchange, recording } = trial;
  const broken = recording.violations.map((what) => `the application got ${what}`);
  const answered = exchange.responses.filter((response) => response.isFromBackend).length;
  const seen = recording.requests.length;
  if (seen !== answered) broken.push(`the application saw ${seen} requests, the client got ${answered} answers`);
  if (seen > row.max_requests)
    broken.push(`the application saw ${seen} requests, at most ${row.max_requests} are sent`);
  if (row.expect_count !== undefined && seen !== row.expect_count) {
    broken.push(`the application saw ${seen} requests, not ${row.expect_count}`);
  }
  if (exchange.garbage !== "") broken.push(`the client got ${JSON.stringify(exchange.garbage.slice(0, 60))}`);
  if (row.must === "reject") broken.push(...brokenRejection(trial));
  if (row.must === "accept") broken.push(...brokenForwarding(trial));
  broken.push(...forbidden(row, recording.requests));
  broken.push(...recording.requests.flatMap(differencesToPolicy));
  return broken;
}

/** Refused or closed in time, and nothing forwarded but whole, valid requests before. */
function brokenRejection({ raw, exchange, recording }: Trial): string[] {
  const before = leadingRequests(raw);
  const broken: string[] = [];
  if (recording.requests.length > before.length) broken.push("it was forwarded");
  if (recording.partial > 0) broken.push("a part of it was forwarded");
  const isRefused = exchange.responses.some((response) => !response.isFromBackend && response.status >= 400);
  if (!isRefused && !exchange.closed) broken.push("it was neither refused nor closed within a second");
  return broken;
}

/** Forwarded with the same method, target, field values and content. */
function brokenForwarding({ raw, recording }: Trial): string[] {
  const wanted = leadingRequests(raw);
  if (recording.requests.length !== wanted.length) {
    return [`${wanted.length} requests were sent, ${recording.requests.length} forwarded`];
  }
  return wanted.flatMap((want, index) => {
    const got = recording.requests[index];
    return got === undefined ? [] : differences(want, got);
  });
}

function differences(want: SeenRequest, got: SeenRequest): string[] {
  const broken: string[] = [];
  if (got.method !== want.method) broken.push(`method ${want.method} became ${got.method}`);
  const target = originForm(want);
  if (got.target !== target) broken.push(`target ${target} became ${got.target}`);
  if (got.body !== want.body) broken.push(`content ${JSON.stringify(want.body)} became ${JSON.stringify(got.body)}`);
  const left = got.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
  for (const [name, value] of endToEndFields(want)) {
    const at = left.indexOf(`${name.toLowerCase()}: ${value}`);
    if (at < 0) broken.push(`field ${name}: ${JSON.stringify(value)} is not forwarded`);
    else left.splice(at, 1);
  }
  for (const line of left) if (!ADDED.test(line)) broken.push(`field ${JSON.stringify(line)} was not sent`);
  return broken;
}

/** What a proxy of this mesh adds. */
const ADDED =
  /^(host|via|x-request-id|traceparent|tracestate|x-forwarded-(for|proto|host|client-cert)|x-regomesh-[a-z-]+|x-policy-saw|transfer-encoding):/;

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "upgrade",
  "transfer-encoding",
  "http2-settings",
  "proxy-authorization",
  "proxy-authenticate",
]);
/** Fields that the mesh sets itself, so that a client's are not believed. */
const OURS = new Set(["x-forwarded-client-cert", "x-request-id"]);

function endToEndFields(request: SeenRequest): readonly (readonly [name: string, value: string])[] {
  const nominated = connectionOptions(request);
  const isAbsolute = !request.target.startsWith("/") && request.target !== "*";
  return request.fields.filter(([field]) => {
    const name = field.toLowerCase();
    if (name === "host" && isAbsolute) return false;
    return !HOP_BY_HOP.has(name) && !OURS.has(name) && !nominated.includes(name);
  });
}

function originForm(request: SeenRequest): string {
  const { target } = request;
  if (target.startsWith("/") || target === "*") return target;
  const rest = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  if (rest === "") return request.method === "OPTIONS" ? "*" : "/";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function forbidden(row: WireRow, requests: readonly SeenRequest[]): string[] {
  const fields = requests.flatMap((request) => request.fields);
  return fields.flatMap(([name, value]) => {
    if (row.forbid_header?.includes(name.toLowerCase())) return [`field ${name} reached the application`];
    if (row.forbid_value !== undefined && value.includes(row.forbid_value)) {
      return [`${row.forbid_value} reached the application`];
    }
    return [];
  });
}
