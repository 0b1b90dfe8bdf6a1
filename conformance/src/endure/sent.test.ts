import { expect, test } from "vitest";
import { Sent } from "./sent.ts";

/** What a proxy of web is sent: epoch, sequence, hash. */
type Turn = readonly [epoch: string, sequence: number, hash: string];

const plays: readonly (readonly [name: string, turns: readonly Turn[], faults: readonly string[]])[] = [
  [
    "the same once more, and later ones",
    [
      ["e", 1, "a"],
      ["e", 1, "a"],
      ["e", 3, "b"],
    ],
    [],
  ],
  [
    "another under one number",
    [
      ["e", 1, "a"],
      ["e", 1, "b"],
    ],
    ["web was sent two snapshots under number 1"],
  ],
  [
    "an earlier number",
    [
      ["e", 2, "a"],
      ["e", 1, "b"],
    ],
    ["web was sent 1 after 2"],
  ],
  [
    "another epoch",
    [
      ["e", 2, "a"],
      ["f", 3, "b"],
    ],
    ["web was sent another epoch after 2"],
  ],
];

test.each(plays)("%s", (_, turns, faults) => {
  const sent = new Sent();
  const told = sent.hear("web");
  for (const [epoch, sequence, hash] of turns) told.onSnapshot("r", 0, { epoch, sequence, hash });
  expect(sent.faults).toEqual(faults);
  expect([sent.snapshots, sent.behind("r"), sent.behind("s")]).toEqual([turns.length, [], ["web"]]);
});

test("half a snapshot is a fault, a stream that breaks off is none", async () => {
  const sent = new Sent();
  const told = sent.hear("web");
  told.onError("14 UNAVAILABLE: Connection dropped");
  told.onError("a snapshot without 2 contents, first a");
  expect(sent.faults).toEqual(["web: a snapshot without 2 contents, first a"]);
  const reached = sent.reached("r", 2);
  for (const sequence of [1, 2]) told.onSnapshot("r", 0, { epoch: "e", sequence, hash: "a" });
  await reached;
});
