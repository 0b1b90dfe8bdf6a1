import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { SILENT } from "@regomesh/base";
import { expect, test } from "vitest";
import { Timer } from "../../time/timer-wheel.ts";
import { makeSharedMemory, makeThread } from "./make-thread.ts";

test("what has come is read before a time is over that ran out meanwhile: a thread that was busy is no one else's silence", async () => {
  const thread = makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[socket]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [[Socket], unknown];
  const seen: string[] = [];
  const isOver = new Promise<void>((done) => {
    const timer = new Timer(() => done(void seen.push("over")), { onFault: () => {} });
    socket.once("data", () => seen.push("read"));
    // The wheel is asked, and the kernel, before this thread is busy for longer than that.
    thread.arm(timer, 5);
    client.write("x");
  });
  const untilMs = thread.monoMs() + 50;
  while (thread.monoMs() < untilMs);
  await isOver;
  client.destroy();
  socket.destroy();
  server.close();
  await thread.modules.close();
  expect(seen).toEqual(["read", "over"]);
});
