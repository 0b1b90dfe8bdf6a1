package shop.quotas_test

import data.shop.quotas

test_below_its_quota if quotas.allow with input as {"team": "web", "sent": 599}

test_at_its_quota if not quotas.allow with input as {"team": "batch", "sent": 60}

test_team_without_one if {
	every team in ["none", "__proto__", "constructor"] {
		not quotas.allow with input as {"team": team, "sent": 0}
	}
}

# The test need not ask the function.
test_another_quota if {
	quotas.allow with input as {"team": "none", "sent": 0} with shop.quota as 1
}
