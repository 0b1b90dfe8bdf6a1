/** MeshTest: a request, and what all that is bound must say of it together. It gates commits as unit tests do. */
import { z } from "zod";
import { duration, integer, list, mapOf, oneOf, text } from "../schema/values.ts";
import { dnsLabel } from "./metadata.ts";

const callerName = text({
  what: "a workload, service or service account, as NAME or NAMESPACE/NAME, or outside",
  pattern: /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  lengthMax: 320,
});

const testedRequest = z.strictObject({
  method: text({ what: "a method such as GET", pattern: /^[A-Z]+$/, lengthMax: 32 })
    .prefault("GET")
    .describe("GET, as most are"),
  url: text({ what: "a URL such as http://orders/refunds", pattern: /^http:\/\/[^\s]+$/ }).describe(
    "as the caller's application asks for it; of a caller from outside the host is the service's name",
  ),
  headers: mapOf(text({ what: "a field's value" }), 64)
    .prefault({})
    .describe("fields of the request; none unless given"),
});

const expectedTarget = z.strictObject({
  service: dnsLabel.describe("the service that it is routed to"),
  namespace: dnsLabel.exactOptional().describe("the test's own where absent"),
  subset: dnsLabel.exactOptional().describe("of the service; all of it where absent"),
  weight: integer(0, 1_000_000).exactOptional().describe("relative to the others; not looked at where absent"),
});

const expectedLimit = z.strictObject({
  key: text({ lengthMax: 1024 }).describe("as the policy gives it"),
  limit: integer(0, Number.MAX_SAFE_INTEGER).describe("requests in a window"),
  window: duration(1, 86_400_000).describe("how long a window is"),
});

export const meshTestSpec = z.strictObject({
  caller: callerName
    .prefault("outside")
    .describe(
      "who asks: whatever workload has that name, service or service account, each of them; of the test's namespace where none is named; outside: a client of an edge port",
    ),
  request: testedRequest.describe("what is asked; nothing is sent, and limits are not counted"),
  expect: z
    .strictObject({
      verdict: oneOf("Allowed", "Denied", "Broken").describe(
        "of the sender, and where it lets the request go, of every workload that it can reach",
      ),
      status: integer(100, 599)
        .exactOptional()
        .describe("what the client gets that is refused; not looked at where absent"),
      rule: text({ what: "a rule such as data.mesh.authz.allow", pattern: /^data\..+$/, lengthMax: 512 })
        .exactOptional()
        .describe("a rule that must have held where the verdict was given"),
      targets: list(expectedTarget, 64)
        .exactOptional()
        .describe("where it is routed, all of it; not looked at where absent"),
      limits: list(expectedLimit, 64)
        .exactOptional()
        .describe("what the receivers ask for, all of it; not looked at where absent"),
    })
    .describe("what must come out; where it does not, the test fails, and what changed so is refused"),
});

export type MeshTestSpec = z.output<typeof meshTestSpec>;
