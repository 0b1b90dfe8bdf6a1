/** Which proxies of a status are shown: those that are asked for, and of many those first that need somebody. */
import type { ProxyBody, StatusBody } from "@regomesh/controller";
import { stragglersOf } from "./stragglers.ts";

export type ProxyWish = {
  readonly namespace?: string | undefined;
  /** Each must stand somewhere in its name, service, state, revision or principal. */
  readonly words?: readonly string[];
  /** Only those that do not enforce the newest revision, or have trouble. */
  readonly isBehind?: boolean;
};

/** The status with these proxies alone. */
export function pickProxies(status: StatusBody, { namespace, words = [], isBehind = false }: ProxyWish): StatusBody {
  const wanted = words.map((word) => word.toLowerCase());
  const behind = isBehind ? needy(status) : undefined;
  const proxies = status.proxies.filter((proxy) => {
    if (namespace !== undefined && proxy.namespace !== namespace) return false;
    if (behind?.has(proxy) === false) return false;
    const text = textOf(proxy);
    return wanted.every((word) => text.includes(word));
  });
  return { ...status, proxies };
}

/** At most `limit` of them, those that need somebody first, each part in the status's order; and how many are left. */
export function cutProxies(status: StatusBody, limit: number): readonly [shown: StatusBody, left: number] {
  const left = status.proxies.length - limit;
  if (left <= 0) return [status, 0];
  const behind = needy(status);
  const [first, rest] = [true, false].map((is) => status.proxies.filter((proxy) => behind.has(proxy) === is));
  const kept = new Set([...(first ?? []), ...(rest ?? [])].slice(0, limit));
  return [{ ...status, proxies: status.proxies.filter((proxy) => kept.has(proxy)) }, left];
}

function needy(status: StatusBody): ReadonlySet<ProxyBody> {
  const behind = stragglersOf(status).map(({ proxy }) => proxy);
  return new Set([...behind, ...status.proxies.filter(({ troubles = [] }) => troubles.length > 0)]);
}

function textOf({ workload, namespace, instance = "", service, state, revision = "", principal }: ProxyBody): string {
  return `${namespace}/${workload} ${instance} ${service} ${state} ${revision} ${principal}`.toLowerCase();
}
