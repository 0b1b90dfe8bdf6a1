/**
 * What injection gives a Pod, in network namespaces: its init container's own rules capture an unmodified program's
 * traffic both ways, by either tool and by both families, and nobody gets round the sidecar.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { toInjection } from "@regomesh/controller";
import { makeSnapshotFile, PROXY_UID } from "@regomesh/protocol";
import { CAPTURE_TOOLS, CaptureError, type CaptureTool, findTool } from "@regomesh/proxy";
import { makeService, makeSnapshot, makeWorkload, TestAuthority } from "@regomesh/proxy/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileAuthz } from "../compiled-policy.ts";
import { identityFlags } from "../proxy/stand/mesh-pair.ts";
import { endpointAt } from "../proxy/stand/stand.ts";
import { openProxyProcess } from "../proxy-process.ts";
import { until } from "./deadline.ts";
import { type Machine, TestNetwork, whyNoNetwork } from "./network.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../../cli/bin/regomesh.mjs");

const ID = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;
const APP_UID = 1000;
const SERVICE = { ipv4: "10.96.0.10", ipv6: "fd96::10" };
const OTHER_SERVICE = "10.96.0.11";
/** Nobody's of the mesh. */
const NOWHERE = "10.99.0.1";
const APP_PORT = 8080;
const OPEN_PORT = 9090;

/** A Node server that knows of no mesh; it says who it is, and whose certificate its caller showed. */
const SERVER = `for (const port of [${APP_PORT}, ${OPEN_PORT}]) require("node:http").createServer((request, response) =>
  response.end("orders " + request.headers.host + " " + request.headers["x-forwarded-client-cert"])).listen(port, "::", () => console.log("up"))`;

/** Says the port that the policy takes to be called. */
const CALLED = `package mesh.authz

allow := {"allowed": true, "response_headers_to_add": {"x-called": sprintf("%d", [port])}} if {
	port := input.attributes.destination.address.socketAddress.portValue
}
`;

type Injected = { readonly name: string; readonly args: readonly string[] };

/** Of a Pod with these annotations, as the webhook's answer to the API server has it. */
function injected(annotations: Readonly<Record<string, string>> = {}): readonly Injected[] {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", annotations },
    spec: { containers: [] },
  };
  const { patch } = toInjection(pod as never, { image: "regomesh", controller: "c:1", trustBundlePem: "" });
  const steps = patch as readonly { readonly path: string; readonly value: Injected }[];
  return steps.filter(({ path }) => /^\/spec\/initContainers\/\d$/.test(path)).map(({ value }) => value);
}

/** As the kubelet runs the init container. */
async function capture(machine: Machine, more: readonly string[] = [], annotations = {}) {
  const container = injected(annotations).find(({ name }) => name === "regomesh-capture");
  const done = await machine.say(0, [process.execPath, LAUNCHER, ...(container?.args ?? []), ...more]);
  expect([done.code, done.out]).toEqual([0, expect.stringMatching(/^captured by /)]);
}

/** The flags of the injected sidecar that are about capture. */
function sidecarFlags(): readonly string[] {
  const args = injected().find(({ name }) => name === "regomesh-proxy")?.args ?? [];
  const at = args.indexOf("--outbound");
  return args.slice(at);
}

for (const tool of CAPTURE_TOOLS) {
  const why = whyNoNetwork() ?? whyNoTool(tool);
  if (why !== undefined) console.warn(`left out, capture by ${tool} in network namespaces: ${why}`);
  describe.skipIf(why !== undefined)(`captured by ${tool}`, () => describeCapture(tool));
}

function whyNoTool(tool: CaptureTool): string | undefined {
  try {
    findTool(tool);
    return undefined;
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return error.message;
  }
}

