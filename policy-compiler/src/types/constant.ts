/** Constant terms as keys of objects. */
import type { Term } from "../resolved/ast.ts";
import { makeArrayType, makeObjectType } from "./make-type.ts";
import { BOOLEAN, type FieldKey, NULL, NUMBER, type RegoType, STRING, UNKNOWN } from "./type.ts";

/** Levels of a key: deeper ones are no keys that types tell apart, as types themselves are kept to no further level. */
const LEVELS_MAX = 128;

/** The key that a term is; undefined where it is no constant. */
export function constantKey(term: Term, levels: number = LEVELS_MAX): FieldKey | undefined {
  return term.kind === "string" ? term.value : constantOf(term, levels);
}

/** A key that is no constant: of no type, and of a text that no constant has. */
export function variableKey(term: Term): FieldKey {
  return { text: term.kind === "var" ? `var ${term.name}` : "var", type: UNKNOWN };
}

/** JSON text and type; a set is an array, as in JSON. */
function constantOf(term: Term, levels: number): { readonly text: string; readonly type: RegoType } | undefined {
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
      if (levels === 0) return undefined;
      const items = term.items.map((item) => constantOf(item, levels - 1));
      if (!items.every((item) => item !== undefined)) return undefined;
      return {
        text: `[${items.map(({ text }) => text).join(",")}]`,
        type: makeArrayType(items.map(({ type }) => type)),
      };
    }
    case "object": {
      if (levels === 0) return undefined;
      const entries = term.entries.map(([key, value]) => {
        return { key: constantKey(key, levels - 1), value: constantOf(value, levels - 1) };
      });
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
