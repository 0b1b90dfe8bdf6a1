import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "./decode-text.ts";

const bytesOf = (...parts: readonly (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))));

test.each([
  [["a", 0xff], { text: "a\uFFFD", illegalAt: 1 }],
  [["é\n\u{1F600}", 0xc0, 0x80, "x"], { text: "é\n\u{1F600}\uFFFD\uFFFDx", illegalAt: 4 }],
  [["\uFFFD", "b", 0xe2, 0x82], { text: "\uFFFDb\uFFFD", illegalAt: 2 }],
  [["\uFEFFa", 0xed, 0xa0, 0x80], { text: "\uFEFFa\uFFFD\uFFFD\uFFFD", illegalAt: 2 }],
  [[0xff, 0xfe, "a", 0], { text: "\uFFFD\uFFFDa\0", illegalAt: 0 }],
  [["\uFEFF\uFFFDé"], { text: "\uFEFF\uFFFDé" }],
  [[], { text: "" }],
] as const)("decodeText of %j", (parts, decoded) => {
  expect(decodeText(bytesOf(...parts))).toEqual(decoded);
});

test("what stands before the first illegal byte is as it was, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.uint8Array(), (text, tail) => {
      const bytes = Buffer.concat([Buffer.from(text), Buffer.of(0xff), tail]);
      expect(decodeText(bytes)).toEqual({ text: bytes.toString("utf8"), illegalAt: text.length });
    }),
  );
});
