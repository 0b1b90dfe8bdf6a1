/** A controller just good enough to speak to: real gRPC over real mTLS, with answers that tests set. */
import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import {
  type Ack,
  CONTROLLER_SERVER_NAME,
  type ControllerMessage,
  type ControlServer,
  ControlService,
  canonicalJson,
  controllerId,
  type EndpointsUpdate,
  type Hello,
  type IdentityServer,
  IdentityService,
  type Nack,
  type ProxyMessage,
  type ProxyReport,
  type Snapshot,
  type SnapshotModule,
  snapshotHash,
  snapshotSignerId,
} from "@regomesh/protocol";
import { signBody, type TestAuthority } from "./test-authority.ts";

type Stream = ServerDuplexStream<ProxyMessage, ControllerMessage>;

export class TestController {
  readonly #authority: TestAuthority;
  readonly #spiffeId: string;
  readonly #signer: { readonly keyPem: string; readonly chainPem: string };
  #server: Server | undefined = undefined;
  #stream: Stream | undefined = undefined;
  #endpoints: ((update: EndpointsUpdate) => void) | undefined = undefined;
  #waiting: (() => void)[] = [];
  readonly heard: {
    hellos: Hello[];
    acks: Ack[];
    nacks: Nack[];
    reports: ProxyReport[];
    issued: number;
    refused: number;
  } = {
    hellos: [],
    acks: [],
    nacks: [],
    reports: [],
    issued: 0,
    refused: 0,
  };
  /** Sent at each hello without it. */
  snapshot: Snapshot | undefined = undefined;
  modules: readonly SnapshotModule[] = [];
  /** The first word of each stream of endpoints; undefined: none. */
  endpoints: EndpointsUpdate | undefined = { services: [], complete: true };
  svidTtlMs = 3_600_000;
  /** The one join token that it takes. */
  token = "the-token";
  /** Refuses every Snapshots stream so. */
  refusal: string | undefined = undefined;
  /** Refuses to renew. */
  isRenewing = true;
  port = 0;

  constructor(authority: TestAuthority, spiffeId: string, trustDomain = "cluster.local") {
    this.#authority = authority;
    this.#spiffeId = spiffeId;
    this.#signer = authority.issue({ uris: [snapshotSignerId(trustDomain)] });
  }

  /** The same port again after `kill`. */
  async start(): Promise<void> {
    const { keyPem, chainPem } = this.#authority.issue({
      uris: [controllerId("cluster.local")],
      dnsNames: [CONTROLLER_SERVER_NAME],
    });
    const server = new Server();
    const identity: IdentityServer = {
      issue: (call, reply) => {
        const key = readCsrKey(call.request.csrDer);
        if (call.request.joinToken !== "" && call.request.joinToken !== this.token) {
          this.heard.refused++;
          this.#wake();
          return reply({ code: status.UNAUTHENTICATED, details: "the join token is unknown" });
        }
        if (call.request.joinToken === "" && !this.isRenewing) {
          this.heard.refused++;
          this.#wake();
          return reply({ code: status.PERMISSION_DENIED, details: "the certificate was taken back" });
        }
        this.heard.issued++;
        const notAfterMs = Date.now() + this.svidTtlMs;
        reply(null, {
          certificateChainPem: this.#authority.certify(key, { uris: [this.#spiffeId], notAfterMs }),
          trustBundlePem: this.#authority.bundlePem,
          spiffeId: this.#spiffeId,
          notAfterMs,
        });
        this.#wake();
      },
    };
    server.addService(IdentityService, identity);
    const control: ControlServer = {
      snapshots: (call) => this.#serve(call),
      endpoints: (call) => {
        this.#endpoints = (update) => call.write(update);
        if (this.endpoints !== undefined) call.write(this.endpoints);
      },
      report: (call, _reply) => {
        call.on("data", (report: ProxyReport) => {
          this.heard.reports.push(report);
          this.#wake();
        });
        call.on("error", () => {});
      },
    };
    server.addService(ControlService, control);
    const credentials = ServerCredentials.createSsl(
      Buffer.from(this.#authority.bundlePem),
      [{ private_key: Buffer.from(keyPem), cert_chain: Buffer.from(chainPem) }],
      false,
    );
    this.port = await new Promise<number>((done, fail) => {
      server.bindAsync(`127.0.0.1:${this.port}`, credentials, (error, port) => (error ? fail(error) : done(port)));
    });
    this.#server = server;
  }

  kill(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#stream = undefined;
  }

  async close(): Promise<void> {
    this.kill();
    await Promise.resolve();
  }

  /** Sends a snapshot on the open stream; `tamper` may change what is on the wire. */
  send(snapshot: Snapshot, modules: readonly SnapshotModule[] = [], tamper?: (body: Buffer) => Buffer): void {
    const body = Buffer.from(canonicalJson(snapshot));
    const hash = snapshotHash(body.toString());
    this.#stream?.write({
      message: {
        $case: "snapshot",
        value: {
          nonce: String(Math.random()),
          hash,
          body: tamper === undefined ? body : tamper(body),
          modules: modules.map(({ hash, wasm, data }) => ({ hash, wasm: Buffer.from(wasm), data: Buffer.from(data) })),
          contents: [],
          lists: [],
          moduleParts: [],
          signature: signBody(body, this.#signer.keyPem),
          signerPem: this.#signer.chainPem,
        },
      },
    });
  }

  sendEndpoints(update: EndpointsUpdate): void {
    this.#endpoints?.(update);
  }

  /** Until what was heard satisfies the question. */
  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  #serve(call: Stream): void {
    this.#stream = call;
    call.on("error", () => {});
    call.on("end", () => call.end());
    if (this.refusal !== undefined) {
      this.heard.refused++;
      call.emit("error", { code: status.PERMISSION_DENIED, details: this.refusal });
      this.#wake();
      return;
    }
    call.on("data", ({ message }: ProxyMessage) => {
      if (message?.$case === "hello") {
        this.heard.hellos.push(message.value);
        const { snapshot } = this;
        if (snapshot !== undefined && snapshotHash(canonicalJson(snapshot)) !== message.value.holding?.snapshotHash) {
          this.send(snapshot, this.modules);
        }
      } else if (message?.$case === "ack") this.heard.acks.push(message.value);
      else if (message?.$case === "nack") this.heard.nacks.push(message.value);
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** SubjectPublicKeyInfo of a CSR: the 91 bytes that begin like every P-256 key's. */
function readCsrKey(csr: Buffer): Buffer {
  const start = csr.indexOf(Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107", "hex"));
  if (start < 0) throw new Error("the CSR has no P-256 key");
  return csr.subarray(start, start + 91);
}
