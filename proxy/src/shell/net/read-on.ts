/**
 * Lets a socket be read to its end although the other end takes nothing any more. Whoever
 * answers a request before its end, and closes, resets what is still being sent; Node ends
 * the socket at the failed write, and with it the answer that has come already. The read
 * side says soon enough that the other end is gone.
 */
import type { Socket } from "node:net";

type Done = (error?: Error | null) => void;

const GONE = new Set(["EPIPE", "ECONNRESET"]);

/** From here on a write that meets a reset never returns, and ends nothing by itself; `onReset`: it was told of one, and no read will be. */
export function readOn(socket: Socket, onReset: () => void): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  // A stream has one write under way at a time.
  let done: Done = () => {};
  const onWritten: Done = (error) => {
    const code = (error as NodeJS.ErrnoException | null | undefined)?.code ?? "";
    if (code === "ECONNRESET") onReset();
    if (!GONE.has(code)) done(error);
  };
  socket._write = (chunk, encoding, callback) => {
    done = callback;
    write(chunk, encoding, onWritten);
  };
  if (writev === undefined) return;
  socket._writev = (chunks, callback) => {
    done = callback;
    writev(chunks, onWritten);
  };
}
