/** The shop's front: takes people's requests and asks orders. */
import { serve } from "./service.ts";

serve("web", async ({ method, path }, call) => {
  if (path === "/") return { status: 200, body: { service: "web", try: ["/orders", "/refunds"] } };
  if (path !== "/orders" && path !== "/refunds") return { status: 404, body: { service: "web", error: `no ${path}` } };
  const answer = await call(`http://orders${path}`, { method });
  return { status: answer.status, body: { service: "web", orders: answer.body } };
});
