package shop.quotas

default allow := false

allow if input.sent < shop.quota(input.team)
