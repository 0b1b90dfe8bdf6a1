import { OWN_NAMES } from "../own-names.ts";

/**
 * The built-ins that need what a module has not (clock, randomness, keys, the network), who
 * offers them (true, or why not and what a policy does instead), and what a call costs.
 */
export type HostBuiltinRow = {
  readonly names: readonly string[];
  /**
   * Units of fuel (about a nanosecond each) of a call, and of each byte of its operands: the order
   * of what one takes, dearer algorithms among them. Absent where nobody offers it.
   */
  readonly fuel?: readonly [call: number, byte: number];
  /** Sidecars and edge gateways. */
  readonly proxies: true | string;
  /** The command line, and the tests that the controller runs. */
  readonly tools: true | string;
};

const SIGNED = ["rs", "ps", "es", "hs"].flatMap((family) =>
  ["256", "384", "512"].map((bits) => `io.jwt.verify_${family}${bits}`),
);

export const HOST_BUILTINS: readonly HostBuiltinRow[] = [
  { names: ["time.now_ns", "time.zone"], fuel: [10_000, 10], proxies: true, tools: true },
  { names: ["uuid.rfc4122", "rand.intn"], fuel: [2_000, 10], proxies: true, tools: true },
  {
    names: [...SIGNED, "io.jwt.verify_eddsa", "io.jwt.decode_verify"],
    fuel: [200_000, 20],
    proxies: true,
    tools: true,
  },
  { names: ["io.jwt.encode_sign", "io.jwt.encode_sign_raw"], fuel: [1_000_000, 20], proxies: true, tools: true },
  {
    names: [
      "crypto.parse_private_keys",
      "crypto.x509.parse_and_verify_certificates",
      "crypto.x509.parse_and_verify_certificates_with_options",
      "crypto.x509.parse_certificate_request",
      "crypto.x509.parse_certificates",
      "crypto.x509.parse_keypair",
      "crypto.x509.parse_rsa_private_key",
    ],
    fuel: [50_000, 400],
    proxies: true,
    tools: true,
  },
  { names: ["json.match_schema", "json.verify_schema"], fuel: [20_000, 400], proxies: true, tools: true },
  {
    names: ["yaml.is_valid", "yaml.marshal", "yaml.unmarshal", ...OWN_NAMES.values()],
    fuel: [20_000, 400],
    proxies: true,
    tools: true,
  },
  {
    names: ["opa.runtime"],
    fuel: [20_000, 20],
    proxies: "what it shows differs from host to host: put the value into the policy's data",
    tools: true,
  },
  {
    names: ["net.lookup_ip_addr"],
    fuel: [20_000, 20],
    proxies: "a decision does not wait for a name server: put the addresses into the policy's data",
    tools: true,
  },
  {
    names: ["providers.aws.sign_req"],
    fuel: [20_000, 20],
    proxies: "a decision sends no request that it could sign",
    tools: true,
  },
  {
    names: ["http.send"],
    fuel: [100_000, 20],
    proxies: "a decision does not wait for the network: put what it would fetch into the policy's data",
    tools: true,
  },
  { names: ["uri.is_valid", "uri.parse"], fuel: [5_000, 20], proxies: true, tools: true },
  {
    names: [
      "graphql.is_valid",
      "graphql.parse",
      "graphql.parse_and_verify",
      "graphql.parse_query",
      "graphql.parse_schema",
      "graphql.schema_is_valid",
    ],
    fuel: [50_000, 1_000],
    proxies: "queries come in the body: leave what rests on it to the service",
    tools: true,
  },
  {
    names: ["rego.parse_module"],
    fuel: [50_000, 1_000],
    proxies: "a decision compiles nothing",
    tools: true,
  },
];

/** Of a built-in that a host adds of its own. */
const OTHER: readonly [call: number, byte: number] = [10_000, 10];
const FUEL = new Map(HOST_BUILTINS.flatMap(({ names, fuel = OTHER }) => names.map((name) => [name, fuel] as const)));

/** Units of fuel for a call with operands of so many bytes, as JSON. */
export function hostCallUnits(name: string, bytes: number): number {
  const [call, byte] = FUEL.get(name) ?? OTHER;
  return call + byte * bytes;
}
