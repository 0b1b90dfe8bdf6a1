package mesh.ratelimit_test

import data.mesh.ratelimit

settings := {
	"workload": {"limit": 100, "window": "1s"},
	"user": {"limit": 10, "window": "1m", "burst": 5},
}

request(source, headers) := {"attributes": {"request": {"http": {"headers": headers}}}, "source": source}

test_a_workload_has_a_bucket if {
	ratelimit.limits == {{"key": "workload:spiffe://cluster.local/ns/default/sa/web", "limit": 100, "window": "1s"}} with input as request({"principal": "spiffe://cluster.local/ns/default/sa/web"}, {})
		with data.limits as settings
}

test_a_user_has_a_bucket if {
	ratelimit.limits == {{"key": "user:alice", "limit": 10, "window": "1m", "burst": 5}} with input as request({}, {"x-user": "alice"})
		with data.limits as settings
}

test_a_user_without_a_name_shares_one if {
	some limit in ratelimit.limits with input as request({}, {})
		with data.limits as settings
	limit.key == "user:anonymous"
}
