/** Targets as a route wants them: another path or prefix for the next hop, or a Location for the client. */
import type { RouteDecision } from "@regomesh/policy-runtime";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { type Head, TargetForm } from "../http1/head.ts";
import type { Span } from "../http1/head-writer.ts";
import { PathNormaliser, PathOutcome } from "../path/normalise-path.ts";
import { refusedPath } from "../path/refused-path.ts";

const normaliser = new PathNormaliser();

/**
 * `path` replaces the whole path, `prefix` its first segment's place: `/v2` before what
 * follows the first segment. The query stays. What would be no path that may be forwarded
 * leaves the target as it is.
 */
export function rewriteTarget(
  head: Head,
  target: Span | undefined,
  rewrite: RouteDecision["rewrite"],
): Span | undefined {
  const { path, prefix } = rewrite ?? {};
  if (head.targetForm === TargetForm.asterisk || (path === undefined && prefix === undefined)) return target;
  const span = target ?? { bytes: head.bytes, start: head.pathStart, end: head.pathEnd };
  const text = textOf(span.bytes, span.start, span.end);
  const question = text.indexOf("?");
  const before = question < 0 ? text : text.slice(0, question);
  const query = question < 0 ? "" : text.slice(question);
  const after = path ?? replacePrefix(before, prefix ?? "");
  return checkedTarget(`${after}${path?.includes("?") ? "" : query}`) ?? target;
}

function replacePrefix(path: string, prefix: string): string {
  const second = path.indexOf("/", 1);
  const rest = second < 0 ? "" : path.slice(second);
  const joined = `${prefix.endsWith("/") ? prefix.slice(0, -1) : prefix}${rest}`;
  return joined === "" ? "/" : joined;
}

function checkedTarget(text: string): Span | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(text)) return undefined;
  const bytes = asciiBytes(text);
  if (refusedPath("BASE", bytes, 0, bytes.length) !== undefined) return undefined;
  const outcome = normaliser.normalise("BASE", bytes, 0, bytes.length);
  if (outcome === PathOutcome.refused) return undefined;
  if (outcome === PathOutcome.unchanged) return { bytes, start: 0, end: bytes.length };
  return { bytes: normaliser.bytes.slice(0, normaliser.end), start: 0, end: normaliser.end };
}

/** The Location of a redirect: what the route does not say stays as the request had it. */
export function redirectLocation(head: Head, redirect: NonNullable<RouteDecision["redirect"]>): string {
  const scheme = redirect.scheme ?? "http";
  const authority = redirect.authority ?? head.authorityText();
  const path = redirect.path ?? (head.pathText() || "/");
  const location = `${scheme}://${authority}${path}`;
  return [...location].every((unit) => unit > " " && unit <= "~") ? location : "/";
}
