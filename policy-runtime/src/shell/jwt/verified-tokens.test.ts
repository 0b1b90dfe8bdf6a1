import { expect, test } from "vitest";
import { VerifiedTokens } from "./verified-tokens.ts";

function makeVerifier(result = true) {
  const asked: string[] = [];
  const verify = (token: string) => () => {
    asked.push(token);
    return result;
  };
  return { asked, verify };
}

test("a good signature is verified once for each token, algorithm and version of the keys", () => {
  const tokens = new VerifiedTokens();
  const { asked, verify } = makeVerifier();
  for (const [keys, alg, token] of [
    [1, "RS256", "a"],
    [1, "RS256", "a"],
    [2, "RS256", "a"],
    [1, "RS384", "a"],
    [1, "RS256", "b"],
    [1, "RS256", "a"],
  ] as const) {
    expect(tokens.isGood(keys, alg, token, verify(`${keys} ${alg} ${token}`))).toBe(true);
  }
  expect(asked).toEqual(["1 RS256 a", "2 RS256 a", "1 RS384 a", "1 RS256 b"]);
});

test("a bad signature is verified each time, and takes no room", () => {
  const tokens = new VerifiedTokens();
  const { asked, verify } = makeVerifier(false);
  for (let i = 0; i < 3; i++) expect(tokens.isGood(1, "RS256", "a", verify("a"))).toBe(false);
  expect(asked.length).toBe(3);
  expect(tokens.bytes).toBe(0);
});

test("what was used longest ago makes room, and what has none at all is not kept", () => {
  const tokens = new VerifiedTokens(3 * 110);
  const { asked, verify } = makeVerifier();
  for (const token of ["a", "b", "c", "a", "d", "a", "b"]) tokens.isGood(1, "RS256", token, verify(token));
  expect(asked).toEqual(["a", "b", "c", "d", "b"]);
  const before = tokens.bytes;
  tokens.isGood(1, "RS256", "x".repeat(1000), verify("long"));
  expect(tokens.bytes).toBe(before);
  expect(before).toBeLessThanOrEqual(3 * 110);
});
