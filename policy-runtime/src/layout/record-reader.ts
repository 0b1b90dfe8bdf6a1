/**
 * Reads records (record-shape.ts) off a module's memory. What does not fit is WrongType, with
 * the field's name, what it should have been and what it is.
 */
import { WrongType } from "../decision/wrong-type.ts";
import type { Json } from "../json.ts";
import { CELL_BYTES, NUMBER_ABSENT, NUMBER_WRONG, type Shape, WRONG } from "./record-shape.ts";

/** A list's members: `count` of them from `at` on. */
export type List = { readonly at: number; readonly count: number };

/** A byte order mark is a letter of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Longest text that is read letter by letter, which is quicker than a decoder's call. */
const SHORT = 48;

export class RecordReader {
  /** Words and bytes of the memory, set anew when it has grown. */
  words: Uint32Array;
  bytes: Uint8Array;
  doubles: Float64Array;
  readonly #print: (value: number) => string;

  /** `print` gives the JSON text of a value of the module's. */
  constructor(memory: WebAssembly.Memory, print: (value: number) => string) {
    this.words = new Uint32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
    this.#print = print;
  }

  /** A buffer that the memory has grown out of is empty; to ask for its buffers takes longer. */
  refresh(memory: WebAssembly.Memory): void {
    if (this.words.length > 0) return;
    this.words = new Uint32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
  }

  /** Address of a record's fields' base, or undefined where there is none; refuses what its shape does not know. */
  record(at: number, what: string, shape: Shape): number | undefined {
    const record = this.#address(at, what, "an object");
    if (record !== undefined) this.#refuseUnknown(record, what, shape);
    return record;
  }

  /** As `record`, of each member. */
  records(at: number, what: string, shape: Shape): readonly number[] | undefined {
    const list = this.list(at, what);
    if (list === undefined) return undefined;
    const records: number[] = [];
    for (let i = 0; i < list.count; i++) {
      const record = list.at + i * shape.bytes;
      this.#refuseUnknown(record, `${what}[${i}]`, shape);
      records.push(record);
    }
    return records;
  }

  list(at: number, what: string, wanted = "an array"): List | undefined {
    const address = this.#address(at, what, wanted);
    return address === undefined ? undefined : { at: address, count: this.words[(at >> 2) + 1]! };
  }

  text(at: number, what: string, wanted = "a string"): string | undefined {
    const address = this.#address(at, what, wanted);
    return address === undefined ? undefined : this.#textAt(address, this.words[(at >> 2) + 1]!);
  }

  flag(at: number, what: string): boolean | undefined {
    const flag = this.#address(at, what, "a boolean");
    return flag === undefined ? undefined : flag === 2;
  }

  number(at: number, what: string, wanted = "a number"): number | undefined {
    const upper = this.words[(at >> 2) + 1]!;
    if (upper < NUMBER_ABSENT) return this.doubles[at >> 3]!;
    if (upper === NUMBER_WRONG) throw this.wrong(this.words[at >> 2]!, what, wanted);
    return upper === NUMBER_ABSENT ? undefined : this.doubles[at >> 3]!;
  }

  /** An object of any fields, through its JSON text. */
  object(at: number, what: string): { readonly [key: string]: Json } | undefined {
    const value = this.#address(at, what, "an object");
    return value === undefined ? undefined : (JSON.parse(this.#print(value)) as { readonly [key: string]: Json });
  }

  wrong(value: number, what: string, wanted: string): WrongType {
    return new WrongType(`${what} must be ${wanted}, not ${this.#print(value).slice(0, 80)}`);
  }

  /** The cell's first word; undefined where it says that nothing is there. */
  #address(at: number, what: string, wanted: string): number | undefined {
    const address = this.words[at >> 2]!;
    if (address === WRONG) throw this.wrong(this.words[(at >> 2) + 1]!, what, wanted);
    return address === 0 ? undefined : address;
  }

  #refuseUnknown(record: number, what: string, shape: Shape): void {
    const address = this.words[record >> 2]!;
    if (address === 0) return;
    const second = this.words[(record >> 2) + 1]!;
    // A member of a list that is no object has no fields at all.
    if (address === WRONG) throw this.wrong(second, what, "an object");
    const known = shape.fields.map(({ name }) => name).join(", ");
    const key = JSON.stringify(this.#textAt(address, second));
    throw new WrongType(`${what} has the unknown field ${key}; known are ${known}`);
  }

  #textAt(address: number, length: number): string {
    const { bytes } = this;
    if (length > SHORT) return decoder.decode(bytes.subarray(address, address + length));
    let text = "";
    for (let at = address; at < address + length; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return decoder.decode(bytes.subarray(address, address + length));
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

/** Cells of one pair: its name's, and behind it its value's. */
export const PAIR_BYTES = 2 * CELL_BYTES;
