import { HeadTable, toHeadTable } from "@regomesh/policy-runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiBytes, textOf } from "./characters.ts";
import { FieldEdits } from "./field-edits.ts";
import { headRoom, writeRequestHead } from "./head-writer.ts";
import { ReaderEvent } from "./reader-event.ts";
import { RequestReader } from "./request-reader.ts";
import { makeTranscript } from "./test/make-transcript.ts";

const piece = fc.constantFrom(
  "GET /p HTTP/1.1\r\n",
  "Host: h\r\n",
  "X: y\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: x, close\r\n",
  "\r\n",
  "\r",
  "\n",
  " ",
  "abc",
  "3\r\nabc\r\n",
  "0\r\n\r\n",
  "3;a=b\r\n",
);

test("the pieces in which bytes come do not matter", () => {
  const input = fc.tuple(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(input, ([parts, pieceBytes]) => {
      const raw = asciiBytes(parts.join(""));
      const whole = makeTranscript(raw);
      const split = makeTranscript(raw, { pieceBytes });
      expect([split.messages, split.fault ?? split.atClose]).toEqual([whole.messages, whole.fault ?? whole.atClose]);
    }),
    { numRuns: 2000 },
  );
});

test("a forwarded head reads as the head that was received, but for what concerns one connection", () => {
  const token = fc.stringMatching(/^x-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
  const value = fc.stringMatching(/^([!-~][ -~\t]{0,20}[!-~])?$/);
  const fields = fc.array(fc.tuple(token, value), { maxLength: 50 });
  fc.assert(
    fc.property(fields, fc.boolean(), (fields, isChunked) => {
      const lines = fields.map(([name, value]) => `${name}:  ${value}\t\r\n`).join("");
      const framing = isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 0\r\n";
      const reader = new RequestReader();
      const raw = asciiBytes(
        `POST /p HTTP/1.1\r\nKeep-Alive: 1\r\nHost: h\r\n${framing}${lines}Connection: close\r\n\r\n`,
      );
      expect(reader.next(raw, 0, raw.length)).toBe(ReaderEvent.head);
      const edits = new FieldEdits();
      const out = new Uint8Array(headRoom(reader.head, edits));
      const table = new HeadTable();
      const end = writeRequestHead(out, 0, reader.head, edits, undefined, undefined, table);
      const read = toHeadTable(out, end);
      expect(table.words.subarray(0, table.length)).toEqual(read.words.subarray(0, read.length));
      const again = makeTranscript(out.subarray(0, end));
      const length = isChunked ? [] : ["Content-Length: 0"];
      expect(again.fault).toBe(undefined);
      expect(again.messages[0]?.fields).toEqual([
        "Host: h",
        ...length,
        ...fields.map(([name, value]) => `${name}: ${value}`),
        ...(isChunked ? ["transfer-encoding: chunked"] : []),
      ]);
      expect(textOf(out, 0, 18)).toBe("POST /p HTTP/1.1\r\n");
    }),
  );
});
