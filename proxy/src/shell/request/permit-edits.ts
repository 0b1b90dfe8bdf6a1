/** Writes the request's head anew with what a policy wants changed in it; the rare case. */
import { applyChanges } from "../../decide/field-changes.ts";
import type { Permit, QueryChanges } from "../../decide/permit.ts";
import { asciiBytes, textOf } from "../../http1/characters.ts";
import { type Head, TargetForm } from "../../http1/head.ts";
import type { Span } from "../../http1/head-writer.ts";
import type { ClientRequest } from "./client-request.ts";
import { writeHead } from "./handle-request.ts";

/** Writes the request's head anew with what its permit changes. */
export function permitEdits(
  request: ClientRequest,
  head: Head,
  target: Span | undefined,
  authority: Span | undefined,
  permit: Permit,
): void {
  if (permit.request !== undefined) applyChanges(request.thread.composer.edits, permit.request);
  const changed = permit.query === undefined ? target : changeQuery(head, target, permit.query);
  writeHead(request, head, changed, authority);
}

/** Sets and removes query parameters, as opa-envoy-plugin's answer asks. */
export function changeQuery(head: Head, target: Span | undefined, changes: QueryChanges): Span | undefined {
  if (head.targetForm === TargetForm.asterisk) return target;
  const span = target ?? { bytes: head.bytes, start: head.pathStart, end: head.pathEnd };
  const text = textOf(span.bytes, span.start, span.end) || "/";
  const question = text.indexOf("?");
  const path = question < 0 ? text : text.slice(0, question);
  const query = new URLSearchParams(question < 0 ? "" : text.slice(question + 1));
  for (const name of changes.remove) query.delete(name);
  for (const [name, value] of changes.set) query.set(name, value);
  const printed = query.toString();
  const bytes = asciiBytes(printed === "" ? path : `${path}?${printed}`);
  return { bytes, start: 0, end: bytes.length };
}
