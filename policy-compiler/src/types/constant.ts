/** Constant terms as keys of objects. */
import type { Term } from "../resolved/ast.ts";
import { makeArrayType, makeObjectType } from "./make-type.ts";
import { BOOLEAN, type FieldKey, NULL, NUMBER, type RegoType, STRING, UNKNOWN } from "./type.ts";

/** The key that a term is; undefined where it is no constant. */
export function constantKey(term: Term): FieldKey | undefined {
  if (term.kind === "string") return term.value;
  const constant = constantOf(term);
  return constant;
}

/** A key that is no constant: of no type, and of a text that no constant has. */
export function variableKey(term: Term): FieldKey {
  return { text: term.kind === "var" ? `var ${term.name}` : "var", type: UNKNOWN };
}

/** JSON text and type; a set is an array, as in JSON. */
function constantOf(term: Term): { readonly text: string; readonly type: RegoType } | undefined {
  switch (term.kind) {
    case "string":
      return { text: JSON.stringify(term.value), type: STRING };
    case "number":
      return { text: term.text, type: NUMBER };
    case "boolean":
      return { text: String(term.value), type: BOOLEAN };
    case "null":
      return { text: "null", type: NULL };
    case "array":
    case "set": {
      const items = term.items.map(constantOf);
      if (!items.every((item) => item !== undefined)) return undefined;
      return {
        text: `[${items.map(({ text }) => text).join(",")}]`,
        type: makeArrayType(items.map(({ type }) => type)),
      };
    }
    case "object": {
      const entries = term.entries.map(([key, value]) => ({ key: constantKey(key), value: constantOf(value) }));
      const fields: { key: FieldKey; type: RegoType }[] = [];
      const texts: string[] = [];
      for (const { key, value } of entries) {
        if (key === undefined || value === undefined) return undefined;
        fields.push({ key, type: value.type });
        texts.push(`${typeof key === "string" ? JSON.stringify(key) : key.text}:${value.text}`);
      }
      return { text: `{${texts.join(",")}}`, type: makeObjectType(fields) };
    }
    default:
      return undefined;
  }
}
