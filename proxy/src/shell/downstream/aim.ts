/** What says which service the requests of an outbound port are for. */
import type { OriginalDestination } from "../capture/original-destination.ts";

export type Aim =
  /** Their authorities. */
  | { readonly kind: "named" }
  /** The port itself, as a client would name the service. */
  | { readonly kind: "service"; readonly service: string }
  /** Where their connection went before it was captured, and their authorities where that is nothing of the mesh. */
  | {
      readonly kind: "captured";
      readonly originalOf: OriginalDestination;
      /** The answer to a call by which the sidecar tries whether capture is in force. */
      readonly word: string;
    };
