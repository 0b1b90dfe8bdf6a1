/**
 * Built-ins that the interpreter has none of its own for: each is the runtime's or the host's, asked
 * through a module of one plan that does nothing but call it.
 */
import { emitModule, parseTerm, printTerm, type RegoValue, type RuntimeModule } from "@regomesh/policy-compiler";
import { DEFAULT_LIMITS, type Evaluator, type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";

export type BuiltinCaller = (name: string, args: readonly RegoValue[]) => RegoValue | undefined;

export function makeBuiltinCaller(runtime: RuntimeModule, hostBuiltins: HostBuiltins): BuiltinCaller {
  const open = new Map<string, Evaluator>();
  return (name, args) => {
    const key = `${name}/${args.length}`;
    const known = open.get(key) ?? openCaller(name, args.length, runtime, hostBuiltins);
    open.set(key, known);
    const input = printTerm({ kind: "array", items: [...args] });
    const given = known.evaluate("call", input, { strict: true, inputIsRego: true });
    if (given.kind === "fault") {
      const code = given.message.startsWith("eval_type_error") ? "eval_type_error" : given.code;
      throw Object.assign(new Error(given.message), { code });
    }
    const [first] = JSON.parse(given.text) as readonly string[];
    const result = first === undefined ? undefined : parseTerm(first.replaceAll(BROKEN, "$1\\ufffd"));
    return typeof result === "object" && result?.kind === "array" ? result.items[0] : undefined;
  };
}

/** A byte that is no UTF-8, as Go prints it; the interpreter's texts hold none, and have what JSON has in its place. */
const BROKEN = /(?<!\\)((?:\\\\)*)\\x[0-9a-f]{2}/g;

/** The result is the text of a list, so that sets and keys of any kind come through JSON whole. */
function openCaller(name: string, count: number, runtime: RuntimeModule, hostBuiltins: HostBuiltins): Evaluator {
  const args = Array.from({ length: count }, (_, i) => i);
  const [result, list, lists, text] = [10, 11, 12, 13];
  const operand = (value: number) => ({ type: "local", value }) as const;
  const append = (array: number, value: number) => [
    { type: "MakeArrayStmt", stmt: { capacity: 1, target: array } } as const,
    { type: "ArrayAppendStmt", stmt: { array, value: operand(value) } } as const,
  ];
  const stmts = [
    ...args.flatMap((i) => [
      { type: "MakeNumberIntStmt", stmt: { value: i, target: 30 } } as const,
      { type: "DotStmt", stmt: { source: operand(0), key: operand(30), target: 20 + i } } as const,
    ]),
    { type: "CallStmt", stmt: { func: name, args: args.map((i) => operand(20 + i)), result } } as const,
    ...append(list, result),
    ...append(lists, list),
    {
      type: "CallStmt",
      stmt: { func: "sprintf", args: [{ type: "string_index", value: 0 }, operand(lists)], result: text },
    } as const,
    { type: "ResultSetAddStmt", stmt: { value: text } } as const,
  ];
  const ir = {
    static: { strings: [{ value: "%v" }], builtin_funcs: [{ name }, { name: "sprintf" }] },
    plans: { plans: [{ name: "call", blocks: [{ stmts }] }] },
    funcs: { funcs: [] },
  };
  const limits = { ...DEFAULT_LIMITS, fuel: 10_000_000_000 };
  return openEvaluator({ wasm: emitModule({ ir, runtime }), hostBuiltins, limits });
}
