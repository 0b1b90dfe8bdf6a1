import { type Probe, parseProbes } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { makeObject } from "../../test/make-object.ts";
import { toInjection } from "./injection.ts";

type Container = { readonly name: string; readonly args: readonly string[]; readonly securityContext: object };
type Step = { readonly path: string; readonly value: unknown };

/** What is put before the Pod's own init containers, in order, and whether its containers are told of the proxy. */
function injected(spec: object = {}, annotations: Readonly<Record<string, string>> = {}) {
  const pod = makeObject("Pod/shop/orders-1", {
    containers: [{ name: "app" }],
    initContainers: [{ name: "own" }],
    ...spec,
  });
  const patch = toInjection(
    { ...pod, metadata: { ...pod.metadata, annotations } },
    { image: "regomesh:1", controller: "controller:15010", trustBundlePem: "PEM" },
  ) as readonly Step[];
  const at = (path: string) => patch.find((step) => step.path === path)?.value as Container | undefined;
  const isTold = patch.some(({ path }) => path.startsWith("/spec/containers/0/env"));
  return { first: at("/spec/initContainers/0"), second: at("/spec/initContainers/1"), isTold };
}

test("traffic is captured before anything begins, by a container that may change the network and nothing else", () => {
  const { first, second, isTold } = injected();
  expect(first).toMatchObject({
    name: "regomesh-capture",
    args: [...["capture", "--uid", "1337", "--exclude-outbound-port", "53"], ...["--exclude-inbound-port", "15020"]],
    securityContext: { capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] }, readOnlyRootFilesystem: true },
  });
  expect(second).toMatchObject({
    name: "regomesh-proxy",
    args: expect.arrayContaining(["--capture"]),
    securityContext: { runAsUser: 1337, capabilities: { drop: ["ALL"] } },
  });
  expect(isTold).toBe(false);
});

test("probes are led to the sidecar, which is told what they were", () => {
  const app = {
    name: "app",
    ports: [{ name: "web", containerPort: 8080 }],
    readinessProbe: {
      httpGet: { path: "/ready", port: "web", httpHeaders: [{ name: "x-a", value: "b" }] },
      periodSeconds: 3,
    },
    livenessProbe: { tcpSocket: { port: 9090 } },
    startupProbe: { exec: { command: ["true"] } },
  };
  const other = {
    name: "other",
    livenessProbe: { httpGet: { port: "nobody" } },
    readinessProbe: { grpc: { port: 1 } },
  };
  const pod = makeObject("Pod/shop/orders-1", { containers: [app, other] });
  const patch = toInjection(pod, { image: "i", controller: "c:1", trustBundlePem: "" }) as readonly (Step & {
    readonly op: string;
  })[];
  const at = "/spec/containers/0";
  const led = (kind: string) => ({
    op: "add",
    path: `${at}/${kind}/httpGet`,
    value: { path: `/app/${kind}`, port: 15_020, scheme: "HTTP" },
  });
  expect(patch.filter(({ path }) => path.startsWith("/spec/containers"))).toEqual([
    { op: "remove", path: `${at}/livenessProbe/tcpSocket` },
    led("livenessProbe"),
    led("readinessProbe"),
  ]);
  const proxy = patch.find(({ path }) => path === "/spec/initContainers/1")?.value as Container | undefined;
  const args = proxy?.args ?? [];
  expect(parseProbes(args[args.indexOf("--probes") + 1] ?? "")).toEqual(
    new Map<string, Probe>([
      ["/app/livenessProbe", { kind: "tcp", port: 9090 }],
      ["/app/readinessProbe", { kind: "http", port: 8080, path: "/ready", isTls: false, fields: [["x-a", "b"]] }],
    ]),
  );
});

test("what annotations except is left out of capture", () => {
  const { first } = injected(
    {},
    {
      "regomesh.dev/exclude-outbound-port": "5432, 6379",
      "regomesh.dev/exclude-outbound": "10.0.0.0/8",
      "regomesh.dev/exclude-inbound-port": "9090",
      "regomesh.dev/exclude-inbound": " ",
    },
  );
  expect(first?.args.slice(7)).toEqual([
    ...["--exclude-outbound-port", "5432,6379", "--exclude-outbound", "10.0.0.0/8", "--exclude-inbound-port", "9090"],
  ]);
});

test.each([
  ["that shares its node's network", { hostNetwork: true }, {}],
  ["that says so", {}, { "regomesh.dev/capture": "disabled" }],
])("a Pod %s is not captured: its containers are told of the proxy", (_, spec, annotations) => {
  const { first, second, isTold } = injected(spec, annotations);
  expect([first?.name, second, isTold]).toEqual(["regomesh-proxy", undefined, true]);
  expect(first?.args).not.toContain("--capture");
});

test("a Pod without init containers gets them, and one that has the proxy is left as it is", () => {
  const pod = makeObject("Pod/shop/orders-1", { containers: [{ name: "app" }] });
  const options = { image: "regomesh:1", controller: "c:1", trustBundlePem: "" };
  const paths = (toInjection(pod, options) as readonly Step[]).map(({ path }) => path);
  expect(paths.slice(1, 4)).toEqual(["/spec/initContainers", "/spec/initContainers/0", "/spec/initContainers/1"]);
  expect(toInjection(makeObject("Pod/shop/p", { containers: [{ name: "regomesh-proxy" }] }), options)).toEqual([]);
});
