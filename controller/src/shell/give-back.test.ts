import { expect, test, vi } from "vitest";
import { giveBackAfter } from "./give-back.ts";

test("all is collected once it is quiet after a storm, and again only where there is enough to give back", () => {
  vi.useFakeTimers();
  try {
    const mebibyte = 1024 * 1024;
    const collected: number[] = [];
    let resident = 100;
    const { busy, stop } = giveBackAfter({
      quietMs: 1000,
      residentBytes: () => resident * mebibyte,
      collect: () => {
        collected.push(resident);
        resident = 90;
      },
    });
    for (let at = 0; at < 3; at++) {
      busy();
      vi.advanceTimersByTime(900);
    }
    expect(collected).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(collected).toEqual([100]);
    for (const grownTo of [137, 200]) {
      resident = grownTo;
      busy();
      vi.advanceTimersByTime(1000);
    }
    expect(collected).toEqual([100, 200]);
    resident = 500;
    busy();
    stop();
    vi.advanceTimersByTime(1000);
    expect(collected).toEqual([100, 200]);
  } finally {
    vi.useRealTimers();
  }
});
