/** What is done about an answer, or about none: tried again for a few minutes, with longer and longer rests. */
import type { Random } from "@regomesh/base";

/** Of one telling; with its rests about a minute, past which a server that restarts is back. */
const ATTEMPTS_MAX = 7;
const REST_FIRST_MS = 1000;
/** What a server asks for with Retry-After is given, to so much. */
const REST_MAX_MS = 300_000;
const AGAIN = new Set([408, 425, 429]);

/** `status` undefined: there was no answer. */
export type TellAnswer = { readonly status: number | undefined; readonly retryAfter?: string | undefined };

/** `told`, or the rest before the next attempt, or that there is none. */
export type Next =
  | { readonly kind: "told" }
  | { readonly kind: "again"; readonly restMs: number }
  | { readonly kind: "given-up" };

/** `attempt`: which it was, from 1. */
export function afterAnswer({ status, retryAfter }: TellAnswer, attempt: number, random: Random): Next {
  if (status !== undefined && status >= 200 && status < 300) return { kind: "told" };
  const mayPass = status === undefined || status >= 500 || AGAIN.has(status);
  if (!mayPass || attempt >= ATTEMPTS_MAX) return { kind: "given-up" };
  const stepMs = REST_FIRST_MS * 2 ** (attempt - 1);
  const askedMs = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : 0;
  return { kind: "again", restMs: Math.min(REST_MAX_MS, Math.max(askedMs, stepMs / 2 + (random() * stepMs) / 2)) };
}
