import { expect, test } from "vitest";
import { makeTurns } from "./turns.ts";

const nextTurn = () => new Promise<void>((done) => setImmediate(done));

test("a part is done at once, the others a part a turn, each once and in their order", async () => {
  const done: number[] = [];
  const turns = makeTurns<number>(2, (each) => void done.push(each));
  turns.add([1, 2, 3, 4, 5]);
  expect(done).toEqual([1, 2]);
  turns.add([4, 6]);
  await nextTurn();
  expect(done).toEqual([1, 2, 3, 4]);
  await nextTurn();
  await nextTurn();
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  turns.add([1]);
  expect(done.at(-1)).toBe(1);
});

test("what the work itself adds comes after what waits, and what was forgotten is not done", async () => {
  const done: string[] = [];
  const turns = makeTurns<string>(1, (each) => {
    done.push(each);
    if (each === "a") turns.add(["c"]);
  });
  turns.add(["a", "b"]);
  await nextTurn();
  await nextTurn();
  expect(done).toEqual(["a", "b", "c"]);
  turns.add(["d", "e"]);
  expect(["d", "e"].map(turns.has)).toEqual([false, true]);
  turns.clear();
  await nextTurn();
  expect(done).toEqual(["a", "b", "c", "d"]);
});
