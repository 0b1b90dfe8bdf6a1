/**
 * What a kubelet asks an application for, asked of its sidecar instead where inbound traffic is captured: injection
 * writes the table into the sidecar's flag, and the sidecar reads it.
 */

/** Of the application: an HTTP request that it answers, a port that takes connections, or gRPC's health check. */
export type Probe =
  | {
      readonly kind: "http";
      readonly port: number;
      readonly path: string;
      readonly isTls: boolean;
      readonly fields: readonly (readonly [name: string, value: string])[];
      /** How long the application may take; 10 where it is not said. */
      readonly withinSeconds?: number;
    }
  | { readonly kind: "tcp"; readonly port: number; readonly withinSeconds?: number }
  | {
      readonly kind: "grpc";
      readonly port: number;
      /** "" is the server as a whole. */
      readonly service: string;
      readonly withinSeconds?: number;
    };

/** By the path under which the sidecar is asked, such as `/app/readinessProbe`, or `/app/preStop` of a hook. */
export type Probes = ReadonlyMap<string, Probe>;

/** Where the sidecar is asked: Istio's, which operators know. */
export const PROBE_PORT = 15_020;
/** Three for each container of a large Pod, and two hooks. */
const PROBES_MAX = 160;
const WITHIN_SECONDS_MAX = 3600;
const FIELDS_MAX = 32;
const TEXT_LENGTH_MAX = 1024;

export function printProbes(probes: Probes): string {
  return JSON.stringify(Object.fromEntries(probes));
}

/** Undefined where it is no such table. */
export function parseProbes(text: string): Probes | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > PROBES_MAX || !entries.every(([path, probe]) => path.startsWith("/") && isProbe(probe)))
    return undefined;
  return new Map(entries as [string, Probe][]);
}

function isProbe(value: unknown): value is Probe {
  if (typeof value !== "object" || value === null) return false;
  const { kind, port, path, isTls, fields, service, withinSeconds = 1 } = value as Readonly<Record<string, unknown>>;
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return false;
  if (!Number.isInteger(withinSeconds) || Number(withinSeconds) < 1 || Number(withinSeconds) > WITHIN_SECONDS_MAX)
    return false;
  if (kind === "tcp") return true;
  // Nothing that would be more than one request line, or one field.
  const isText = (each: unknown) =>
    typeof each === "string" && each.length <= TEXT_LENGTH_MAX && !/[\r\n\0]/.test(each);
  if (kind === "grpc") return isText(service);
  const isField = (each: unknown) => Array.isArray(each) && each.length === 2 && each.every(isText);
  if (kind !== "http" || typeof isTls !== "boolean" || !isText(path)) return false;
  return Array.isArray(fields) && fields.length <= FIELDS_MAX && fields.every(isField);
}
