/** Control.Snapshots: what a proxy is sent, what its answers do, and who is no proxy. */
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ANSWER_WITHIN_MS, CONTROLLER_SERVER_NAME, type ProxyMessage, parseSnapshotFile } from "@regomesh/protocol";
import { ControlClient } from "@regomesh/protocol/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf, hash, ID, makeHello, makeRelease, NAMED, next, until, wasm } from "../../../test/grpc-messages.ts";
import { makeCsr } from "../../../test/make-csr.ts";
import { holdingOf } from "../../../test/make-proxy.ts";
import { ServedControl } from "../../../test/served-control.ts";

let served: ServedControl;
beforeEach(async () => {
  served = await ServedControl.open();
});
afterEach(async () => await served.close());

describe("Control.Snapshots", () => {
  test("sends the snapshot with its modules, signed; after an ACK only what is new", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    served.closers.push(() => stream.on("error", () => {}).cancel());
    stream.write(makeHello("web"));
    const first = await next(stream);
    expect(first.modules.map((module) => [module.hash, [...module.wasm]])).toEqual([[hash, [...wasm]]]);
    const { problems } = parseSnapshotFile(
      JSON.stringify({ body: JSON.parse(String(first.body)), hash: first.hash, modules: [] }),
    );
    expect(problems).toEqual([]);
    stream.write({ message: { $case: "ack", value: { nonce: first.nonce, holding: holdingOf(first) } } });
    await until(() => served.proxies()[0]?.holding.snapshotHash === first.hash);
    served.publish(makeRelease(2));
    const second = await next(stream);
    expect(JSON.parse(String(second.body)).revision.sequence).toBe(2);
    expect(second.modules).toEqual([]);
  });

  test("a proxy that has it already is sent nothing; one that refuses keeps its old one until there is another", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    served.closers.push(() => stream.on("error", () => {}).cancel());
    stream.write(
      makeHello("web", {
        holding: {
          snapshotHash: served.distributor.wanted("default/web")?.whole().hash ?? "",
          revision: undefined,
          contentHashes: [],
        },
      }),
    );
    await until(() => served.proxies().length === 1);
    served.publish(makeRelease(2));
    const second = await next(stream);
    const problems = [{ code: "listen_failed", message: "no" }];
    const { nonce, hash } = second;
    const value = { nonce, hash, class: "local", reason: "listen_failed", problems, holding: undefined };
    stream.write({ message: { $case: "nack", value } });
    await until(() => served.proxies()[0]?.refusal !== undefined);
    expect(served.proxies()[0]?.refusal).toMatchObject({
      hash,
      class: "local",
      reason: "listen_failed",
      attempts: 1,
      problems,
    });
    expect(served.proxies()[0]?.holding.snapshotHash).not.toBe(second.hash);
    served.publish(makeRelease(3));
    expect(JSON.parse(String((await next(stream)).body)).revision.sequence).toBe(3);
  });

  test("whoever says hello under names that it makes up puts none of them into what status looks for", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    for (const name of ["ghost", "phantom"]) {
      const stream = client.snapshots();
      stream.write(makeHello(name));
      expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    }
    expect(served.distributor.state.roster.orphans).toEqual([]);
    served.publish(makeRelease(2, ["orders"]));
    const stream = client.snapshots();
    stream.write(makeHello("ghost"));
    expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(served.distributor.state.roster.orphans).toMatchObject([{ workload: "default/web", principal: ID("web") }]);
  });

  test("a workload speaks for itself alone, and no stranger speaks", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    stream.write(makeHello("orders"));
    expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    const stranger = new ControlClient(served.address, served.credentials(), NAMED);
    served.closers.push(() => stranger.close());
    const strange = stranger.snapshots(new Metadata());
    strange.write(makeHello("web"));
    expect(await failureOf(strange)).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test("who shows no certificate is refused before he says anything", async () => {
    const stranger = new ControlClient(served.address, served.credentials(), NAMED);
    served.closers.push(() => stranger.close());
    expect(await failureOf(stranger.snapshots())).toMatchObject({ code: status.UNAUTHENTICATED });
    const failed = Promise.withResolvers<ServiceError | null>();
    stranger.report((error) => failed.resolve(error));
    expect(await failed.promise).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test("who refuses is in the log once for what he was sent, and in few words", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    const { nonce, hash } = await next(stream);
    const problems = [{ code: "disk", message: "x".repeat(100_000) }];
    const refuse = (of: string) =>
      stream.write({
        message: {
          $case: "nack",
          value: { nonce: of, hash, class: "z".repeat(1000), reason: "y".repeat(1000), problems, holding: undefined },
        },
      });
    for (const of of ["", "17", nonce, nonce, "18"]) refuse(of);
    await until(() => served.proxies().some(({ refusal }) => refusal !== undefined));
    // Whatever was written before it is dealt with before it is.
    const other = client.snapshots();
    other.on("error", () => {});
    stream.on("error", () => {});
    other.write(makeHello("web", { instance: "2" }));
    await next(other);
    const said = served.logged.filter(([, message]) => message === "a proxy refused a snapshot");
    expect(said.map(([, , facts]) => facts)).toEqual([
      { class: "local", reason: "internal", problem: "x".repeat(500) },
    ]);
  });

  test("an answer that does not come in time ends the stream: the proxy is away", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    await next(stream);
    const failed = failureOf(stream);
    served.aheadMs = ANSWER_WITHIN_MS;
    served.publish(makeRelease(2));
    expect(await failed).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(served.proxies()).toEqual([]);
    expect(served.distributor.state.roster.gone.map(({ workload }) => workload)).toEqual(["default/web"]);
  });

  test.each([
    ["that the proxy ends is an orderly leave", true],
    ["whose connection breaks off is not", false],
  ])("a stream %s", async (_, isOrderly) => {
    served.publish(makeRelease(1));
    const { csr, reply } = await served.join("web");
    const open: Socket[] = [];
    const way = createServer((near) => {
      const far = connectTo(Number(served.address.split(":").at(-1)), "127.0.0.1");
      near.pipe(far).pipe(near);
      open.push(near, far);
    });
    await new Promise<void>((done) => way.listen(0, "127.0.0.1", done));
    served.closers.push(() => void way.close());
    const { port } = way.address() as AddressInfo;
    const tls = served.credentials({ reply, csr });
    const client = new ControlClient(`127.0.0.1:${port}`, tls, NAMED);
    served.closers.push(() => client.close());
    const stream = client.snapshots();
    stream.on("error", () => {});
    stream.write(makeHello("web"));
    await next(stream);
    if (isOrderly) stream.end();
    else for (const socket of open) socket.destroy();
    await until(() => served.distributor.state.roster.gone.length === 1);
    expect(served.distributor.state.roster.gone[0]).toMatchObject({ workload: "default/web", isOrderly });
    for (const socket of open) socket.destroy();
  });

  test("one version of a service does not speak for another, though both have one SPIFFE ID", async () => {
    served.publish(makeRelease(1));
    const csr = makeCsr();
    const reply = await served.issue(csr, await served.makeToken(ID("web"), "default/web-v2"));
    const tls = served.credentials({ reply, csr });
    const client = new ControlClient(served.address, tls, NAMED);
    served.closers.push(() => client.close());
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    expect(await failureOf(stream)).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "default/web-v2 is not workload default/web",
    });
  });

  test("nothing below TLS 1.3 is taken", async () => {
    const [host = "", port = ""] = served.address.split(":");
    const dial = (maxVersion: "TLSv1.2" | "TLSv1.3") =>
      new Promise<string>((resolve) => {
        const options = {
          host,
          port: Number(port),
          ca: served.root(),
          servername: CONTROLLER_SERVER_NAME,
          ALPNProtocols: ["h2"],
        };
        const socket = connect({ ...options, maxVersion, minVersion: "TLSv1.2" }, () => {
          resolve(socket.getProtocol() ?? "");
          socket.destroy();
        });
        socket.on("error", () => resolve("refused"));
      });
    expect(await dial("TLSv1.3")).toBe("TLSv1.3");
    expect(await dial("TLSv1.2")).toBe("refused");
  });

  test("a proxy of another ABI, an ACK before a hello, and a hello of two proxies are refused", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    for (const [messages, code] of [
      [[makeHello("web", { moduleAbi: 99 })], status.FAILED_PRECONDITION],
      [[{ message: { $case: "ack", value: { nonce: "", holding: undefined } } }], status.INVALID_ARGUMENT],
      [[makeHello("web"), makeHello("web", { instance: "other" })], status.INVALID_ARGUMENT],
    ] as const) {
      const stream = client.snapshots();
      stream.on("data", () => {});
      const failed = failureOf(stream);
      for (const message of messages) stream.write(message as ProxyMessage);
      expect(await failed).toMatchObject({ code });
    }
  });

  test("a workload that a revision takes away loses its stream", async () => {
    served.publish(makeRelease(1));
    const { client } = await served.join("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    await next(stream);
    const failed = failureOf(stream);
    served.publish(makeRelease(2, ["orders"]));
    expect(await failed).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(served.proxies()).toEqual([]);
  });
});
