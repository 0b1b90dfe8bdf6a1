package mesh.authz_test

import data.mesh.authz

users := {"alice": ["orders"], "bob": ["orders", "refunds"]}

workloads := {"web": [{"service": "orders", "methods": ["GET"]}]}

from_user(user, path) := {
	"attributes": {"request": {"http": {"method": "GET", "path": path, "headers": {"x-user": user}}}},
	"parsed_path": split(trim_left(path, "/"), "/"),
	"source": {},
	"destination": {"service": "web"},
}

from_workload(account, service, method) := {
	"attributes": {"request": {"http": {"method": method, "path": "/", "headers": {}}}},
	"parsed_path": [""],
	"source": {"principal": concat("", ["spiffe://cluster.local/ns/default/sa/", account]), "serviceAccount": account},
	"destination": {"service": service},
}

test_alice_may_see_orders if {
	authz.allow with input as from_user("alice", "/orders/7") with data.users as users
}

test_alice_may_not_refund if {
	not authz.allow with input as from_user("alice", "/refunds") with data.users as users
}

test_bob_may_refund if {
	authz.allow with input as from_user("bob", "/refunds") with data.users as users
}

test_a_stranger_sees_the_page_only if {
	authz.allow with input as from_user("mallory", "/") with data.users as users
	not authz.allow with input as from_user("mallory", "/orders") with data.users as users
}

test_web_calls_orders_and_nothing_else if {
	authz.allow with input as from_workload("web", "orders", "GET") with data.workloads as workloads
	not authz.allow with input as from_workload("web", "payments", "GET") with data.workloads as workloads
	not authz.allow with input as from_workload("web", "orders", "DELETE") with data.workloads as workloads
}

test_a_workload_gains_nothing_from_a_user_field if {
	request := object.union(from_workload("payments", "web", "GET"), {"parsed_path": ["refunds"]})
	forged := json.patch(request, [{"op": "add", "path": "/attributes/request/http/headers/x-user", "value": "bob"}])
	not authz.allow with input as forged with data.users as users with data.workloads as workloads
}
