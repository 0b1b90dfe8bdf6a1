/** Who waits for a listener is taken: how soon is counted in turns of the event loop. */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Counter, Counters } from "../../metrics/counters.ts";
import type { Acceptor } from "../downstream/acceptor.ts";
import { Listener, type ListenerThread } from "./listener.ts";
import { openNativeAccepts } from "./native-accept.ts";
import { Turn } from "./turn.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

const CROWD = 300;
const nativeAccepts = openNativeAccepts(() => {});

/** Whoever is taken stays, and asks once in each turn. */
class Taking implements Acceptor {
  readonly taken: Socket[] = [];
  /** How many were there at the end of each turn in which some came. */
  readonly turns: number[] = [];
  onTaken: () => void = () => {};
  readonly #thread: ListenerThread;

  constructor(thread: ListenerThread) {
    this.#thread = thread;
  }

  get connections(): number {
    return this.taken.length;
  }

  get accepted(): number {
    return this.taken.length;
  }

  accept(socket: Socket): void {
    const { counters, turn } = this.#thread;
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    this.taken.push(socket);
    counters.add(Counter.connectionsOpened);
    counters.add(Counter.connectionsOpen);
    const flush = (): void => {
      if (this.turns.at(-1) !== this.taken.length) this.turns.push(this.taken.length);
      counters.add(Counter.requests);
      if (this.taken.length < CROWD) setImmediate(() => turn.add(asking));
    };
    const asking = { owner: { onFault: () => {} }, flush };
    turn.add(asking);
    this.onTaken();
  }

  endIdle(): void {}
  retire(): void {}
  destroy(): void {}
}

function makeListenerThread(accepts: ListenerThread["nativeAccepts"]): ListenerThread {
  return { nativeReads: undefined, nativeAccepts: accepts, counters: new Counters(), turn: new Turn() };
}

async function open(thread: ListenerThread): Promise<Listener> {
  const listener = await Listener.open({ address: "127.0.0.1", port: 0, isShared: false, thread });
  closing.push(() => listener.close());
  return listener;
}

/** At once: all of them wait before the first is taken. */
function come(listener: Listener, count: number): readonly Socket[] {
  return Array.from({ length: count }, () => {
    const client = connect({ port: listener.address.port, host: "127.0.0.1" }).on("error", () => {});
    closing.push(() => client.destroy());
    return client;
  });
}

async function turnsUntil(isDone: () => boolean): Promise<number> {
  for (let turns = 0; turns < 100 * CROWD; turns++) {
    if (isDone()) return turns;
    await new Promise((done) => setImmediate(done));
  }
  throw new Error("not within so many turns");
}

test.skipIf(nativeAccepts === undefined)("a crowd that comes at once is there after a few turns", async () => {
  const thread = makeListenerThread(nativeAccepts);
  const listener = await open(thread);
  const taking = new Taking(thread);
  listener.serve(taking);
  come(listener, CROWD);
  await turnsUntil(() => taking.taken.length === CROWD);
  expect(taking.turns.length).toBeLessThanOrEqual(CROWD / 10);
  expect(taking.taken.every(({ remoteAddress }) => remoteAddress === "127.0.0.1")).toBe(true);
  expect(new Set(taking.taken.map(({ remotePort }) => remotePort)).size).toBe(CROWD);
});

test("where the system's call is not to be had Node takes them, one in a turn", async () => {
  const thread = makeListenerThread(undefined);
  const listener = await open(thread);
  const taking = new Taking(thread);
  listener.serve(taking);
  come(listener, CROWD);
  await turnsUntil(() => taking.taken.length === CROWD);
  expect(taking.turns.length).toBeGreaterThan(CROWD / 2);
});

test("those who come before anybody serves are served then", async () => {
  const thread = makeListenerThread(nativeAccepts);
  const listener = await open(thread);
  const clients = come(listener, 20);
  await turnsUntil(() => clients.every(({ connecting }) => !connecting));
  const taking = new Taking(thread);
  listener.serve(taking);
  await turnsUntil(() => taking.taken.length === 20);
});

test("who closes the listener while it takes takes no more", async () => {
  const thread = makeListenerThread(nativeAccepts);
  const listener = await open(thread);
  const taking = new Taking(thread);
  taking.onTaken = () => {
    if (taking.taken.length === 3) listener.close();
  };
  listener.serve(taking);
  const clients = come(listener, 20);
  await turnsUntil(() => clients.filter(({ destroyed }) => destroyed).length >= 17);
  expect(taking.taken).toHaveLength(3);
});
