/** Asks a module through the unmodified npm SDK, as any user of OPA's WASM would. */
import * as sdk from "@open-policy-agent/opa-wasm";
import type { HostBuiltins } from "@regomesh/policy-runtime";
import { isSameSet } from "./compare.ts";
import { parseExact } from "./exact.ts";

const opa = (sdk as unknown as { readonly default: typeof sdk }).default; // CommonJS, typed as if it were not

export type SdkQuestion = {
  readonly wasm: Uint8Array;
  /** JSON text. */
  readonly data: string;
  /** JSON text; the SDK takes a falsy input for none. */
  readonly input: string | undefined;
  readonly entrypoint: string;
  readonly hostBuiltins: HostBuiltins;
};

/** The results. Throws what the SDK throws: for an abort of the module that is an object with a message. */
export function askSdk({ wasm, data, input, entrypoint, hostBuiltins }: SdkQuestion): readonly unknown[] {
  const policy = opa.loadPolicySync(wasm as Uint8Array<ArrayBuffer>, {}, hostBuiltins as never);
  policy.setData(bufferOf(data));
  return policy.evaluate(input === undefined ? undefined : bufferOf(input), entrypoint) as readonly unknown[];
}

/**
 * A question that the SDK may not be able to express: it has no strict mode and no terms, and hands
 * a host's built-in numbers as doubles.
 */
export type PossibleQuestion = SdkQuestion & {
  readonly inputIsRego: boolean;
  readonly strict: boolean;
  /** The module calls built-ins of the host. */
  readonly asksHost: boolean;
};

const FALSY: ReadonlySet<string> = new Set(["0", "false", "null", '""']);

/** Whether the SDK can express the question. */
export function canAskSdk({ strict, inputIsRego, input, asksHost, data }: PossibleQuestion): boolean {
  if (strict || inputIsRego || FALSY.has(input ?? "")) return false;
  return !asksHost || (areDoubles(input ?? "null") && areDoubles(data));
}

/** What the SDK gives otherwise than our evaluator's results; undefined where it gives the same. */
export function sdkMismatch(question: SdkQuestion, text: string): string | undefined {
  const results = askSdk(question);
  // The SDK's results are JavaScript's: numbers that it cannot hold are compared as it reads them.
  if (isSameSet(results, JSON.parse(text))) return undefined;
  return `the npm SDK got ${JSON.stringify(results)}, our evaluator ${text}`;
}

function areDoubles(text: string): boolean {
  return JSON.stringify(JSON.parse(text)) === JSON.stringify(parseExact(text));
}

function bufferOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}
