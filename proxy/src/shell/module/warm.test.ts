import type { Policy } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { warm } from "./warm.ts";

/** A policy that notes what it is asked. */
function makePolicy(asked: Set<string>): Policy {
  const note = (kind: string) => (bit: number) => void asked.add(`${kind} ${bit}`);
  const decision = { authz: note("authz"), limits: note("limits"), route: note("route") };
  return {
    setConnection: () => {},
    decide: (_head: Uint8Array, _length: number, _table: unknown, mask: number) => {
      asked.add(`mask ${mask}`);
      return decision;
    },
  } as unknown as Policy;
}

test("warming asks what requests ask, and reads of each entrypoint the kind of answer that they read", () => {
  const asked = new Set<string>();
  warm(makePolicy(asked), {
    mask: 5,
    answers: [
      { bit: 0, kind: "authz" },
      { bit: 2, kind: "limits" },
    ],
  });
  expect([...asked]).toEqual(["mask 5", "authz 0", "limits 2"]);
});
