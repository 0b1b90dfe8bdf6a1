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
  const { faults, warnings, ...injection } = toInjection(
    { ...pod, metadata: { ...pod.metadata, annotations } },
    { image: "regomesh:1", controller: "controller:15010", trustBundlePem: "PEM" },
  );
  const patch = injection.patch as readonly Step[];
  const at = (path: string) => patch.find((step) => step.path === path)?.value as Container | undefined;
  const isTold = patch.some(({ path }) => path.startsWith("/spec/containers/0/env"));
  return { first: at("/spec/initContainers/0"), second: at("/spec/initContainers/1"), isTold, faults, warnings };
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
    lifecycle: {
      postStart: { exec: { command: ["true"] } },
      preStop: { httpGet: { path: "/drain?$(A)", port: "8080" } },
    },
  };
  const other = {
    name: "other",
    livenessProbe: { httpGet: { port: "nobody" } },
    readinessProbe: { grpc: { port: 1, service: "shop.Orders" } },
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
    startupProbe: { httpGet: { port: 80, host: "192.0.2.1" } },
  };
  const early = { name: "early", startupProbe: { tcpSocket: { port: 7070 }, timeoutSeconds: 20 } };
  const spec = { initContainers: [early], containers: [app, other], terminationGracePeriodSeconds: 90 };
  const pod = makeObject("Pod/shop/orders-1", spec);
  const patch = toInjection(pod, { image: "i", controller: "c:1", trustBundlePem: "" }).patch as readonly (Step & {
    readonly op: string;
  })[];
  const at = "/spec/containers/0";
  const led = (kind: string, where = kind) => ({
    op: "add",
    path: `${at}/${where}/httpGet`,
    value: { path: `/app/${kind}`, port: 15_020, scheme: "HTTP" },
  });
  expect(patch.filter(({ path }) => /Probe|lifecycle/.test(path))).toEqual([
    // Behind the two that come before it.
    { op: "remove", path: "/spec/initContainers/2/startupProbe/tcpSocket" },
    {
      op: "add",
      path: "/spec/initContainers/2/startupProbe/httpGet",
      value: { path: "/early/startupProbe", port: 15_020, scheme: "HTTP" },
    },
    { op: "remove", path: `${at}/livenessProbe/tcpSocket` },
    led("livenessProbe"),
    led("readinessProbe"),
    led("preStop", "lifecycle/preStop"),
    { op: "remove", path: "/spec/containers/1/readinessProbe/grpc" },
    {
      op: "add",
      path: "/spec/containers/1/readinessProbe/httpGet",
      value: { path: "/other/readinessProbe", port: 15_020, scheme: "HTTP" },
    },
  ]);
  const proxy = patch.find(({ path }) => path === "/spec/initContainers/1")?.value as Container | undefined;
  const args = proxy?.args ?? [];
  // A kubelet would put a variable's value there.
  expect(args.join(" ")).not.toContain("$(A)");
  expect(parseProbes(args[args.indexOf("--probes") + 1] ?? "")).toEqual(
    new Map<string, Probe>([
      ["/early/startupProbe", { kind: "tcp", port: 7070, withinSeconds: 20 }],
      ["/app/livenessProbe", { kind: "tcp", port: 9090, withinSeconds: 1 }],
      [
        "/app/readinessProbe",
        { kind: "http", port: 8080, path: "/ready", isTls: false, fields: [["x-a", "b"]], withinSeconds: 1 },
      ],
      ["/app/preStop", { kind: "http", port: 8080, path: "/drain?$(A)", isTls: false, fields: [], withinSeconds: 90 }],
      ["/other/readinessProbe", { kind: "grpc", port: 1, service: "shop.Orders", withinSeconds: 1 }],
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

const uid = (runAsUser: number) => ({ securityContext: { runAsUser } });

test.each([
  [
    "whose container runs as the proxy's user",
    { containers: [{ name: "app", ...uid(1337) }] },
    {},
    /^container app runs as user 1337/,
  ],
  ["that runs as the proxy's user altogether", uid(1337), {}, /^container own runs as user 1337/],
  [
    "whose exception is no port",
    {},
    { "exclude-inbound-port": "80,http" },
    /^annotation regomesh.dev\/exclude-inbound-port takes ports from 1 to 65535, .* not "http"$/,
  ],
  [
    "whose exception is no network",
    {},
    { "exclude-outbound": "10.0.0.0/40" },
    /takes addresses or networks such as .* not "10.0.0.0\/40"$/,
  ],
  ["with too many exceptions", {}, { "exclude-outbound-port": Array(64).fill(1).join() }, /takes 63 at most$/],
  [
    "whose probe is longer than the proxy takes",
    { containers: [{ name: "app", livenessProbe: { httpGet: { port: 1, path: `/${"x".repeat(2000)}` } } }] },
    {},
    /^the proxy cannot ask for app's livenessProbe: /,
  ],
])("a Pod %s is refused, since its traffic would not be captured or it would never start", (_, spec, said, fault) => {
  const annotations = Object.entries(said).map(([name, text]) => [`regomesh.dev/${name}`, text]);
  const { faults } = injected(spec, Object.fromEntries(annotations));
  expect(faults[0]).toMatch(fault);
  expect(injected({ ...spec, hostNetwork: true }).faults).toEqual([]);
});

test("a container of another user in a Pod of the proxy's is fine, and one that may change the network is told of", () => {
  const containers = [{ name: "app", ...uid(1000) }];
  expect(injected({ ...uid(1337), containers, initContainers: [] }).faults).toEqual([]);
  const strong = [{ name: "app", securityContext: { capabilities: { add: ["NET_ADMIN"] } } }];
  expect(injected({ containers: strong }).warnings).toEqual([
    "container app may change the network (NET_ADMIN or privileged), and so go round the proxy",
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
  const paths = (toInjection(pod, options).patch as readonly Step[]).map(({ path }) => path);
  expect(paths.slice(1, 4)).toEqual(["/spec/initContainers", "/spec/initContainers/0", "/spec/initContainers/1"]);
  expect(toInjection(makeObject("Pod/shop/p", { containers: [{ name: "regomesh-proxy" }] }), options)).toEqual({
    patch: [],
    faults: [],
    warnings: [],
  });
});
