/**
 * Feeds bytes to a reader in given pieces and tells what it saw, message by message,
 * with content joined, so that transcripts of different pieces can be compared.
 */
import { textOf } from "../characters.ts";
import { Framing, type Head } from "../head.ts";
import type { CodecLimits } from "../limits.ts";
import type { Method } from "../method.ts";
import { ReaderEvent } from "../reader-event.ts";
import { RequestReader } from "../request-reader.ts";
import { ResponseReader } from "../response-reader.ts";

export type SeenMessage = {
  readonly line: string;
  readonly fields: readonly string[];
  readonly framing: string;
  readonly keepAlive: boolean;
  content: string;
  trailers: readonly string[];
  complete: boolean;
};
export type Transcript = {
  readonly messages: readonly SeenMessage[];
  /** The fault's code; undefined where all was well. */
  readonly fault: string | undefined;
  /** What `finish` says once all bytes are fed. */
  readonly atClose: string | undefined;
};

export type TranscriptOptions = {
  readonly limits?: CodecLimits;
  /** Bytes of each piece; all at once where undefined. */
  readonly pieceBytes?: number;
  /** Makes the reader one of responses to requests of these methods. */
  readonly methods?: readonly Method[];
};

export function makeTranscript(raw: Uint8Array, options: TranscriptOptions = {}): Transcript {
  const { methods } = options;
  const reader = methods === undefined ? new RequestReader(options.limits) : new ResponseReader(options.limits);
  let expected = 0;
  const expectNext = () => {
    if (reader instanceof ResponseReader && methods !== undefined && expected < methods.length && reader.isReusable) {
      reader.expect(methods[expected++]!);
    }
  };
  expectNext();
  const messages: SeenMessage[] = [];
  let fault: string | undefined;
  for (const piece of piecesOf(raw, options.pieceBytes ?? Math.max(raw.length, 1))) {
    if (fault !== undefined) break;
    let at = 0;
    for (;;) {
      const event = reader.next(piece, at, piece.length);
      at = reader.at;
      if (event === ReaderEvent.needMore) break;
      if (event === ReaderEvent.fault) {
        fault = reader.fault.code;
        break;
      }
      note(messages, event, reader, piece);
      if (event === ReaderEvent.end) expectNext();
    }
  }
  return { messages, fault, atClose: fault === undefined ? closeOf(reader, messages) : undefined };
}

/** Each piece is followed by bytes that are not its own: nothing may look beyond an end. */
function* piecesOf(raw: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < raw.length; at += pieceBytes) yield raw.slice(at, at + pieceBytes);
}

function note(
  messages: SeenMessage[],
  event: ReaderEvent,
  reader: RequestReader | ResponseReader,
  piece: Uint8Array,
): void {
  if (event === ReaderEvent.head) {
    messages.push(seenHead(reader.head, reader instanceof ResponseReader));
    return;
  }
  const message = messages.at(-1)!;
  if (event === ReaderEvent.content) message.content += textOf(piece, reader.from, reader.to);
  else {
    message.complete = true;
    message.trailers = fieldsOf(reader.trailers);
  }
}

function seenHead(head: Head, isResponse: boolean): SeenMessage {
  const line = isResponse
    ? `1.${head.minor} ${head.status} ${head.reasonText()}`
    : `${head.methodText()} ${head.targetText()} 1.${head.minor}`;
  return {
    line,
    fields: fieldsOf(head),
    framing: framingText(head),
    keepAlive: head.keepAlive,
    content: "",
    trailers: [],
    complete: head.status > 0 && head.status < 200,
  };
}

function framingText(head: Head): string {
  switch (head.framing) {
    case Framing.none:
      return "none";
    case Framing.length:
      return `length ${head.contentLength}`;
    case Framing.chunked:
      return "chunked";
    case Framing.close:
      return "close";
  }
}

function fieldsOf(head: Head): string[] {
  return Array.from({ length: head.fieldCount }, (_, index) => `${head.nameText(index)}: ${head.valueText(index)}`);
}

function closeOf(reader: RequestReader | ResponseReader, messages: SeenMessage[]): string | undefined {
  if (reader instanceof RequestReader) return reader.finish()?.code;
  const event = reader.finish();
  if (event === ReaderEvent.end) messages.at(-1)!.complete = true;
  return event === ReaderEvent.fault ? reader.fault.code : undefined;
}
