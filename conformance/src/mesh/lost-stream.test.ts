/**
 * The only proxy of a service, cut off from the controller: it serves on, and so its callers go on asking it. One that
 * says that it goes is asked no more.
 */
import { readFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Child } from "@regomesh/cli";
import type { StatusBody } from "@regomesh/controller";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WITHOUT_LIMITS } from "./commit-latency.ts";
import { until } from "./deadline.ts";
import { nextEvent } from "./events.ts";
import { ROOT, TestMesh } from "./test-mesh.ts";

const BACK_MS = 30_000;
/** A lease is a second. */
const LOST_MS = 15_000;

let mesh: TestMesh;
let way: Way;
let payments: Child;
beforeAll(async () => {
  mesh = await TestMesh.open(WITHOUT_LIMITS);
  const word = JSON.parse(await readFile(mesh.statePath("controller.json"), "utf8")) as { readonly grpc: string };
  way = await Way.open(Number(word.grpc.split(":").at(-1)));
  payments = await behind(way);
});
afterAll(async () => {
  await payments?.close();
  await mesh?.[Symbol.asyncDispose]();
  await way?.cut();
});

/** The sidecar of payments once more, where it was, but for the way to the controller. */
async function behind({ port }: Way): Promise<Child> {
  const name = "sidecar of payments";
  const told = (await readFile(`/proc/${mesh.mesh.process(name).pid}/cmdline`, "utf8")).split("\0");
  const asBefore = ["--app", "--outbound", "--join-token-file"].flatMap((flag) => [
    flag,
    told[told.indexOf(flag) + 1] ?? "",
  ]);
  await mesh.mesh.process(name).kill();
  const child = new Child({
    name,
    args: [
      join(ROOT, "cli/bin/regomesh.mjs"),
      ...["proxy", "--workload", "payments", "--controller", `127.0.0.1:${port}`],
      ...["--state", mesh.statePath("proxies/payments"), ...asBefore, "--exit-with-parent"],
    ],
    cwd: ROOT,
    onExit: () => {},
  });
  await child.ready(BACK_MS);
  await until("requests pass", BACK_MS, isServed);
  return child;
}

const isServed = async () => (await mesh.ask("/orders")).status === 200 || undefined;

const keptIn = ({ troubles = [] }: StatusBody) => troubles.filter(({ about }) => about === "endpoints");

async function statusOnce(what: string, wanted: (status: StatusBody) => boolean): Promise<StatusBody> {
  return await nextEvent<StatusBody>(mesh.mesh.page, "status", { what, withinMs: LOST_MS, wanted });
}

test("its callers keep its endpoints, status says so, and all is as before once it is back", async () => {
  await way.cut();
  const lost = await statusOnce("the last endpoints are kept", (status) => keptIn(status).length > 0);
  expect(keptIn(lost)[0]?.message).toContain("payments.default");
  expect(lost.proxies.find(({ workload }) => workload === "payments")?.state).toBe("gone");
  for (let i = 0; i < 20; i++) expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
  await way.mend();
  const back = await statusOnce("it is back", (status) => keptIn(status).length === 0);
  expect(back.proxies.find(({ workload }) => workload === "payments")?.state).not.toBe("gone");
  expect(await mesh.ask("/orders")).toMatchObject({ status: 200 });
});

test("one that goes in order is not kept", async () => {
  await payments.close();
  const answer = await until("nobody is asked", LOST_MS, async () => {
    const { status, body } = await mesh.ask("/orders");
    const reason = (body as { orders?: { payments?: { reason?: string } } }).orders?.payments?.reason;
    return status === 503 && reason === "no_endpoint" ? reason : undefined;
  });
  expect([answer, keptIn(await mesh.status())]).toEqual(["no_endpoint", []]);
});

/** A way to a port that can be cut: what is open ends, what is new is refused. */
class Way {
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  port = 0;

  private constructor(to: number) {
    this.#to = to;
    this.#server = this.#make();
  }

  static async open(to: number): Promise<Way> {
    const way = new Way(to);
    await way.mend();
    return way;
  }

  /** Where it was. */
  async mend(): Promise<void> {
    this.#server = this.#make();
    await new Promise<void>((done) => this.#server.listen(this.port, "127.0.0.1", done));
    this.port = (this.#server.address() as { readonly port: number }).port;
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #make(): Server {
    return createServer((client) => {
      const server = connect(this.#to, "127.0.0.1");
      client.pipe(server).pipe(client);
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }
}
