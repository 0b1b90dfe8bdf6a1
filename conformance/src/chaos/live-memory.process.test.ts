import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { until } from "../mesh/deadline.ts";
import { LiveMemory } from "./live-memory.ts";

// Each waits until its processes have said something: they do so together.
test.concurrent("what a process holds lives, and what it has dropped does not", async () => {
  await using live = await LiveMemory.open();
  const start = (program: string) =>
    spawn(process.execPath, ["-e", `${program}; setInterval(() => {}, 1000)`], {
      env: { ...process.env, ...live.environment },
      stdio: "inherit",
    });
  const make = "Array.from({ length: 500 }, () => new Array(12_500).fill(0.5))";
  const [holds, drops] = [start(`globalThis.kept = ${make}`), start(make)];
  try {
    const said = async ({ pid }: typeof holds) =>
      await until("a process says what lives", 30_000, async () => live.read(pid ?? 0));
    const [held, dropped] = [await said(holds), await said(drops)];
    expect(held.live - dropped.live).toBeGreaterThan(40_000_000);
    // V8 keeps empty pages for a while.
    await until("what was dropped is given back to the system", 30_000, async () => {
      return held.resident - (live.read(drops.pid ?? 0)?.resident ?? 0) > 40_000_000 || undefined;
    });
    expect(dropped.live).toBeLessThan(20_000_000);
    expect(live.read(1)).toBeUndefined();
  } finally {
    for (const child of [holds, drops]) {
      child.kill();
      await once(child, "exit");
    }
  }
});

test.concurrent("what is free between blocks that live is given back, and is not taken for what is kept", async () => {
  await using live = await LiveMemory.open();
  // Of buffers of some kilobytes, which glibc keeps in its arena, every 64th lives.
  const drop =
    "globalThis.kept = Array.from({ length: 20_000 }, () => Buffer.alloc(4096, 1)).filter((_, i) => i % 64 === 0)";
  const child = spawn(process.execPath, ["-e", `${drop}; setInterval(() => {}, 1000)`], {
    env: { ...process.env, ...live.environment },
    stdio: "inherit",
  });
  try {
    const small = await until("a process says what lives", 30_000, async () => live.read(child.pid ?? 0));
    expect(small.live).toBeLessThan(20_000_000);
    expect(small.resident).toBeLessThan(110_000_000);
  } finally {
    child.kill();
    await once(child, "exit");
  }
});
