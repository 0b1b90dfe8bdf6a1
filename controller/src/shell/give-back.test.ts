import { expect, test, vi } from "vitest";
import { giveBackAfter } from "./give-back.ts";

test("all is collected once it is quiet after a storm, and again only where there is enough to give back", () => {
  vi.useFakeTimers();
  try {
    const mebibyte = 1024 * 1024;
    const collected: string[] = [];
    let resident = 100;
    const { busy, stop } = giveBackAfter({
      quietMs: 1000,
      longQuietMs: 5000,
      residentBytes: () => resident * mebibyte,
      collect: (isThorough) => {
        collected.push(`${resident}${isThorough ? " thoroughly" : ""}`);
        if (isThorough) resident = 90;
      },
    });
    const takes = (ms: number) => {
      vi.advanceTimersByTime(ms);
      return collected.splice(0);
    };
    busy();
    expect(takes(900)).toEqual([]);
    busy();
    expect(takes(900)).toEqual([]);
    expect(takes(100)).toEqual(["100"]);
    expect(takes(4000)).toEqual(["100 thoroughly"]);
    expect(takes(60_000)).toEqual([]);
    resident = 113;
    busy();
    expect(takes(4999)).toEqual([]);
    expect(takes(1)).toEqual(["113 thoroughly"]);
    resident = 200;
    busy();
    expect(takes(2000)).toEqual(["200"]);
    stop();
    expect(takes(60_000)).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
