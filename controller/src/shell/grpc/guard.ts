/** A fault of ours in one message ends that message's stream, not the controller. */
import type { Log } from "@regomesh/base";
import { type Failure, makeFailure } from "./failure.ts";

export function guard(action: () => void, log: Log, fail: (failure: Failure) => void): void {
  try {
    action();
  } catch (error) {
    log.log("error", "a proxy's message could not be dealt with", { error: (error as Error).stack });
    fail(makeFailure("internal", "the controller failed"));
  }
}
