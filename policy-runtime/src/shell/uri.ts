/** `uri.parse` and `uri.is_valid`: a URI's parts as Go's net/url finds them; empty ones are left out. */
import { expectString } from "./operands.ts";
import { parseGoUrl, splitHost } from "./url.ts";

export function parseUri(operand: unknown): object {
  const url = parseGoUrl(expectString(operand, 1));
  const { hostname, port } = splitHost(url);
  const parts = {
    scheme: url.Scheme,
    hostname,
    port,
    path: url.Path,
    raw_path: url.RawPath === "" ? url.Path : url.RawPath,
    raw_query: url.RawQuery,
    fragment: url.Fragment,
  };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== ""));
}

/** False also for what is no text, and for the empty text, which says nothing. */
export function isUri(operand: unknown): boolean {
  if (typeof operand !== "string" || operand === "") return false;
  try {
    parseGoUrl(operand);
    return true;
  } catch {
    return false;
  }
}
