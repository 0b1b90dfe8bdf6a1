import { expect, test } from "vitest";
import { type HalfMove, type Halves, moveHalves } from "./halves.ts";

test.each<readonly [readonly HalfMove[], Halves | "bug"]>([
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
  const play = () => moves.reduce<Halves>(moveHalves, "open");
  if (state === "bug") expect(play).toThrow("takes no");
  else expect(play()).toBe(state);
});
