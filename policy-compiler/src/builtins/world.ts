/** Signatures: time, network, cryptography, and what speaks of the policy or its host. */
export const TIME = `
time.add_date(number, number, number, number) -> number
time.clock(number | [number, string]) -> [number, number, number]
time.date(number | [number, string]) -> [number, number, number]
time.diff(number | [number, string], number | [number, string]) -> [number, number, number, number, number, number]
time.format(number | [number, string] | [number, string, string]) -> string
time.now_ns() -> number : nondeterministic
time.parse_duration_ns(string) -> number
time.parse_ns(string, string) -> number
time.parse_rfc3339_ns(string) -> number
time.weekday(number | [number, string]) -> string
`;

export const NETWORK = `
http.send(object<string, any>) -> object : nondeterministic
net.cidr_contains(string, string) -> boolean
net.cidr_contains_matches(string | array<string | array> | object<string, string | array> | set<string | array>, string | array<string | array> | object<string, string | array> | set<string | array>) -> set<[any, any]>
net.cidr_expand(string) -> set<string>
net.cidr_intersects(string, string) -> boolean
net.cidr_is_valid(string) -> boolean
net.cidr_merge(array<string> | set<string>) -> set<string>
net.cidr_overlap(string, string) -> boolean : deprecated
net.lookup_ip_addr(string) -> set<string> : nondeterministic
providers.aws.sign_req(object<string, any>, object<string, any>, number) -> object
`;

export const CRYPTOGRAPHY = `
crypto.hmac.equal(string, string) -> boolean
crypto.hmac.md5(string, string) -> string
crypto.hmac.sha1(string, string) -> string
crypto.hmac.sha256(string, string) -> string
crypto.hmac.sha512(string, string) -> string
crypto.md5(string) -> string
crypto.sha1(string) -> string
crypto.sha256(string) -> string
crypto.parse_private_keys(string) -> array<object<string, any>>
crypto.x509.parse_and_verify_certificates(string) -> [boolean, array<object<string, any>>]
crypto.x509.parse_and_verify_certificates_with_options(string, object<string, any>) -> [boolean, array<object<string, any>>]
crypto.x509.parse_certificate_request(string) -> object<string, any>
crypto.x509.parse_certificates(string) -> array<object<string, any>>
crypto.x509.parse_keypair(string, string) -> object<string, any>
crypto.x509.parse_rsa_private_key(string) -> object<string, any>
io.jwt.decode(string) -> [object, object, string]
io.jwt.decode_verify(string, object<string, any>) -> [boolean, object, object] : nondeterministic
io.jwt.encode_sign(object<string, any>, object<string, any>, object<string, any>) -> string : nondeterministic
io.jwt.encode_sign_raw(string, string, string) -> string : nondeterministic
io.jwt.verify_eddsa(string, string) -> boolean
io.jwt.verify_es256(string, string) -> boolean
io.jwt.verify_es384(string, string) -> boolean
io.jwt.verify_es512(string, string) -> boolean
io.jwt.verify_hs256(string, string) -> boolean
io.jwt.verify_hs384(string, string) -> boolean
io.jwt.verify_hs512(string, string) -> boolean
io.jwt.verify_ps256(string, string) -> boolean
io.jwt.verify_ps384(string, string) -> boolean
io.jwt.verify_ps512(string, string) -> boolean
io.jwt.verify_rs256(string, string) -> boolean
io.jwt.verify_rs384(string, string) -> boolean
io.jwt.verify_rs512(string, string) -> boolean
`;

export const POLICY = `
internal.print(array<set>)
internal.test_case(array)
opa.runtime() -> object<string, any> : nondeterministic
print() : variadic
rego.metadata.chain() -> array
rego.metadata.rule() -> any
rego.parse_module(string, string) -> object<string, any>
trace(string) -> boolean
`;
