import { describe, expect, test } from "vitest";
import { asciiBytes } from "./characters.ts";
import { Method } from "./method.ts";
import { makeTranscript, type Transcript } from "./test/make-transcript.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Case = {
  readonly raw: string;
  /** Methods of the requests that were sent; one GET where undefined. */
  readonly methods?: readonly Method[];
  readonly seen: readonly string[];
  readonly fault?: string;
  readonly atClose?: string;
};

const cases: Record<string, Case> = {
  "content by length": { raw: OK, seen: ["1.1 200 OK | length 2 | ok"] },
  "two in order": {
    raw: OK + OK,
    methods: [Method.get, Method.get],
    seen: ["1.1 200 OK | length 2 | ok", "1.1 200 OK | length 2 | ok"],
  },
  "more than was asked for": { raw: OK + OK, seen: ["1.1 200 OK | length 2 | ok"], fault: "surplus" },
  "an empty line more": { raw: `${OK}\r\n`, seen: ["1.1 200 OK | length 2 | ok"], fault: "surplus" },
  "an answer to HEAD": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
    methods: [Method.head],
    seen: ["1.1 200 OK | none"],
  },
  "304 with a length": {
    raw: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    seen: ["1.1 304 Not Modified | none"],
  },
  "204 with content": {
    raw: "HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\na",
    seen: ["1.1 204 x | none"],
    fault: "surplus",
  },
  "chunks and trailers": {
    raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
    seen: ["1.1 200 OK | chunked | ok | A: b"],
  },
  "content until the close": {
    raw: "HTTP/1.1 200 OK\r\n\r\nall of it",
    seen: ["1.1 200 OK | close | all of it | closes"],
  },
  "an HTTP/1.0 answer": {
    raw: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
    seen: ["1.0 200 OK | length 1 | a | closes"],
  },
  "interim answers": {
    raw: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`,
    seen: ["1.1 100 Continue | none", "1.1 103 Early Hints | none", "1.1 200 OK | length 2 | ok"],
  },
  "interim answers without end": {
    raw: "HTTP/1.1 100 Continue\r\n\r\n".repeat(17),
    seen: Array(16).fill("1.1 100 Continue | none"),
    fault: "interim-many",
  },
  "a switch of protocols": { raw: "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n", seen: [], fault: "switching" },
  "no reason": { raw: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", seen: ["1.1 200  | length 0"] },
  "content cut off": { raw: OK.slice(0, -1), seen: ["1.1 200 OK | length 2 | o | - "], atClose: "incomplete" },
  "chunks cut off": {
    raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
    seen: ["1.1 200 OK | chunked | ok | - "],
    atClose: "incomplete",
  },
  "a head cut off": { raw: "HTTP/1.1 200 OK\r\nA: b\r\n", seen: [], atClose: "incomplete" },
  "both framings": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    seen: [],
    fault: "framing-both",
  },
  "another coding": {
    raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    seen: [],
    fault: "transfer-encoding",
  },
  "one length, said twice": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    seen: ["1.1 200 OK | length 1 | a"],
  },
  "one length, said thrice in one line": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1, 1 ,1\r\n\r\na",
    seen: ["1.1 200 OK | length 1 | a"],
  },
  "two lengths": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    seen: [],
    fault: "content-length-repeated",
  },
  "two lengths in one line": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\na",
    seen: [],
    fault: "content-length-repeated",
  },
  "a length and nothing": {
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 1,\r\n\r\na",
    seen: [],
    fault: "content-length",
  },
  "two digits": { raw: "HTTP/1.1 20 OK\r\n\r\n", seen: [], fault: "status-line" },
  "four digits": { raw: "HTTP/1.1 2000 OK\r\n\r\n", seen: [], fault: "status-line" },
  "status 099": { raw: "HTTP/1.1 099 OK\r\n\r\n", seen: [], fault: "status-line" },
  "status 999": {
    raw: "HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n",
    seen: ["1.1 999 Request denied | length 0"],
  },
  "another protocol": { raw: "ICE/1.0 200 OK\r\n\r\n", seen: [], fault: "version" },
  "bare LFs": { raw: "HTTP/1.1 200 OK\nContent-Length: 1\nA: b\n\na", seen: ["1.1 200 OK | length 1 | a"] },
  "a bare CR": { raw: "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", seen: [], fault: "line-end" },
  "a blank before a colon": {
    raw: "HTTP/1.1 200 OK\r\nServer : x\r\nContent-Length \t: 1\r\n\r\na",
    seen: ["1.1 200 OK | length 1 | a"],
  },
  "a blank and no colon": { raw: "HTTP/1.1 200 OK\r\nServer x: y\r\n\r\n", seen: [], fault: "field-name" },
  "padded chunk sizes": {
    raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2   \r\nok\r\n0  \r\n\r\n",
    seen: ["1.1 200 OK | chunked | ok"],
  },
  "many times 102": {
    raw: `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(100)}${OK}`,
    seen: [...Array(100).fill("1.1 102 Processing | none"), "1.1 200 OK | length 2 | ok"],
  },
  "a folded line": { raw: "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", seen: [], fault: "field-fold" },
};

function textOfTranscript(transcript: Transcript): string[] {
  return transcript.messages.map((message) => {
    const parts = [message.line, message.framing];
    if (message.content !== "") parts.push(message.content);
    if (message.trailers.length > 0) parts.push(message.trailers.join(", "));
    if (!message.keepAlive) parts.push("closes");
    if (!message.complete) parts.push("- ");
    return parts.join(" | ");
  });
}

describe("responses are read", () => {
  for (const [name, row] of Object.entries(cases)) {
    for (const pieceBytes of [row.raw.length, 1, 3]) {
      test(`${name}, in pieces of ${pieceBytes}`, () => {
        const transcript = makeTranscript(asciiBytes(row.raw), { pieceBytes, methods: row.methods ?? [Method.get] });
        expect({ seen: textOfTranscript(transcript), fault: transcript.fault, atClose: transcript.atClose }).toEqual({
          seen: row.seen,
          fault: row.fault,
          atClose: row.atClose,
        });
      });
    }
  }
});

test("bytes before any request is sent are surplus", () => {
  expect(makeTranscript(asciiBytes(OK), { methods: [] }).fault).toBe("surplus");
});
