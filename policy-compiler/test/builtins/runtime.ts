/**
 * Calls the runtime's built-ins without a policy: arguments and result are Rego text
 * (JSON, and `{1, 2}`, `set()`).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Of five pages that a module may ask for; the runtime's own statics lie below. */
const LINK_BLOCK = 4 * 65536;
const FUEL = 50_000_000;

type Exports = Record<string, (...args: number[]) => number>;

export type Runtime = {
  /** The result, `undefined`, or in strict mode `! ` and the text of the error or abort. */
  readonly call: (name: string, args: readonly string[], options?: { readonly strict?: boolean }) => string;
  readonly printed: string[];
  readonly exports: Exports;
};

let compiled: WebAssembly.Module | undefined;

function moduleOf(): WebAssembly.Module {
  if (compiled === undefined) {
    const path = join(import.meta.dirname, "../../runtime/build/runtime.wasm");
    compiled = new WebAssembly.Module(readFileSync(path));
  }
  return compiled;
}

export function makeRuntime(): Runtime {
  const memory = new WebAssembly.Memory({ initial: 5 });
  const printed: string[] = [];
  const textAt = (ptr: number) => {
    const bytes = new Uint8Array(memory.buffer);
    return new TextDecoder().decode(bytes.slice(ptr, bytes.indexOf(0, ptr)));
  };
  const noHost = () => {
    throw new Error("no built-in of the host is expected");
  };
  const env = {
    memory,
    opa_abort: (ptr: number) => {
      throw new Error(textAt(ptr));
    },
    opa_println: (ptr: number) => {
      printed.push(textAt(ptr));
    },
    ...Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`opa_builtin${n}`, noHost])),
  };
  const exports = new WebAssembly.Instance(moduleOf(), { env }).exports as unknown as Exports;
  const fn = (name: string) => {
    const found = exports[name];
    if (found === undefined) throw new Error(`the runtime exports no ${name}`);
    return found;
  };
  // {heap start, plan table, memo table, slots, atoms, count, entrypoints, length, built-ins, length}
  new DataView(memory.buffer).setUint32(LINK_BLOCK, LINK_BLOCK + 64, true);
  fn("rm_link")(LINK_BLOCK);
  fn("rm_fuel")(FUEL);

  const readValue = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    const at = fn("opa_malloc")(bytes.length + 8);
    new Uint8Array(memory.buffer).set(bytes, at);
    const value = fn("opa_value_parse")(at, bytes.length);
    if (value === 0) throw new Error(`no Rego value: ${text}`);
    return value;
  };
  const call: Runtime["call"] = (name, args, options = {}) => {
    const builtin = fn(`b$${name.replaceAll(".", "$")}`);
    fn("rm_strict")(options.strict ? 1 : 0);
    const values = args.map(readValue);
    try {
      const result = builtin(...values);
      return result === 0 ? "undefined" : textAt(fn("opa_value_dump")(result));
    } catch (error) {
      if (!(error instanceof Error) || error instanceof WebAssembly.RuntimeError) throw error;
      return `! ${error.message}`;
    }
  };
  return { call, printed, exports };
}

/** Name, arguments, and what comes of it: a value, `undefined`, or `! ` and a part of the strict error. */
export type Row = readonly [name: string, args: readonly string[], wanted: string];

/** A test a row. */
export function testRows(rows: readonly Row[]): void {
  for (const [name, args, wanted] of rows) {
    test(`${name}(${args.join(", ")}) is ${wanted}`.slice(0, 160), () => {
      const runtime = makeRuntime();
      if (wanted.startsWith("! ")) {
        expect(runtime.call(name, args)).toBe("undefined");
        expect(runtime.call(name, args, { strict: true })).toContain(wanted.slice(2));
      } else expect(runtime.call(name, args, { strict: wanted !== "undefined" })).toBe(wanted);
    });
  }
}
