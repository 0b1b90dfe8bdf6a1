/** What the fields of an annotation may be: as OPA reads them, so that it reads them too. */
import { parseBudget } from "./budget.ts";
import { readSchemaUses } from "./schema-annotation.ts";

type Fields = Readonly<Record<string, unknown>>;

type Kind = "text" | "flag" | "texts" | "list" | "objects" | "object" | "duration";

const KINDS: Readonly<Record<string, Kind>> = {
  scope: "text",
  title: "text",
  entrypoint: "flag",
  description: "text",
  organizations: "texts",
  related_resources: "list",
  authors: "list",
  schemas: "objects",
  compile: "object",
  custom: "object",
  labels: "object",
  // Ours: OPA passes over fields that it does not know.
  budget: "duration",
};

const WANTED: Readonly<Record<Kind, string>> = {
  text: "a text",
  flag: "true or false",
  texts: "a list of texts",
  list: "a list",
  objects: "a list of objects",
  object: "an object",
  duration: "a duration above zero, as 200us",
};

/** `field` is the one that is wrong; absent where the fault is the block's as a whole. */
export type FieldFault = { readonly message: string; readonly field?: string };

export function findFieldFault(fields: Fields): FieldFault | undefined {
  for (const [field, value] of Object.entries(fields)) {
    const kind = Object.hasOwn(KINDS, field) ? KINDS[field] : undefined;
    if (kind !== undefined && value !== null && !isOfKind(kind, value)) {
      return { message: `invalid ${field}: must be ${WANTED[kind]}`, field };
    }
  }
  for (const author of listOf(fields["authors"])) {
    const reason = authorFault(author);
    if (reason !== undefined) return { message: `invalid author definition ${JSON.stringify(author)}: ${reason}` };
  }
  for (const resource of listOf(fields["related_resources"])) {
    const reason = resourceFault(resource);
    if (reason !== undefined) {
      return { message: `invalid related-resource definition ${JSON.stringify(resource)}: ${reason}` };
    }
  }
  const schemas = readSchemaUses(fields["schemas"]);
  return "fault" in schemas ? { message: schemas.fault } : undefined;
}

function isOfKind(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "text":
      return typeof value !== "object";
    case "flag":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.every((item) => typeof item !== "object");
    case "list":
      return Array.isArray(value);
    case "objects":
      return Array.isArray(value) && value.every(isObject);
    case "object":
      return isObject(value);
    case "duration":
      return parseBudget(String(value)) !== undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const NEITHER = "invalid value type, must be string or map";

function authorFault(author: unknown): string | undefined {
  if (typeof author === "string") return author.trim() === "" ? "author is an empty string" : undefined;
  if (!isObject(author)) return NEITHER;
  return textOf(author["name"]) + textOf(author["email"]) === ""
    ? "'name' and/or 'email' values required in object"
    : undefined;
}

function resourceFault(resource: unknown): string | undefined {
  if (typeof resource === "string") return resource === "" ? "ref URL may not be empty string" : undefined;
  if (!isObject(resource)) return NEITHER;
  return textOf(resource["ref"]) === "" ? "'ref' value required in object" : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
