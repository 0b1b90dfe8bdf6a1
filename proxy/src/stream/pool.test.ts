import { expect, test } from "vitest";
import { Lending } from "./pool.ts";

const limits = { connectionsMax: 2, pendingMax: 1 };

type Step =
  | readonly [atMs: number, event: "ask" | "cancel", who: string, then: string]
  | readonly [atMs: number, event: "open" | "back" | "fails" | "ends", connection: string, then: string]
  | readonly [atMs: number, event: "sweep" | "close" | "renew", nothing: "", then: string];

const PLAYS: Readonly<Record<string, readonly Step[]>> = {
  "who finds none idle waits for one that opens, in turn, and beyond the queue is refused": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "ask", "b", "waiting, opens 1"],
    [0, "ask", "c", "waiting, opens 0"],
    [0, "ask", "d", "full, opens 0"],
    [1, "open", "1", "lent to a"],
    [2, "back", "1", "lent to b"],
    [3, "open", "2", "lent to c"],
  ],
  "idle ones are lent last in, first out": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "ask", "b", "waiting, opens 1"],
    [0, "open", "1", "lent to a"],
    [0, "open", "2", "lent to b"],
    [1, "back", "1", "idle"],
    [2, "back", "2", "idle"],
    [3, "ask", "c", "2"],
    [3, "ask", "d", "1"],
  ],
  "one that has been idle too long is for nobody, swept or not": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "open", "1", "lent to a"],
    [0, "back", "1", "idle"],
    [100, "ask", "b", "ends 1, waiting, opens 1"],
  ],
  "the sweep ends what is due, and comes again for the rest": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "ask", "b", "waiting, opens 1"],
    [0, "open", "1", "lent to a"],
    [0, "open", "2", "lent to b"],
    [0, "back", "1", "idle"],
    [60, "back", "2", "idle"],
    [100, "sweep", "", "ends 1, again in 60"],
    [160, "sweep", "", "ends 2"],
  ],
  "a connection that fails to open fails one who waits, and one more is opened for the next": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "ask", "b", "waiting, opens 1"],
    [0, "ask", "c", "waiting, opens 0"],
    [1, "fails", "1", "fails a, opens 1"],
    [2, "open", "2", "lent to b"],
  ],
  "who was cancelled gets nothing": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "cancel", "a", ""],
    [1, "open", "1", "idle"],
  ],
  "one that closes by itself while idle is forgotten": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "open", "1", "lent to a"],
    [0, "back", "1", "idle"],
    [1, "ends", "1", "opens 0"],
    [2, "ask", "b", "waiting, opens 1"],
  ],
  "a pool that closes hands over who waits, and lends nothing any more": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "ask", "b", "waiting, opens 1"],
    [0, "ask", "c", "waiting, opens 0"],
    [1, "open", "1", "lent to a"],
    [2, "close", "", "sends away b c"],
    [3, "open", "2", "ends"],
    [4, "back", "1", "ends"],
    [5, "ask", "d", "closed, opens 0"],
  ],
  "a renewal ends what is idle": [
    [0, "ask", "a", "waiting, opens 1"],
    [0, "open", "1", "lent to a"],
    [0, "back", "1", "idle"],
    [1, "renew", "", "ends 1"],
  ],
};

test.each(Object.entries(PLAYS))("%s", (_, steps) => {
  const lending = new Lending<string, string>();
  const seen = steps.map(([atMs, event, which]) => [atMs, event, which, play(lending, event, which, atMs)]);
  expect(seen).toEqual(steps);
});

test("of a crowd that comes at once 64 open a connection at a time, and the rest is served by what comes back", () => {
  const lending = new Lending<string, number>();
  const wide = { connectionsMax: 150, pendingMax: 50 };
  let opens = 0;
  for (let who = 0; who < 200; who++) {
    expect(lending.acquire(who, wide, 0, () => {})).toBe("waiting");
    opens += lending.toOpen(wide);
  }
  expect(opens).toBe(64);
  expect(lending.acquire(200, wide, 0, () => {})).toBe("full");
  // Each that opens makes room for one more to be opened, until there are as many as there may be.
  for (let each = 0; each < 64; each++) {
    lending.opened();
    expect(lending.giveBack(`${each}`, 100, 0)).toEqual({ kind: "lend", to: each });
    expect(lending.toOpen(wide)).toBe(1);
  }
  // What comes back serves the next, and nothing more is opened for him.
  expect(lending.giveBack("0", 100, 0)).toEqual({ kind: "lend", to: 64 });
  expect([lending.toOpen(wide), lending.open, lending.waiting]).toEqual([0, 128, 135]);
});

test("where no connection opens, all who wait are told by the time that the first ones have failed", () => {
  const lending = new Lending<string, number>();
  const wide = { connectionsMax: 1024, pendingMax: 1024 };
  for (let who = 0; who < 1000; who++) {
    lending.acquire(who, wide, 0, () => {});
    lending.toOpen(wide);
  }
  const told = Array.from({ length: 64 }, (_, each) => lending.gone(`${each}`, true)).flat();
  expect(told).toEqual(Array.from({ length: 1000 }, (_, who) => who));
});

test("one that does not open beside others that are lent is in vain for its share of those who wait, and no more", () => {
  const lending = new Lending<string, number>();
  const wide = { connectionsMax: 100, pendingMax: 1000 };
  for (let who = 0; who < 99; who++) {
    lending.acquire(who, wide, 0, () => {});
    lending.toOpen(wide);
    lending.opened();
    lending.giveBack(`${who}`, 100, 0);
  }
  for (let who = 100; who < 600; who++) lending.acquire(who, wide, 0, () => {});
  expect([lending.toOpen(wide), lending.waiting]).toEqual([1, 500]);
  expect(lending.gone("last", true)).toEqual([100, 101, 102, 103, 104]);
});

function play(lending: Lending<string, string>, event: Step[1], which: string, nowMs: number): string {
  const said: string[] = [];
  switch (event) {
    case "ask": {
      const found = lending.acquire(which, limits, nowMs, (connection) => said.push(`ends ${connection}`));
      said.push(found);
      if (["waiting", "full", "closed"].includes(found)) said.push(`opens ${lending.toOpen(limits)}`);
      return said.join(", ");
    }
    case "cancel":
      lending.cancel(which);
      return "";
    case "open":
      lending.opened();
      return back(lending, which, nowMs);
    case "back":
      return back(lending, which, nowMs);
    case "fails":
      return `fails ${lending.gone(which, true).join(" ")}, opens ${lending.toOpen(limits)}`;
    case "ends":
      lending.gone(which, false);
      return `opens ${lending.toOpen(limits)}`;
    case "sweep": {
      const { expired, nextMs } = lending.sweep(nowMs);
      return `ends ${expired.join(" ")}${nextMs === undefined ? "" : `, again in ${nextMs}`}`;
    }
    case "renew":
      return `ends ${lending.takeIdle().join(" ")}`;
    case "close":
      return `sends away ${lending.close().join(" ")}`;
  }
}

function back(lending: Lending<string, string>, connection: string, nowMs: number): string {
  const returned = lending.giveBack(connection, 100, nowMs);
  if (returned.kind === "lend") return `lent to ${returned.to}`;
  return returned.kind === "idle" ? "idle" : "ends";
}
