/** What the server tells and hears beside snapshots, and how long it hears whoever says nothing. */
import { connect as connectTo } from "node:net";
import { type ServiceError, status } from "@grpc/grpc-js";
import { type EndpointsUpdate, IdentityService, type ProxyReport } from "@regomesh/protocol";
import { IdentityClient } from "@regomesh/protocol/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf, ID, makeHello, makeRelease, NAMED, until } from "../../../test/grpc-messages.ts";
import { ServedControl } from "../../../test/served-control.ts";

let served: ServedControl;
beforeEach(async () => {
  served = await ServedControl.open();
});
afterEach(async () => await served.close());

describe("Control.Endpoints", () => {
  async function watch(): Promise<{ updates: EndpointsUpdate[]; failed: Promise<ServiceError> }> {
    const { client } = await served.join("web");
    const updates: EndpointsUpdate[] = [];
    const stream = client.endpoints({ workload: "web", namespace: "default", features: [] });
    stream.on("data", (update: EndpointsUpdate) => updates.push(update));
    const failed = failureOf(stream);
    await until(() => updates.length === 1);
    return { updates, failed };
  }

  test("ends with the membership of whoever listens, before it is told anything more", async () => {
    served.publish(makeRelease(1));
    const { updates, failed } = await watch();
    served.publish(makeRelease(2, ["orders", "payments"]));
    expect(await failed).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(updates.length).toBe(1);
  });

  test("ends with the certificate that opened it", async () => {
    served.publish(makeRelease(1));
    const { updates, failed } = await watch();
    served.aheadMs = 120_000;
    served.publish(makeRelease(2, ["web", "orders", "payments"]));
    expect(await failed).toMatchObject({ code: status.UNAUTHENTICATED, details: "the SVID has ended" });
    expect(updates.length).toBe(1);
  });

  test("tells where the others listen, as long as their streams live", async () => {
    served.publish(makeRelease(1));
    const [web, orders] = [await served.join("web"), await served.join("orders")];
    const updates: EndpointsUpdate[] = [];
    const watch = web.client.endpoints({ workload: "web", namespace: "default", features: [] });
    served.closers.push(() => watch.cancel());
    watch.on("error", () => {});
    watch.on("data", (update: EndpointsUpdate) => updates.push(update));
    await until(() => updates.length === 1);
    expect(updates[0]).toMatchObject({
      complete: true,
      services: [{ service: "web.default" }, { service: "orders.default" }],
    });
    const stream = orders.client.snapshots();
    stream.on("data", () => {});
    stream.write(makeHello("orders"));
    const listen = [
      { portName: "http", address: "127.0.0.1", port: 4001, transports: ["h1"] },
      { portName: "http", address: "10.0.0.1", port: 4002, transports: ["h1"] },
      { portName: "admin", address: "127.0.0.1", port: 4003, transports: ["h1"] },
    ];
    stream.write(makeHello("orders", { listen }));
    await until(() => updates.length === 2);
    expect(updates[1]).toEqual({
      complete: false,
      services: [
        {
          service: "orders.default",
          endpoints: [
            {
              address: "127.0.0.1",
              port: 4001,
              workload: "orders",
              principal: ID("orders"),
              labels: {},
              portName: "http",
              transports: ["h1"],
            },
          ],
          partial: undefined,
          gone: [],
        },
      ],
    });
    stream.end();
    await until(() => updates.length === 3);
    expect(updates[2]).toMatchObject({ complete: false, services: [{ service: "orders.default", endpoints: [] }] });
  });
});

describe("Control.Report", () => {
  const report: ProxyReport = {
    timeMs: 1,
    edges: [],
    decisions: [],
    decisionsDropped: 0,
    holding: undefined,
    svidNotAfterMs: 0,
    troubles: [],
    captured: false,
    policyP50Ns: 0,
    policyP99Ns: 0,
    refusedTotal: 7,
    overBudgetTotal: 0,
    handshakes: [],
    endpoints: [],
    shadows: [],
    workload: "web",
    namespace: "default",
    instance: "web-1",
  };

  test("hears a workload's own reports, of proxies that are connected, and nobody else's", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const connected = client.snapshots();
    served.closers.push(() => connected.on("error", () => {}).cancel());
    connected.write(makeHello("web"));
    await until(() => served.proxies().length === 1);
    const ended = new Promise<ServiceError | null>((resolve) => {
      const stream = client.report(resolve);
      stream.write({ ...report, instance: "web-2" });
      stream.write(report);
      stream.write({ ...report, workload: "orders" });
    });
    expect(await ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(served.reports).toEqual([["default/web", report]]);
  });
});

describe("Whoever says nothing", () => {
  const openFor = async (handshakeMs: number, firstMessageMs: number): Promise<string> => {
    const opened = await served.serve(handshakeMs, firstMessageMs);
    served.closers.push(() => void opened.close());
    return opened.address;
  };

  test("before TLS has no connection for long", async () => {
    const socket = connectTo(Number((await openFor(50, 60_000)).split(":").at(-1)), "127.0.0.1");
    served.closers.push(() => socket.destroy());
    await new Promise((done) => socket.once("close", done));
  });

  test("within it has no call for long", async () => {
    const client = new IdentityClient(await openFor(60_000, 50), served.credentials(), NAMED);
    served.closers.push(() => client.close());
    const { path, responseDeserialize } = IdentityService.issue;
    const failed = Promise.withResolvers<ServiceError | null>();
    client.makeClientStreamRequest(
      path,
      (all: Buffer) => all,
      responseDeserialize,
      (error) => failed.resolve(error),
    );
    expect(await failed.promise).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });
});
