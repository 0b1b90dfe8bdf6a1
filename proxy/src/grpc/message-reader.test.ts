import fc from "fast-check";
import { expect, test } from "vitest";
import { frameMessage, MessageReader } from "./message-reader.ts";

test("property: messages come as they were sent, whatever the pieces are", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.array(fc.nat(3000), { maxLength: 20 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(frameMessage));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const reader = new MessageReader(1000);
      const came = places.slice(1).flatMap((end, i) => {
        const piece = bytes.subarray(places[i], end);
        const read = reader.feed(Uint8Array.from(piece), 0, piece.length);
        return read.map((message) => Uint8Array.from(message));
      });
      expect(came).toEqual(sent);
      expect(reader.isPending).toBe(false);
    }),
  );
});

test.each([
  ["compressed", [1, 0, 0, 0, 1, 0]],
  ["too-long", [0, 0, 0, 4, 0]],
])("a message that is %s is none, and nothing behind it", (fault, bytes) => {
  const reader = new MessageReader(1000);
  expect(reader.feed(Uint8Array.from(bytes), 0, bytes.length)).toEqual([]);
  expect(reader.feed(frameMessage(Uint8Array.of(1)), 0, 6)).toEqual([]);
  expect(reader.fault).toBe(fault);
});
