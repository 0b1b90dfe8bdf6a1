import { expect, test } from "vitest";
import { type Facts, type LogFormat, makeLog } from "./log.ts";

const print = (format: LogFormat, message: string, facts: Facts): string => {
  let text = "";
  const log = makeLog({ write: (line) => (text += line), nowMs: () => 0, format });
  log.log("debug", "below what is asked for");
  log.log("warn", message, facts);
  return text;
};

const cases: readonly (readonly [name: string, message: string, facts: Facts, text: string])[] = [
  ["facts are words", "away", { attempt: 3, serving: true, error: undefined }, "WARN  away attempt=3 serving=true"],
  ["what is no word is quoted", "away", { error: 'no "a" = b' }, 'WARN  away error="no \\"a\\" = b"'],
  ["an empty fact is seen", "away", { error: "" }, 'WARN  away error=""'],
  ["a line stays a line", "a\nb", { error: "c\nd" }, 'WARN  a\\u000ab error="c\\nd"'],
];

test.each(cases)("as text, %s", (_, message, facts, text) => {
  expect(print("text", message, facts)).toBe(`1970-01-01T00:00:00.000Z ${text}\n`);
});

test("as JSON it is one object a line", () => {
  expect(print("json", "a\nb", { attempt: 3 })).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"a\\nb","attempt":3}\n',
  );
});
