/** From a request's text, as the mesh writes it, to fields of HTTP/2. */
import { expect, test } from "vitest";
import { asciiBytes, textOf } from "../http1/characters.ts";
import type { Entry } from "./hpack/dynamic-table.ts";
import { STATIC_ENTRIES } from "./hpack/static-table.ts";
import { type FieldSink, TextFields } from "./text-fields.ts";

function gather(): { readonly told: string[]; readonly sink: FieldSink } {
  const told: string[] = [];
  return {
    told,
    sink: {
      field: (name, ns, ne, value, vs, ve) => void told.push(`${textOf(name, ns, ne)}: ${textOf(value, vs, ve)}`),
      named: (name, value, vs, ve) =>
        void told.push(`${textOf(name.bytes(), 0, name.length)}: ${textOf(value, vs, ve)}`),
      fixed: (index) => {
        const { name, value } = STATIC_ENTRIES[index - 1] as Entry;
        told.push(`${textOf(name, 0, name.length)}: ${textOf(value, 0, value.length)}`);
      },
    },
  };
}

const PSEUDO = [":method: GET", ":scheme: http", ":authority: orders:80", ":path: /a?b=c"];
const LINE = "GET /a?b=c HTTP/1.1\r\n";

const ROWS: readonly (readonly [name: string, text: string, fields: readonly string[]])[] = [
  ["Host is the authority, wherever it stands", `${LINE}A: b\r\nHost: orders:80\r\n\r\n`, [...PSEUDO, "A: b"]],
  ["names and values are as they are", `${LINE}Host: orders:80\r\nX-One: A b\r\n\r\n`, [...PSEUDO, "X-One: A b"]],
  [
    "blanks around a value are none of it",
    `${LINE}Host:orders:80\r\nx:\t a \t\r\ny:\r\n\r\n`,
    [...PSEUDO, "x: a", "y: "],
  ],
  [
    "what concerns one connection stays with it, but that trailers may come",
    `${LINE}Host: orders:80\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nUpgrade: x\r\nKeep-Alive: a\r\nProxy-Connection: b\r\nConnection: c\r\n\r\n`,
    [...PSEUDO, "TE: trailers"],
  ],
];

test.each(ROWS)("%s", (_, text, fields) => {
  const { told, sink } = gather();
  // Other bytes stand around it: what was in the buffer before.
  const bytes = asciiBytes(`xx${text}host: another\r\n`);
  new TextFields().request(bytes, 2, 2 + text.length, sink);
  expect(told).toEqual(fields);
});

test("trailer lines end with the empty one", () => {
  const { told, sink } = gather();
  const bytes = asciiBytes("grpc-status: 0\r\nX-Sum: 1\r\n\r\nx: y\r\n");
  new TextFields().lines(bytes, 0, bytes.length, sink);
  expect(told).toEqual(["grpc-status: 0", "X-Sum: 1"]);
});
