/**
 * The numbers of layouts as an AssemblyScript file, so that the runtime has them from where
 * hosts and compiler have them. `scripts/generate-layout.mjs` writes it.
 */
import {
  Answer,
  AnswerState,
  CELL_BYTES,
  CellType,
  CONTEXT_FIELDS,
  ENTRYPOINTS_MAX,
  FIELDS_MAX,
  HeadRow,
  HeadStart,
  KnownField,
  NUMBER_ABSENT,
  NUMBER_WRONG,
  PROTOCOL_BYTES,
  packShapes,
  REQUEST_ID_BYTES_MAX,
  StringCell,
  ValueKind,
  WRONG,
} from "@regomesh/policy-runtime";
import {
  ANY_MEMBER,
  IndexKind,
  LevelTest,
  LINK_WORDS,
  Slot,
  SlotKind,
  StringFlag,
  WitnessKind,
} from "./runtime-layout.ts";

export function printLayout(): string {
  const { words, names, roots } = packShapes();
  const context = Object.fromEntries(CONTEXT_FIELDS.map((field, i) => [field, i]));
  const link = Object.fromEntries(LINK_WORDS.map((word, i) => [word, i * 4]));
  return [
    "// Written by scripts/generate-layout.mjs (npm run generate) from policy-runtime/src/layout and",
    "// policy-compiler/src/link/runtime-layout.ts: change those.",
    ...constants("KIND", ValueKind, "u32"),
    ...constants("STRING_CELL", StringCell, "usize"),
    ...constants("STRING_FLAG", StringFlag, "u32"),
    ...constants("STATE", AnswerState, "u32"),
    ...constants("ANSWER", Answer, "usize"),
    ...constants("HEAD", HeadStart, "usize"),
    ...constants("ROW", HeadRow, "usize"),
    ...constants("FIELD", KnownField, "i32"),
    ...constants("CTX", context, "i32"),
    ...constants("LINK", link, "usize"),
    ...constants("SLOT", Slot, "usize"),
    ...constants("READER", SlotKind, "u32"),
    ...constants("INDEX", IndexKind, "u32"),
    ...constants("WITNESS", WitnessKind, "u32"),
    ...constants("LEVEL", LevelTest, "u32"),
    `export const ANY_MEMBER: u32 = ${ANY_MEMBER};`,
    ...constants("CELL", CellType, "u32"),
    `export const CONTEXT_FIELDS: usize = ${CONTEXT_FIELDS.length};`,
    `export const ENTRYPOINTS_MAX: usize = ${ENTRYPOINTS_MAX};`,
    `export const REQUEST_ID_BYTES_MAX: usize = ${REQUEST_ID_BYTES_MAX};`,
    `export const FIELDS_MAX: usize = ${FIELDS_MAX};`,
    `export const PROTOCOL_BYTES: i32 = ${PROTOCOL_BYTES};`,
    `export const CELL_BYTES: usize = ${CELL_BYTES};`,
    `export const CELL_WRONG: u32 = ${WRONG};`,
    `export const NUMBER_ABSENT: u32 = ${NUMBER_ABSENT};`,
    `export const NUMBER_WRONG: u32 = ${NUMBER_WRONG};`,
    `export const SHAPE_ROOTS: usize = memory.data<u32>([${roots.join(", ")}]);`,
    `export const SHAPE_WORDS: usize = memory.data<u32>([${words.join(", ")}]);`,
    `export const SHAPE_NAMES: usize = memory.data<u8>([${names.join(", ")}]);`,
    "",
  ].join("\n");
}

/** `nameStart` of prefix ROW is ROW_NAME_START. */
function constants(prefix: string, values: Readonly<Record<string, number>>, type: string): readonly string[] {
  return Object.entries(values).map(
    ([name, value]) => `export const ${prefix}_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}: ${type} = ${value};`,
  );
}
