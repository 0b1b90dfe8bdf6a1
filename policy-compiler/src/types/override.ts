/** A type of which one part is another's. */
import { compareKeys } from "./compare-types.ts";
import { ANY_REST, type FieldKey, type ObjectRest, openType, type RegoType } from "./type.ts";

/** The type with `part` at the path: of what is no object, nothing but that part is known. */
export function overrideType(type: RegoType, path: readonly FieldKey[], part: RegoType): RegoType {
  const [first, ...rest] = path;
  if (first === undefined) return part;
  const opened = openType(type);
  if (opened.kind !== "object") return nest(path, part, ANY_REST);
  const isKnown = opened.fields.some(({ key }) => compareKeys(key, first) === 0);
  if (!isKnown) {
    const added = { key: first, type: nest(rest, part, opened.rest) };
    const fields = [...opened.fields, added].sort((a, b) => compareKeys(a.key, b.key));
    return { ...opened, fields };
  }
  const fields = opened.fields.map((field) =>
    compareKeys(field.key, first) === 0 ? { ...field, type: overrideType(field.type, rest, part) } : field,
  );
  return { ...opened, fields };
}

function nest(path: readonly FieldKey[], part: RegoType, others: ObjectRest | undefined): RegoType {
  return path.reduceRight<RegoType>((type, key) => ({ kind: "object", fields: [{ key, type }], rest: others }), part);
}
