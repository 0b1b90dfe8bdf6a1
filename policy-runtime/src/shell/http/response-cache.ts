/** Answers kept beyond an evaluation, for as long as their own fields or the policy say; the oldest go first. */
import type { HttpResponse } from "./exchange.ts";
import type { CacheChoice } from "./request.ts";

export type KeptResponse = { readonly response: HttpResponse; readonly expiresMs: number };

const ENTRIES_MAX = 1000;
const BYTES_MAX = 64 * 1024 * 1024;

export class ResponseCache {
  readonly #kept = new Map<string, KeptResponse>();
  #bytes = 0;

  get(key: string): KeptResponse | undefined {
    return this.#kept.get(key);
  }

  delete(key: string): void {
    const known = this.#kept.get(key);
    if (known === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= known.response.body.length;
  }

  set(key: string, entry: KeptResponse): void {
    this.delete(key);
    this.#kept.set(key, entry);
    this.#bytes += entry.response.body.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) return;
      this.delete(oldest);
    }
  }
}

/** RFC 9110: those that a cache may keep without being told; OPA's list. */
const CACHEABLE: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);

/** Until when an answer is good, in milliseconds since 1970; undefined where it is not kept. */
export function expiryOf(
  { statusCode, headers }: Pick<HttpResponse, "statusCode" | "headers">,
  choice: CacheChoice,
  nowMs: number,
): number | undefined {
  if (choice.kind === "none" || !CACHEABLE.has(statusCode)) return undefined;
  if (choice.kind === "forced") return nowMs + choice.seconds * 1000;
  if (directivesOf(headers).has("no-store")) return undefined;
  return expiryFromFields(headers);
}

/** By max-age from the answer's date, otherwise by Expires; undefined where a field is no good. */
export function expiryFromFields(headers: HttpResponse["headers"]): number | undefined {
  const maxAge = directivesOf(headers).get("max-age");
  if (maxAge === undefined) return dateOf(headers, "expires") ?? 0;
  const date = dateOf(headers, "date");
  if (date === undefined || !/^\d+$/.test(maxAge)) return undefined;
  return date + Math.min(Number(maxAge), 2 ** 31 - 1) * 1000;
}

function dateOf(headers: HttpResponse["headers"], name: string): number | undefined {
  const ms = Date.parse(headers[name]?.[0] ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

function directivesOf(headers: HttpResponse["headers"]): ReadonlyMap<string, string> {
  const parts = (headers["cache-control"]?.[0] ?? "").split(",").map((part) => part.trim());
  return new Map(
    parts
      .filter((part) => part !== "" && part.split("=").length <= 2)
      .map((part) => {
        const [name = "", value = ""] = part.split("=");
        return [name.trim(), value];
      }),
  );
}
