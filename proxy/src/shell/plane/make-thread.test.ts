import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { SILENT } from "@regomesh/base";
import { expect, test } from "vitest";
import { Timer } from "../../time/timer-wheel.ts";
import { makeSharedMemory, makeThread } from "./make-thread.ts";

/** A connection of this process, and the times of its thread. */
async function open() {
  const thread = makeThread({ log: SILENT, shared: makeSharedMemory(), accessLog: undefined });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[socket]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [[Socket], unknown];
  const seen: string[] = [];
  return {
    seen,
    /** The wheel is asked, and the kernel, before this thread is busy for longer than that. */
    arm: (name: string) =>
      new Promise<void>((done) => {
        const timer = new Timer(() => done(void seen.push(name)), { onFault: () => {} });
        thread.arm(timer, 5);
      }),
    send: (text: string, onRead: () => void) => {
      socket.once("data", (data: Buffer) => {
        seen.push(String(data));
        onRead();
      });
      client.write(text);
    },
    beBusy: () => {
      const untilMs = thread.monoMs() + 50;
      while (thread.monoMs() < untilMs);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      socket.destroy();
      server.close();
      await thread.modules.close();
    },
  };
}

test("what has come is read before a time is over that ran out meanwhile: a thread that was busy is no one else's silence", async () => {
  await using thread = await open();
  const isOver = thread.arm("over");
  thread.send("read", () => {});
  thread.beBusy();
  await isOver;
  expect(thread.seen).toEqual(["read", "over"]);
});

test("what is begun while that is read is no one's silence either, however long reading takes", async () => {
  await using thread = await open();
  let isOver: Promise<void> | undefined;
  const isFirstOver = thread.arm("over");
  thread.send("read", () => {
    isOver = thread.arm("later over");
    thread.send("read later", () => {});
    thread.beBusy();
  });
  thread.beBusy();
  await isFirstOver;
  await isOver;
  expect(thread.seen).toEqual(["read", "over", "read later", "later over"]);
});
