import { expect, test } from "vitest";
import type { CaptureRules } from "./capture-rules.ts";
import { printIptables, printIptablesUndo } from "./iptables.ts";
import { printNft, printNftUndo } from "./nft.ts";
import { decodeSocketAddress } from "./socket-address.ts";

const RULES: CaptureRules = {
  outboundPort: 15_001,
  inboundPort: 15_006,
  uids: [1337, 1338],
  outboundExcept: {
    ports: [53, 5432],
    networks: [
      { family: "ip", text: "10.9.0.0/16" },
      { family: "ip6", text: "fd09::/16" },
    ],
  },
  inboundExcept: { ports: [9090], networks: [{ family: "ip", text: "10.9.0.1" }] },
};

test("nft gets one table for both families, in the place of the one before", () => {
  expect(printNft(RULES)).toBe(`add table inet regomesh
delete table inet regomesh
table inet regomesh {
  chain outbound {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.1 tcp dport 15009 redirect to :15001
    ip6 daddr ::1 tcp dport 15009 redirect to :15001
    meta skuid { 1337, 1338 } return
    oifname "lo" return
    tcp dport { 53, 5432 } return
    ip daddr 10.9.0.0/16 return
    ip6 daddr fd09::/16 return
    meta l4proto tcp redirect to :15001
  }
  chain inbound {
    type nat hook prerouting priority -100; policy accept;
    iifname "lo" return
    tcp dport { 9090 } return
    ip saddr 10.9.0.1 return
    meta l4proto tcp redirect to :15006
  }
}
`);
  expect(printNftUndo()).toBe("add table inet regomesh\ndelete table inet regomesh\n");
});

test("iptables gets chains of each family's own, and the calls that are missing", () => {
  expect(printIptables(RULES, "ip6", [["OUTPUT", "-p", "tcp", "-j", "REGOMESH_OUTBOUND"]])).toBe(`*nat
:REGOMESH_OUTBOUND - [0:0]
:REGOMESH_INBOUND - [0:0]
-A REGOMESH_OUTBOUND -p tcp -d ::1/128 --dport 15009 -j REDIRECT --to-ports 15001
-A REGOMESH_OUTBOUND -m owner --uid-owner 1337 -j RETURN
-A REGOMESH_OUTBOUND -m owner --uid-owner 1338 -j RETURN
-A REGOMESH_OUTBOUND -o lo -j RETURN
-A REGOMESH_OUTBOUND -p tcp --dport 53 -j RETURN
-A REGOMESH_OUTBOUND -p tcp --dport 5432 -j RETURN
-A REGOMESH_OUTBOUND -d fd09::/16 -j RETURN
-A REGOMESH_OUTBOUND -p tcp -j REDIRECT --to-ports 15001
-A REGOMESH_INBOUND -i lo -j RETURN
-A REGOMESH_INBOUND -p tcp --dport 9090 -j RETURN
-A REGOMESH_INBOUND -p tcp -j REDIRECT --to-ports 15006
-A OUTPUT -p tcp -j REGOMESH_OUTBOUND
COMMIT
`);
  expect(printIptablesUndo([["OUTPUT", "-j", "X"]])).toMatch(
    /^-D OUTPUT -j X\n-X REGOMESH_OUTBOUND\n-X REGOMESH_INBOUND$/m,
  );
});

test.each([
  ["02003aa17f0000010000000000000000000000000000000000000000", { address: "127.0.0.1", port: 15_009 }],
  ["0a000050000000000a4d00000000000000000000000000030000000000".slice(0, 56), { address: "a4d::3", port: 80 }],
  ["01000050000000000000000000000000000000000000000000000000", undefined],
])("decodeSocketAddress reads %s", (hex, expected) => {
  const bytes = Buffer.from(hex, "hex");
  expect(decodeSocketAddress(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), true)).toEqual(expected);
});
