/** A GRPCRoute of the cluster routes real calls by their methods, says what became of it, and holds its port against an HTTPRoute. */
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { askGrpc } from "../gateway-api/ask.ts";
import { frameMessage } from "../gateway-api/echo.ts";
import { kubectl } from "./api-server.ts";
import { must, until, type World } from "./check.ts";
import { type Mesh, NAMESPACE } from "./mesh.ts";
import { openPod } from "./processes.ts";
import { apply, conditionsOf, document, GATEWAY_GROUP, WITHIN_MS } from "./route-object.ts";

const SERVICE = "greeter";
const CALL = "/shop.Greeter/Hello";
/** UNIMPLEMENTED, as a call comes to nothing that no route matches. */
const NO_METHOD = 512;
const UNAVAILABLE = 514;

export async function grpcRoutes(world: World, { controller, web }: Mesh): Promise<void> {
  const { api, say } = world;
  await api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: SERVICE },
  });
  const ports = [{ name: "grpc", port: 50_051, targetPort: "web" }];
  apply(
    world,
    document("v1", "Service", { name: SERVICE, namespace: NAMESPACE }, { selector: { app: SERVICE }, ports }),
  );
  const binding = {
    policy: "orders",
    selector: { services: [SERVICE] },
    direction: "Inbound",
    entrypoints: ["mesh/authz/allow"],
  };
  apply(world, document("regomesh.dev/v1alpha1", "PolicyBinding", { name: SERVICE, namespace: NAMESPACE }, binding));
  const pod = await openPod(world, controller, {
    namespace: NAMESPACE,
    name: `${SERVICE}-1`,
    account: SERVICE,
    labels: { app: SERVICE },
    application: greeter(),
  });
  const call = (path: string) =>
    askGrpc({ port: web.outbound, authority: `${SERVICE}:50051`, path, headers: {} }).then(
      ({ status }) => status,
      () => UNAVAILABLE,
    );
  const answers = async (what: string, path: string, status: number) => {
    let last = 0;
    await until(what, WITHIN_MS, async () => {
      last = await call(path);
      return last === status ? true : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${path} ended with ${last}`);
    });
  };
  try {
    await answers("without a route every method is the application's", CALL, 200);
    apply(world, route("GRPCRoute", [{ method: { service: "shop.Greeter", method: "Hello" } }]));
    await conditionsOf(api, placeOf("grpcroutes"), "the GRPCRoute", {
      Accepted: "True Accepted",
      ResolvedRefs: "True ResolvedRefs",
    });
    await answers("a method that a route matches", CALL, 200);
    await answers("a method that none matches", "/shop.Greeter/Other", NO_METHOD);
    apply(world, route("HTTPRoute", [{ path: { type: "PathPrefix", value: "/" } }]));
    await conditionsOf(api, placeOf("httproutes"), "an HTTPRoute for the same port", { Accepted: "False Conflicted" });
    must((await call("/shop.Greeter/Other")) === NO_METHOD, "the HTTPRoute of a port that a GRPCRoute holds counts");
    for (const kind of ["httproute", "grpcroute"])
      must(
        kubectl(world.server, ["delete", kind, SERVICE, "-n", NAMESPACE]).code === 0,
        `the ${kind} cannot be deleted`,
      );
    await answers("without a route again", "/shop.Greeter/Other", 200);
    say("     a GRPCRoute decides by method, and an HTTPRoute for its port is refused");
  } finally {
    await pod.close();
  }
}

const placeOf = (plural: string) => `/apis/${GATEWAY_GROUP}/v1/namespaces/${NAMESPACE}/${plural}/${SERVICE}`;

function route(kind: string, matches: readonly object[]): string {
  const parentRefs = [{ group: "", kind: "Service", name: SERVICE }];
  const rules = [{ matches, backendRefs: [{ name: SERVICE, port: 50_051 }] }];
  return document(`${GATEWAY_GROUP}/v1`, kind, { name: SERVICE, namespace: NAMESPACE }, { parentRefs, rules });
}

/** Takes every method. */
function greeter(): Http2Server {
  return createServer().on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.resume().on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(frameMessage(""));
    });
  });
}
