/**
 * Addresses that the controller will serve on, held from before it reads a commit: one that another process has, or
 * that is none of this machine's, ends it before anything is published and anybody told. Until something is served there,
 * whoever connects is sent away.
 */
import { createServer } from "node:net";
import { splitAddress } from "@regomesh/base";
import { ControllerFailed } from "./controller-failed.ts";

export type HeldAddress = {
  /** Frees it, for its server to listen there at once; it may be called again. */
  release(): Promise<void>;
};

/** `address`: `HOST:PORT`, as `flag` has it. Throws ControllerFailed where it cannot be listened on. */
export async function holdAddress(address: string, flag: string): Promise<HeldAddress> {
  const { host, port } = splitAddress(address);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(notListening(address, flag, error)));
    server.listen(port, host, resolve);
  });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.once("close", resolve);
  return {
    release: () => {
      server.close();
      return closed;
    },
  };
}

/** Why an address cannot be listened on, with the flag that names it. */
export function notListening(
  address: string,
  flag: string,
  { code, message }: NodeJS.ErrnoException,
): ControllerFailed {
  const { urlHost: host, port } = splitAddress(address);
  // grpc-js tells the system's code in its message alone.
  return new ControllerFailed(
    code === "EADDRINUSE" || message.includes("EADDRINUSE")
      ? `port ${port} of ${host} (${flag}) is in use by another process`
      : `cannot listen on ${address} (${flag}): ${message}`,
  );
}
