# METADATA
# title: How fast a caller may come
# description: |
#   One bucket for each calling workload, and one for each user from outside the mesh.
package mesh.ratelimit

import input.attributes.request.http

limits contains object.union({"key": key}, data.limits.workload) if {
	key := concat(":", ["workload", input.source.principal])
}

limits contains object.union({"key": key}, data.limits.user) if {
	not input.source.principal
	key := concat(":", ["user", user])
}

user := http.headers["x-user"]

user := "anonymous" if not http.headers["x-user"]
