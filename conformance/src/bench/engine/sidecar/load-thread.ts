/**
 * Load at a pace that is set, and the application that it reaches, on a thread of their own: what hands out
 * snapshots meanwhile holds nothing up.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { parentPort } from "node:worker_threads";
import type { LoadAnswer, LoadAsk } from "./load.ts";

const CONNECTIONS = 32;
/** By turns: each may ask a hundred times at once. */
const USERS = 5000;
const HEADS = Array.from({ length: USERS }, (_, i) =>
  Buffer.from(
    `GET / HTTP/1.1\r\nhost: shop.test\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64)\r\naccept: text/html\r\naccept-language: en\r\nx-user: user-${i}\r\n\r\n`,
  ),
);
const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

type Client = {
  /** Asks, once the answer to the one before has come; resolves with the milliseconds that the answer took. */
  ask(): Promise<number>;
  close(): void;
};

let asked = 0;

async function openClient(port: number): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let waiting: { readonly done: (ms: number) => void; readonly fail: (error: Error) => void } | undefined;
  let began = 0;
  socket.on("data", (chunk) => {
    const text = chunk.toString("latin1");
    if (text.startsWith("HTTP/1.1 200")) waiting?.done(performance.now() - began);
    else waiting?.fail(new Error(`the sidecar answered ${text.slice(0, 200)}`));
  });
  socket.on("error", (error) => waiting?.fail(error));
  return {
    ask: () =>
      new Promise((done, fail) => {
        waiting = { done, fail };
        began = performance.now();
        socket.write(HEADS[asked++ % USERS] as Buffer);
      }),
    close: () => socket.destroy(),
  };
}

/** Asked at a pace, whatever answers take. */
async function pace(clients: readonly Client[], perSecond: number, ms: number): Promise<readonly number[]> {
  const took: number[] = [];
  const free = [...clients];
  const under: Promise<void>[] = [];
  const ask = async (client: Client): Promise<void> => {
    took.push(await client.ask());
    free.push(client);
  };
  const beganMs = performance.now();
  let begun = 0;
  for (let nowMs = beganMs; nowMs < beganMs + ms; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - beganMs) * perSecond) / 1000);
    for (; begun < due; begun++) {
      const client = free.shift();
      if (client !== undefined) under.push(ask(client)); // where all wait, they say how long
    }
    await new Promise((next) => setTimeout(next, 1));
  }
  await Promise.all(under);
  return took;
}

/** Each asks again as soon as it has its answer. */
async function saturate(clients: readonly Client[], ms: number): Promise<readonly number[]> {
  const took: number[] = [];
  const endMs = performance.now() + ms;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) took.push(await client.ask());
    }),
  );
  return took;
}

async function answer(ask: LoadAsk): Promise<LoadAnswer> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(ask.port)));
  try {
    const { perSecond, ms } = ask;
    const waitsMs = perSecond === undefined ? await saturate(clients, ms) : await pace(clients, perSecond, ms);
    return { kind: "load", waitsMs };
  } finally {
    for (const client of clients) client.close();
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    if (chunk.includes("\r\n\r\n")) socket.write(ANSWER);
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
parentPort?.on("message", (ask: LoadAsk) => {
  answer(ask).then(
    (said) => parentPort?.postMessage(said),
    (error: unknown) =>
      parentPort?.postMessage({ kind: "failed", message: (error as Error).message } satisfies LoadAnswer),
  );
});
parentPort?.postMessage({
  kind: "application",
  port: typeof address === "object" ? (address?.port ?? 0) : 0,
} satisfies LoadAnswer);
