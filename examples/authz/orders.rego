# METADATA
# title: Who may do what in the shop
# description: |
#   Users come from outside, through web; what each may do stands in data.yaml.
#   Between the services, each may call what it needs and nothing else.
package mesh.authz

import input.attributes.request.http

# The first segment of the path is what is asked for: orders, refunds ...
wanted := input.parsed_path[0]

# Nobody is let in but by a rule below.
default allow := false

# A user from outside, with a grant for what is asked for.
allow if {
	not input.source.principal
	wanted in data.users[http.headers["x-user"]]
}

# The page of the shop is for everybody.
allow if {
	not input.source.principal
	wanted == ""
}

# A workload of the mesh, by its service account.
allow if {
	some grant in data.workloads[input.source.serviceAccount]
	grant.service == input.destination.service
	http.method in grant.methods
}
