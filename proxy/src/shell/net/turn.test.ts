/** When what waits to be written is written: once, and in its order. */
import { expect, test } from "vitest";
import {
  GATHERING_TURNS,
  HELD_BACK_TURNS,
  POLLS_MAX,
  READS_MAX,
  RELIEVED_AT,
  RELIEVED_READS_MAX,
  Turn,
} from "./turn.ts";

type Played = { readonly turn: Turn; readonly flushed: string[]; add(name: string, then?: () => void): void };

function play(): Played {
  const turn = new Turn();
  const flushed: string[] = [];
  const owner = {
    onFault: (error: unknown) => {
      flushed.push(`fault ${(error as Error).message}`);
    },
  };
  const add = (name: string, then: () => void = () => {}): void =>
    turn.add({
      owner,
      flush: () => {
        flushed.push(name);
        then();
      },
    });
  return { turn, flushed, add };
}

const names = (count: number, prefix = ""): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const turnEnd = (): Promise<void> => new Promise((done) => setImmediate(done));

test("few wait for the turn's end", async () => {
  const { turn, flushed, add } = play();
  for (const name of names(RELIEVED_AT - 1)) add(name);
  turn.relieve();
  expect(flushed).toEqual([]);
  await turnEnd();
  expect(flushed).toEqual(names(RELIEVED_AT - 1));
});

test("many are written where they are relieved, and none of them twice", async () => {
  const { turn, flushed, add } = play();
  for (const name of names(RELIEVED_AT)) add(name);
  turn.relieve();
  expect(flushed).toEqual(names(RELIEVED_AT));
  add("late");
  turn.relieve();
  await turnEnd();
  await turnEnd();
  expect(flushed).toEqual([...names(RELIEVED_AT), "late"]);
});

test("where a turn reads without end, what is written at once is bounded: the rest waits for its end", async () => {
  const { turn, flushed, add } = play();
  const read = (count: number): void => {
    for (let index = 0; index < count; index++) {
      turn.relieve();
      add("x");
    }
  };
  read(RELIEVED_READS_MAX);
  expect(flushed).toHaveLength(RELIEVED_READS_MAX - RELIEVED_AT);
  read(RELIEVED_READS_MAX);
  expect(flushed).toHaveLength(RELIEVED_READS_MAX - RELIEVED_AT);
  await turnEnd();
  expect(flushed).toHaveLength(2 * RELIEVED_READS_MAX);
  expect(turn.turns).toBe(1);
  read(RELIEVED_AT + 1);
  expect(flushed).toHaveLength(2 * RELIEVED_READS_MAX + RELIEVED_AT);
});

test("a fault is its owner's, and the others are written", async () => {
  const { flushed, add } = play();
  add("one", () => {
    throw new Error("of one");
  });
  add("two");
  await turnEnd();
  expect(flushed).toEqual(["one", "fault of one", "two"]);
});

test("what is added while others are written, even by many of them, has its turn behind them", async () => {
  const { turn, flushed, add } = play();
  add("first", () => {
    for (const name of names(RELIEVED_AT, "new ")) add(name);
    turn.relieve();
    add("last");
  });
  for (const name of names(RELIEVED_AT - 1)) add(name);
  turn.relieve();
  expect(flushed).toEqual(["first", ...names(RELIEVED_AT - 1)]);
  await turnEnd();
  await turnEnd();
  expect(flushed).toEqual(["first", ...names(RELIEVED_AT - 1), ...names(RELIEVED_AT, "new "), "last"]);
});

