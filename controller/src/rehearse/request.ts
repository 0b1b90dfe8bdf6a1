/**
 * A request that is put to policies without being sent: what people say of it, and the head and
 * the facts of a connection that a proxy would have made of it.
 */
import type { ConnectionContext, Destination, Fields } from "@regomesh/policy-runtime";
import type { WorkloadPlan } from "../snapshot/outbound.ts";

export type RehearsedRequest = {
  readonly method: string;
  /** In origin form: `/orders?limit=3`. */
  readonly target: string;
  readonly authority: string;
  readonly fields: Fields;
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^\/[!-~]*$/;
const AUTHORITY = /^[A-Za-z0-9._~%:[\]-]+$/;
/** As a proxy takes it: no control characters but the tab. */
const VALUE = /^[\t -~\u0080-\u00ff]*$/;
const FIELDS_MAX = 100;
const LENGTH_MAX = 16_384;
/** The proxy says these, or they are about the connection. */
const OWN = /^(host|connection|content-length|transfer-encoding|x-forwarded-client-cert)$/i;

/** What is wrong with a request, in one sentence; undefined where nothing is. */
export function checkRequest({ method, target, authority, fields }: RehearsedRequest): string | undefined {
  if (!TOKEN.test(method)) return `${JSON.stringify(method)} is no method`;
  if (!TARGET.test(target) || target.length > LENGTH_MAX)
    return `${JSON.stringify(target.slice(0, 100))} is no path that may be asked for`;
  if (!AUTHORITY.test(authority)) return `${JSON.stringify(authority)} is no host`;
  if (fields.length > FIELDS_MAX) return `more than ${FIELDS_MAX} header fields`;
  for (const [name, value] of fields) {
    if (!TOKEN.test(name)) return `${JSON.stringify(name)} is no field name`;
    if (OWN.test(name)) return `field ${name} is not the client's to choose here`;
    if (!VALUE.test(value) || value.length > LENGTH_MAX) return `the value of field ${name} is none`;
  }
  return undefined;
}

/** The head in the bytes that a policy reads. */
export function toHead({ method, target, authority, fields }: RehearsedRequest): Buffer {
  const lines = [["host", authority], ...fields].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`, "utf8");
}

/** A URL, or a path below a host that is said by a Host field; with its parameters, without its fragment. */
export function parseTarget(text: string): { readonly authority: string; readonly target: string } | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) return undefined;
  const { host, pathname, search, protocol } = new URL(url);
  return protocol === "http:" && host !== "" ? { authority: host, target: `${pathname}${search}` } : undefined;
}

/** The connection over which `caller` would come to `receiver`; undefined is a client outside the mesh. */
export function connectionTo(receiver: WorkloadPlan, principal: string | undefined): ConnectionContext {
  const [, trustDomain, namespace, serviceAccount] =
    /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/(.+)$/.exec(principal ?? "") ?? [];
  return {
    scheme: principal === undefined ? "http" : "https",
    principal,
    trustDomain,
    namespace,
    serviceAccount,
    ...ADDRESSES,
    destinationPrincipal: receiver.principal,
  };
}

/** The connection of the workload's own application to its sidecar; `service`: whom it asks, `orders.shop:80`. */
export function connectionFrom(sender: WorkloadPlan, service?: string): ConnectionContext {
  return {
    scheme: "http",
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    ...ADDRESSES,
    destinationPrincipal: sender.principal,
    ...(service === undefined ? {} : { service }),
  };
}

/** Which address a client has is not known before it comes. */
const ADDRESSES = { sourceAddress: "127.0.0.1", sourcePort: 0, destinationAddress: "127.0.0.1", destinationPort: 0 };

/** As the workload's proxy says it. */
export function destinationOf({ name, namespace, service, labels, inbound }: WorkloadPlan): Destination {
  return { service, namespace, workload: name, labels, port: inbound[0]?.application.port ?? 0 };
}
