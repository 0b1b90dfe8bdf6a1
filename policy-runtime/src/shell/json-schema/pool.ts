/**
 * The documents that a schema's references lead to: itself, the parts of it that have names
 * of their own, and the schemas of the drafts. Nothing is fetched: a decision must not wait,
 * and a schema that comes with a request must not choose whom the host talks to.
 */
import { isJsonObject } from "../json-text.ts";
import { type GoUrl, parseGoUrl } from "../url.ts";
import { type Draft, draftOf, metaSchemaOf } from "./drafts.ts";
import { documentName, followPointer, isCanonical, NO_BASE, printReference, resolveReference } from "./reference.ts";
import { mustBeOfType, SchemaError, valueAt } from "./words.ts";

export type PoolDocument = { readonly document: unknown; readonly draft: Draft | undefined };

const LITERAL = new Set(["const", "enum"]);
/** Their keys are names of the document's, not keywords. */
const MAPS = new Set(["properties", "dependencies", "patternProperties"]);

export class SchemaPool {
  readonly #documents = new Map<string, PoolDocument>();
  /** References as they look from outside, by the schema that they stand in. */
  readonly #resolved = new WeakMap<object, GoUrl>();

  constructor(root: unknown) {
    this.#add(root, NO_BASE);
  }

  /** The reference of a schema's `$ref`. */
  referenceOf(schema: object, text: string): GoUrl {
    return this.#resolved.get(schema) ?? parseGoUrl(text);
  }

  /** Throws where the reference leads nowhere. */
  find(reference: GoUrl): PoolDocument {
    const name = printReference(reference);
    const known = this.#documents.get(name);
    if (known !== undefined) return known;
    const whole = this.#documents.get(documentName(reference)) ?? this.#load(reference, name);
    const found = { document: followPointer(whole.document, reference.Fragment), draft: whole.draft };
    this.#documents.set(name, found);
    return found;
  }

  #load(reference: GoUrl, name: string): PoolDocument {
    if (!isCanonical(reference)) throw new SchemaError(`Reference ${name} must be canonical`);
    const url = documentName(reference);
    const document = metaSchemaOf(url);
    if (document === undefined) throw new SchemaError(`Reference ${name} is remote, and nothing is fetched`);
    this.#add(document, parseGoUrl(url));
    return this.#documents.get(url) as PoolDocument;
  }

  #add(document: unknown, base: GoUrl): void {
    const draft = detectDraft(document);
    this.#visit(document, base, draft);
    this.#documents.set(documentName(base), { document, draft });
  }

  /** Notes the names and the references of everything below. */
  #visit(document: unknown, base: GoUrl, draft: Draft | undefined): void {
    if (Array.isArray(document)) for (const item of document) this.#visit(item, base, draft);
    if (!isJsonObject(document)) return;
    const scope = this.#scopeOf(document, base, draft);
    const text = valueAt(document, "$ref");
    const reference = typeof text === "string" ? tryParse(text) : undefined;
    if (reference !== undefined) this.#resolved.set(document, resolveReference(scope, reference));
    for (const [key, value] of Object.entries(document)) {
      if (LITERAL.has(key)) continue;
      if (!MAPS.has(key)) this.#visit(value, scope, draft);
      else if (isJsonObject(value)) for (const inner of Object.values(value)) this.#visit(inner, scope, draft);
    }
  }

  #scopeOf(document: { readonly [key: string]: unknown }, base: GoUrl, draft: Draft | undefined): GoUrl {
    const id = valueAt(document, Object.hasOwn(document, "id") ? "id" : "$id");
    const own = typeof id === "string" ? tryParse(id) : undefined;
    if (own === undefined) return base;
    const scope = resolveReference(base, own);
    const name = printReference(scope);
    if (this.#documents.has(name)) throw new SchemaError(`Reference already exists: "${name}"`);
    this.#documents.set(name, { document, draft });
    return scope;
  }
}

function tryParse(text: string): GoUrl | undefined {
  try {
    return parseGoUrl(text);
  } catch {
    return undefined; // told where the schema is read
  }
}

/** The draft that `$schema` names; undefined where there is none, or an unknown one. */
export function detectDraft(document: unknown): Draft | undefined {
  if (typeof document === "boolean") return undefined;
  if (!isJsonObject(document)) throw new SchemaError("schema is invalid");
  const url = valueAt(document, "$schema");
  if (url === undefined) return undefined;
  if (typeof url !== "string") throw mustBeOfType("$schema", "string");
  return draftOf(printReference(parseGoUrl(url)));
}
