/**
 * The built-ins that need what a module has not (clock, randomness, keys, the network), and
 * who offers them: true, or why not and what a policy does instead.
 */
export type HostBuiltinRow = {
  readonly names: readonly string[];
  /** Sidecars and edge gateways. */
  readonly proxies: true | string;
  /** The command line, and the tests that the controller runs. */
  readonly tools: true | string;
};

const SIGNED = ["rs", "ps", "es", "hs"].flatMap((family) =>
  ["256", "384", "512"].map((bits) => `io.jwt.verify_${family}${bits}`),
);

export const HOST_BUILTINS: readonly HostBuiltinRow[] = [
  { names: ["time.now_ns", "time.zone"], proxies: true, tools: true },
  { names: ["uuid.rfc4122", "rand.intn"], proxies: true, tools: true },
  {
    names: [...SIGNED, "io.jwt.verify_eddsa", "io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw"],
    proxies: true,
    tools: true,
  },
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
    proxies: true,
    tools: true,
  },
  { names: ["json.match_schema", "json.verify_schema"], proxies: true, tools: true },
  { names: ["yaml.is_valid", "yaml.marshal", "yaml.unmarshal"], proxies: true, tools: true },
  {
    names: ["opa.runtime"],
    proxies: "what it shows differs from host to host: put the value into the policy's data",
    tools: true,
  },
  {
    names: ["net.lookup_ip_addr"],
    proxies: "a decision does not wait for a name server: put the addresses into the policy's data",
    tools: true,
  },
  {
    names: ["providers.aws.sign_req"],
    proxies: "a decision sends no request that it could sign",
    tools: true,
  },
  {
    names: ["http.send"],
    proxies: "a decision does not wait for the network: put what it would fetch into the policy's data",
    tools: "tests ask no network: put a function in its place, as in `with http.send as answer`",
  },
  {
    names: ["uri.is_valid", "uri.parse"],
    proxies: "split the text with `split` and `regex`, or read input.parsed_path and input.parsed_query",
    tools: "split the text with `split` and `regex`",
  },
  {
    names: [
      "graphql.is_valid",
      "graphql.parse",
      "graphql.parse_and_verify",
      "graphql.parse_query",
      "graphql.parse_schema",
      "graphql.schema_is_valid",
    ],
    proxies: "queries come in the body: leave what rests on it to the service",
    tools: "no host brings it",
  },
  {
    names: ["rego.parse_module"],
    proxies: "a decision compiles nothing",
    tools: "parse modules with `regomesh check` or OPA's own command",
  },
];
