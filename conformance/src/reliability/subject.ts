/** What reliability is tried on: a sidecar's process before an application in this one, and what it takes of the machine. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { makeSnapshotFile } from "@regomesh/protocol";
import { makeSnapshot, makeWorkload } from "@regomesh/proxy/test";
import { cpuMicroseconds, privateKibibytes } from "../bench/peers/cpu-time.ts";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";

export type Subject = {
  readonly proxy: ProxyProcess;
  /** Where clients ask. */
  readonly port: number;
  /** Requests that the application has had, and those that it has under way. */
  readonly application: { had: number; underWay: number; mostUnderWay: number };
  cpuMs(): number;
  privateKiB(): number;
  [Symbol.asyncDispose](): Promise<void>;
};

/** `/held` is never answered, `/large` with a mebibyte, everything else with a few bytes once it is whole. */
export async function openSubject(
  flags: readonly string[] = [],
  before: readonly string[] = [],
  listen = 0,
): Promise<Subject> {
  const application = { had: 0, underWay: 0, mostUnderWay: 0 };
  const server = await serve((request, response) => {
    application.had++;
    application.underWay++;
    application.mostUnderWay = Math.max(application.mostUnderWay, application.underWay);
    response.once("close", () => application.underWay--);
    request.resume().once("end", () => {
      if (request.url === "/large") response.end(LARGE);
      else if (request.url !== "/held") response.end("whole");
    });
  });
  const [port] = makeWorkload().inbound;
  if (port === undefined) throw new Error("a workload has a port");
  const inbound = [{ ...port, listen: { address: "127.0.0.1", port: listen } }];
  const file = makeSnapshotFile(makeSnapshot(makeWorkload({ inbound })), [], []);
  const appPort = (server.address() as AddressInfo).port;
  const proxy = await openProxyProcess(file, ["--app", String(appPort), ...flags], before);
  return {
    proxy,
    port: proxy.inbound["http"] ?? 0,
    application,
    cpuMs: () => cpuMicroseconds([proxy.pid]) / 1000,
    privateKiB: () => privateKibibytes([proxy.pid]),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      server.close();
      server.closeAllConnections();
    },
  };
}

const LARGE = Buffer.alloc(1024 * 1024, "x");

async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}