/** `polls`: what each finds; with "x" a read that has something to write, with "!" a fault; with "a" Node's loop is awaited. */
function playPolls(polls: readonly string[]): { readonly turn: Turn; readonly seen: string[] } {
  const seen: string[] = [];
  let at = 0;
  const add = (name: string): void =>
    turn.add({ owner: { onFault: () => {} }, flush: () => void seen.push(`write ${name}`) });
  let isAwaited = false;
  const poll = (): number => {
    const found = polls[at++] ?? "";
    seen.push(`read ${found}`);
    isAwaited = found.includes("a");
    if (found === "!") throw new Error("of the system's call");
    if (found !== "") add(found);
    return found.length;
  };
  const polled = {
    poll,
    get isAwaited() {
      return isAwaited;
    },
  };
  const turn = new Turn(polled, (error) => void seen.push((error as Error).message));
  add("first");
  return { turn, seen };
}

test("what has come is read, and what it says written, until nothing comes", async () => {
  const { seen } = playPolls(["x", "xx"]);
  await turnEnd();
  expect(seen).toEqual(["write first", "read x", "write x", "read xx", "write xx", "read "]);
  await turnEnd();
  expect(seen).toHaveLength(6);
});

test("others have their turn where it never stops coming", async () => {
  const { seen } = playPolls(Array.from({ length: POLLS_MAX + 1 }, () => "x"));
  await turnEnd();
  expect(seen.filter((what) => what === "read x")).toHaveLength(POLLS_MAX);
  expect(seen.at(-1)).toBe("write x");
  await turnEnd();
  expect(seen.slice(-3)).toEqual(["read x", "write x", "read "]);
});

test("where many have something, others have their turn sooner", async () => {
  const many = "x".repeat(READS_MAX / 2);
  const { seen } = playPolls([many, many, many]);
  await turnEnd();
  expect(seen.filter((what) => what === `read ${many}`)).toHaveLength(2);
  await turnEnd();
  expect(seen.slice(-3)).toEqual([`read ${many}`, `write ${many}`, "read "]);
});

test("where something waits for Node's loop, it has its turn as soon as what was read is written", async () => {
  const { seen } = playPolls(["x", "xa", "x"]);
  await turnEnd();
  expect(seen).toEqual(["write first", "read x", "write x", "read xa", "write xa"]);
  await turnEnd();
  expect(seen.slice(-3)).toEqual(["read x", "write x", "read "]);
});

test("however much is added meanwhile, others have their turn as often", async () => {
  const polls = Array.from({ length: 20 * POLLS_MAX }, () => "x");
  const { turn, seen } = playPolls(polls);
  for (let turns = 1; turns <= 10; turns++) {
    await turnEnd();
    expect(seen.filter((what) => what === "read x")).toHaveLength(turns * POLLS_MAX);
    // As Node's own reads do, between two turns.
    turn.add({ owner: { onFault: () => {} }, flush: () => {} });
  }
});

test.each<readonly [name: string, turns: number, act: (turn: Turn) => void]>([
  ["once something has gone where more is gathered", GATHERING_TURNS, (turn) => turn.gather()],
  ["once somebody took less than was given", HELD_BACK_TURNS, (turn) => turn.holdBack()],
  [
    "and the longer of both",
    GATHERING_TURNS,
    (turn) => {
      turn.gather();
      turn.holdBack();
    },
  ],
])("nothing is read for some turns %s", async (_name, turns, act) => {
  const { turn, seen } = playPolls(["x"]);
  turn.add({ owner: { onFault: () => {} }, flush: () => act(turn) });
  await turnEnd();
  expect(seen).toEqual(["write first"]);
  const next = async (): Promise<void> => {
    turn.add({ owner: { onFault: () => {} }, flush: () => {} });
    await turnEnd();
  };
  for (let left = turns - 1; left > 0; left--) await next();
  expect(seen).toEqual(["write first"]);
  await next();
  expect(seen).toEqual(["write first", "read x", "write x", "read "]);
});

test("reads that cannot be made are given up and told of, and everything is written all the same", async () => {
  const { turn, seen } = playPolls(["!", "x"]);
  await turnEnd();
  turn.add({ owner: { onFault: () => {} }, flush: () => void seen.push("write late") });
  await turnEnd();
  await turnEnd();
  expect(seen).toEqual(["write first", "read !", "of the system's call", "write late"]);
});
