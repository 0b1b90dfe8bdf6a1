import { expect, test } from "vitest";
import type { ProxyBody } from "../api/proxies.ts";
import type { StatusBody } from "../api/status.ts";
import { listTargets } from "./targets.ts";

const proxy = (more: Partial<ProxyBody>): ProxyBody => ({
  ...{ workload: "web", namespace: "default", service: "web", principal: "", state: "ready", refusedPerSecond: 0 },
  isBypassable: true,
  ...more,
});

test("every proxy that is connected and has an admin address is a target", () => {
  const proxies = [
    proxy({ admin: "127.0.0.1:9901", instance: "a" }),
    proxy({ admin: "127.0.0.1:9902", state: "gone" }),
    proxy({ state: "never" }),
    proxy({}),
  ];
  expect(listTargets({ mesh: "demo", proxies } as unknown as StatusBody)).toEqual([
    {
      targets: ["127.0.0.1:9901"],
      labels: { mesh: "demo", namespace: "default", workload: "web", service: "web", instance_id: "a" },
    },
  ]);
});
