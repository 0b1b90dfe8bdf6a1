/** OPA's ABI beyond what the npm SDK calls. */
import { expect, test } from "vitest";
import { emitModule } from "../src/emit/module.ts";
import { loadRuntime } from "../src/shell/runtime-file.ts";

const wasm = emitModule({ ir: {}, runtime: await loadRuntime() });

type Exports = Record<string, (...args: number[]) => number>;

function open() {
  const memory = new WebAssembly.Memory({ initial: 5 });
  const none = () => 0;
  const env = Object.fromEntries(
    ["abort", "println", ...[0, 1, 2, 3, 4].map((n) => `builtin${n}`)].map((n) => [`opa_${n}`, none]),
  );
  const exports = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { ...env, memory } })
    .exports as Exports;
  const parse = (text: string): number => {
    const bytes = new TextEncoder().encode(text);
    const at = exports["opa_malloc"]?.(bytes.length) ?? 0;
    new Uint8Array(memory.buffer).set(bytes, at);
    return exports["opa_value_parse"]?.(at, bytes.length) ?? 0;
  };
  const dump = (value: number): string => {
    const at = exports["opa_value_dump"]?.(value) ?? 0;
    const bytes = new Uint8Array(memory.buffer);
    return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  };
  return { exports, parse, dump };
}

const many = (from: number, to: number): string =>
  `{${Array.from({ length: to - from }, (_, i) => `"k${100 + from + i}":${from + i}`).join(",")}}`;

/** Base, path, value (none: remove), wanted code and base afterwards. */
const ROWS: readonly (readonly [base: string, path: string, value: string | undefined, code: number, after: string])[] =
  [
    ['{"a":{"b":123}}', '["a","x","y"]', '{"foo":"bar"}', 0, '{"a":{"b":123,"x":{"y":{"foo":"bar"}}}}'],
    ['{"z":1}', '["a"]', "{1}", 0, '{"a":{1},"z":1}'],
    ['{"a":1}', '["a"]', "2", 0, '{"a":2}'],
    ['{"a":1}', '["a","b"]', "2", 2, '{"a":1}'],
    ['{"a":[1]}', '["a","b","c"]', "2", 2, '{"a":[1]}'],
    ["[]", '["a"]', "2", 2, "[]"],
    ['{"a":1}', "[]", "2", 3, '{"a":1}'],
    ['{"a":1}', '"a"', "2", 3, '{"a":1}'],
    ['{"a":{"b":1,"c":2}}', '["a","b"]', undefined, 0, '{"a":{"c":2}}'],
    ['{"a":1}', '["b","c"]', undefined, 0, '{"a":1}'],
    ['{"a":1}', "[]", undefined, 3, '{"a":1}'],
    [many(0, 9), '["k108"]', undefined, 0, many(0, 8)],
    [many(0, 40), '["k100"]', undefined, 0, many(1, 40)],
    [many(1, 40), '["k100"]', "0", 0, many(0, 40)],
  ];

for (const [base, path, value, code, after] of ROWS) {
  const what = value === undefined ? `remove ${path} from` : `add ${value} at ${path} to`;
  test(`${what} ${base}`.slice(0, 80), () => {
    const { exports, parse, dump } = open();
    const data = parse(base);
    const got =
      value === undefined
        ? exports["opa_value_remove_path"]?.(data, parse(path))
        : exports["opa_value_add_path"]?.(data, parse(path), parse(value));
    expect([got, dump(data)]).toEqual([code, after]);
  });
}
