/** When what waits to be written is written: once, and in its order. */
import { expect, test } from "vitest";
import { RELIEVED_AT, Turn } from "./turn.ts";

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
