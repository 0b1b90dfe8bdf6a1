/**
 * A response as it goes to an HTTP/1.x client: how it is framed, whether the connection
 * stays, and which interim responses the client can read is decided here, and nowhere else.
 */
import { KnownField } from "@regomesh/policy-runtime";
import { addFields, applyChanges } from "../../decide/field-changes.ts";
import { FieldEdits } from "../../http1/field-edits.ts";
import { Framing, type Head } from "../../http1/head.ts";
import { headRoom, writeResponseHead } from "../../http1/head-writer.ts";
import { bitOf } from "../../http1/known-field.ts";
import { Method } from "../../http1/method.ts";
import type { ReadyLines } from "../../http1/ready-lines.ts";
import { appendContent, appendContentEnd } from "../../message/content.ts";
import type { ResponseChanges } from "../../stream/request-stream.ts";
import type { Outgoing } from "../net/outgoing.ts";

const CONTENT_LENGTH = bitOf(KnownField.contentLength);

/** Used for one head at a time, which is written before anyone else asks. */
const edits = new FieldEdits();

export class ClientResponse {
  #minor = 1;
  #isHead = false;
  #keepAlive = true;
  #expectsContinue = false;
  #framing: Framing = Framing.none;

  /** The request of this head is to be answered. */
  begin(request: Head, isLast: boolean): void {
    this.#minor = request.minor;
    this.#isHead = request.method === Method.head;
    this.#keepAlive = request.keepAlive && !isLast;
    this.#expectsContinue = request.expectsContinue;
    this.#framing = Framing.none;
  }

  /** Whether the connection may carry another request, as far as this response says. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** The response's end is the connection's end: an end by FIN would be taken for it. */
  get endsByClosing(): boolean {
    return this.#framing === Framing.close;
  }

  /** `isLast`: the connection ends with this response; `takeIdleLine`: how long it may stay without a request. */
  writeHead(
    out: Outgoing,
    head: Head,
    { drop, changes, add }: ResponseChanges,
    isLast: boolean,
    takeIdleLine: () => ReadyLines | undefined,
  ): void {
    let { framing } = head;
    if (framing === Framing.close) framing = this.#minor === 0 ? Framing.close : Framing.chunked;
    else if (framing === Framing.chunked && this.#minor === 0) framing = Framing.close;
    if (framing === Framing.close || isLast) this.#keepAlive = false;
    this.#framing = framing;
    edits.clear(drop);
    edits.framing = framing;
    if (changes !== undefined) applyChanges(edits, changes);
    if (add.length > 0) addFields(edits, add);
    // HTTP/2 says with a head that it is all there is; without a word this client would wait for content to its connection's end.
    if (framing === Framing.none && this.#mayHaveContent(head)) edits.add("content-length", "0");
    if (!this.#keepAlive) edits.add("connection", "close");
    else {
      if (this.#minor === 0) edits.add("connection", "keep-alive");
      const idleLine = takeIdleLine();
      if (idleLine !== undefined) edits.addLines(idleLine);
    }
    write(out, head);
  }

  /** And nothing in the head says how much. */
  #mayHaveContent({ status, present }: Head): boolean {
    return !this.#isHead && status !== 204 && status !== 304 && (present & CONTENT_LENGTH) === 0;
  }

  /** 1xx goes on to whom can read it; 100 only to whom waits for it. */
  writeInterim(out: Outgoing, head: Head): void {
    if (this.#minor === 0 || (head.status === 100 && !this.#expectsContinue)) return;
    if (head.status === 100) this.#expectsContinue = false;
    edits.clear();
    write(out, head);
  }

  writeContent(out: Outgoing, bytes: Uint8Array, from: number, to: number): void {
    appendContent(out, this.#framing, bytes, from, to);
  }

  writeEnd(out: Outgoing, trailers: Head): void {
    appendContentEnd(out, this.#framing, trailers);
  }
}

function write(out: Outgoing, head: Head): void {
  const slab = out.reserve(headRoom(head, edits));
  const start = out.offset;
  out.commit(writeResponseHead(slab, start, head, edits) - start);
}
