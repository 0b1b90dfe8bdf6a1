import { describe, expect, test } from "vitest";
import { asciiBytes, textOf } from "../http1/characters.ts";
import { Head } from "../http1/head.ts";
import { ReaderEvent } from "../http1/reader-event.ts";
import { RequestReader } from "../http1/request-reader.ts";
import { isLoop, makeVia, PASSES_MAX, viaLine } from "./via.ts";

const VIA = makeVia("in", { name: "orders-v1", namespace: "shop" });

function headOf(fields: string, version = "1.1"): Head {
  const reader = new RequestReader();
  const bytes = asciiBytes(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`);
  expect(reader.next(bytes, 0, bytes.length)).toBe(ReaderEvent.head);
  return reader.head;
}
const lineOf = (head: Head): string => {
  const { bytes } = viaLine(VIA, head);
  return textOf(bytes, 0, bytes.length);
};

test("the line says what the request was received as", () => {
  expect([headOf(""), headOf("", "1.0"), new Head(true)].map(lineOf)).toEqual([
    "via: 1.1 in.orders-v1.shop\r\n",
    "via: 1.0 in.orders-v1.shop\r\n",
    "via: 2 in.orders-v1.shop\r\n",
  ]);
});

describe("a request goes round", () => {
  const own = "1.1 in.orders-v1.shop";
  const once = `Via: ${own}\r\n`;
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["where nothing says that it passed", "", false],
    ["where it passed others alone", "Via: 1.0 fred, 1.1 p.example.net\r\n".repeat(9), false],
    [
      "where it passed the other direction, and others of like names",
      "Via: 1.1 out.orders-v1.shop, 1.1 in.orders-v1.shops, 1.1 in.orders-v1\r\n".repeat(9),
      false,
    ],
    ["where it passed once less than it may", once.repeat(PASSES_MAX - 1), false],
    ["where it passed as often as it may, in lines", once.repeat(PASSES_MAX), true],
    ["in one list", `Via: ${Array.from({ length: PASSES_MAX }, () => own).join(",")}\r\n`, true],
    [
      "between others, with blanks, comments, other letters and protocols",
      `Via: 1.1 fred ,\t2  IN.Orders-v1.Shop\t(a b) , HTTP/1.0 in.orders-v1.shop\r\nvia: 1.1 a\r\nVIA: ${own} (c), ${own}\r\n`,
      true,
    ],
    [
      "where its name is a protocol or in a comment alone",
      "Via: in.orders-v1.shop fred (1.1 in.orders-v1.shop)\r\n".repeat(9),
      false,
    ],
    ["where members are empty", `Via: ,, ,${own},,\r\n`, false],
  ];
  test.each(rows)("%s", (_, fields, expected) => {
    expect(isLoop(headOf(fields), VIA)).toBe(expected);
  });
});
