import { NOTHING_REVOKED, type Revoked } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { ANYONE, isSameStanding, withMembers, withRevoked } from "./standing.ts";

const ONE = [{ principal: "spiffe://mesh/ns/a/sa/one", workloads: ["a/one"] }];
const TWO = [...ONE, { principal: "spiffe://mesh/ns/a/sa/two", workloads: ["a/two"] }];
const TAKEN: Revoked = { ...NOTHING_REVOKED, serials: ["0a"] };

test("a list of members is indexed once, and a standing is the same by what it says", () => {
  const before = withMembers(ANYONE, ONE);
  expect(withMembers(ANYONE, ONE).members).toBe(before.members);
  const rows = [
    { next: withMembers(before, ONE), isSame: true },
    { next: withMembers(before, structuredClone(ONE)), isSame: true },
    { next: withMembers(before, TWO), isSame: false },
    { next: withMembers(before, [{ ...ONE[0], workloads: ["a/other"] } as (typeof ONE)[number]]), isSame: false },
    { next: withMembers(before, []), isSame: false },
    { next: ANYONE, isSame: false },
    { next: withRevoked(before, NOTHING_REVOKED), isSame: true },
    { next: withRevoked(before, TAKEN), isSame: false },
  ];
  for (const { next, isSame } of rows) expect(isSameStanding(next, before)).toBe(isSame);
});
