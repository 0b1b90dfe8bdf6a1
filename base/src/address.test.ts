import { expect, test } from "vitest";
import { isEveryAddress, splitAddress } from "./address.ts";

test.each([
  ["127.0.0.1:80", "127.0.0.1", "127.0.0.1", 80],
  ["[::1]:0", "::1", "[::1]", 0],
  ["localhost:15000", "localhost", "localhost", 15_000],
])("%s is %s, in URLs %s, port %d", (address, host, urlHost, port) => {
  expect(splitAddress(address)).toEqual({ host, urlHost, port });
});

test.each([
  ["0.0.0.0", true],
  ["::", true],
  ["0:0:0:0:0:0:0:0", true],
  ["::1", false],
  ["10.0.0.0", false],
])("%s is every address: %s", (address, is) => {
  expect(isEveryAddress(address)).toBe(is);
});
