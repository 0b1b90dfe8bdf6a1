import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Connections of another address of this machine's loopback, on which nothing is said. */
export async function holdConnections(port: number, count: number): Promise<readonly Socket[]> {
  const held = Array.from({ length: count }, () =>
    connect({ host: "127.0.0.1", localAddress: "127.0.0.2", port }).on("error", () => {}),
  );
  await Promise.all(held.map((socket) => once(socket, "connect")));
  return held;
}
