/** A port of `regomesh capture` and `regomesh proxy --capture`. */
import { CHECK_PORT } from "@regomesh/proxy";
import { UsageError } from "./command.ts";
import { parseNumber } from "./flags.ts";

/** Undefined where the flag was not given; throws UsageError. */
export function parseCapturePort(text: string | undefined, flag: string): number | undefined {
  const port = parseNumber(text, flag, 1, 65_535);
  // A sidecar that listens there would answer itself, and take that for capture.
  if (port === CHECK_PORT) throw new UsageError(`${flag} is not ${CHECK_PORT}: by it a sidecar tries its capture`);
  return port;
}
