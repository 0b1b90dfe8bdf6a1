/** What a client's connection asks to decide its requests. */
import type { Head } from "../../http1/head.ts";
import type { Downstream } from "../downstream/downstream.ts";

/** Decides one request: begins the exchange, or answers. */
export interface RequestHandler {
  handle(downstream: Downstream, head: Head): void;
  /** Whether responses should end their connections: the proxy is draining. */
  readonly isDraining: boolean;
  onClosed(downstream: Downstream): void;
  /** The request's record is complete. */
  onRecord(downstream: Downstream): void;
}
