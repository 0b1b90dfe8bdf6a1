import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { PatientTimeout } from "./patient-timeout.ts";

/** Answers a byte by a byte, in a thread that goes on while this one is held up; says so when it has. */
const SERVER = `
const { parentPort, workerData } = require("node:worker_threads");
const server = require("node:net").createServer((socket) => socket.on("data", () => socket.write("b", () => {
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
})));
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** What comes first where the process is held up from its question on until the answer has long been there. */
async function firstOf(arm: (late: () => void) => void): Promise<string> {
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(SERVER, { eval: true, workerData: answered });
  const [port] = (await once(worker, "message")) as [number];
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const first = new Promise<string>((done) => {
    socket.once("data", () => done("answered"));
    arm(() => done("late"));
  });
  socket.write("a");
  // The write is on its way before the thread is held up.
  await new Promise((next) => setImmediate(next));
  Atomics.wait(answered, 0, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  try {
    return await first;
  } finally {
    socket.destroy();
    await worker.terminate();
  }
}

test("what has come while the process was held up counts as having come in time", async () => {
  expect(await firstOf((late) => new PatientTimeout(late, 1))).toBe("answered");
});

test("what does not come is late, unless it is cleared", async () => {
  const late: string[] = [];
  new PatientTimeout(() => late.push("cleared"), 1).clear();
  await new Promise<void>((done) => {
    new PatientTimeout(() => {
      late.push("late");
      done();
    }, 5);
  });
  expect(late).toEqual(["late"]);
});
