/**
 * The longest time that certificates of this authority have been given, of whatever run: what is taken
 * back is remembered for so long, also by a controller that gives shorter ones by now.
 */
import type { Clock } from "@regomesh/base";
import { Keeper } from "../../store/keeper.ts";
import type { Lease } from "../../store/store.ts";
import { readRequired } from "../store/read-kept.ts";
import { SVID_TTL_DEFAULT_MS } from "./authority.ts";

const KEY = "ca/longest-ttl.json";

/** That of an earlier version is not kept, and is taken for the default. Throws StoreError, also where what is kept is damaged. */
export async function openLongestTtl(lease: Lease, ttlMs: number, clock: Clock): Promise<number> {
  const wayOut = "no identity is taken to last longer than a day, or than --svid-ttl says, then";
  const { ttlMs: kept = 0 } = (await readRequired(lease, KEY, isKept, wayOut)) ?? {};
  const longestMs = Math.max(kept, ttlMs, SVID_TTL_DEFAULT_MS);
  if (longestMs === kept || longestMs === SVID_TTL_DEFAULT_MS) return longestMs;
  const keeper = new Keeper(lease, KEY, clock);
  const text = `${JSON.stringify({ ttlMs: longestMs })}\n`;
  // A full disk keeps no controller from its start.
  await keeper.keep(text).catch(() => keeper.keepSoon(() => text));
  return longestMs;
}

function isKept(value: unknown): value is { readonly ttlMs: number } {
  return Number.isFinite((value as { readonly ttlMs?: unknown } | null)?.ttlMs);
}
