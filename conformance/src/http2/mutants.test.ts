/** A part of `npm run conformance:http2 -- --mutants`. */
import { makeRandom } from "@regomesh/base";
import { expect, test } from "vitest";
import { runMutants } from "./mutants.ts";

test("sequences of frames that were changed do no more than end their connection, whatever the pieces are", () => {
  const { faults, resets, heads } = runMutants(2000, makeRandom(Number(process.env.REGOMESH_HTTP2_SEED ?? 1)));
  // Changes are of all kinds: some end the connection, some a stream, some nothing.
  expect(Math.min(faults, resets, heads)).toBeGreaterThan(100);
});
