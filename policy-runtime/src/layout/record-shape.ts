/**
 * A decision as a record of fixed places: the module fills one from the value that a policy
 * gave, the host reads it, and neither makes JSON. A record is 8 bytes for a key that its
 * shape does not know, then a cell of 8 bytes for each field, in the shape's order.
 *
 *   flag      {0: absent, 1: false, 2: true; –}
 *   text      {address of UTF-8, bytes}            an address of 0: absent
 *   number    a double                             NUMBER_ABSENT in its upper word: absent
 *   texts     {address of text cells, count}
 *   pairs     {address of pairs of text cells (name, value), count}: an object of strings or
 *             lists of strings, or a list of such objects
 *   record    {address of the record, 1}
 *   records   {address of the records, one behind the other, count}
 *   targets   as records; a string stands for one with its first field
 *   object    {value, 0}: an object of any fields
 *
 * A value that does not fit its cell is {WRONG, value} (of a number: NUMBER_WRONG in the upper
 * word, value below), and so are a member or key that does not fit in its list: what it should
 * have been is the reader's to say. Lists are arrays, or sets in Rego's order.
 */
export const CellType = {
  flag: 1,
  text: 2,
  number: 3,
  texts: 4,
  pairs: 5,
  record: 6,
  records: 7,
  targets: 8,
  object: 9,
} as const;
export type CellType = keyof typeof CellType;

export const CELL_BYTES = 8;
export const WRONG = 0xffff_ffff;
/** Upper words of doubles that are not numbers, which no value of Rego is. */
export const NUMBER_ABSENT = 0xfff8_0000;
export const NUMBER_WRONG = 0xfff8_0001;

export type Field = { readonly name: string; readonly type: CellType; readonly shape?: Shape };
export type Shape<Name extends string = string> = {
  /** Keys that no field has are passed over. */
  readonly isOpen: boolean;
  readonly fields: readonly Field[];
  /** Where each field's cell lies in the record. */
  readonly at: Readonly<Record<Name, number>>;
  /** Bytes of the record. */
  readonly bytes: number;
};

type Types<Name extends string> = Readonly<Record<Name, CellType | readonly [CellType, Shape]>>;

function closed<Name extends string>(types: Types<Name>): Shape<Name> {
  return makeShape(types, false);
}

function makeShape<Name extends string>(types: Types<Name>, isOpen: boolean): Shape<Name> {
  const fields = Object.entries<CellType | readonly [CellType, Shape]>(types).map(([name, field]) =>
    typeof field === "string" ? { name, type: field } : { name, type: field[0], shape: field[1] },
  );
  const places = fields.map(({ name }, i) => [name, CELL_BYTES + i * CELL_BYTES]);
  return {
    isOpen,
    fields,
    at: Object.fromEntries(places) as Record<Name, number>,
    bytes: CELL_BYTES + fields.length * CELL_BYTES,
  };
}

/** opa-envoy-plugin's object; as there, what it does not know is passed over. */
export const AUTHZ = makeShape(
  {
    allowed: "flag",
    headers: "pairs",
    body: "text",
    http_status: "number",
    response_headers_to_add: "pairs",
    request_headers_to_remove: "texts",
    query_parameters_to_set: "pairs",
    query_parameters_to_remove: "texts",
    dynamic_metadata: "object",
  },
  true,
);

export const LIMIT = closed({
  key: "text",
  limit: "number",
  window: "text",
  burst: "number",
  scope: "text",
  cost: "number",
});

export const RETRY = closed({ attempts: "number", perTry: "text", on: "texts", backoff: "text" });
export const REWRITE = closed({ path: "text", prefix: "text", match: "text", authority: "text" });
export const REDIRECT = closed({
  status: "number",
  scheme: "text",
  authority: "text",
  host: "text",
  port: "number",
  path: "text",
  prefix: "text",
  match: "text",
});
export const RESPOND = closed({ status: "number", body: "text", headers: "pairs" });
export const CHANGES = closed({ set: "pairs", add: "pairs", remove: "texts" });
export const HEADERS = closed({ request: ["record", CHANGES], response: ["record", CHANGES] });
export const MIRROR = closed({ to: "text", port: "number", percent: "number" });
export const TARGET = closed({
  to: "text",
  port: "number",
  subset: "text",
  weight: "number",
  rewrite: ["record", REWRITE],
  redirect: ["record", REDIRECT],
  respond: ["record", RESPOND],
  headers: ["record", HEADERS],
  mirror: ["records", MIRROR],
});
export const FAULT = closed({ delay: "text", abortStatus: "number", percent: "number" });
export const ROUTE = closed({
  to: ["targets", TARGET],
  timeout: "text",
  perTry: "text",
  retry: ["record", RETRY],
  rewrite: ["record", REWRITE],
  redirect: ["record", REDIRECT],
  respond: ["record", RESPOND],
  headers: ["record", HEADERS],
  mirror: ["records", MIRROR],
  fault: ["record", FAULT],
  hashKey: "text",
});

/** What an entrypoint's value as a whole may be, by the number that the module is asked with. */
export const ROOTS = [
  { name: "authz", type: "record", shape: AUTHZ },
  { name: "limits", type: "records", shape: LIMIT },
  { name: "route", type: "record", shape: ROUTE },
] as const;

/**
 * The shapes as the module walks them, in words: of a shape {1 where it is open, field count},
 * then of each field {start of its name in `names` | name length << 16, type | place of its
 * shape's words << 8}. `roots` is {type | place << 8} for each of ROOTS.
 */
export function packShapes(): {
  readonly words: readonly number[];
  readonly names: readonly number[];
  readonly roots: readonly number[];
} {
  const words: number[] = [];
  const names: number[] = [];
  const places = new Map<Shape, number>();
  const pack = (shape: Shape): number => {
    const known = places.get(shape);
    if (known !== undefined) return known;
    const inner = shape.fields.map((field) => (field.shape === undefined ? 0 : pack(field.shape)));
    const place = words.length;
    places.set(shape, place);
    words.push(shape.isOpen ? 1 : 0, shape.fields.length);
    shape.fields.forEach(({ name, type }, i) => {
      words.push(names.length | (name.length << 16), CellType[type] | ((inner[i] ?? 0) << 8));
      for (const letter of name) names.push(letter.charCodeAt(0));
    });
    return place;
  };
  const roots = ROOTS.map(({ type, shape }) => CellType[type] | (pack(shape) << 8));
  return { words, names, roots };
}
