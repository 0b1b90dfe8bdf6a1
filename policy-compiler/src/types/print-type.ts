/** Types as OPA writes them: `object<name: string>`, `any<number, string>`, `array[any]`. */
import type { FieldKey, RegoType } from "./type.ts";

/** Nobody reads a longer one: what is in it is written as dots. */
const TEXT_MAX = 400;

export function printType(type: RegoType): string {
  return print(type, { left: TEXT_MAX });
}

/** Characters that may still be written. */
type Room = { left: number };

function print(type: RegoType, room: Room): string {
  if (room.left <= 0) return "...";
  switch (type.kind) {
    case "unknown":
      return take("???", room);
    case "any":
    case "null":
    case "boolean":
    case "number":
    case "string":
      return take(type.kind, room);
    case "array": {
      const items = type.items.length === 0 ? "" : `<${list(type.items, print, room)}>`;
      return `${take("array", room)}${items}${type.rest === undefined ? "" : `[${print(type.rest, room)}]`}`;
    }
    case "set":
      return type.of.kind === "unknown" ? take("set", room) : `${take("set", room)}[${print(type.of, room)}]`;
    case "object": {
      const field = ({ key, type: of }: { key: FieldKey; type: RegoType }): string =>
        `${take(printKey(key), room)}: ${print(of, room)}`;
      const fields = type.fields.length === 0 ? "" : `<${list(type.fields, field, room)}>`;
      const { rest } = type;
      return `${take("object", room)}${fields}${rest === undefined ? "" : `[${print(rest.key, room)}: ${print(rest.value, room)}]`}`;
    }
    case "union":
      return `${take("any", room)}<${list(type.of, print, room)}>`;
    case "function":
      return `(${list(type.args, print, room)}) => ${type.result === undefined ? "???" : print(type.result, room)}`;
    case "recursive":
      return take(`recursive(${type.name})`, room);
  }
}

function printKey(key: FieldKey): string {
  return typeof key === "string" ? key : key.text;
}

function take(text: string, room: Room): string {
  room.left -= text.length;
  return text;
}

function list<Item>(items: readonly Item[], one: (item: Item, room: Room) => string, room: Room): string {
  const parts: string[] = [];
  for (const item of items) {
    if (room.left <= 0) return [...parts, "..."].join(", ");
    parts.push(one(item, room));
  }
  return parts.join(", ");
}

/** Types of arguments, in brackets. */
export function printTypes(types: readonly RegoType[]): string {
  return `(${types.map(printType).join(", ")})`;
}
