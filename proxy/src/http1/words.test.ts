import { KNOWN_FIELDS, KnownField } from "@regomesh/policy-runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiBytes, IS_TOKEN, IS_VALUE } from "./characters.ts";
import { DISGUISED, knownField, recogniseField } from "./known-field.ts";
import { skipValue } from "./words.ts";

/** Any byte, mostly of those that values are made of. */
const byte = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 3, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }) },
);

test("skipValue stops where a look at each byte stops, wherever the bytes lie", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3 }),
      fc.array(byte, { maxLength: 40 }),
      fc.nat(3),
      (before, value, less) => {
        const whole = Uint8Array.from([...before, ...value, 0x0d]);
        const bytes = whole.subarray(before.length);
        const limit = Math.max(0, value.length - less);
        let expected = 0;
        while (expected < limit && IS_VALUE[bytes[expected]!] === 1) expected++;
        expect(skipValue(bytes, 0, limit)).toBe(expected);
      },
    ),
    { numRuns: 3000 },
  );
});

test("skipValue stops at every byte that no value may hold, at every place of a word, and at no other", () => {
  for (let byte = 0; byte < 256; byte++) {
    for (let place = 0; place < 8; place++) {
      const bytes = asciiBytes("abcdefgh");
      bytes[place] = byte;
      expect(skipValue(bytes, 0, bytes.length), `${byte} at ${place}`).toBe(
        IS_VALUE[byte] === 1 ? bytes.length : place,
      );
    }
  }
});

test("a known field's name is recognised in every letter case, and with any other token byte in it is not", () => {
  for (const [name, field] of KNOWN_FIELDS) {
    for (const spelt of [name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)]) {
      expect(knownField(asciiBytes(`x${spelt}:`), 1, name.length + 1), spelt).toBe(field);
    }
    for (let place = 0; place < name.length; place++) {
      for (let byte = 0; byte < 256; byte++) {
        if (IS_TOKEN[byte] !== 1 || String.fromCharCode(byte).toLowerCase() === name[place]) continue;
        const bytes = asciiBytes(name);
        bytes[place] = byte;
        const isDisguised = name[place] === "-" && byte === 0x5f;
        const found = recogniseField(bytes, 0, bytes.length);
        if (isDisguised) expect(found, `${name} at ${place}`).toBe(DISGUISED);
        else expect(found === KnownField.other || found !== field, `${name} with ${byte} at ${place}`).toBe(true);
      }
    }
  }
});
