import { HeadTable, KnownField, toHeadTable } from "@regomesh/policy-runtime";
import { describe, expect, test } from "vitest";
import { asciiBytes, textOf } from "./characters.ts";
import { LAST_CHUNK, lastChunkRoom, writeChunkStart, writeLastChunk } from "./chunk-writer.ts";
import { FieldEdits } from "./field-edits.ts";
import { Framing, type Head } from "./head.ts";
import { headRoom, type Span, writeRequestHead, writeResponseHead } from "./head-writer.ts";
import { maskOf } from "./known-field.ts";
import { Method } from "./method.ts";
import { encodeResponse } from "./own-response.ts";
import { ReaderEvent } from "./reader-event.ts";
import { readyLines } from "./ready-lines.ts";
import { RequestReader } from "./request-reader.ts";
import { ResponseReader } from "./response-reader.ts";

function makeRequestHead(raw: string): Head {
  const reader = new RequestReader();
  const bytes = asciiBytes(raw);
  expect(reader.next(bytes, 0, bytes.length)).toBe(ReaderEvent.head);
  return reader.head;
}

function makeResponseHead(raw: string, method: Method = Method.get): Head {
  const reader = new ResponseReader();
  reader.expect(method);
  const bytes = asciiBytes(raw);
  expect(reader.next(bytes, 0, bytes.length)).toBe(ReaderEvent.head);
  return reader.head;
}

function makeSpan(text: string): Span {
  const bytes = asciiBytes(text);
  return { bytes, start: 0, end: bytes.length };
}

function written(head: Head, edits: FieldEdits, target?: Span, authority?: Span): string {
  const out = new Uint8Array(headRoom(head, edits, target, authority) + 3);
  const table = new HeadTable();
  table.add(1, 2, 3, 4, KnownField.cookie);
  const end =
    head.status === 0
      ? writeRequestHead(out, 3, head, edits, target, authority, table)
      : writeResponseHead(out, 3, head, edits);
  expect(end).toBeGreaterThan(3);
  if (head.status === 0) {
    const read = toHeadTable(out.subarray(3, end));
    expect(table.words.subarray(0, table.length)).toEqual(read.words.subarray(0, read.length));
  }
  return textOf(out, 3, end);
}

describe("a request head is forwarded", () => {
  const edits = new FieldEdits();
  const rows: Record<string, readonly [raw: string, forwarded: string]> = {
    "as it is": ["GET /p?q HTTP/1.1\r\nHost: a\r\nX:  y \r\n\r\n", "GET /p?q HTTP/1.1\r\nHost: a\r\nX:  y \r\n\r\n"],
    "without what is hop by hop": [
      "GET / HTTP/1.1\r\nKeep-Alive: 5\r\nHost: a\r\nConnection: close, x-drop\r\nX-Drop: 1\r\nX-Keep: 2\r\nUpgrade: h2c\r\nTE: trailers\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX-Keep: 2\r\n\r\n",
    ],
    "with its authority as Host": [
      "GET http://b:8080/p?q HTTP/1.1\r\nA: b\r\nHost: other\r\n\r\n",
      "GET /p?q HTTP/1.1\r\nhost: b:8080\r\nA: b\r\n\r\n",
    ],
    "with a slash for no path": ["GET http://b?q HTTP/1.1\r\nHost: b\r\n\r\n", "GET /?q HTTP/1.1\r\nhost: b\r\n\r\n"],
    "as * where OPTIONS has no path": [
      "OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nhost: b\r\n\r\n",
    ],
    "as HTTP/1.1 and chunked": [
      "POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
    "one hop less": [
      "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n",
      "OPTIONS / HTTP/1.1\r\nmax-forwards: 9\r\nHost: a\r\n\r\n",
    ],
  };
  for (const [name, [raw, forwarded]] of Object.entries(rows)) {
    test(name, () => expect(written(makeRequestHead(raw), edits)).toBe(forwarded));
  }

  test("with edits, another target and another authority", () => {
    const edits = new FieldEdits();
    edits.clear(maskOf(KnownField.forwardedClientCert));
    expect(edits.set("X-User", "älice")).toBe(true);
    expect(edits.add("x-two", "")).toBe(true);
    edits.addLines(readyLines(asciiBytes("x-request-id: 7\r\nvia: a\r\n")));
    const head = makeRequestHead("GET /a/../b HTTP/1.0\r\nx-user: eve\r\nX-Forwarded-Client-Cert: c\r\nk: v\r\n\r\n");
    expect(written(head, edits, makeSpan("/b"), makeSpan("svc"))).toBe(
      "GET /b HTTP/1.1\r\nhost: svc\r\nk: v\r\nX-User: \xc3\xa4lice\r\nx-two: \r\nx-request-id: 7\r\nvia: a\r\n\r\n",
    );
  });

  test("not into too little room", () => {
    expect(writeRequestHead(new Uint8Array(20), 0, makeRequestHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), edits)).toBe(
      -1,
    );
  });
});

