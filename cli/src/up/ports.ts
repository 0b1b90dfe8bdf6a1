/** Ports of the local mesh: one that the user named must be free, any other may move. */
import { createServer } from "node:net";

export class PortBusy extends Error {
  readonly code = "port_busy";
}

/** `wanted` if it is free; otherwise a free one, or PortBusy where a flag named it. */
export async function takePort(wanted: number, flag: string | undefined): Promise<number> {
  if (await isFree(wanted)) return wanted;
  if (flag !== undefined) throw new PortBusy(`port ${wanted} (${flag}) is in use by another process`);
  return await freePort();
}

/** A port that nothing listens on just now. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
