/**
 * Invariant 5: the document that the policy was given equals the request that the
 * application got. The policy sends its document along in a field of its own.
 */
import type { SeenRequest } from "./strict-request.ts";

export const POLICY_SAW = "x-policy-saw";

type HttpDocument = {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly host?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** In what the policy's document and the request differ. */
export function differencesToPolicy(request: SeenRequest): string[] {
  const sent = request.fields.filter(([name]) => name === POLICY_SAW);
  const [, encoded] = sent[0] ?? [];
  if (sent.length !== 1 || encoded === undefined) return [`the policy's document came ${sent.length} times`];
  const document = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as HttpDocument;
  const headers = Object.entries(document.headers ?? {}).filter(([name]) => !name.startsWith(":"));
  const got = JSON.stringify([document.method, document.path, document.host, headers.sort(byName)]);
  const wanted = JSON.stringify([request.method, request.target, hostOf(request), joinedFields(request).sort(byName)]);
  return got === wanted ? [] : [`the policy saw ${got}, the application got ${wanted}`];
}

function hostOf(request: SeenRequest): string {
  return request.fields.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
}

/** Fields by lower-case name, several values joined, bytes as UTF-8; Host is told apart. */
function joinedFields(request: SeenRequest): [name: string, value: string][] {
  const joined = new Map<string, string>();
  for (const [field, value] of request.fields) {
    const name = field.toLowerCase();
    if (name === "host" || name === POLICY_SAW) continue;
    const text = Buffer.from(value, "latin1").toString("utf8");
    const before = joined.get(name);
    joined.set(name, before === undefined ? text : `${before},${text}`);
  }
  return [...joined];
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
