/**
 * What a module may use where it runs: one table that compiler, `regomesh check`, controller
 * and proxy read, so that what a proxy cannot run is refused where it is written.
 */
import type { ModuleMeta } from "../module-meta.ts";
import { HOST_BUILTINS } from "./host-builtins.ts";

/** Who runs a module: a sidecar for either direction, an edge gateway, the command line, the controller's tests. */
export type Role = "inbound" | "outbound" | "edge" | "cli" | "controller";

export type Capabilities = {
  /** Rego names of the built-ins that the host brings; what is in the module itself is there everywhere. */
  readonly hostBuiltins: ReadonlySet<string>;
  /** Whether the request's body reaches policies. */
  readonly bodies: boolean;
  /** Units (about a nanosecond each) that an entrypoint may take in one evaluation where nobody says otherwise. */
  readonly fuel: number;
};

/**
 * Proxies decide on heads: a body comes later, and may never end. Their fuel, ten milliseconds, stops
 * what runs away and nothing realistic. It is what a PolicyBinding has by default.
 */
const PROXY: Capabilities = { hostBuiltins: offeredTo("proxies"), bodies: false, fuel: 10_000_000 };
/** Command line and tests take their input as a document, which may have a body; a test asks more than one question, and a person waits some seconds. */
const TOOLS: Capabilities = { hostBuiltins: offeredTo("tools"), bodies: true, fuel: 2_000_000_000 };

export const CAPABILITIES: Readonly<Record<Role, Capabilities>> = {
  inbound: PROXY,
  outbound: PROXY,
  edge: PROXY,
  cli: TOOLS,
  controller: TOOLS,
};

function offeredTo(who: "proxies" | "tools"): ReadonlySet<string> {
  return new Set(HOST_BUILTINS.filter((row) => row[who] === true).flatMap((row) => row.names));
}

/** What a module wants and a role does not have. */
export type Lacking = { readonly builtins: readonly string[]; readonly bodies: boolean };

/** Undefined where the module can run in this role. */
export function lackingIn(role: Role, { hostBuiltins, reads }: ModuleMeta): Lacking | undefined {
  const offered = CAPABILITIES[role];
  const builtins = hostBuiltins.filter((name) => !offered.hostBuiltins.has(name));
  const bodies = reads.body && !offered.bodies;
  return builtins.length === 0 && !bodies ? undefined : { builtins, bodies };
}

/** Why the role does not offer a built-in, and what to do instead; undefined where it does or where nobody does. */
export function whyWithheld(role: Role, name: string): string | undefined {
  const row = HOST_BUILTINS.find(({ names }) => names.includes(name));
  const offer = row?.[role === "cli" || role === "controller" ? "tools" : "proxies"];
  return typeof offer === "string" ? offer : undefined;
}
