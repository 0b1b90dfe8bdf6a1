/**
 * Connections of a listener that is open to more than those it is for: where there are as many as there may be, the
 * address that has the most gives its oldest for the next one. So nobody holds up others by holding connections.
 */
import type { Server, Socket } from "node:net";

/** Says whose goes of those that a server takes; `connectionsMax` of all addresses together. */
export function shareFairly(server: Server, connectionsMax: number): void {
  const byAddress = new Map<string, Set<Socket>>();
  let count = 0;
  const forget = (address: string, socket: Socket) => {
    const own = byAddress.get(address);
    if (own?.delete(socket) !== true) return;
    count--;
    if (own.size === 0) byAddress.delete(address);
  };
  server.on("connection", (socket: Socket) => {
    // Of one that is gone already none is known.
    const address = socket.remoteAddress ?? "";
    byAddress.set(address, (byAddress.get(address) ?? new Set()).add(socket));
    count++;
    socket.once("close", () => forget(address, socket));
    if (count <= connectionsMax) return;
    const [most, own] = [...byAddress].reduce((a, b) => (b[1].size > a[1].size ? b : a));
    const [oldest] = own;
    if (oldest === undefined) return;
    forget(most, oldest);
    oldest.destroy();
  });
}
