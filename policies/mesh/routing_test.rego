package mesh.routing_test

import data.mesh.routing

splits := {"orders": {"v1": 90, "v2": 10}}

request(host, headers) := {"attributes": {"request": {"http": {"method": "GET", "host": host, "headers": headers}}}}

test_requests_are_split_by_weight if {
	routing.route == {"to": [
		{"to": "orders", "subset": "v1", "weight": 90},
		{"to": "orders", "subset": "v2", "weight": 10},
	]} with input as request("orders", {})
		with data.splits as splits
}

test_authority_may_be_qualified if {
	routing.service == "orders" with input as request("orders.default.svc.cluster.local:80", {})
}

test_a_version_can_be_asked_for if {
	routing.route == {"to": [{"to": "orders", "subset": "v2", "weight": 1}]} with input as request("orders", {"x-version": "v2"})
		with data.splits as splits
}

test_an_unknown_version_is_split_as_any_other if {
	count(routing.route.to) == 2 with input as request("orders", {"x-version": "v9"})
		with data.splits as splits
}

test_other_services_keep_their_default_route if {
	not routing.route with input as request("payments", {})
		with data.splits as splits
}
