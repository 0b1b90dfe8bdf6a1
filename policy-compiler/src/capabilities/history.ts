/**
 * Since when OPA has what it has, as `opa capabilities --version` of each version tells: what is not listed
 * was there in 0.17.0, the first that tells. A table; longer than other files may be.
 */
export const BUILTINS_SINCE: Readonly<Record<string, string>> = {
  "v0.17.2": "object.filter object.remove object.union",
  "v0.18.0": "bits.and bits.lsh bits.negate bits.or bits.rsh bits.xor json.remove",
  "v0.19.0": "net.cidr_contains_matches time.add_date",
  "v0.20.0":
    "graph.reachable io.jwt.verify_es384 io.jwt.verify_es512 io.jwt.verify_hs384 io.jwt.verify_hs512 io.jwt.verify_ps384 io.jwt.verify_ps512 io.jwt.verify_rs384 io.jwt.verify_rs512 uuid.rfc4122",
  "v0.21.0": "crypto.x509.parse_certificate_request",
  "v0.22.0": "numbers.range semver.compare semver.is_valid",
  "v0.23.0": "regex.is_valid regex.match",
  "v0.24.0": "base64.is_valid net.cidr_merge urlquery.decode_object",
  "v0.25.0": "base64url.encode_no_pad hex.decode hex.encode json.is_valid json.patch yaml.is_valid",
  "v0.26.0": "ceil floor",
  "v0.28.0": "time.diff",
  "v0.31.0": "crypto.x509.parse_and_verify_certificates rand.intn",
  "v0.33.0": "crypto.x509.parse_rsa_private_key",
  "v0.34.0": "internal.member_2 internal.member_3 internal.print print",
  "v0.35.0": "net.lookup_ip_addr",
  "v0.36.0": "array.reverse crypto.hmac.md5 crypto.hmac.sha1 crypto.hmac.sha256 crypto.hmac.sha512 strings.reverse",
  "v0.37.0": "graph.reachable_paths indexof_n object.union_n",
  "v0.40.0": "rego.metadata.chain rego.metadata.rule",
  "v0.41.0":
    "graphql.is_valid graphql.parse graphql.parse_and_verify graphql.parse_query graphql.parse_schema units.parse",
  "v0.42.0": "object.subset",
  "v0.44.0": "strings.any_prefix_match strings.any_suffix_match",
  "v0.45.0": "regex.replace",
  "v0.46.0": "graphql.schema_is_valid net.cidr_is_valid",
  "v0.47.0": "object.keys providers.aws.sign_req",
  "v0.48.0": "time.format",
  "v0.50.0": "json.match_schema json.verify_schema",
  "v0.52.0": "crypto.hmac.equal",
  "v0.53.0": "crypto.x509.parse_keypair",
  "v0.55.0": "crypto.parse_private_keys",
  "v0.56.0": "numbers.range_step",
  "v0.57.0": "uuid.parse",
  "v0.59.0": "strings.render_template",
  "v0.63.0": "crypto.x509.parse_and_verify_certificates_with_options",
  "v0.64.0": "json.marshal_with_options",
  "v0.67.0": "strings.count",
  "v1.2.0": "internal.test_case",
  "v1.8.0": "io.jwt.verify_eddsa",
  "v1.12.0": "internal.template_string",
  "v1.13.0": "array.flatten",
  "v1.16.0": "uri.is_valid uri.parse",
  "v1.19.0": "strings.split_n",
};

/** Words of `future.keywords`. */
export const KEYWORDS_SINCE: Readonly<Record<string, string>> = {
  "v0.34.0": "in",
  "v0.38.0": "every",
  "v0.42.0": "contains if",
  "v1.17.0": "not",
  "v1.20.0": "and or",
};

export const FEATURES_SINCE: Readonly<Record<string, string>> = {
  "v0.46.0": "rule_head_ref_string_prefixes",
  "v0.59.0": "rule_head_refs rego_v1_import",
  "v1.0.0": "rego_v1",
  "v1.6.0": "keywords_in_refs",
  "v1.12.0": "template_strings",
  "v1.22.0": "rego_v2 rego_v2_import",
};

/** Since 1.0.0 what v1 has anyway is listed no more. */
export const WITH_V1: ReadonlySet<string> = new Set([
  "in",
  "every",
  "contains",
  "if",
  "rule_head_ref_string_prefixes",
  "rule_head_refs",
  "rego_v1_import",
]);

export const FIRST = "v0.17.0";
/** The version whose language this is. */
export const LATEST = "v1.22.2";
