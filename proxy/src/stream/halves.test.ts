import { expect, test } from "vitest";
import { HalfMove, Halves, moveHalves } from "./halves.ts";

test.each<readonly [readonly (keyof typeof HalfMove)[], keyof typeof Halves | "bug"]>([
  [[], "open"],
  [["send"], "sent"],
  [["receive"], "received"],
  [["send", "receive"], "closed"],
  [["receive", "send"], "closed"],
  [["reset"], "closed"],
  [["send", "reset"], "closed"],
  [["receive", "reset", "reset"], "closed"],
  [["send", "send"], "bug"],
  [["receive", "receive"], "bug"],
  [["reset", "send"], "bug"],
  [["send", "receive", "receive"], "bug"],
])("%j leads to %s", (moves, state) => {
  const play = () => moves.reduce<Halves>((halves, name) => moveHalves(halves, HalfMove[name]), Halves.open);
  if (state === "bug") expect(play).toThrow("takes no");
  else expect(play()).toBe(Halves[state]);
});
