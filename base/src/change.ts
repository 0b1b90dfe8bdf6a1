/**
 * What differs between a body and the one before it, for whoever has that: server-sent events tell a
 * body whole once, and then what changes. Fields of the body are told where they are others; of a list
 * whose items have a key, what came, what went, and which fields of an item are others. What stays
 * stays the same object, so that a page draws anew what has changed and nothing else.
 */

/** A body, or an item of a list: fields that JSON can say. `null` is no value of theirs. */
export type Fields = Readonly<Record<string, unknown>>;

export type BodyChange = {
  /** Fields that are others; null for one that is gone. */
  readonly fields: Fields;
  /** By the field that holds them. */
  readonly lists: Readonly<Record<string, ListChange>>;
};

export type ListChange = {
  /** Places in the list before. */
  readonly gone: readonly number[];
  /** Places in the list after, ascending. */
  readonly come: readonly (readonly [at: number, item: Fields])[];
  /** Places in the list after. */
  readonly changed: readonly (readonly [at: number, fields: Fields])[];
};

/** Of a body's lists that have keys, what an item is known by. */
export type ListKeys = Readonly<Record<string, (item: Fields) => string>>;

/** What makes `after` of `before`; undefined where they say the same. */
export function changeOf(before: Fields, after: Fields, keys: ListKeys): BodyChange | undefined {
  const lists: Record<string, ListChange> = {};
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fieldsChanged(before, after))) {
    const key = keys[name];
    const change = key && listChangeOf(before[name] as readonly Fields[], after[name] as readonly Fields[], key);
    if (change === undefined) fields[name] = value;
    else lists[name] = change;
  }
  return Object.keys(fields).length + Object.keys(lists).length === 0 ? undefined : { fields, lists };
}

/** The body that the change was made for; `before` is what the change is told of. */
export function applyChange<Body extends object>(before: Body, { fields, lists }: BodyChange): Body {
  const after = applyFields(before as Fields, fields) as Record<string, unknown>;
  for (const [name, change] of Object.entries(lists))
    after[name] = applyListChange(after[name] as readonly Fields[], change);
  return after as Body;
}

/** Undefined where what stays does not stay in its order: then the list is told whole. */
function listChangeOf(
  before: readonly Fields[] | undefined,
  after: readonly Fields[],
  keyOf: (item: Fields) => string,
): ListChange | undefined {
  if (before === undefined || after === undefined) return undefined;
  const placeAfter = new Map(after.map((item, at) => [keyOf(item), at]));
  const gone: number[] = [];
  const changed: (readonly [number, Fields])[] = [];
  const stays = new Set<number>();
  let last = -1;
  for (const [at, item] of before.entries()) {
    const place = placeAfter.get(keyOf(item));
    const now = place === undefined ? undefined : after[place];
    if (place === undefined || now === undefined) {
      gone.push(at);
      continue;
    }
    if (place < last || stays.has(place)) return undefined;
    last = place;
    stays.add(place);
    const fields = fieldsChanged(item, now);
    if (Object.keys(fields).length > 0) changed.push([place, fields]);
  }
  const come = [...after.entries()].filter(([at]) => !stays.has(at));
  return { gone, come, changed };
}

function applyListChange(before: readonly Fields[], { gone, come, changed }: ListChange): readonly Fields[] {
  const left = new Set(gone);
  const after = before.filter((_, at) => !left.has(at));
  for (const [at, item] of come) after.splice(at, 0, item);
  for (const [at, fields] of changed) after[at] = applyFields(after[at] ?? {}, fields);
  return after;
}

/** Fields of `after` that are others than before, and null for those that it has not. */
function fieldsChanged(before: Fields, after: Fields): Fields {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(after)) {
    if (value !== undefined && !isSame(before[name], value)) changed[name] = value;
  }
  for (const [name, value] of Object.entries(before)) {
    if (value !== undefined && after[name] === undefined) changed[name] = null;
  }
  return changed;
}

function applyFields(before: Fields, changed: Fields): Fields {
  const entries = Object.entries({ ...before, ...changed });
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b);
}
