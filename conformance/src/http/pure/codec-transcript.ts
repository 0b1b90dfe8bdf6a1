/** What the codec sees in some bytes, message by message, fed in pieces of a given length. */
import { Framing, type Head, Method, ReaderEvent, RequestReader, ResponseReader, textOf } from "@regomesh/proxy";

export type SeenMessage = {
  /** `METHOD target version` or `version reason`. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly reason: string;
  readonly authority: string;
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly untilClose: boolean;
  content: string;
  trailers: readonly (readonly [name: string, value: string])[];
  complete: boolean;
};
export type Transcript = {
  readonly messages: readonly SeenMessage[];
  readonly fault: string | undefined;
  /** Where the message with the fault begins. */
  readonly faultStart: number;
  readonly atClose: string | undefined;
};

/** `responses` is the number of requests that were sent; undefined makes it a reader of requests. */
export function codecTranscript(raw: Uint8Array, pieceBytes: number, responses?: number): Transcript {
  const reader = responses === undefined ? new RequestReader() : new ResponseReader();
  let expected = 0;
  const expectNext = () => {
    if (reader instanceof ResponseReader && reader.isReusable && expected < (responses ?? 0)) {
      expected++;
      reader.expect(Method.get);
    }
  };
  expectNext();
  const messages: SeenMessage[] = [];
  let fault: string | undefined;
  let messageStart = 0;
  for (let start = 0; start < raw.length && fault === undefined; start += pieceBytes) {
    const piece = raw.slice(start, start + pieceBytes);
    let at = 0;
    for (;;) {
      const event = reader.next(piece, at, piece.length);
      if (event === ReaderEvent.needMore) break;
      if (event === ReaderEvent.fault) {
        fault = reader.fault.code;
        break;
      }
      at = reader.at;
      if (event === ReaderEvent.head) messages.push(seen(reader.head));
      const message = messages.at(-1)!;
      if (event === ReaderEvent.content) message.content += textOf(piece, reader.from, reader.to);
      if (event !== ReaderEvent.end) continue;
      message.complete = true;
      message.trailers = fieldsOf(reader.trailers);
      messageStart = start + at;
      expectNext();
    }
  }
  const atClose = fault === undefined ? close(reader) : undefined;
  return { messages, fault, faultStart: messageStart, atClose };
}

function seen(head: Head): SeenMessage {
  const version = `1.${head.minor}`;
  const isResponse = head.status !== 0;
  return {
    line: isResponse ? `${version} ${head.reasonText()}` : `${head.methodText()} ${head.targetText()} ${version}`,
    method: isResponse ? "" : head.methodText(),
    target: isResponse ? "" : head.targetText(),
    version,
    reason: isResponse ? head.reasonText() : "",
    authority: isResponse ? "" : head.authorityText(),
    path: isResponse ? "" : head.pathText(),
    fields: fieldsOf(head),
    untilClose: head.framing === Framing.close,
    content: "",
    trailers: [],
    complete: isResponse && head.status < 200,
  };
}

function fieldsOf(head: Head): [string, string][] {
  return Array.from({ length: head.fieldCount }, (_, index) => [head.nameText(index), head.valueText(index)]);
}

function close(reader: RequestReader | ResponseReader): string | undefined {
  if (reader instanceof RequestReader) return reader.finish()?.code;
  return reader.finish() === ReaderEvent.fault ? reader.fault.code : undefined;
}
