/** Targets as a route wants them: another path or prefix for the next hop, or a Location for the client. */
import type { RouteDecision } from "@regomesh/policy-runtime";
import { isAuthority } from "../http1/authority.ts";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { type Head, TargetForm } from "../http1/head.ts";
import type { Span } from "../http1/head-writer.ts";
import { PathNormaliser, PathOutcome } from "../path/normalise-path.ts";
import type { PathLevel } from "../path/path-level.ts";
import { refusedPath } from "../path/refused-path.ts";

const normaliser = new PathNormaliser();

/**
 * `path` replaces the whole path, `prefix` its first segment's place: `/v2` before what
 * follows the first segment. The query stays. "refused" where that would be no path that
 * may be forwarded: the path that came was meant for somebody else.
 */
export function rewriteTarget(
  head: Head,
  target: Span | undefined,
  rewrite: RouteDecision["rewrite"],
  level: PathLevel,
): Span | undefined | "refused" {
  const { path, prefix } = rewrite ?? {};
  if (head.targetForm === TargetForm.asterisk || (path === undefined && prefix === undefined)) return target;
  const span = target ?? { bytes: head.bytes, start: head.pathStart, end: head.pathEnd };
  const text = textOf(span.bytes, span.start, span.end);
  const question = text.indexOf("?");
  const before = question < 0 ? text : text.slice(0, question);
  const query = question < 0 ? "" : text.slice(question);
  const after = path ?? replacePrefix(before, prefix ?? "");
  return checkedTarget(`${after}${path?.includes("?") ? "" : query}`, level) ?? "refused";
}

function replacePrefix(path: string, prefix: string): string {
  const second = path.indexOf("/", 1);
  const rest = second < 0 ? "" : path.slice(second);
  const joined = `${prefix.endsWith("/") ? prefix.slice(0, -1) : prefix}${rest}`;
  return joined === "" ? "/" : joined;
}

const AUTHORITY = /^[-._~A-Za-z0-9:[\]]{1,253}$/;

/** The authority that the route gives the request in place of `authority`; "refused" where it is none. */
export function rewriteAuthority(
  rewrite: RouteDecision["rewrite"],
  authority: Span | undefined,
): Span | undefined | "refused" {
  if (rewrite?.authority === undefined) return authority;
  const bytes = asciiBytes(rewrite.authority);
  return AUTHORITY.test(rewrite.authority) && isAuthority(bytes, 0, bytes.length)
    ? { bytes, start: 0, end: bytes.length }
    : "refused";
}

function checkedTarget(text: string, level: PathLevel): Span | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(text)) return undefined;
  const bytes = asciiBytes(text);
  if (refusedPath(level, bytes, 0, bytes.length) !== undefined) return undefined;
  const outcome = normaliser.normalise(level, bytes, 0, bytes.length);
  if (outcome === PathOutcome.refused) return undefined;
  if (outcome === PathOutcome.unchanged) return { bytes, start: 0, end: bytes.length };
  return { bytes: normaliser.bytes.slice(0, normaliser.end), start: 0, end: normaliser.end };
}

/**
 * The Location of a redirect: what the route does not say stays as the request goes on,
 * normalised. Undefined where it would be no location.
 */
export function redirectLocation(
  head: Head,
  { target, authority }: { readonly target: Span | undefined; readonly authority: Span | undefined },
  redirect: NonNullable<RouteDecision["redirect"]>,
): string | undefined {
  const scheme = redirect.scheme ?? "http";
  const host = redirect.authority ?? (authority === undefined ? head.authorityText() : textOfSpan(authority));
  const path = redirect.path ?? (target === undefined ? head.pathText() || "/" : textOfSpan(target));
  const location = `${scheme}://${host}${path}`;
  return [...location].every((unit) => unit > " " && unit <= "~") ? location : undefined;
}

function textOfSpan({ bytes, start, end }: Span): string {
  return textOf(bytes, start, end);
}
