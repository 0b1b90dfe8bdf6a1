import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cpuMsOf, limitWork, type Over } from "./work-limit.ts";

describe("a process's work", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A process that works `share` of the time. Gives what was said after `seconds`, and at which. */
  function watch(share: number | undefined, seconds: number) {
    const said: [Over, number][] = [];
    const begin = Date.now();
    const elapsedMs = () => Date.now() - begin;
    const stop = limitWork({
      limitMs: 30_000,
      cpuMs: () => (share === undefined ? undefined : 5000 + elapsedMs() * share),
      onOver: (over) => said.push([over, elapsedMs() / 1000]),
    });
    vi.advanceTimersByTime(seconds * 1000);
    return { said, stop };
  }

  test.each<[string, number | undefined, [Over, number][]]>([
    ["one that has a core", 1, [["work", 30]]],
    ["one with two threads", 2, [["work", 30]]],
    ["of which nobody says what it has worked", undefined, [["work", 30]]],
    ["one that waits", 0, [["wait", 300]]],
  ])("%s", (_, share, said) => {
    expect(watch(share, 1000).said).toEqual(said);
  });

  test("one with a quarter of a core has four times as long", () => {
    const { said } = watch(0.25, 1000);
    expect(said).toHaveLength(1);
    expect(said[0]?.[0]).toBe("work");
    expect(said[0]?.[1]).toBeGreaterThanOrEqual(120);
    expect(said[0]?.[1]).toBeLessThan(122);
  });

  test("one that has ended meanwhile is not blamed", () => {
    const said: Over[] = [];
    let cpuMs: number | undefined = 0;
    limitWork({ limitMs: 30_000, cpuMs: () => cpuMs, onOver: (over) => said.push(over) });
    cpuMs = undefined;
    vi.advanceTimersByTime(1_000_000);
    expect(said).toEqual([]);
  });

  test("one that is done in time is not spoken of", () => {
    const { said, stop } = watch(1, 29);
    stop();
    vi.advanceTimersByTime(1_000_000);
    expect(said).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("what a process has worked", () => {
  test("is what it says of itself", () => {
    const { user, system } = process.cpuUsage();
    const seen = cpuMsOf(process.pid) ?? 0;
    const after = process.cpuUsage();
    expect(seen).toBeGreaterThanOrEqual((user + system) / 1000 - 20);
    expect(seen).toBeLessThanOrEqual((after.user + after.system) / 1000 + 20);
  });

  test("nobody says of a process that there is not", () => {
    expect(cpuMsOf(0x7fffffff)).toBeUndefined();
    expect(cpuMsOf(undefined)).toBeUndefined();
  });
});
