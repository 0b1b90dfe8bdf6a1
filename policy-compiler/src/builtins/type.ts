/**
 * Rego's static types, as far as signatures and the type check need them. A union has two
 * members or more, none of them `any` or a union; what is made of nothing is of any type.
 */
export type RegoType =
  | { readonly kind: "any" | "null" | "boolean" | "number" | "string" }
  /** `items` by place, then any number of `rest`. */
  | { readonly kind: "array"; readonly items: readonly RegoType[]; readonly rest: RegoType | undefined }
  | { readonly kind: "set"; readonly of: RegoType }
  /** `fields` by name (all there), then any number of `key: value`. */
  | { readonly kind: "object"; readonly fields: ReadonlyMap<string, RegoType>; readonly rest: ObjectRest | undefined }
  | { readonly kind: "union"; readonly of: readonly RegoType[] };

export type ObjectRest = { readonly key: RegoType; readonly value: RegoType };

export const ANY: RegoType = { kind: "any" };
export const NULL: RegoType = { kind: "null" };
export const BOOLEAN: RegoType = { kind: "boolean" };
export const NUMBER: RegoType = { kind: "number" };
export const STRING: RegoType = { kind: "string" };

export function makeUnion(members: readonly RegoType[]): RegoType {
  const flat: RegoType[] = [];
  const seen = new Set<string>();
  for (const member of members) {
    if (member.kind === "any") return ANY;
    for (const type of member.kind === "union" ? member.of : [member]) {
      const text = printType(type);
      if (!seen.has(text)) flat.push(type);
      seen.add(text);
    }
  }
  if (flat.length === 0) return ANY;
  return flat.length === 1 ? (flat[0] as RegoType) : { kind: "union", of: flat };
}

/** As OPA writes types: `object<name: string>`, `any<number, string>`, `array[any]`. */
export function printType(type: RegoType): string {
  switch (type.kind) {
    case "any":
    case "null":
    case "boolean":
    case "number":
    case "string":
      return type.kind;
    case "array": {
      const parts: string[] = [];
      if (type.items.length > 0 || type.rest === undefined) parts.push(`<${type.items.map(printType).join(", ")}>`);
      if (type.rest !== undefined) parts.push(`[${printType(type.rest)}]`);
      return `array${parts.join("")}`;
    }
    case "set":
      return `set[${printType(type.of)}]`;
    case "object": {
      const parts: string[] = [];
      const fields = [...type.fields].sort(([a], [b]) => (a < b ? -1 : 1));
      if (fields.length > 0 || type.rest === undefined) {
        parts.push(`<${fields.map(([name, value]) => `${name}: ${printType(value)}`).join(", ")}>`);
      }
      if (type.rest !== undefined) parts.push(`[${printType(type.rest.key)}: ${printType(type.rest.value)}]`);
      return `object${parts.join("")}`;
    }
    case "union":
      return `any<${type.of.map(printType).sort().join(", ")}>`;
  }
}
