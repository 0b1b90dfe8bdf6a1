import { describe, expect, test } from "vitest";
import { asciiBytes } from "./characters.ts";
import { DEFAULT_CODEC_LIMITS } from "./limits.ts";
import { makeTranscript, type Transcript } from "./test/make-transcript.ts";

const GET = "GET /p HTTP/1.1\r\nHost: svc\r\n\r\n";

/** Request bytes and what is read: messages as `line | framing | content | trailers`, or the fault. */
const cases: Record<string, readonly [raw: string, seen: readonly string[], fault?: string]> = {
  "a plain GET": [GET, ["GET /p 1.1 | none"]],
  "two pipelined requests": [GET + GET, ["GET /p 1.1 | none", "GET /p 1.1 | none"]],
  "one empty line before": [`\r\n${GET}\r\n${GET}`, ["GET /p 1.1 | none", "GET /p 1.1 | none"]],
  "five empty lines before": [`${"\r\n".repeat(5)}${GET}`, [], "empty-lines"],
  "a bare LF before": [`\n${GET}`, [], "line-end"],
  "content by length": [
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    ["POST /p 1.1 | length 5 | hello"],
  ],
  "content of length nought": ["POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ["POST /p 1.1 | length 0"]],
  "chunks, an extension, trailers": [
    'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5;a="b\\"c";d = e ; f\r\nhello\r\n0a\r\n0123456789\r\n00\r\nX-Sum: 1\r\n\r\n',
    ["POST /p 1.1 | chunked | hello0123456789 | X-Sum: 1"],
  ],
  "an absolute target": ["GET http://b:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n", ["GET http://b:80/x?y 1.1 | none"]],
  "OPTIONS *": ["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ["OPTIONS * 1.1 | none"]],
  "GET *": ["GET * HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "HTTP/1.0 without Host": ["GET / HTTP/1.0\r\n\r\n", ["GET / 1.0 | none | closes"]],
  "HTTP/1.0 that persists": ["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", ["GET / 1.0 | none"]],
  "bytes behind close": [
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${GET}`,
    ["GET / 1.1 | none | closes"],
    "after-close",
  ],
  "an unknown method": ["FROB /p HTTP/1.1\r\nHost: a\r\n\r\n", ["FROB /p 1.1 | none"]],
  "a known method in another case": ["Get /p HTTP/1.1\r\nHost: a\r\n\r\n", [], "method-unsupported"],
  CONNECT: ["CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", [], "method-unsupported"],
  "HTTP/2's preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [], "version-unsupported"],
  "two spaces": ["GET  /p HTTP/1.1\r\nHost: a\r\n\r\n", [], "request-line"],
  "a tab": ["GET\t/p HTTP/1.1\r\nHost: a\r\n\r\n", [], "method"],
  "a space behind the version": ["GET /p HTTP/1.1 \r\nHost: a\r\n\r\n", [], "version"],
  "no version": ["GET /p\r\n\r\n", [], "request-line"],
  "HTTP/1.10": ["GET /p HTTP/1.10\r\nHost: a\r\n\r\n", [], "version"],
  "HTTP/1.2": ["GET /p HTTP/1.2\r\nHost: a\r\n\r\n", [], "version-unsupported"],
  "http/1.1": ["GET /p http/1.1\r\nHost: a\r\n\r\n", [], "version"],
  "a control character in the target": ["GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "a byte above ASCII in the target": ["GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "a target without slash": ["GET p HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "userinfo in the target": ["GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "an absolute target without host": ["GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "an absolute target of another scheme": ["GET ftp://a/p HTTP/1.1\r\nHost: a\r\n\r\n", [], "target"],
  "no Host": ["GET /p HTTP/1.1\r\nA: b\r\n\r\n", [], "host-missing"],
  "two Hosts": ["GET /p HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", [], "host-repeated"],
  "an empty Host": ["GET /p HTTP/1.1\r\nHost:\r\n\r\n", [], "host-invalid"],
  "a Host with a space": ["GET /p HTTP/1.1\r\nHost: a b\r\n\r\n", [], "host-invalid"],
  "a Host with a path": ["GET /p HTTP/1.1\r\nHost: a/b\r\n\r\n", [], "host-invalid"],
  "a Host with port 65536": ["GET /p HTTP/1.1\r\nHost: a:65536\r\n\r\n", [], "host-invalid"],
  "an IPv6 Host": ["GET /p HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", ["GET /p 1.1 | none"]],
  "a space before the colon": ["GET /p HTTP/1.1\r\nHost : a\r\n\r\n", [], "field-name"],
  "no colon": ["GET /p HTTP/1.1\r\nHost\r\n\r\n", [], "line-end"],
  "an empty name": ["GET /p HTTP/1.1\r\n: a\r\n\r\n", [], "field-name"],
  "a folded line": ["GET /p HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", [], "field-fold"],
  "a first line folded": ["GET /p HTTP/1.1\r\n Host: a\r\n\r\n", [], "field-fold"],
  "a bare LF": ["GET /p HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", [], "line-end"],
  "a bare CR": ["GET /p HTTP/1.1\r\nHost: a\rB: c\r\n\r\n", [], "line-end"],
  "a bare LF at the end": ["GET /p HTTP/1.1\r\nHost: a\r\n\n", [], "line-end"],
  "NUL in a value": ["GET /p HTTP/1.1\r\nHost: a\r\nB: \0\r\n\r\n", [], "field-value"],
  "DEL in a value": ["GET /p HTTP/1.1\r\nHost: a\r\nB: \x7f\r\n\r\n", [], "field-value"],
  "obs-text in a value": ["GET /p HTTP/1.1\r\nHost: a\r\nB: \xff\r\n\r\n", ["GET /p 1.1 | none"]],
  "both framings": [
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    [],
    "framing-both",
  ],
  "two equal lengths": [
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    [],
    "content-length-repeated",
  ],
  "a list of lengths": ["POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", [], "content-length"],
  "a length with a sign": ["POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", [], "content-length"],
  "an empty length": ["POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", [], "content-length"],
  "a length of 2^53": ["POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740992\r\n\r\n", [], "content-length"],
  "a coding before chunked": [
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    [],
    "transfer-coding",
  ],
  "chunked twice": [
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    [],
    "transfer-encoding",
  ],
  "chunked in HTTP/1.0": [
    "POST /p HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    [],
    "transfer-encoding-version",
  ],
  "a negative chunk": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ["POST / 1.1 | chunked | - "],
    "chunk-size",
  ],
  "a chunk size with 0x": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
    ["POST / 1.1 | chunked | - "],
    "chunk-size",
  ],
  "a chunk size and a blank": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n",
    ["POST / 1.1 | chunked | - "],
    "chunk-extension",
  ],
  "a bare LF behind a chunk size": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nA",
    ["POST / 1.1 | chunked | - "],
    "chunk-size",
  ],
  "a chunk longer than it says": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nAB",
    ["POST / 1.1 | chunked | A | - "],
    "chunk-end",
  ],
  "a folded trailer": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n X: y\r\n\r\n",
    ["POST / 1.1 | chunked | - "],
    "field-fold",
  ],
  "an expectation": ["POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", [], "expectation"],
  "Connection names Host": ["GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n", [], "connection-option"],
  "Connection names Content-Length": [
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\n\r\n",
    [],
    "connection-option",
  ],
  "Connection with empty elements": [
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: , close,,\r\n\r\n",
    ["GET / 1.1 | none | closes"],
  ],
  "Connection that is no list": [
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close keep\r\n\r\n",
    [],
    "connection-option",
  ],
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

describe("requests are read", () => {
  for (const [name, [raw, seen, fault]] of Object.entries(cases)) {
    for (const pieceBytes of [raw.length, 1, 2, 7]) {
      test(`${name}, in pieces of ${pieceBytes}`, () => {
        const transcript = makeTranscript(asciiBytes(raw), { pieceBytes });
        expect({ seen: textOfTranscript(transcript), fault: transcript.fault }).toEqual({ seen, fault });
        if (fault === undefined) expect(transcript.atClose).toBe(undefined);
      });
    }
  }
});

describe("limits of a request", () => {
  const limits = { ...DEFAULT_CODEC_LIMITS, headBytesMax: 100, fieldsMax: 3, targetBytesMax: 10, methodBytesMax: 5 };
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const rows: Record<string, readonly [raw: string, fault: string | undefined]> = {
    "a head of exactly the limit": [`GET / HTTP/1.1\r\nHost: a\r\nB: ${"c".repeat(100 - 32)}\r\n\r\n`, undefined],
    "one byte more": [`GET / HTTP/1.1\r\nHost: a\r\nB: ${"c".repeat(101 - 32)}\r\n\r\n`, "head-long"],
    "a line without end": [`GET / HTTP/1.1\r\nHost: a\r\nB: ${"c".repeat(200)}`, "head-long"],
    "as many fields": ["GET / HTTP/1.1\r\nHost: a\r\nB:\r\nC:\r\n\r\n", undefined],
    "one field more": ["GET / HTTP/1.1\r\nHost: a\r\nB:\r\nC:\r\nD:\r\n\r\n", "fields-many"],
    "a long target": ["GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n", undefined],
    "one byte longer": ["GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n", "target-long"],
    "a long method": ["FROBIC / HTTP/1.1\r\nHost: a\r\n\r\n", "method-unsupported"],
    "many digits of a chunk size": [`${chunked}${"0".repeat(17)}\r\n`, "chunk-size"],
    "a chunk size beyond what can be held": [`${chunked}${"f".repeat(14)}\r\n`, "chunk-size"],
    "a long extension": [`${chunked}1;${"a".repeat(4096)}\r\n`, "chunk-extension"],
    "long trailers": [`${chunked}0\r\nA: ${"b".repeat(8192)}\r\n\r\n`, "trailers-long"],
    "many trailers": [`${chunked}0\r\n${"A:\r\n".repeat(65)}\r\n`, "trailers-long"],
    "many connection options": [
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: ${"a,".repeat(17)}\r\n\r\n`,
      "connection-option",
    ],
  };
  for (const [name, [raw, fault]] of Object.entries(rows)) {
    for (const pieceBytes of [raw.length, 1, 7]) {
      test(`${name}, in pieces of ${pieceBytes}`, () => {
        expect(makeTranscript(asciiBytes(raw), { pieceBytes, limits }).fault).toBe(fault);
      });
    }
  }
});

test("a request that breaks off is incomplete", () => {
  for (const raw of ["G", GET.slice(0, -1), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"]) {
    expect(makeTranscript(asciiBytes(raw)).atClose).toBe("incomplete");
  }
});
