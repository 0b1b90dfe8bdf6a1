import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.ts";

const text = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter(4096);
  write(writer);
  return new TextDecoder().decode(writer.bytes.subarray(0, writer.at));
};

test("a JSON string is read back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (value) => {
      expect(JSON.parse(`"${text((writer) => writer.jsonText(value))}"`)).toBe(value);
    }),
  );
});

test("bytes are latin-1", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const read = JSON.parse(`"${text((writer) => writer.jsonBytes(bytes, 0, 256))}"`);
  expect(read).toBe(Buffer.from(bytes).toString("latin1"));
});

test("integers and thousandths are decimal", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 49), (value) => {
      expect(text((writer) => writer.integer(value))).toBe(String(value));
    }),
  );
  expect([0, 0.0004, 0.0005, 12.3456, 999.9999].map((value) => text((writer) => writer.thousandths(value)))).toEqual([
    "0.000",
    "0.000",
    "0.001",
    "12.346",
    "1000.000",
  ]);
});
