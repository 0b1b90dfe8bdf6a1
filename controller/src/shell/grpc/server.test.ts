import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Clock, type Log, SILENT } from "@regomesh/base";
import {
  ANSWER_WITHIN_MS,
  CONTROLLER_SERVER_NAME,
  type EndpointsUpdate,
  type IdentityServer,
  IdentityService,
  type IssueReply,
  type ProxyMessage,
  type ProxyReport,
  parseSnapshotFile,
} from "@regomesh/protocol";
import { ControlClient, IdentityClient } from "@regomesh/protocol/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf, hash, ID, makeHello, makeRelease, NAMED, next, until, wasm } from "../../../test/grpc-messages.ts";
import { type MadeCsr, makeCsr } from "../../../test/make-csr.ts";
import { makeAuthority, makeLease } from "../../../test/make-lease.ts";
import { holdingOf } from "../../../test/make-proxy.ts";
import { isTakenBackSince } from "../../ca/revocations.ts";
import { type Release, toPublication } from "../../distribution/release.ts";
import type { Lease } from "../../store/store.ts";
import { type Authority, readCsr, signSnapshot } from "../ca/authority.ts";
import { JoinTokens } from "../ca/join-tokens.ts";
import { RevokedList } from "../ca/revoked-list.ts";
import { Revoker } from "../ca/revoker.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { type Control, makeControl } from "./control.ts";
import { makeServerIdentity } from "./credentials.ts";
import { Distributor } from "./distributor.ts";
import { makeIdentityServer } from "./identity.ts";
import { type GrpcServer, serveGrpc } from "./server.ts";

let folder: string;
let authority: Authority;
let lease: Lease;
let tokens: JoinTokens;
let distributor: Distributor;
let revoker: Revoker;
let control: Control;
let server: GrpcServer;
let identityServer: IdentityServer;
let reports: [string, ProxyReport][];
let logged: Parameters<Log["log"]>[];
/** How far the controller's clock is ahead. */
let aheadMs: number;
const closers: (() => void)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-grpc-"));
  authority = await makeAuthority(folder, Date.now());
  lease = await makeLease(folder);
  tokens = new JoinTokens(lease);
  const signer = authority.issueSnapshotSigner(Date.now());
  reports = [];
  logged = [];
  aheadMs = 0;
  const clock: Clock = { nowMs: () => Date.now() + aheadMs, sleep: SYSTEM_CLOCK.sleep };
  distributor = new Distributor({
    clock,
    sign: (body) => ({ signature: signSnapshot(body, createPrivateKey(signer.keyPem)), signerPem: signer.chainPem }),
    onChange: () => control.refresh(),
    onHold: () => {},
    onOvertake: () => {},
  });
  const log: Log = { log: (...line) => void logged.push(line) };
  const shared = { authority, distributor, clock, log };
  const revoked = await RevokedList.open(lease, clock.nowMs());
  control = makeControl({ ...shared, onReport: (name, report) => void reports.push([name, report]) });
  revoker = new Revoker({ list: revoked, distributor, ttlMs: 60_000, nowMs: clock.nowMs, log: SILENT });
  const identity = makeServerIdentity(authority, authority.issueServer(["127.0.0.1"], Date.now()));
  identityServer = makeIdentityServer({
    ...shared,
    tokens,
    svidTtlMs: 60_000,
    isMember: (id) => id === ID("web") || id === ID("orders"),
    revokedOf: (each) => distributor.revokedOf(each),
    isTakenBackSince: (joining, sinceMs) => isTakenBackSince(revoked.list, joining, sinceMs),
    files: { issued: () => {}, refused: () => {} },
  });
  server = await serveGrpc("127.0.0.1:0", identity, {
    control: control.server,
    identity: identityServer,
  });
});

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await server.close();
  await lease.end();
  rmSync(folder, { recursive: true });
});

const publish = (next: Release) => distributor.publish(toPublication(next));
const proxies = () => [...distributor.state.roster.proxies.values()];
const root = () => Buffer.from(authority.bundlePem);

function issue(csr: MadeCsr, joinToken: string, as?: { reply: IssueReply; csr: MadeCsr }): Promise<IssueReply> {
  const tls =
    as === undefined
      ? credentials.createSsl(root())
      : credentials.createSsl(root(), Buffer.from(as.csr.keyPem), Buffer.from(as.reply.certificateChainPem));
  const client = new IdentityClient(server.address, tls, NAMED);
  closers.push(() => client.close());
  return new Promise((resolve, reject) => {
    client.issue({ csrDer: Buffer.from(csr.der), joinToken }, (error, reply) =>
      error ? reject(error) : resolve(reply),
    );
  });
}

