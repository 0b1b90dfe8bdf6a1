import { expect, test } from "vitest";
import { build } from "../build/build.ts";
import { EMPTY_TABLE, toEndpointTable } from "../distribution/endpoints.ts";
import { loadTools } from "../shell/build/compiler.ts";
import { ALL_RIGHTS } from "./rights.ts";

const tools = await loadTools();

const resource = (kind: string, name: string, spec: string, labels = "{}") =>
  `---\napiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, labels: ${labels} }\nspec: ${spec}\n`;

function buildText(text: string) {
  const { plan, diagnostics } = build(
    [{ path: "", files: [{ name: "mesh.yaml", text }] }],
    { rights: ALL_RIGHTS },
    tools,
  );
  return { plan, says: diagnostics.map(({ message }) => message) };
}

const MESH =
  resource("MeshService", "v1", "{ ports: [{ name: http, port: 80 }] }") +
  resource(
    "Workload",
    "v1",
    "{ service: v1, ports: [{ name: grpc, application: { port: 1 } }] }",
    "{ app: echo, n: a }",
  ) +
  resource("Workload", "other", "{ service: v1 }", "{ app: other }");

test("a service that selects workloads is answered for by them, on the ports of both", () => {
  const echo =
    "{ selector: { app: echo }, ports: [{ name: http, port: 81 }, { name: grpc, port: 82, protocol: GRPC }] }";
  const { plan, says } = buildText(MESH + resource("MeshService", "echo", echo));
  if (plan === undefined) throw new Error(says.join());
  const [other, v1] = plan.workloads;
  expect(v1).toMatchObject({ name: "v1", service: "v1", alsoServes: ["echo.default"] });
  expect(v1?.inbound.map(({ name, protocol }) => [name, protocol])).toEqual([
    ["http", "http"],
    ["grpc", "grpc"],
  ]);
  expect([other?.alsoServes, other?.inbound.length]).toEqual([undefined, 1]);
  const listen = [{ portName: "http", address: "127.0.0.1", port: 1000, transports: [] }];
  const { rows } = toEndpointTable(plan, [{ workload: "default/v1", listen }], EMPTY_TABLE);
  for (const service of ["v1.default", "echo.default"])
    expect([...(rows.get(service)?.endpoints.values() ?? [])]).toMatchObject([{ workload: "v1", port: 1000 }]);
});

test("a port of a workload is one thing, whichever of its services says it", () => {
  const echo = "{ selector: { app: echo }, ports: [{ name: http, port: 81, protocol: HTTP2 }] }";
  expect(buildText(MESH + resource("MeshService", "echo", echo)).says).toContain(
    "port http of workload v1 is HTTP, Strict by another service of it",
  );
});

test("a selector has a label", () => {
  const { says } = buildText(MESH + resource("MeshService", "echo", "{ selector: {}, ports: [{ port: 81 }] }"));
  expect(says).toEqual([expect.stringContaining("must have a label")]);
});
