import { expect, test } from "vitest";
import { toldAddress } from "./told-address.ts";

test.each([
  ["one address is told as it is", "10.0.0.5", "192.0.2.1", "10.0.0.5"],
  ["every address of IPv4 is told as the machine's own", "0.0.0.0", "192.0.2.1", "192.0.2.1"],
  ["every address is told as the machine's own of IPv4", "::", "192.0.2.1", "192.0.2.1"],
  ["every address is told as the machine's own of IPv6", "::", "2001:db8::1", "2001:db8::1"],
  ["in another spelling, too", "0:0:0:0:0:0:0:0", "2001:db8::1", "2001:db8::1"],
  ["nobody reaches a listener of IPv4 by IPv6", "0.0.0.0", "2001:db8::1", undefined],
  ["of a machine whose address is not known nothing is told", "::", undefined, undefined],
])("%s", (_, listen, own, told) => {
  expect(toldAddress(listen, own)).toBe(told);
});