function describeCapture(tool: CaptureTool): void {
  const opened = new AsyncDisposableStack();
  let [web, orders, outsider]: Machine[] = [];
  /** Of orders: where its sidecar listens. */
  let inbound = 0;

  beforeAll(async () => {
    const network = opened.use(await TestNetwork.open());
    [web, orders, outsider] = [await network.add(2), await network.add(3), await network.add(4)];
    const folder = await mkdtemp(join(tmpdir(), "regomesh-capture-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const authority = new TestAuthority("cluster.local");
    for (const machine of [web, orders]) await capture(machine, ["--with", tool]);
    opened.use(await openApplication(orders));
    const { ref, module } = await compileAuthz("called", CALLED);
    const served = opened.use(
      await openProxyProcess(
        makeSnapshotFile(
          makeSnapshot(
            makeWorkload({
              policies: { inbound: ref },
              name: "orders",
              service: "orders",
              principal: ID("orders"),
              inbound: [
                {
                  name: "http",
                  protocol: "http",
                  mode: "strict",
                  listen: { address: orders.ipv4, port: 0 },
                  application: { address: "127.0.0.1", port: APP_PORT },
                },
              ],
            }),
          ),
          [module],
        ),
        [...sidecarFlags(), ...(await identityFlags(folder, "orders", authority.identity(ID("orders"))))],
        orders.as(PROXY_UID),
      ),
    );
    const service = makeService("orders", {
      hosts: ["orders", SERVICE.ipv4, `[${SERVICE.ipv6}]`],
      principals: [ID("orders")],
    });
    const workload = makeWorkload({
      inbound: [],
      outbound: [service, makeService("payments", { hosts: ["payments", OTHER_SERVICE] })],
    });
    inbound = served.inbound["http"] ?? 0;
    const endpoint = endpointAt(inbound, {
      address: orders.ipv4,
      principal: ID("orders"),
      applicationPort: APP_PORT,
    });
    opened.use(
      await openProxyProcess(
        makeSnapshotFile(makeSnapshot(workload), [], [endpoint]),
        [...sidecarFlags(), ...(await identityFlags(folder, "web", authority.identity(ID("web"))))],
        web.as(PROXY_UID),
      ),
    );
  }, 120_000);
  afterAll(() => opened.disposeAsync(), 60_000);

  const curl = (machine: Machine | undefined, url: string, fields: readonly string[] = []) =>
    machine?.say(APP_UID, [
      ...["curl", "-sS", "-m", "10", "-w", " %{http_code}"],
      ...[...fields.flatMap((field) => ["-H", field]), url],
    ]);
  const MUTUAL = (host: string) => ({ code: 0, out: `orders ${host} URI=${ID("web")} 200` });

  test("curl's request to the service's address goes by mutual TLS, and its Host stays", async () => {
    expect(await curl(web, `http://${SERVICE.ipv4}/`)).toEqual(MUTUAL(SERVICE.ipv4));
    expect(await curl(web, `http://${SERVICE.ipv6.replace(/.*/, "[$&]")}/`)).toEqual(MUTUAL(`[${SERVICE.ipv6}]`));
  });

  test("a Node program's does", async () => {
    const script = `fetch("http://${SERVICE.ipv4}/").then((r) => r.text()).then(console.log)`;
    const { out } = (await web?.say(APP_UID, [process.execPath, "-e", script])) ?? {};
    expect(out).toBe(`orders ${SERVICE.ipv4} URI=${ID("web")}\n`);
  });

  test("a Pod's own address and application port are captured at both ends", async () => {
    const host = `${orders?.ipv4}:${APP_PORT}`;
    expect(await curl(web, `http://${host}/`)).toEqual(MUTUAL(host));
  });

  test("another port of that Pod is none of the mesh's, whatever a request says of itself", async () => {
    for (const fields of [[], ["Host: orders"]])
      expect((await curl(web, `http://${orders?.ipv4}:${OPEN_PORT}/`, fields))?.out).toMatch(
        /"no_such_service".*\n 404$/,
      );
  });

  test("policies see the port that was called, not the one that takes what is captured", async () => {
    const url = `http://${orders?.ipv4}:${APP_PORT}/`;
    const said = await web?.say(APP_UID, [
      "curl",
      "-sS",
      "-m",
      "10",
      "-o",
      "/dev/null",
      "-w",
      "%header{x-called}",
      url,
    ]);
    expect(said).toEqual({ code: 0, out: String(inbound) });
  });

  test("where a connection went stands before its Host, which counts where that is nobody's", async () => {
    expect(await curl(web, `http://${SERVICE.ipv4}/`, ["Host: payments"])).toEqual(MUTUAL("payments"));
    expect((await curl(web, `http://${OTHER_SERVICE}/`, ["Host: orders"]))?.out).toMatch(/ 503$/);
    expect(await curl(web, `http://${NOWHERE}/`, ["Host: orders"])).toEqual(MUTUAL("orders"));
    expect((await curl(web, `http://${NOWHERE}/`))?.out).toMatch(/"no_such_service".*\n 404$/);
  });

  test("the application's port takes nobody who shows no certificate of the mesh, until capture is undone", async () => {
    const past = () => curl(outsider, `http://${orders?.ipv4}:${APP_PORT}/`);
    const pastByIpv6 = () => curl(outsider, `http://[${orders?.ipv6}]:${APP_PORT}/`);
    const refused = { code: expect.any(Number), out: expect.stringMatching(/ 000$|reset|Empty reply/) };
    for (const attempt of [past, pastByIpv6]) {
      const found = await attempt();
      expect(found).toEqual(refused);
      expect(found?.code).not.toBe(0);
    }
    // Nor a port of his own choice, nor the sidecar's own ones.
    for (const port of [OPEN_PORT, 15_001, 15_006, 15_021]) {
      expect((await curl(outsider, `http://${orders?.ipv4}:${port}/`))?.code).not.toBe(0);
    }
    const undone = await orders?.say(0, [process.execPath, LAUNCHER, "capture", "--undo"]);
    expect(undone).toEqual({ code: 0, out: "no longer captured\n" });
    expect((await past())?.out).toMatch(/^orders .* undefined 200$/);
    expect((await pastByIpv6())?.out).toMatch(/^orders .* undefined 200$/);
    const annotations = { "regomesh.dev/exclude-inbound-port": String(OPEN_PORT) };
    await capture(orders as Machine, ["--with", tool], annotations);
    expect((await past())?.code).not.toBe(0);
    expect((await curl(outsider, `http://${orders?.ipv4}:${OPEN_PORT}/`))?.out).toMatch(/^orders .* 200$/);
  });

  test("whoever may not take the rules away is told so, and they stay", async () => {
    const folder = await mkdtemp(join(tmpdir(), "regomesh-capture-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    for (const program of ["iptables", "ip6tables"]) await symlink(`/usr/sbin/${program}`, join(folder, program));
    const command = [process.execPath, LAUNCHER, "capture", "--undo"];
    const refused = await web?.say(APP_UID, ["env", `PATH=${folder}`, ...command]);
    expect(refused).toEqual({ code: 1, out: expect.stringContaining("it needs CAP_NET_ADMIN") });
    expect(await curl(web, `http://${SERVICE.ipv4}/`)).toEqual(MUTUAL(SERVICE.ipv4));
  });

  test("what is excluded by address goes past, and nothing else", async () => {
    const annotations = { "regomesh.dev/exclude-outbound": `${orders?.ipv4}, fd00::/16` };
    await capture(web as Machine, ["--with", tool], annotations);
    expect((await curl(web, `http://${orders?.ipv4}:${OPEN_PORT}/`))?.out).toMatch(/undefined 200$/);
    expect(await curl(web, `http://${SERVICE.ipv4}/`)).toEqual(MUTUAL(SERVICE.ipv4));
    await capture(web as Machine, ["--with", tool]);
    expect((await curl(web, `http://${orders?.ipv4}:${OPEN_PORT}/`))?.out).not.toMatch(/undefined 200$/);
  });

  const other = tool === "nft" ? "iptables" : "nft";
  test.skipIf(whyNoTool(other) !== undefined)("rules of the one tool take the place of the other's", async () => {
    await capture(web as Machine, ["--with", other]);
    const rules = web?.run("nft list tables; iptables-save -t nat; ip6tables-save -t nat");
    const isThere = [rules?.includes("inet regomesh"), rules?.includes("REGOMESH")];
    expect(isThere).toEqual([other === "nft", other === "iptables"]);
    expect(await curl(web, `http://${SERVICE.ipv4}/`)).toEqual(MUTUAL(SERVICE.ipv4));
  });
}

async function openApplication(machine: Machine): Promise<AsyncDisposable> {
  const [file = "", ...args] = [...machine.as(APP_UID), process.execPath, "-e", SERVER];
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await until("the application listens", 30_000, () => said === "up\nup\n" || undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
    },
  };
}
