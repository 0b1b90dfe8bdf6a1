# METADATA
# title: Versions of a service
# description: |
#   Splits the requests for a service between its subsets by the weights in data.splits.
#   A request that asks for a version with x-version gets it. Not defined: the service's
#   default route.
package mesh.routing

import input.attributes.request.http

# The name of the service: the first label of the authority, without port.
service := split(split(http.host, ":")[0], ".")[0]

weights := data.splits[service]

route := {"to": [{"to": service, "subset": wanted, "weight": 1}]} if {
	wanted := http.headers["x-version"]
	weights[wanted]
} else := {"to": [{"to": service, "subset": subset, "weight": weight} | some subset, weight in weights]} if {
	count(weights) > 0
}
