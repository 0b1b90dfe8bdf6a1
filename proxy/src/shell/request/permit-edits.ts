/** Writes the request's head anew with what a policy wants changed in it; the rare case. */
import type { FieldChanges, Fields } from "@regomesh/policy-runtime";
import { KnownField } from "@regomesh/policy-runtime";
import type { Permit, QueryChanges } from "../../decide/permit.ts";
import { asciiBytes, textOf } from "../../http1/characters.ts";
import { type FieldEdits, variableOf } from "../../http1/field-edits.ts";
import { type Head, TargetForm } from "../../http1/head.ts";
import type { Span } from "../../http1/head-writer.ts";
import { knownField } from "../../http1/known-field.ts";
import type { Downstream } from "../downstream/downstream.ts";
import { edits, writeHead } from "./handle-request.ts";

/** What a policy may not say of a request or response: the message's frame, and what only the mesh says. */
const FRAME = new Set<number>([
  KnownField.contentLength,
  KnownField.transferEncoding,
  KnownField.connection,
  KnownField.keepAlive,
  KnownField.upgrade,
  KnownField.te,
  KnownField.trailer,
  KnownField.host,
  KnownField.forwardedClientCert,
  KnownField.decisionId,
  KnownField.meshReason,
]);

/** Applies `changes`; names of the message's frame are left alone. */
export function applyChanges(to: FieldEdits, changes: FieldChanges): void {
  for (const name of changes.remove) if (!isFrame(name)) to.remove(name);
  for (const [name, value] of changes.set) if (!isFrame(name)) to.set(name, value);
  for (const [name, value] of changes.add) if (!isFrame(name)) to.add(name, value);
}

function isFrame(name: string): boolean {
  const bytes = asciiBytes(variableOf(name));
  return FRAME.has(knownField(bytes, 0, bytes.length));
}

/** Writes the request's head anew with what its permit changes. */
export function permitEdits(
  downstream: Downstream,
  head: Head,
  target: Span | undefined,
  authority: Span | undefined,
  permit: Permit,
): void {
  if (permit.request !== undefined) applyChanges(edits, permit.request);
  const changed = permit.query === undefined ? target : changeQuery(head, target, permit.query);
  writeHead(downstream, head, changed, authority);
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

/** The response's edits as one function, or undefined where there are none. */
export function responseEdits(changes: FieldChanges | undefined, add: Fields): ((to: FieldEdits) => void) | undefined {
  if (changes === undefined && add.length === 0) return undefined;
  return (to) => {
    if (changes !== undefined) applyChanges(to, changes);
    for (const [name, value] of add) if (!isFrame(name)) to.add(name, value);
  };
}

/** The fields that changes name, as `variableOf` gives them; undefined where there are none. */
export function namedBy(...changes: readonly (FieldChanges | undefined)[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const change of changes) {
    if (change === undefined) continue;
    for (const [name] of [...change.set, ...change.add]) names.add(variableOf(name));
    for (const name of change.remove) names.add(variableOf(name));
  }
  return names.size === 0 ? undefined : names;
}
