/** Whoever decides the requests of a listener. */
import type { Head } from "../../http1/head.ts";
import type { ClientRequest } from "./client-request.ts";

/** Decides one request: begins the exchange, or answers. */
export interface RequestHandler {
  handle(request: ClientRequest, head: Head): void;
  /** Whether responses should end their connections: the proxy is draining. */
  readonly isDraining: boolean;
  /** The request's record is complete. */
  onRecord(request: ClientRequest): void;
}
