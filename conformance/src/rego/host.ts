/** The built-ins that the suites expect of a host. Nothing goes out to a network. */
import { isIP } from "node:net";
import { makeToolLoader } from "@regomesh/policy-compiler/node";
import type { HostBuiltins } from "@regomesh/policy-runtime";

const host = await makeToolLoader({ nowMs: Date.now })();

export function makeSuiteBuiltins(env?: Readonly<Record<string, string>>): HostBuiltins {
  return {
    ...host,
    ...(env === undefined ? {} : { "opa.runtime": () => ({ env }) }),
    // Part of OPA's test run alone: its case is about time standing still, not about waiting.
    "test.sleep": () => null,
    "net.lookup_ip_addr": lookup,
    trace: () => true,
  };
}

function lookup(name: string): readonly string[] {
  if (isIP(name) !== 0) return [name];
  if (name === "localhost") return ["127.0.0.1", "::1"];
  throw new Error(`lookup ${name}: no such host`);
}
