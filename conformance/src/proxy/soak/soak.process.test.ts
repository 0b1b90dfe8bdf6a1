import { expect, test } from "vitest";
import { ABOVE_BYTES_MAX } from "./main.ts";
import { soak } from "./soak.ts";

const MEGABYTE = 1_000_000;

test("content passes two sidecars no faster than it is taken, whole, and they hold little of it", async () => {
  const soaked = await soak({ bytes: 128 * MEGABYTE, bytesPerSecond: 50 * MEGABYTE });
  expect(soaked.map(({ proxy, direction }) => `${direction} ${proxy}`)).toEqual([
    "up web",
    "up orders",
    "down web",
    "down orders",
  ]);
  expect(soaked.filter(({ aboveBytes }) => aboveBytes > ABOVE_BYTES_MAX)).toEqual([]);
}, 60_000);
