/** Signatures: strings, patterns, encodings, versions and ids. */
export const STRINGS = `
concat(string, array<string> | set<string>) -> string
contains(string, string) -> boolean
endswith(string, string) -> boolean
startswith(string, string) -> boolean
indexof(string, string) -> number
indexof_n(string, string) -> array<number>
lower(string) -> string
upper(string) -> string
replace(string, string, string) -> string
split(string, string) -> array<string>
sprintf(string, array) -> string
substring(string, number, number) -> string
trim(string, string) -> string
trim_left(string, string) -> string
trim_right(string, string) -> string
trim_prefix(string, string) -> string
trim_suffix(string, string) -> string
trim_space(string) -> string
strings.any_prefix_match(string | array<string> | set<string>, string | array<string> | set<string>) -> boolean
strings.any_suffix_match(string | array<string> | set<string>, string | array<string> | set<string>) -> boolean
strings.count(string, string) -> number
strings.render_template(string, object<string, any>) -> string
strings.replace_n(object<string, string>, string) -> string
strings.reverse(string) -> string
strings.split_n(string, string, number) -> array<string>
internal.template_string(array) -> string
`;

export const PATTERNS = `
regex.find_all_string_submatch_n(string, string, number) -> array<array<string>>
regex.find_n(string, string, number) -> array<string>
regex.globs_match(string, string) -> boolean
regex.is_valid(string) -> boolean
regex.match(string, string) -> boolean
regex.replace(string, string, string) -> string
regex.split(string, string) -> array<string>
regex.template_match(string, string, string, string) -> boolean
re_match(string, string) -> boolean : deprecated
glob.match(string, null | array<string>, string) -> boolean
glob.quote_meta(string) -> string
`;

export const ENCODINGS = `
base64.decode(string) -> string
base64.encode(string) -> string
base64.is_valid(string) -> boolean
base64url.decode(string) -> string
base64url.encode(string) -> string
base64url.encode_no_pad(string) -> string
hex.decode(string) -> string
hex.encode(string) -> string
json.filter(object, array<string | array> | set<string | array>) -> object
json.is_valid(string) -> boolean
json.marshal(any) -> string
json.marshal_with_options(any, {indent: string, prefix: string, pretty: boolean, ...string}) -> string
json.match_schema(string | object, string | object) -> [boolean, array<{desc: string, error: string, field: string, type: string}>]
json.patch(any, array<{op: string, path: any, ...}>) -> any
json.remove(object, array<string | array> | set<string | array>) -> object
json.unmarshal(string) -> any
json.verify_schema(string | object) -> [boolean, null | string]
yaml.is_valid(string) -> boolean
yaml.marshal(any) -> string
yaml.unmarshal(string) -> any
urlquery.decode(string) -> string
urlquery.decode_object(string) -> object<string, array<string>>
urlquery.encode(string) -> string
urlquery.encode_object(object<string, string | array<string> | set<string>>) -> string
uri.is_valid(string) -> boolean
uri.parse(string) -> object<string, string>
`;

export const NOTATIONS = `
semver.compare(string, string) -> number
semver.is_valid(any) -> boolean
units.parse(string) -> number
units.parse_bytes(string) -> number
uuid.parse(string) -> object<string, any>
uuid.rfc4122(string) -> string : nondeterministic
graphql.is_valid(string | object, string | object) -> boolean
graphql.parse(string | object, string | object) -> [object, object]
graphql.parse_and_verify(string | object, string | object) -> [boolean, object, object]
graphql.parse_query(string) -> object
graphql.parse_schema(string) -> object
graphql.schema_is_valid(string | object) -> boolean
`;
