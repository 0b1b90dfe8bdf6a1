import { expect, test } from "vitest";
import { fit } from "./viewport.ts";

const FITS: Record<string, readonly [size: Parameters<typeof fit>, view: ReturnType<typeof fit>]> = {
  "nothing, before there is anything": [[0, 0, 800, 600], { x: 0, y: 0, scale: 1 }],
  "in the middle, what fits": [[200, 100, 800, 600], { x: 285, y: 242.5, scale: 1.15 }],
  "below the search field, what is larger than the window": [[4000, 4000, 800, 600], { x: 0, y: 52, scale: 0.55 }],
  "below the search field, what is as high and begins beneath it": [[800, 600, 800, 600], { x: 0, y: 52, scale: 1 }],
  "at the top, what is high and begins beside it": [[200, 4000, 800, 600], { x: 345, y: 0, scale: 0.55 }],
};

for (const [what, [size, view]] of Object.entries(FITS)) {
  test(`a drawing stands ${what}`, () => {
    expect(fit(...size)).toEqual(view);
  });
}
