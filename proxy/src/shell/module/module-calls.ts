/** What a data plane and its module thread say to each other; all of it is copied from thread to thread, but for the image. */
import type { Destination, PolicyImage } from "@regomesh/policy-runtime";
import type { NackReason } from "@regomesh/protocol";

export type ModuleAsk = {
  readonly id: number;
  readonly wasm: Uint8Array;
  /** JSON text. */
  readonly data: string;
  readonly destination: Destination;
  readonly seed: number;
  /** Those that requests will ask, and the units that each may take. */
  readonly entrypoints: readonly { readonly name: string; readonly fuel: number }[];
};

/** Everything that was asked is open: the thread goes on with what makes it faster, and ends. */
export type WarmAsk = { readonly kind: "warm" };

export type ModuleAnswer = { readonly id: number } & (
  | {
      readonly kind: "opened";
      readonly wasm: WebAssembly.Module;
      readonly image: PolicyImage;
      /** One decision takes so long that a thread which serves should make none before it must. */
      readonly isSlow: boolean;
    }
  | { readonly kind: "refused"; readonly code: NackReason; readonly message: string }
);