test("edits refuse what could end a line", () => {
  const edits = new FieldEdits();
  for (const [name, value] of [
    ["a b", "c"],
    ["", "c"],
    ["a", "b\r\nc: d"],
    ["a", "b\0"],
    ["ä", "b"],
  ] as const) {
    expect(edits.add(name, value)).toBe(false);
    expect(edits.set(name, value)).toBe(false);
  }
  expect(edits.linesBytes).toBe(0);
});

describe("a response head is forwarded", () => {
  const rows: Record<
    string,
    readonly [raw: string, forwarded: string, framing?: Framing | undefined, method?: Method]
  > = {
    "as it is": ["HTTP/1.1 200 Fine\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 Fine\r\nContent-Length: 1\r\n\r\n"],
    "in lines as they should be, where they were not": [
      "HTTP/1.1 200 OK\nServer : x\nA:b\nContent-Length: 1, 1\r\nContent-Length:1\nConnection: c\nC: d\n\n",
      "HTTP/1.1 200 OK\r\nServer: x\r\nA: b\r\nContent-Length: 1\r\n\r\n",
    ],
    "with a reason": [
      "HTTP/1.1 404\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n",
    ],
    "chunked where the close delimited it": [
      "HTTP/1.0 200 OK\r\nA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n",
      Framing.chunked,
    ],
    "until the close where it was chunked": [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      Framing.close,
    ],
    "with its length where HEAD asked": [
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
      undefined,
      Method.head,
    ],
    "without length on 204": [
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
    ],
  };
  for (const [name, [raw, forwarded, framing, method]] of Object.entries(rows)) {
    test(name, () => {
      const edits = new FieldEdits();
      edits.framing = framing;
      expect(written(makeResponseHead(raw, method), edits)).toBe(forwarded);
    });
  }
});

test("chunks are framed in hexadecimal", () => {
  const out = new Uint8Array(32);
  for (const [size, text] of [
    [1, "1\r\n"],
    [16, "10\r\n"],
    [65_535, "ffff\r\n"],
    [2 ** 53 - 1, "1fffffffffffff\r\n"],
  ] as const) {
    expect(textOf(out, 0, writeChunkStart(out, 0, size))).toBe(text);
  }
  expect(textOf(LAST_CHUNK, 0, LAST_CHUNK.length)).toBe("0\r\n\r\n");
});

test("trailers that a head could be made of are dropped", () => {
  const reader = new RequestReader();
  const raw = asciiBytes(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nAuthorization: t\r\nContent-Type: x\r\ngrpc-status: 0\r\n\r\n",
  );
  let at = 0;
  while (reader.next(raw, at, raw.length) !== ReaderEvent.end) at = reader.at;
  const out = new Uint8Array(lastChunkRoom(reader.trailers));
  expect(textOf(out, 0, writeLastChunk(out, 0, reader.trailers))).toBe("0\r\nX-Sum: 1\r\ngrpc-status: 0\r\n\r\n");
});

test("own responses say their length, and no content to HEAD", () => {
  const body = asciiBytes("no\n");
  const fields = new FieldEdits();
  fields.add("content-type", "text/plain");
  const whole = encodeResponse({ status: 403, body, fields, close: true, isHead: false });
  expect(textOf(whole, 0, whole.length)).toBe(
    "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno\n",
  );
  const headOnly = encodeResponse({ status: 403, body, fields: undefined, close: false, isHead: true });
  expect(textOf(headOnly, 0, headOnly.length)).toBe("HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\n\r\n");
});
