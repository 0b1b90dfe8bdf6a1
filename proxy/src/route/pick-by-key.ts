/**
 * The endpoint of a key: rendezvous hashing, so that an endpoint that comes or goes moves
 * only the keys that it takes or leaves. One whose breaker is open is passed over, unless
 * most are.
 */
import { mayAdmit } from "../resilience/breaker.ts";
import { isPanic } from "../resilience/ejection.ts";
import type { Endpoint } from "./endpoint.ts";

export function pickByKey(
  endpoints: readonly Endpoint[],
  key: string,
  tried: Endpoint | undefined,
  nowMs: number,
): Endpoint | undefined {
  let best: Endpoint | undefined;
  let bestWeight = -1;
  let passesAll: boolean | undefined;
  for (const endpoint of endpoints) {
    if (endpoint === tried) continue;
    if (!mayAdmit(endpoint.breaker, nowMs)) {
      passesAll ??= isPanic(endpoints);
      if (!passesAll) continue;
    }
    const weight = weigh(key, endpoint);
    if (weight <= bestWeight) continue;
    best = endpoint;
    bestWeight = weight;
  }
  return best ?? (tried !== undefined && endpoints.includes(tried) ? tried : undefined);
}

/** 32 bits that key and endpoint alone decide: FNV-1a, and a last mixing (murmur3's). */
function weigh(key: string, endpoint: Endpoint): number {
  const text = `${endpoint.address}:${endpoint.port}/${key}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
