/** One connection to the proxy: the record's bytes, half-closed behind, and the responses that come. */
import { connect } from "node:net";

export type SeenResponse = { readonly status: number; readonly isFromBackend: boolean; readonly body: string };
export type Exchange = {
  readonly responses: readonly SeenResponse[];
  /** The proxy ended the connection in time. */
  readonly closed: boolean;
  /** Bytes that are no response. */
  readonly garbage: string;
  readonly tookMs: number;
};

export type ExchangeOptions = {
  readonly port: number;
  readonly raw: Uint8Array;
  /** Leaves the connection open, and is done with the first response. */
  readonly keepsOpen?: boolean;
  readonly deadlineMs: number;
};

export async function exchange(options: ExchangeOptions): Promise<Exchange> {
  const startedMs = performance.now();
  // By so many bytes a listener tells it from every method: a preface that is damaged behind them is answered in frames, too.
  const isHttp2 = Buffer.from(options.raw).subarray(0, PREFACE.length).equals(PREFACE);
  return await new Promise((resolve) => {
    const socket = connect({ port: options.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    let text = "";
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({
        ...(isHttp2 ? parseFrames(text) : parseResponses(text)),
        closed,
        tookMs: performance.now() - startedMs,
      });
    };
    const timer = setTimeout(() => finish(false), options.deadlineMs);
    socket.on("connect", () => {
      socket.write(options.raw);
      if (!options.keepsOpen) socket.end();
    });
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (options.keepsOpen && parseResponses(text).responses.length > 0) finish(false);
    });
    socket.on("end", () => finish(true));
    socket.on("error", () => finish(true));
    socket.on("close", () => finish(true));
  });
}

const PREFACE = Buffer.from("PRI");
const FRAME_HEADER_BYTES = 9;

/** What a client of HTTP/2 is told: frames, of which none is a response to what these records ask. */
function parseFrames(text: string): { responses: SeenResponse[]; garbage: string } {
  const bytes = Buffer.from(text, "latin1");
  let at = 0;
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
    const isHead = bytes[at + 3] === 1;
    if (isHead || end > bytes.length) break;
    at = end;
  }
  return { responses: [], garbage: text.slice(at) };
}

function parseResponses(text: string): { responses: SeenResponse[]; garbage: string } {
  const responses: SeenResponse[] = [];
  let at = 0;
  for (;;) {
    const headEnd = text.indexOf("\r\n\r\n", at);
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/.exec(text.slice(at));
    if (headEnd < 0 || head === null) return { responses, garbage: text.slice(at) };
    const fields = text.slice(at, headEnd + 2).toLowerCase();
    const status = Number(head[1]);
    const start = at;
    at = headEnd + 4;
    if (status < 200) continue;
    const hasNoBody = status === 204 || status === 304 || /\r\nx-backend-method: head\r\n/.test(fields);
    const length = hasNoBody ? 0 : Number(/\r\ncontent-length: *(\d+)\r\n/.exec(fields)?.[1] ?? 0);
    const body = text.slice(at, at + length);
    // The proxy's own answer to HEAD says a length and ends without content.
    if (body.length < length && !(body === "" && status >= 400)) return { responses, garbage: text.slice(start) };
    at += body.length;
    responses.push({ status, isFromBackend: fields.includes("\r\nx-backend-answer: "), body });
  }
}
