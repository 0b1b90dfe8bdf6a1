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

/** The results. Throws what the SDK throws: for an abort of the module that is an object with a message. */
export function askSdk({ wasm, data, input, entrypoint, hostBuiltins }: SdkQuestion): readonly unknown[] {
  const policy = opa.loadPolicySync(wasm as Uint8Array<ArrayBuffer>, {}, hostBuiltins as never);
  policy.setData(bufferOf(data));
  return policy.evaluate(input === undefined ? undefined : bufferOf(input), entrypoint) as readonly unknown[];
}

function bufferOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}
