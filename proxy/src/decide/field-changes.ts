/** What policy changes in fields, put into the edits of a head: never the message's frame, nor what only the mesh says. */
import { type FieldChanges, type Fields, KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "../http1/characters.ts";
import { type FieldEdits, variableOf } from "../http1/field-edits.ts";
import { knownField } from "../http1/known-field.ts";

const FRAME = new Set<number>([
  KnownField.contentLength,
  KnownField.transferEncoding,
  KnownField.connection,
  KnownField.keepAlive,
  KnownField.proxyConnection,
  KnownField.http2Settings,
  KnownField.upgrade,
  KnownField.expect,
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
  addFields(to, changes.add);
}

export function addFields(to: FieldEdits, fields: Fields): void {
  for (const [name, value] of fields) if (!isFrame(name)) to.add(name, value);
}

function isFrame(name: string): boolean {
  const bytes = asciiBytes(variableOf(name));
  return FRAME.has(knownField(bytes, 0, bytes.length));
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

/** What comes of `first` and then `second`, as one change. */
export function joinChanges(
  first: FieldChanges | undefined,
  second: FieldChanges | undefined,
): FieldChanges | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const over = new Set([...second.remove, ...second.set.map(([name]) => name)].map(variableOf));
  const kept = (fields: Fields) => fields.filter(([name]) => !over.has(variableOf(name)));
  return {
    remove: [...first.remove, ...second.remove],
    set: [...kept(first.set), ...second.set],
    add: [...kept(first.add), ...second.add],
  };
}
