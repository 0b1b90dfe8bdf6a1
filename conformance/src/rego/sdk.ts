/** Asks a module through the unmodified npm SDK, as any user of OPA's WASM would. */
import * as sdk from "@open-policy-agent/opa-wasm";
import type { HostBuiltins } from "@regomesh/policy-runtime";

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

/**
 * The results; undefined where a built-in of the host gave a set, which the SDK cannot carry.
 * Throws what the SDK throws: for an abort of the module that is an object with a message.
 */
export function askSdk({ wasm, data, input, entrypoint, hostBuiltins }: SdkQuestion): readonly unknown[] | undefined {
  let gaveSet = false;
  const carried = Object.entries(hostBuiltins).map(([name, builtin]) => [
    name,
    (...operands: unknown[]) => {
      const result = (builtin as (...operands: unknown[]) => unknown)(...operands);
      gaveSet ||= result instanceof Set;
      return result;
    },
  ]);
  const policy = opa.loadPolicySync(wasm as Uint8Array<ArrayBuffer>, {}, Object.fromEntries(carried));
  policy.setData(bufferOf(data));
  const results = policy.evaluate(input === undefined ? undefined : bufferOf(input), entrypoint);
  return gaveSet ? undefined : (results as readonly unknown[]);
}

function bufferOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}
