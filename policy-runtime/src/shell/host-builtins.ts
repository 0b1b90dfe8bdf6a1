/**
 * The built-ins that need what a module has not: keys, certificates, the clock, randomness,
 * time zones. One set for tests, command line and proxy; each family is loaded when a module
 * first needs it, so that an idle proxy pays for none. What a sidecar never runs is not here
 * but in tools.ts.
 */
import { randomInt, randomUUID } from "node:crypto";
import { numberOf } from "../exact-json.ts";
import type { HostBuiltin, HostBuiltins } from "../host-builtins.ts";
import { addressesOf } from "./hosts.ts";

export type HostOptions = {
  /** Milliseconds since 1970; asked once in an evaluation. */
  readonly nowMs: () => number;
  /** What `opa.runtime().env` shows, beside OPA's version; nothing where absent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of a hosts file (hosts(5)) that `net.lookup_ip_addr` looks names up in; without it there is no such built-in. */
  readonly hosts?: string;
  /** Hosts that `http.send` and `net.lookup_ip_addr` may ask, where they are offered; all of them where absent. */
  readonly allowNet?: readonly string[];
};

/** Gives the built-ins of these names that there are, or all of them where no names are given. */
export type LoadBuiltins = (names?: readonly string[]) => Promise<HostBuiltins>;

/** Built-ins of one prefix, loaded together. */
export type Family = { readonly prefix: string; readonly load: () => Promise<HostBuiltins> };

const FAMILIES: readonly Family[] = [
  { prefix: "crypto.", load: async () => (await import("./x509/builtins.ts")).certificateBuiltins() },
  { prefix: "io.jwt.", load: async () => (await import("./jwt/builtins.ts")).tokenBuiltins() },
  { prefix: "json.", load: async () => (await import("./json-schema/builtins.ts")).schemaBuiltins() },
  {
    prefix: "providers.aws.",
    load: async () => ({ "providers.aws.sign_req": (await import("./aws-signature.ts")).signAwsRequest }),
  },
  { prefix: "time.zone", load: async () => ({ "time.zone": (await import("./zones.ts")).zoneFacts }) },
  {
    prefix: "uri.",
    load: async () => {
      const { isUri, parseUri } = await import("./uri.ts");
      return { "uri.is_valid": isUri, "uri.parse": parseUri };
    },
  },
  // As our modules ask for them (OWN_NAMES), and as others do.
  { prefix: "internal.yaml.", load: () => loadYaml("internal.yaml.") },
  { prefix: "yaml.", load: () => loadYaml("yaml.") },
];

async function loadYaml(prefix: string): Promise<HostBuiltins> {
  const { isYaml, marshalYaml, unmarshalYaml } = await import("./yaml.ts");
  return { [`${prefix}is_valid`]: isYaml, [`${prefix}marshal`]: marshalYaml, [`${prefix}unmarshal`]: unmarshalYaml };
}

/**
 * What is loaded once is shared by everything that asks the same loader, tokens already verified among it.
 * `more` are families that not every host has.
 */
export function makeBuiltinLoader(options: HostOptions, more: readonly Family[] = []): LoadBuiltins {
  const own = ownBuiltins(options);
  const loaded = new Map<Family, Promise<HostBuiltins>>();
  const load = (family: Family): Promise<HostBuiltins> => {
    const known = loaded.get(family) ?? family.load();
    loaded.set(family, known);
    return known;
  };
  return async (names) => {
    const isNeeded = ({ prefix }: Family) => names === undefined || names.some((name) => name.startsWith(prefix));
    const families = await Promise.all([...FAMILIES, ...more].filter(isNeeded).map(load));
    const all: HostBuiltins = Object.assign({}, own, ...families);
    if (names === undefined) return all;
    return Object.fromEntries(
      names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name] as HostBuiltin]] : [])),
    );
  };
}

/** Whose meaning of Rego this is. */
const OPA_VERSION = "1.22.2";

function ownBuiltins({ nowMs, env, hosts }: HostOptions): HostBuiltins {
  const builtins: Record<string, HostBuiltin> = {
    "time.now_ns": () => Math.round(nowMs() * 1e6),
    "uuid.rfc4122": () => randomUUID(),
    "rand.intn": drawBelow,
    "opa.runtime": () => (env === undefined ? {} : { env, version: OPA_VERSION, commit: "" }),
  };
  if (hosts !== undefined) builtins["net.lookup_ip_addr"] = (name: string) => addressesOf(name, hosts);
  return builtins;
}

/** node:crypto draws below 2^48 at most. */
const RANDOM_MAX = 2 ** 48 - 1;

function drawBelow(_key: string, bound: unknown): number {
  return randomInt(Math.min(numberOf(bound) ?? 0, RANDOM_MAX));
}
