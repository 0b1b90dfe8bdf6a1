/** The policy that the proxies under test ask for every request: roles of a basic-auth user, by path and tenant. */
import { type CompiledPolicy, compileAuthz } from "../../compiled-policy.ts";

export function makeBenchPolicy(): Promise<CompiledPolicy> {
  return compileAuthz("bench", BENCH_REGO);
}

/** The module as text: OPA beside Envoy is given the same. */
export const BENCH_REGO = `package mesh.authz

import input.attributes.request.http

default allow := false

allow if {
	some role in roles[user]
	some grant in grants[role]
	http.method in grant.methods
	grant.path == array.slice(input.parsed_path, 0, count(grant.path))
	http.headers["x-tenant"] in tenants[user]
}

user := name if {
	some encoded
	["Basic", encoded] = split(http.headers.authorization, " ")
	[name, _] := split(base64.decode(encoded), ":")
}

roles := {"alice": ["reader"], "bob": ["reader", "buyer"]}

tenants := {"alice": {"tenant-0007"}, "bob": {"tenant-0007", "tenant-0042"}}

grants := {
	"reader": [{"methods": {"GET", "HEAD"}, "path": ["api", "products"]}],
	"buyer": [
		{"methods": {"POST"}, "path": ["api", "orders"]},
		{"methods": {"GET"}, "path": ["api", "orders"]},
	],
}
`;
