/** HTTPRoutes of the cluster route real requests, and their status says what became of them; EndpointSlices say who answers. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Api } from "./api.ts";
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { grpcRoutes } from "./grpc-routes.ts";
import { BINDING, type Mesh, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask } from "./processes.ts";
import { apply, conditionsOf, document, GATEWAY_GROUP as GROUP, OURS, readRoute, WITHIN_MS } from "./route-object.ts";

const OTHER = "example.org/other";
/** A namespace without Pods, whose Service is a name alone. */
const EDGE = "edge";

export const ROUTES_CHECK: Check = {
  name: "routes of the cluster: kubectl apply changes a request, statuses say why one does not hold",
  async run(world) {
    const shared = process.env["REGOMESH_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
    const crds = join(shared, "gateway-api/crds");
    if (!existsSync(crds)) {
      world.say(`     left out: there are no CRDs of the Gateway API in ${crds}`);
      return;
    }
    await withMesh(world, "routes", async (mesh) => {
      try {
        await play(world, mesh, crds);
      } finally {
        kubectl(world.server, ["delete", "-f", crds, "--ignore-not-found", "--wait=false"]);
        for (const kind of ["meshconfig/mesh", `namespace/${EDGE}`])
          kubectl(world.server, ["delete", kind, "--ignore-not-found", "--wait=false"]);
      }
    });
  },
};

async function play(world: World, mesh: Mesh, crds: string): Promise<void> {
  const { server, api, say } = world;
  const said = mesh.controller.log().match(/is not installed.*HTTPRoute/g) ?? [];
  must(said.length === 1, `that HTTPRoutes are not installed is said ${said.length} times`);
  apply(world, `${BINDING}---\n${policy("allow if true")}`);
  await answers(mesh, "http://orders/", 200, "the policy is in force");
  const asked = await ask(mesh.web, `http://front.${EDGE}/`);
  must(asked.status >= 400, `a service that is not there answers ${asked.status}`);
  await api.apply(`/api/v1/namespaces/${EDGE}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: EDGE },
  });
  apply(world, service(EDGE, "front"));
  const installed = kubectl(server, ["apply", "--server-side", "-f", crds]);
  must(installed.code === 0, installed.out);
  await until("routes can be applied", WITHIN_MS, () =>
    kubectl(server, ["apply", "-f", "-"], route("/ok", "orders")).code === 0 ? true : undefined,
  );
  await answers(mesh, `http://front.${EDGE}/ok/1`, 200, "the route is in force");
  say(`     a kind that was installed later is picked up, and a route of it holds`);
  await answers(mesh, `http://front.${EDGE}/other`, 404, "what no route matches");
  await conditions(api, "the route", { Accepted: "True Accepted", ResolvedRefs: "True ResolvedRefs" });
  await keepsOthers(world);
  await conditions(api, "the route with a new text", { Accepted: "True Accepted", ResolvedRefs: "True ResolvedRefs" });
  await answers(mesh, `http://front.${EDGE}/new`, 200, "the new text is in force");
  apply(world, route("/new", "nobody"));
  await conditions(api, "a backend that is not there", { ResolvedRefs: "False BackendNotFound" });
  await answers(mesh, `http://front.${EDGE}/new`, 500, "a backend that is not there");
  await grants(world, mesh);
  await refused(world, mesh);
  await gateways(world);
  await endpoints(world, mesh);
  await grpcRoutes(world, mesh);
  must(kubectl(server, ["delete", "httproute", "front", "-n", EDGE]).code === 0, "the route cannot be deleted");
  await answers(mesh, `http://front.${EDGE}/new`, 503, "without a route nobody answers for the service");
}

/** Another controller's entry stays when the text, and with it ours, becomes another. */
async function keepsOthers(world: World): Promise<void> {
  const { api } = world;
  const { metadata, status } = await read(api);
  const entry = {
    parentRef: { group: "", kind: "Service", name: "front" },
    controllerName: OTHER,
    conditions: [
      { type: "Accepted", status: "True", reason: "Accepted", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
    ],
  };
  const written = await api.ask(
    "PATCH",
    `${PLACE}/status`,
    {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { parents: [entry, ...(status?.parents ?? [])] },
    },
    "application/merge-patch+json",
  );
  must(written.status === 200, `the other's entry is not taken: ${String(written.body["message"])}`);
  apply(world, route("/new", "orders"));
  await until("both controllers' entries are there", WITHIN_MS, async () => {
    const now = await read(api);
    const of = (name: string) => now.status?.parents?.filter(({ controllerName }) => controllerName === name) ?? [];
    const [own] = of(OURS);
    const isNew = own?.conditions.every(({ observedGeneration }) => observedGeneration === now.metadata.generation);
    return of(OTHER).length === 1 && of(OURS).length === 1 && isNew === true ? true : undefined;
  });
}

/** Where the mesh asks for grants, one of the backend's namespace makes the difference. */
async function grants(world: World, mesh: Mesh): Promise<void> {
  apply(world, route("/new", "orders"));
  await conditions(world.api, "between services no grant is asked for", { ResolvedRefs: "True ResolvedRefs" });
  apply(world, document("regomesh.dev/v1alpha1", "MeshConfig", { name: "mesh" }, { referenceGrants: "Required" }));
  await conditions(world.api, "without a grant", { Accepted: "True Accepted", ResolvedRefs: "False RefNotPermitted" });
  await answers(mesh, `http://front.${EDGE}/new`, 500, "without a grant");
  const spec = {
    from: [{ group: GROUP, kind: "HTTPRoute", namespace: EDGE }],
    to: [{ group: "", kind: "Service", name: "orders" }],
  };
  apply(world, document(`${GROUP}/v1beta1`, "ReferenceGrant", { name: "edge", namespace: NAMESPACE }, spec));
  await conditions(world.api, "with a grant", { ResolvedRefs: "True ResolvedRefs" });
  await answers(mesh, `http://front.${EDGE}/new`, 200, "with a grant");
  world.say("     a ReferenceGrant, where the mesh asks for them, decides whether a request arrives");
}

/** The CRDs take what the mesh does not: it is said, and what was accepted before goes on. */
async function refused(world: World, mesh: Mesh): Promise<void> {
  const document = JSON.parse(route("/far", "orders")) as { spec: { rules: { timeouts?: object }[] } };
  for (const rule of document.spec.rules) rule.timeouts = { request: "99999h" };
  apply(world, JSON.stringify(document));
  await conditions(world.api, "a timeout of eleven years", { Accepted: "False UnsupportedValue" });
  await answers(mesh, `http://front.${EDGE}/new`, 200, "what was accepted before goes on");
  apply(world, route("/new", "orders"));
  await conditions(world.api, "a text as before", { Accepted: "True Accepted" });
}

async function gateways(world: World): Promise<void> {
  const { api } = world;
  apply(world, document(`${GROUP}/v1`, "GatewayClass", { name: "regomesh" }, { controllerName: OURS }));
  apply(world, document(`${GROUP}/v1`, "GatewayClass", { name: "other" }, { controllerName: OTHER }));
  const listeners = [{ name: "http", port: 80, protocol: "HTTP" }];
  for (const [name, gatewayClassName] of [
    ["ours", "regomesh"],
    ["others", "other"],
  ])
    apply(world, document(`${GROUP}/v1`, "Gateway", { name, namespace: EDGE }, { gatewayClassName, listeners }));
  const reasonOf = async (path: string) => {
    const { body } = await api.ask("GET", `/apis/${GROUP}/v1/${path}`);
    const { conditions: all = [] } = (body["status"] ?? {}) as { conditions?: readonly Condition[] };
    return all.find(({ type }) => type === "Accepted")?.reason;
  };
  const ours = `namespaces/${EDGE}/gateways/ours`;
  await until("our class says that gateways are not served", WITHIN_MS, async () =>
    (await reasonOf("gatewayclasses/regomesh")) === "Unsupported" ? true : undefined,
  );
  await until("a gateway of ours is told", WITHIN_MS, async () =>
    (await reasonOf(ours)) === "Invalid" ? true : undefined,
  );
  const others = await reasonOf(`namespaces/${EDGE}/gateways/others`);
  must(others === "Pending", `another's gateway is told ${others}`);
}

/** Ready, or not: of a Service of which there is a slice, the slice says it. */
async function endpoints(world: World, mesh: Mesh): Promise<void> {
  const slice = (conditions: object) =>
    JSON.stringify({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "orders", namespace: NAMESPACE, labels: { "kubernetes.io/service-name": "orders" } },
      addressType: "IPv4",
      // Loopback is no address of an endpoint, as the API server has it; whose it is, the Pod's name says.
      endpoints: [
        { addresses: ["10.1.0.7"], conditions, targetRef: { kind: "Pod", namespace: NAMESPACE, name: "orders-1" } },
      ],
      ports: [{ name: "", port: 80, protocol: "TCP" }],
    });
  const url = "http://orders/";
  apply(world, slice({ ready: false, serving: false, terminating: false }));
  await answers(mesh, url, 503, "nobody is ready");
  apply(world, slice({ ready: true, serving: true, terminating: false }));
  await answers(mesh, url, 200, "somebody is ready");
  apply(world, slice({ ready: false, serving: true, terminating: true }));
  await answers(mesh, url, 200, "all end, and serve still");
  apply(world, slice({ ready: false, serving: false, terminating: true }));
  await answers(mesh, url, 503, "all have ended");
  kubectl(world.server, ["delete", "endpointslice", "orders", "-n", NAMESPACE]);
  await answers(mesh, url, 200, "without a slice whoever claims to answers");
  world.say("     readiness of EndpointSlices decides who is asked, and makes no revision");
}

type Condition = { readonly type: string; readonly reason: string };

const PLACE = `/apis/${GROUP}/v1/namespaces/${EDGE}/httproutes/front`;
const read = (api: Api) => readRoute(api, PLACE);
const conditions = (api: Api, what: string, wanted: Readonly<Record<string, string>>) =>
  conditionsOf(api, PLACE, what, wanted);

async function answers({ web }: Mesh, url: string, status: number, what: string): Promise<void> {
  let last = "";
  await until(`${what}: ${url} answers ${status}`, WITHIN_MS, async () => {
    const answer = await ask(web, url);
    last = `${answer.status} ${answer.text.trim()}`;
    return answer.status === status ? true : undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; the last answer is ${last}`);
  });
}

function route(path: string, backend: string): string {
  const parentRefs = [{ group: "", kind: "Service", name: "front" }];
  const backendRefs = [{ name: backend, namespace: NAMESPACE, port: 80 }];
  const rules = [{ matches: [{ path: { type: "PathPrefix", value: path } }], backendRefs }];
  return document(`${GROUP}/v1`, "HTTPRoute", { name: "front", namespace: EDGE }, { parentRefs, rules });
}

function service(namespace: string, name: string): string {
  return document("v1", "Service", { name, namespace }, { ports: [{ name: "http", port: 80 }] });
}
