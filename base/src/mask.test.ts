import { expect, test } from "vitest";
import { maskTarget, maskValue } from "./mask.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

test.each([
  ["/orders?limit=3", "/orders?limit=3"],
  ["/orders?access_token=abc&limit=3", "/orders?access_token=***&limit=3"],
  ["/orders?access%5Ftoken=abc", "/orders?access%5Ftoken=***"],
  ["/cb?code=abc;state=x", "/cb?code=***;state=x"],
  [`/orders?q=${JWT}`, "/orders?q=***"],
  [`/t/${JWT}/x`, "/t/***/x"],
  ["http://ann:pass@orders/x?p", "http://***@orders/x?p"],
  ["/x?%zz=1&password=", "/x?%zz=1&password=***"],
])("maskTarget of %s", (target, masked) => expect(maskTarget(target)).toBe(masked));

test.each([
  ["Authorization", `Bearer ${JWT}`, "Bearer ***"],
  ["proxy-authorization", "Basic YTpi", "Basic ***"],
  ["cookie", "sid=1; theme=dark", "***"],
  ["x-api-key", "abc", "***"],
  ["x-user", "alice", "alice"],
  ["x-note", `see ${JWT}`, "see ***"],
  ["x-forwarded-client-cert", "By=spiffe://a", "***"],
])("maskValue of %s: %s", (name, value, masked) => expect(maskValue(name, value)).toBe(masked));
