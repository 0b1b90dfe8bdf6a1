package mesh.authz_test

import data.mesh.authz

from_web := {
	"principal": "spiffe://cluster.local/ns/default/sa/web",
	"trustDomain": "cluster.local",
	"namespace": "default",
	"serviceAccount": "web",
}

orders := {"service": "orders", "namespace": "default"}

request(source, destination, method, path) := {
	"attributes": {"request": {"http": {"method": method, "path": path}}},
	"parsed_path": split(trim_left(path, "/"), "/"),
	"source": source,
	"destination": destination,
}

test_workload_of_the_mesh_passes if {
	authz.allow with input as request(from_web, orders, "GET", "/orders")
}

test_foreign_trust_domain_is_refused if {
	foreign := object.union(from_web, {"trustDomain": "elsewhere.example"})
	not authz.allow with input as request(foreign, orders, "GET", "/orders")
}

test_outside_reaches_the_edge_only if {
	authz.allow with input as request({}, {"service": "web", "namespace": "default"}, "GET", "/orders")
	not authz.allow with input as request({}, orders, "GET", "/orders")
}

test_outside_may_not_delete if {
	not authz.allow with input as request({}, {"service": "web", "namespace": "default"}, "DELETE", "/orders")
}

test_internal_paths_stay_in_their_namespace if {
	authz.allow with input as request(from_web, orders, "GET", "/internal/caches")
	other := object.union(from_web, {"namespace": "marketing"})
	not authz.allow with input as request(other, orders, "GET", "/internal/caches")
	not authz.allow with input as request({}, {"service": "web", "namespace": "default"}, "GET", "/internal/caches")
}
