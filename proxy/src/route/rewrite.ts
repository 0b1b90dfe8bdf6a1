/** Targets as a route wants them: another path or prefix for the next hop, or a Location for the client. */
import { changePath, changesPath, type RouteRedirect, type RouteRewrite } from "@regomesh/policy-runtime";
import { isAuthority } from "../http1/authority.ts";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { type Head, TargetForm } from "../http1/head.ts";
import type { Span } from "../http1/head-writer.ts";
import { PathNormaliser, PathOutcome } from "../path/normalise-path.ts";
import type { PathLevel } from "../path/path-level.ts";
import { refusedPath } from "../path/refused-path.ts";

const normaliser = new PathNormaliser();

/**
 * `path` replaces the whole path, `prefix` the place of `match`, or of the first segment where
 * that is absent: `/v2` before what follows it. The query stays. "refused" where that would be no
 * path that may be forwarded: the path that came was meant for somebody else.
 */
export function rewriteTarget(
  head: Head,
  target: Span | undefined,
  rewrite: RouteRewrite | undefined,
  level: PathLevel,
): Span | undefined | "refused" {
  if (head.targetForm === TargetForm.asterisk || !changesPath(rewrite)) return target;
  const span = target ?? { bytes: head.bytes, start: head.pathStart, end: head.pathEnd };
  const text = changePath(textOf(span.bytes, span.start, span.end), rewrite);
  return (text === undefined ? undefined : checkedTarget(text, level)) ?? "refused";
}

const AUTHORITY = /^[-._~A-Za-z0-9:[\]]{1,253}$/;

/** The authority that the route gives the request in place of `authority`; "refused" where it is none. */
export function rewriteAuthority(
  rewrite: RouteRewrite | undefined,
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
 * normalised. A port that nobody says is the scheme's own where the route says a scheme, and
 * left out where the scheme means it anyway. Undefined where it would be no location.
 */
export function redirectLocation(
  head: Head,
  { target, authority }: { readonly target: Span | undefined; readonly authority: Span | undefined },
  redirect: RouteRedirect,
): string | undefined {
  const scheme = redirect.scheme ?? "http";
  const asked = authority === undefined ? head.authorityText() : textOfSpan(authority);
  const path = target === undefined ? head.pathText() || "/" : textOfSpan(target);
  const onward = changesPath(redirect) ? changePath(path, redirect) : path;
  if (onward === undefined) return undefined;
  const location = `${scheme}://${redirect.authority ?? newAuthority(asked, redirect, scheme)}${onward}`;
  return [...location].every((unit) => unit > " " && unit <= "~") ? location : undefined;
}

const PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

function newAuthority(asked: string, redirect: RouteRedirect, scheme: string): string {
  const [, host = asked, askedPort] = /^(.*?)(?::(\d*))?$/.exec(asked) ?? [];
  const port = redirect.port?.toString() ?? (redirect.scheme === undefined ? askedPort : undefined);
  const isPlain = port === undefined || port === "" || port === PORTS[scheme];
  return `${redirect.host ?? host}${isPlain ? "" : `:${port}`}`;
}

function textOfSpan({ bytes, start, end }: Span): string {
  return textOf(bytes, start, end);
}
