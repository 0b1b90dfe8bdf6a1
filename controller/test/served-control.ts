/** The controller's gRPC server with its authority, as tests speak to it: over real connections, by a clock that they set ahead. */
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { type Clock, type Log, SILENT } from "@regomesh/base";
import type { IdentityServer, IssueReply, ProxyReport } from "@regomesh/protocol";
import { ControlClient, IdentityClient } from "@regomesh/protocol/client";
import { isTakenBackSince } from "../src/ca/revocations.ts";
import { type Release, toPublication } from "../src/distribution/release.ts";
import { type Authority, signSnapshot } from "../src/shell/ca/authority.ts";
import { JoinTokens } from "../src/shell/ca/join-tokens.ts";
import { RevokedList } from "../src/shell/ca/revoked-list.ts";
import { Revoker } from "../src/shell/ca/revoker.ts";
import { type Control, makeControl } from "../src/shell/grpc/control.ts";
import { makeServerIdentity } from "../src/shell/grpc/credentials.ts";
import { Distributor } from "../src/shell/grpc/distributor.ts";
import { makeIdentityServer } from "../src/shell/grpc/identity.ts";
import { type GrpcServer, serveGrpc } from "../src/shell/grpc/server.ts";
import { SYSTEM_CLOCK } from "../src/shell/system-clock.ts";
import type { Lease } from "../src/store/store.ts";
import { ID, NAMED } from "./grpc-messages.ts";
import { type MadeCsr, makeCsr } from "./make-csr.ts";
import { makeAuthority, makeLease } from "./make-lease.ts";

type Joined = { readonly client: ControlClient; readonly reply: IssueReply; readonly csr: MadeCsr };

export class ServedControl {
  readonly folder: string;
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  readonly distributor: Distributor;
  readonly revoker: Revoker;
  readonly control: Control;
  readonly identityServer: IdentityServer;
  readonly reports: [string, ProxyReport][] = [];
  readonly logged: Parameters<Log["log"]>[] = [];
  /** How far the controller's clock is ahead. */
  aheadMs = 0;
  /** Of what a test has opened; they are called before the server ends. */
  readonly closers: (() => void)[] = [];
  readonly #lease: Lease;
  #server: GrpcServer | undefined;

  private constructor(folder: string, authority: Authority, lease: Lease, revoked: RevokedList) {
    this.folder = folder;
    this.authority = authority;
    this.#lease = lease;
    this.tokens = new JoinTokens(lease);
    const signer = authority.issueSnapshotSigner(Date.now());
    const clock: Clock = { nowMs: () => Date.now() + this.aheadMs, sleep: SYSTEM_CLOCK.sleep };
    this.distributor = new Distributor({
      clock,
      sign: (body) => ({ signature: signSnapshot(body, createPrivateKey(signer.keyPem)), signerPem: signer.chainPem }),
      onChange: () => this.control.refresh(),
      onHold: () => {},
      onOvertake: () => {},
    });
    const log: Log = { log: (...line) => void this.logged.push(line) };
    const shared = { authority, distributor: this.distributor, clock, log };
    this.control = makeControl({ ...shared, onReport: (name, report) => void this.reports.push([name, report]) });
    this.revoker = new Revoker({
      list: revoked,
      distributor: this.distributor,
      ttlMs: 60_000,
      nowMs: clock.nowMs,
      log: SILENT,
    });
    this.identityServer = makeIdentityServer({
      ...shared,
      tokens: this.tokens,
      svidTtlMs: 60_000,
      isMember: (id) => id === ID("web") || id === ID("orders"),
      revokedOf: (each) => this.distributor.revokedOf(each),
      isTakenBackSince: (joining, sinceMs) => isTakenBackSince(revoked.list, joining, sinceMs),
      files: { issued: () => {}, refused: () => {} },
    });
  }

  static async open(): Promise<ServedControl> {
    const folder = mkdtempSync(join(tmpdir(), "regomesh-grpc-"));
    const authority = await makeAuthority(folder, Date.now());
    const lease = await makeLease(folder);
    const served = new ServedControl(folder, authority, lease, await RevokedList.open(lease, Date.now()));
    served.#server = await served.serve();
    return served;
  }

  /** One more server of the same, with limits of its own. */
  async serve(handshakeMs?: number, firstMessageMs?: number): Promise<GrpcServer> {
    const first = this.authority.issueServer(["127.0.0.1"], Date.now());
    const identity = makeServerIdentity(this.authority, first, handshakeMs);
    const services = { control: this.control.server, identity: this.identityServer };
    return await serveGrpc("127.0.0.1:0", identity, services, firstMessageMs);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0)) close();
    await this.#server?.close();
    await this.#lease.end();
    rmSync(this.folder, { recursive: true });
  }

  /** Of the server, `HOST:PORT`. */
  get address(): string {
    return this.#server?.address ?? "";
  }

  publish(release: Release): void {
    this.distributor.publish(toPublication(release));
  }

  proxies() {
    return [...this.distributor.state.roster.proxies.values()];
  }

  root(): Buffer {
    return Buffer.from(this.authority.bundlePem);
  }

  /** Those of a workload that has an SVID; of nobody without one. */
  credentials(as?: { readonly reply: IssueReply; readonly csr: MadeCsr }): ChannelCredentials {
    return as === undefined
      ? credentials.createSsl(this.root())
      : credentials.createSsl(this.root(), Buffer.from(as.csr.keyPem), Buffer.from(as.reply.certificateChainPem));
  }

  issue(csr: MadeCsr, joinToken: string, as?: { reply: IssueReply; csr: MadeCsr }): Promise<IssueReply> {
    const client = new IdentityClient(this.address, this.credentials(as), NAMED);
    this.closers.push(() => client.close());
    return new Promise((resolve, reject) => {
      client.issue({ csrDer: Buffer.from(csr.der), joinToken }, (error, reply) =>
        error ? reject(error) : resolve(reply),
      );
    });
  }

  async makeToken(spiffeId: string, workload: string): Promise<string> {
    return (await this.tokens.create({ spiffeId, workload }, Date.now())).token;
  }

  async join(name: string): Promise<Joined> {
    const csr = makeCsr();
    const reply = await this.issue(csr, await this.makeToken(ID(name), `default/${name}`));
    const client = new ControlClient(this.address, this.credentials({ reply, csr }), NAMED);
    this.closers.push(() => client.close());
    return { client, reply, csr };
  }
}
