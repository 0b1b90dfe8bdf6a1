import { expect, test } from "vitest";
import { copyPhrase, phrase, rewrite } from "./phrase.ts";

const SLACK_BYTES = 7;

test("a phrase is written as it is, wherever it goes, and touches nothing before or far behind", () => {
  const texts = ["", "a", ',"status":', "12345678", "~".repeat(17), "x".repeat(64)];
  for (const [index, made] of texts.map(phrase).entries()) {
    const text = texts[index]!;
    for (const at of [0, 3, 8]) {
      const out = Buffer.alloc(96, "#");
      const end = copyPhrase(new DataView(out.buffer, out.byteOffset, out.length), at, made);
      expect(end).toBe(at + text.length);
      expect(out.toString("latin1", 0, end)).toBe("#".repeat(at) + text);
      expect(out.toString("latin1", end + SLACK_BYTES)).toBe("#".repeat(out.length - end - SLACK_BYTES));
    }
  }
});

test("what is written in a phrase's place changes no other", () => {
  const [one, other] = [phrase("time 00:00"), phrase("other text")];
  rewrite(one, 5, "12:34");
  const out = Buffer.alloc(32);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  expect(out.toString("latin1", 0, copyPhrase(view, copyPhrase(view, 0, one), other))).toBe("time 12:34other text");
});

test("what is no ASCII, or too much, is no phrase", () => {
  expect(() => phrase("caf\u00e9")).toThrow("a phrase is ASCII");
  expect(() => phrase("x".repeat(5000))).toThrow("no room");
});
