/** What proxies say of themselves does nothing to the terminal of whoever looks at it. */
import { expect, test } from "vitest";
import { printIdentities } from "./identity.ts";

const ESCAPES = "\u001bc\u009b2J\u202e";

test("no name that a proxy gives itself reaches the terminal but as text", () => {
  const proxy = {
    namespace: "default",
    workload: `web${ESCAPES}`,
    instance: `one${ESCAPES}`,
    spiffeId: `spiffe://a/${ESCAPES}`,
    serial: "5e",
    notBeforeMs: 0,
    notAfterMs: 0,
  };
  const body = {
    trustDomain: "a",
    rootFingerprint: "5E",
    rootNotAfterMs: 0,
    svidTtlMs: 0,
    proxies: [proxy],
    revoked: [{ workload: `default/web${ESCAPES}`, untilMs: 0 }],
  };
  const text = printIdentities(body, true, 40).join("\n");
  expect(text).toContain("one c 2J");
  expect(text).not.toMatch(/[\u001b\u009b\u202e]/);
});
