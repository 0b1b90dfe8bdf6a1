import { expect, test } from "vitest";
import { LineStart } from "./line-start.ts";
import { copyPhrase } from "./phrase.ts";

test("a line begins with its time, whatever the one before was", () => {
  const start = new LineStart("outbound");
  const times = [0, 7, 1_700_000_000_123, 1_700_000_000_124.9, 1_700_000_000_999, 1_700_000_001_000, 1_700_000_000_123];
  for (const time of times) {
    const out = new DataView(new ArrayBuffer(128));
    const text = Buffer.from(out.buffer, 0, copyPhrase(out, 0, start.at(time))).toString("latin1");
    expect(JSON.parse(`${text}"}`)).toEqual({
      time: new Date(Math.floor(time)).toISOString(),
      direction: "outbound",
      requestId: "",
    });
  }
});