async function makeToken(spiffeId: string, workload: string): Promise<string> {
  return (await tokens.create({ spiffeId, workload }, Date.now())).token;
}

async function join_(name: string): Promise<{ client: ControlClient; reply: IssueReply; csr: MadeCsr }> {
  const csr = makeCsr();
  const reply = await issue(csr, await makeToken(ID(name), `default/${name}`));
  const client = new ControlClient(
    server.address,
    credentials.createSsl(root(), Buffer.from(csr.keyPem), Buffer.from(reply.certificateChainPem)),
    NAMED,
  );
  closers.push(() => client.close());
  return { client, reply, csr };
}

describe("Identity", () => {
  test("issues for a join token, and renews by the SVID that it gave", async () => {
    const csr = makeCsr();
    const reply = await issue(csr, await makeToken(ID("web"), "default/web"));
    expect(reply.spiffeId).toBe(ID("web"));
    expect(reply.trustBundlePem).toBe(authority.bundlePem);
    const renewed = await issue(makeCsr(), "", { reply, csr });
    expect(renewed.spiffeId).toBe(ID("web"));
    expect(renewed.certificateChainPem).not.toBe(reply.certificateChainPem);
  });

  test("refuses whoever shows neither, another's token, and a workload that is gone", async () => {
    await expect(issue(makeCsr(), "")).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(issue(makeCsr(), "guess")).rejects.toMatchObject({ details: "the join token is unknown" });
    const csr = makeCsr();
    const joining = { spiffeId: ID("gone"), workload: "default/gone" };
    const { chainPem, notAfterMs } = authority.issueSvid(readCsr(csr.der), joining, 60_000, Date.now());
    const reply = { certificateChainPem: chainPem, trustBundlePem: "", spiffeId: "", notAfterMs };
    await expect(issue(makeCsr(), "", { reply, csr })).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test("gives a used token's key nothing any more once its certificate was taken back, however it was", async () => {
    publish(makeRelease(1));
    for (const how of ["workload", "serial"] as const) {
      const [csr, other] = [makeCsr(), makeCsr()];
      const token = (await tokens.create({ spiffeId: ID("web"), workload: "default/web", uses: 2 }, Date.now())).token;
      await issue(csr, token);
      const { serialNumber } = new X509Certificate((await issue(csr, token)).certificateChainPem);
      aheadMs += 2000;
      const what = how === "serial" ? { serial: serialNumber } : { workload: "default/web" };
      expect(typeof (await revoker.revoke(what))).toBe("object");
      aheadMs += 2000;
      await expect(issue(csr, token)).rejects.toMatchObject({
        details:
          "the join token was used by this key, and what was issued then was taken back: another token is needed",
      });
      expect((await issue(other, token)).spiffeId).toBe(ID("web"));
    }
  });

  test("gives the token of a workload that is gone nothing", async () => {
    const token = await makeToken(ID("gone"), "default/gone");
    await expect(issue(makeCsr(), token)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "default/gone is no workload of this mesh",
    });
  });

  test("does not know the SVID of another authority", async () => {
    const other = await makeAuthority(join(folder, "other"), Date.now());
    const csr = makeCsr();
    const { chainPem, notAfterMs } = other.issueSvid(
      { ...csr, point: csr.publicKey, signed: csr.der, signature: csr.der },
      { spiffeId: ID("web") },
      60_000,
      Date.now(),
    );
    const reply = { certificateChainPem: chainPem, trustBundlePem: "", spiffeId: "", notAfterMs };
    await expect(issue(makeCsr(), "", { reply, csr })).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

describe("Control.Snapshots", () => {
  test("sends the snapshot with its modules, signed; after an ACK only what is new", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    closers.push(() => stream.on("error", () => {}).cancel());
    stream.write(makeHello("web"));
    const first = await next(stream);
    expect(first.modules.map((module) => [module.hash, [...module.wasm]])).toEqual([[hash, [...wasm]]]);
    const { problems } = parseSnapshotFile(
      JSON.stringify({ body: JSON.parse(String(first.body)), hash: first.hash, modules: [] }),
    );
    expect(problems).toEqual([]);
    stream.write({ message: { $case: "ack", value: { nonce: first.nonce, holding: holdingOf(first) } } });
    await until(() => proxies()[0]?.holding.snapshotHash === first.hash);
    publish(makeRelease(2));
    const second = await next(stream);
    expect(JSON.parse(String(second.body)).revision.sequence).toBe(2);
    expect(second.modules).toEqual([]);
  });

  test("a proxy that has it already is sent nothing; one that refuses keeps its old one until there is another", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    closers.push(() => stream.on("error", () => {}).cancel());
    stream.write(
      makeHello("web", {
        holding: {
          snapshotHash: distributor.wanted("default/web")?.whole().hash ?? "",
          revision: undefined,
          contentHashes: [],
        },
      }),
    );
    await until(() => proxies().length === 1);
    publish(makeRelease(2));
    const second = await next(stream);
    const problems = [{ code: "listen_failed", message: "no" }];
    const { nonce, hash } = second;
    const value = { nonce, hash, class: "local", reason: "listen_failed", problems, holding: undefined };
    stream.write({ message: { $case: "nack", value } });
    await until(() => proxies()[0]?.refusal !== undefined);
    expect(proxies()[0]?.refusal).toMatchObject({
      hash,
      class: "local",
      reason: "listen_failed",
      attempts: 1,
      problems,
    });
    expect(proxies()[0]?.holding.snapshotHash).not.toBe(second.hash);
    publish(makeRelease(3));
    expect(JSON.parse(String((await next(stream)).body)).revision.sequence).toBe(3);
  });

  test("whoever says hello under names that it makes up puts none of them into what status looks for", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    for (const name of ["ghost", "phantom"]) {
      const stream = client.snapshots();
      stream.write(makeHello(name));
      expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    }
    expect(distributor.state.roster.orphans).toEqual([]);
    publish(makeRelease(2, ["orders"]));
    const stream = client.snapshots();
    stream.write(makeHello("ghost"));
    expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(distributor.state.roster.orphans).toMatchObject([{ workload: "default/web", principal: ID("web") }]);
  });

  test("a workload speaks for itself alone, and no stranger speaks", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    stream.write(makeHello("orders"));
    expect(await failureOf(stream)).toMatchObject({ code: status.PERMISSION_DENIED });
    const stranger = new ControlClient(server.address, credentials.createSsl(root()), NAMED);
    closers.push(() => stranger.close());
    const strange = stranger.snapshots(new Metadata());
    strange.write(makeHello("web"));
    expect(await failureOf(strange)).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test("who shows no certificate is refused before he says anything", async () => {
    const stranger = new ControlClient(server.address, credentials.createSsl(root()), NAMED);
    closers.push(() => stranger.close());
    expect(await failureOf(stranger.snapshots())).toMatchObject({ code: status.UNAUTHENTICATED });
    const failed = Promise.withResolvers<ServiceError | null>();
    stranger.report((error) => failed.resolve(error));
    expect(await failed.promise).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test("who refuses is in the log once for what he was sent, and in few words", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    const { nonce, hash } = await next(stream);
    const problems = [{ code: "disk", message: "x".repeat(100_000) }];
    const refuse = (of: string) =>
      stream.write({
        message: {
          $case: "nack",
          value: { nonce: of, hash, class: "local", reason: "y".repeat(1000), problems, holding: undefined },
        },
      });
    for (const of of ["", "17", nonce, nonce, "18"]) refuse(of);
    await until(() => proxies().some(({ refusal }) => refusal !== undefined));
    // Whatever was written before it is dealt with before it is.
    const other = client.snapshots();
    other.on("error", () => {});
    stream.on("error", () => {});
    other.write(makeHello("web", { instance: "2" }));
    await next(other);
    const said = logged.filter(([, message]) => message === "a proxy refused a snapshot");
    expect(said.map(([, , facts]) => [facts?.["reason"], String(facts?.["problem"]).length])).toEqual([
      ["internal", 500],
    ]);
  });

  test("an answer that does not come in time ends the stream: the proxy is away", async () => {
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    await next(stream);
    const failed = failureOf(stream);
    aheadMs = ANSWER_WITHIN_MS;
    publish(makeRelease(2));
    expect(await failed).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(proxies()).toEqual([]);
    expect(distributor.state.roster.gone.map(({ workload }) => workload)).toEqual(["default/web"]);
  });

  test.each([
    ["that the proxy ends is an orderly leave", true],
    ["whose connection breaks off is not", false],
  ])("a stream %s", async (_, isOrderly) => {
    publish(makeRelease(1));
    const { csr, reply } = await join_("web");
    const open: Socket[] = [];
    const way = createServer((near) => {
      const far = connectTo(Number(server.address.split(":").at(-1)), "127.0.0.1");
      near.pipe(far).pipe(near);
      open.push(near, far);
    });
    await new Promise<void>((done) => way.listen(0, "127.0.0.1", done));
    closers.push(() => void way.close());
    const { port } = way.address() as AddressInfo;
    const tls = credentials.createSsl(root(), Buffer.from(csr.keyPem), Buffer.from(reply.certificateChainPem));
    const client = new ControlClient(`127.0.0.1:${port}`, tls, NAMED);
    closers.push(() => client.close());
    const stream = client.snapshots();
    stream.on("error", () => {});
    stream.write(makeHello("web"));
    await next(stream);
    if (isOrderly) stream.end();
    else for (const socket of open) socket.destroy();
    await until(() => distributor.state.roster.gone.length === 1);
    expect(distributor.state.roster.gone[0]).toMatchObject({ workload: "default/web", isOrderly });
    for (const socket of open) socket.destroy();
  });

  test("one version of a service does not speak for another, though both have one SPIFFE ID", async () => {
    publish(makeRelease(1));
    const csr = makeCsr();
    const reply = await issue(csr, await makeToken(ID("web"), "default/web-v2"));
    const tls = credentials.createSsl(root(), Buffer.from(csr.keyPem), Buffer.from(reply.certificateChainPem));
    const client = new ControlClient(server.address, tls, NAMED);
    closers.push(() => client.close());
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    expect(await failureOf(stream)).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "default/web-v2 is not workload default/web",
    });
  });

  test("nothing below TLS 1.3 is taken", async () => {
    const [host = "", port = ""] = server.address.split(":");
    const dial = (maxVersion: "TLSv1.2" | "TLSv1.3") =>
      new Promise<string>((resolve) => {
        const options = {
          host,
          port: Number(port),
          ca: root(),
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
    publish(makeRelease(1));
    const { client } = await join_("web");
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
    publish(makeRelease(1));
    const { client } = await join_("web");
    const stream = client.snapshots();
    stream.write(makeHello("web"));
    await next(stream);
    const failed = failureOf(stream);
    publish(makeRelease(2, ["orders"]));
    expect(await failed).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(proxies()).toEqual([]);
  });
});

describe("Control.Endpoints", () => {
  async function watch(): Promise<{ updates: EndpointsUpdate[]; failed: Promise<ServiceError> }> {
    const { client } = await join_("web");
    const updates: EndpointsUpdate[] = [];
    const stream = client.endpoints({ workload: "web", namespace: "default", features: [] });
    stream.on("data", (update: EndpointsUpdate) => updates.push(update));
    const failed = failureOf(stream);
    await until(() => updates.length === 1);
    return { updates, failed };
  }

  test("ends with the membership of whoever listens, before it is told anything more", async () => {
    publish(makeRelease(1));
    const { updates, failed } = await watch();
    publish(makeRelease(2, ["orders", "payments"]));
    expect(await failed).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(updates.length).toBe(1);
  });

  test("ends with the certificate that opened it", async () => {
    publish(makeRelease(1));
    const { updates, failed } = await watch();
    aheadMs = 120_000;
    publish(makeRelease(2, ["web", "orders", "payments"]));
    expect(await failed).toMatchObject({ code: status.UNAUTHENTICATED, details: "the SVID has ended" });
    expect(updates.length).toBe(1);
  });

  test("tells where the others listen, as long as their streams live", async () => {
    publish(makeRelease(1));
    const [web, orders] = [await join_("web"), await join_("orders")];
    const updates: EndpointsUpdate[] = [];
    const watch = web.client.endpoints({ workload: "web", namespace: "default", features: [] });
    closers.push(() => watch.cancel());
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
    publish(makeRelease(1));
    const { client } = await join_("web");
    const connected = client.snapshots();
    closers.push(() => connected.on("error", () => {}).cancel());
    connected.write(makeHello("web"));
    await until(() => proxies().length === 1);
    const ended = new Promise<ServiceError | null>((resolve) => {
      const stream = client.report(resolve);
      stream.write({ ...report, instance: "web-2" });
      stream.write(report);
      stream.write({ ...report, workload: "orders" });
    });
    expect(await ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(reports).toEqual([["default/web", report]]);
  });
});

describe("Whoever says nothing", () => {
  const openFor = async (handshakeMs: number, firstMessageMs: number): Promise<string> => {
    const identity = makeServerIdentity(authority, authority.issueServer(["127.0.0.1"], Date.now()), handshakeMs);
    const services = { control: control.server, identity: identityServer };
    const opened = await serveGrpc("127.0.0.1:0", identity, services, firstMessageMs);
    closers.push(() => void opened.close());
    return opened.address;
  };

  test("before TLS has no connection for long", async () => {
    const socket = connectTo(Number((await openFor(50, 60_000)).split(":").at(-1)), "127.0.0.1");
    closers.push(() => socket.destroy());
    await new Promise((done) => socket.once("close", done));
  });

  test("within it has no call for long", async () => {
    const client = new IdentityClient(await openFor(60_000, 50), credentials.createSsl(root()), NAMED);
    closers.push(() => client.close());
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
