/** The `schemas` of an annotation: of which document they speak, and which schema it is. */
/** What a schema is said of: `input` or `data` first, then constant keys. */
export type SchemaUse = {
  readonly path: readonly string[];
  readonly schema:
    | { readonly kind: "named"; readonly path: readonly string[]; readonly text: string }
    | { readonly kind: "inline"; readonly definition: unknown };
};

export type SchemaUses = { readonly uses: readonly SchemaUse[] } | { readonly fault: string };

/** `schemas: [{input.user: schema["user"]}, {data.acl: {type: object}}]`, as its YAML gives it. */
export function readSchemaUses(schemas: unknown): SchemaUses {
  if (schemas === undefined || schemas === null) return { uses: [] };
  if (!Array.isArray(schemas)) return { fault: "schemas must be a list of documents and their schemas" };
  const uses: SchemaUse[] = [];
  for (const entry of schemas) {
    const [pair] = isObject(entry) ? Object.entries(entry) : [];
    if (pair === undefined) return { fault: "invalid document reference" };
    const [text, value] = pair;
    const path = parseReference(text);
    // A name alone is no reference, unless it is a root.
    const isName = path?.length === 1 && path[0] !== "input" && path[0] !== "data";
    if (path === undefined || isName) return { fault: "invalid document reference" };
    if (typeof value === "string") {
      const named = parseReference(value);
      if (named?.[0] !== "schema") return { fault: "invalid schema reference" };
      uses.push({ path, schema: { kind: "named", path: named.slice(1), text: value } });
    } else if (isObject(value)) uses.push({ path, schema: { kind: "inline", definition: value } });
    else return { fault: `invalid schema declaration for path ${JSON.stringify(text)}` };
  }
  return { uses };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const PART = /^(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[("(?:[^"\\]|\\.)*")\])/;

/** The parts of `input.a["b c"]`; undefined where it is no path of constants. */
function parseReference(text: string): readonly string[] | undefined {
  const first = NAME.exec(text)?.[0];
  if (first === undefined) return undefined;
  const path = [first];
  for (let rest = text.slice(first.length); rest !== ""; ) {
    const [whole, name, quoted] = PART.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    const part = name ?? parseQuoted(quoted as string);
    if (part === undefined) return undefined;
    path.push(part);
    rest = rest.slice(whole.length);
  }
  return path;
}

function parseQuoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
