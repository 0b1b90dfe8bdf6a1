# METADATA
# title: The mesh's guardrail
# description: |
#   Bound as a mandatory unit, so that no team's policy can open what this one closes.
#   It says nothing about who may do what; that is the services' own policy.
package mesh.authz

import input.attributes.request.http

default allow := false

# Whoever proved to be a workload of this mesh may go on to the service's own policy.
allow if {
	input.source.trustDomain == data.trust_domain
	not internal_path
}

# Workloads reach internal paths only within their own namespace.
allow if {
	internal_path
	input.source.trustDomain == data.trust_domain
	input.source.namespace == input.destination.namespace
}

# From outside the mesh, only through a service that is declared as its edge.
allow if {
	not input.source.principal
	input.destination.service in data.edge_services
	http.method in data.edge_methods
	not internal_path
}

internal_path if input.parsed_path[0] == "internal"
