/** Ports of the local mesh: one that the user named must be free, any other may move. */
import { randomInt } from "node:crypto";
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

/** Below what systems give to whoever asks for any port (Linux 32768, IANA 49152): there a port is another's before it is used. */
const [PORT_LEAST, PORT_LIMIT] = [20_000, 32_768];
const TRIES_MAX = 100;

/** A port that nothing listens on just now, and that nobody is given who does not name it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(PORT_LEAST, PORT_LIMIT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port of ${PORT_LEAST} to ${PORT_LIMIT - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
