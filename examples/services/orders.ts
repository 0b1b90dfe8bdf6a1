/** Orders, in two versions (VERSION): v2 also says how each was paid. */
import { serve } from "./service.ts";

const version = process.env.VERSION ?? "v1";
const ORDERS = [
  { id: 1, item: "tea", price: 4 },
  { id: 2, item: "kettle", price: 39 },
];

serve(`orders-${version}`, async ({ path }, call) => {
  if (path === "/refunds") {
    const { status, body } = await call("http://payments/refunds", { method: "POST" });
    return { status, body: { service: "orders", version, refund: body } };
  }
  if (path !== "/orders") return { status: 404, body: { service: "orders", error: `no ${path}` } };
  const payments = await call("http://payments/payments");
  if (payments.status !== 200)
    return { status: payments.status, body: { service: "orders", version, payments: payments.body } };
  return {
    status: 200,
    body: { service: "orders", version, orders: ORDERS, ...(version === "v1" ? {} : { payments: payments.body }) },
  };
});
