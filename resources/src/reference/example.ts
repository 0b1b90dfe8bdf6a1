/** One document of each kind, as a user would write it; tests read each without a fault. */
import type { Kind } from "../resource.ts";

export const EXAMPLES: Readonly<Record<Kind, string>> = {
  MeshConfig: `
# One a mesh. None means every default.
apiVersion: regomesh.dev/v1alpha1
kind: MeshConfig
metadata: { name: mesh }
spec:
  trustDomain: shop.example
  defaultVerdict: Deny
  release: # the canaries first, for five minutes
    canary: { labels: { track: canary } }
    bake: 5m
`,
  MeshService: `
# Clients call http://orders/, http://orders.shop/ or http://orders.internal/.
apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata: { name: orders, namespace: shop }
spec:
  hosts: [orders.internal]
  ports:
    - { name: http, port: 80 }
    - { name: edge, port: 15080, mode: Edge }
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
  defaultRoute:
    - { subset: v1, weight: 95 }
    - { subset: v2, weight: 5 }
`,
  Workload: `
# One program with a proxy beside it. Replicas of it share this one resource.
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata: { name: orders-v2, namespace: shop, labels: { version: v2 } }
spec:
  service: orders
  ports:
    - { name: http, listen: { address: 127.0.0.1, port: 15001 }, application: { port: 8080 } }
  localPorts:
    - { service: payments, port: 15101 }
`,
  Policy: `
# A unit in one resource: kubectl apply of the Rego itself. A PolicyBinding names it by policy: orders.
apiVersion: regomesh.dev/v1alpha1
kind: Policy
metadata: { name: orders, namespace: shop }
spec:
  modules:
    authz.rego: |
      package mesh.authz

      default allow := false

      allow if input.source.serviceAccount in data.callers
  data: { callers: [web] }
  tests:
    authz_test.rego: |
      package mesh.authz_test

      import data.mesh.authz

      test_web_may if authz.allow with input.source.serviceAccount as "web"
`,
  PolicyBinding: `
# Every request to orders asks the rule data.mesh.authz.allow of the modules in policies/orders.
apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: orders, namespace: shop }
spec:
  unit: policies/orders
  selector: { services: [orders] }
  direction: Inbound
  entrypoints: [mesh/authz/allow]
`,
  TrafficPolicy: `
# Two more tries of a second each; an endpoint that fails five times in a row rests.
apiVersion: regomesh.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: shop, namespace: shop }
spec:
  services: [orders, payments]
  timeouts: { request: 5s }
  retries: { attempts: 2, perTry: 1s }
  breaker: { failures: 5, open: 1s }
`,
  PolicySource: `
# Team shop's own repository: it may speak for its namespace, and its commits are signed.
apiVersion: regomesh.dev/v1alpha1
kind: PolicySource
metadata: { name: shop, namespace: regomesh-system }
spec:
  url: https://git.example.org/shop/policies.git
  branch: main
  path: mesh
  namespaces: [shop]
  verify:
    keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn2Xk0Z1cXq0mGgk2m1bqYwW7k1m0m5X0Yx2m3n4o5p shop@example.org"]
`,
  MeshTest: `
# Bob may not have refunds. A commit by which he may is refused, as by a unit test that fails.
apiVersion: regomesh.dev/v1alpha1
kind: MeshTest
metadata: { name: bob-has-no-refunds, namespace: shop }
spec:
  caller: web
  request: { url: http://orders/refunds, headers: { x-user: bob } }
  expect:
    verdict: Denied
    status: 403
    targets: [{ service: orders, subset: v1, weight: 95 }, { service: orders, subset: v2, weight: 5 }]
`,
};
