/**
 * Reading an accepted socket into a buffer that is used again, as `onread` does for
 * sockets that connect. Node offers no public way for accepted ones, so this looks for
 * the places where `onread` puts its buffer and callback; where it does not find them,
 * sockets give 'data' events, which costs a buffer a read (measured: a sixth of the rate).
 */
import { type OnReadOpts, Socket } from "node:net";

type Places = { readonly buffer: symbol; readonly callback: symbol; readonly generator: symbol };
type Handle = { readonly useUserBuffer?: (buffer: Uint8Array) => void };
type Inside = Record<symbol, unknown> & { readonly _handle?: Handle | null };

const places = findPlaces();

/** Whether accepted sockets can be read into a buffer here. */
export const canReadInto: boolean = places !== undefined;

/** False where it cannot be done: the socket then gives 'data' events. Only before its first byte. */
export function readInto(socket: Socket, buffer: Buffer, onBytes: (length: number) => void): boolean {
  const inside = socket as unknown as Inside;
  const handle = inside._handle;
  if (places === undefined || typeof handle?.useUserBuffer !== "function") return false;
  if (inside[places.buffer] !== null || socket.readableLength > 0) return false;
  handle.useUserBuffer(buffer);
  inside[places.buffer] = buffer;
  inside[places.callback] = (length: number): boolean => {
    onBytes(length);
    return true;
  };
  inside[places.generator] = null;
  return true;
}

/** A socket made with `onread` shows which of its fields hold what. */
function findPlaces(): Places | undefined {
  const probe: OnReadOpts = { buffer: Buffer.alloc(1), callback: () => true };
  const socket = new Socket({ onread: probe } as never) as unknown as Inside;
  const plain = new Socket() as unknown as Inside;
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => symbols.find((symbol) => symbol.description === name);
  const buffer = named("kBuffer");
  const callback = named("kBufferCb");
  const generator = named("kBufferGen");
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  const isAsExpected =
    socket[buffer] === probe.buffer &&
    socket[callback] === probe.callback &&
    plain[buffer] === null &&
    plain[callback] === null;
  return isAsExpected ? { buffer, callback, generator } : undefined;
}
