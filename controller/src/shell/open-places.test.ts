import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import type { ControllerOptions } from "./controller-options.ts";
import type { Closers } from "./core.ts";
import { holdPlaces } from "./open-places.ts";

async function listen(port = 0): Promise<Server> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return server;
}
const portOf = (server: Server) => (server.address() as { readonly port: number }).port;
const close = (server: Server) => new Promise((done) => server.close(done));

test("what was held before an address was found to be taken is let go, or the controller would not end", async () => {
  const [free, taken] = [await listen(), await listen()];
  const [http, grpc] = [free, taken].map((server) => `127.0.0.1:${portOf(server)}`);
  await close(free);
  const closers: Closers = [];
  await expect(holdPlaces({ http, grpc } as ControllerOptions, closers)).rejects.toThrow(
    `port ${portOf(taken)} of 127.0.0.1 (--grpc) is in use by another process`,
  );
  for (const each of closers) await each();
  await close(await listen(Number(http?.split(":")[1])));
  await close(taken);
});
