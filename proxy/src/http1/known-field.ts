/**
 * Fields that the proxy itself understands, recognised while a head is read, so that
 * nothing later compares names. Numbers are below 31: sets of them are bit masks.
 */
import { asciiBytes, lower } from "./characters.ts";

export const KnownField = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  proxyConnection: 6,
  upgrade: 7,
  te: 8,
  trailer: 9,
  expect: 10,
  proxyAuthenticate: 11,
  proxyAuthorization: 12,
  http2Settings: 13,
  maxForwards: 14,
  via: 15,
  date: 16,
  authorization: 17,
  cookie: 18,
  traceparent: 19,
  requestId: 20,
  forwardedClientCert: 21,
  forwardedFor: 22,
  forwardedProto: 23,
  forwardedHost: 24,
  forwarded: 25,
  contentType: 26,
  userAgent: 27,
  setCookie: 28,
  decisionId: 29,
  meshReason: 30,
} as const;
export type KnownField = (typeof KnownField)[keyof typeof KnownField];

const NAMES: Readonly<Record<string, KnownField>> = {
  host: KnownField.host,
  "content-length": KnownField.contentLength,
  "transfer-encoding": KnownField.transferEncoding,
  connection: KnownField.connection,
  "keep-alive": KnownField.keepAlive,
  "proxy-connection": KnownField.proxyConnection,
  upgrade: KnownField.upgrade,
  te: KnownField.te,
  trailer: KnownField.trailer,
  expect: KnownField.expect,
  "proxy-authenticate": KnownField.proxyAuthenticate,
  "proxy-authorization": KnownField.proxyAuthorization,
  "http2-settings": KnownField.http2Settings,
  "max-forwards": KnownField.maxForwards,
  via: KnownField.via,
  date: KnownField.date,
  authorization: KnownField.authorization,
  cookie: KnownField.cookie,
  traceparent: KnownField.traceparent,
  "x-request-id": KnownField.requestId,
  "x-forwarded-client-cert": KnownField.forwardedClientCert,
  "x-forwarded-for": KnownField.forwardedFor,
  "x-forwarded-proto": KnownField.forwardedProto,
  "x-forwarded-host": KnownField.forwardedHost,
  forwarded: KnownField.forwarded,
  "content-type": KnownField.contentType,
  "user-agent": KnownField.userAgent,
  "set-cookie": KnownField.setCookie,
  "x-regomesh-decision": KnownField.decisionId,
  "x-regomesh-reason": KnownField.meshReason,
};

export function bitOf(field: KnownField): number {
  return 1 << field;
}

export function maskOf(...fields: readonly KnownField[]): number {
  return fields.reduce<number>((mask, field) => mask | bitOf(field), 0);
}

/** Fields that concern one connection, whether Connection names them or not (RFC 9110, section 7.6.1, and older practice). */
export const HOP_BY_HOP = maskOf(
  KnownField.connection,
  KnownField.keepAlive,
  KnownField.proxyConnection,
  KnownField.upgrade,
  KnownField.te,
  KnownField.http2Settings,
  KnownField.proxyAuthenticate,
  KnownField.proxyAuthorization,
);

/** Fields that a message's meaning rests on: Connection may not name them. */
export const NEVER_NOMINATED = maskOf(
  KnownField.host,
  KnownField.contentLength,
  KnownField.transferEncoding,
  KnownField.trailer,
);

type Candidate = { readonly name: Uint8Array; readonly field: KnownField };

/** Known names by length, first and last letter; nearly every other name finds an empty place. */
const PLACES = 256;
const BY_PLACE: readonly (Candidate | undefined)[] = byPlace();

/** The known field whose name the token (not empty) is, or `other`. */
export function knownField(bytes: Uint8Array, start: number, end: number): KnownField {
  const candidate = BY_PLACE[placeOf(end - start, bytes[start]!, bytes[end - 1]!)];
  if (candidate === undefined) return KnownField.other;
  const { name } = candidate;
  if (name.length !== end - start) return KnownField.other;
  for (let at = 0; at < name.length; at++) if (lower(bytes[start + at]!) !== name[at]) return KnownField.other;
  return candidate.field;
}

function placeOf(length: number, first: number, last: number): number {
  return (length * 37 + (first | 0x20) * 5 + (last | 0x20) * 11) & (PLACES - 1);
}

function byPlace(): (Candidate | undefined)[] {
  const table: (Candidate | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  for (const [text, field] of Object.entries(NAMES)) {
    const name = asciiBytes(text);
    const place = placeOf(name.length, name[0]!, name.at(-1)!);
    if (table[place] !== undefined) throw new Error(`${text} shares its place: change placeOf`);
    table[place] = { name, field };
  }
  return table;
}
