/** Payments: the last service of the chain, calls nobody. */
import { serve } from "./service.ts";

serve("payments", async ({ method, path }) => {
  if (path === "/payments") return { status: 200, body: { service: "payments", paid: [1, 2] } };
  if (path === "/refunds" && method === "POST") return { status: 200, body: { service: "payments", refunded: [2] } };
  return { status: 404, body: { service: "payments", error: `no ${method} ${path}` } };
});
