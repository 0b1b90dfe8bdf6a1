/** Connections taken past Node: all that wait, each once, as Node takes them; and none of another's. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type ServerOpts, type Socket } from "node:net";
import { constants } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { type AcceptCalls, NativeAccepts, openNativeAccepts } from "./native-accept.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

type Listening = {
  readonly server: Server;
  readonly port: number;
  /** That it has told of, in their order. */
  readonly told: Socket[];
};

async function listen(host = "127.0.0.1", options: ServerOpts = {}, onConnection: (told: number) => void = () => {}) {
  const told: Socket[] = [];
  const server = createServer({ pauseOnConnect: true, ...options }, (socket) => {
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    told.push(socket);
    onConnection(told.length);
  });
  server.listen({ port: 0, host, backlog: 4096 });
  await once(server, "listening");
  closing.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port, told } satisfies Listening;
}

/** Clients whom the kernel has let in, and nobody has taken: this turn goes on until they are. */
async function come(port: number, count: number, host = "127.0.0.1"): Promise<Socket[]> {
  const clients = Array.from({ length: count }, () => connect({ port, host }));
  for (const client of clients) {
    client.on("error", () => {});
    closing.push(() => client.destroy());
  }
  // The kernel is asked for them at this tick's end, and loopback's are let in at once.
  await new Promise<void>((done) => process.nextTick(done));
  return clients;
}

const turnEnd = (): Promise<void> => new Promise((done) => setImmediate(done));
const descriptors = (): number => readdirSync("/proc/self/fd").length;
const isThere = openNativeAccepts(() => {}) !== undefined;

test("they are there with the Node that the project brings", () => {
  const isExpected =
    process.platform === "linux" && process.arch === "x64" && process.getBuiltinModule("node:ffi") !== undefined;
  expect(isThere).toBe(isExpected);
});

describe.skipIf(!isThere)("native accepts", () => {
  const open = (onShort: () => void = () => {}): NativeAccepts => openNativeAccepts(onShort) as NativeAccepts;

  test("all that wait are taken at once, and Node has none left to tell of", async () => {
    const { server, port, told } = await listen();
    const clients = await come(port, 100);
    expect(open().take(server, 1000)).toBe(100);
    expect(told).toHaveLength(100);
    expect(open().take(server, 1000)).toBe(0);
    await Promise.all(clients.filter(({ connecting }) => connecting).map((client) => once(client, "connect")));
    await turnEnd();
    const ports = (sockets: readonly Socket[], of: "localPort" | "remotePort") =>
      sockets.map((each) => each[of]).sort();
    expect(ports(told, "remotePort")).toEqual(ports(clients, "localPort"));
  });

  test("no more are taken than may be, and the others wait", async () => {
    const { server, port, told } = await listen();
    await come(port, 10);
    expect(open().take(server, 4)).toBe(4);
    expect(told).toHaveLength(4);
    expect(open().take(server, 0)).toBe(0);
    expect(open().take(server, 10)).toBe(6);
  });

  test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])(
    "one from %s has the addresses that Node gives it",
    async (host) => {
      const { server, port, told } = await listen(host === "::ffff:127.0.0.1" ? "::" : host);
      const facts = ({ remoteAddress, remoteFamily, localAddress, localPort }: Socket) => {
        return { remoteAddress, remoteFamily, localAddress, localPort };
      };
      await come(port, 1, host.replace("::ffff:", ""));
      await once(server, "connection");
      await come(port, 1, host.replace("::ffff:", ""));
      expect(open().take(server, 1)).toBe(1);
      const [byNode, past] = told as [Socket, Socket];
      expect(facts(past)).toEqual(facts(byNode));
      expect(past.remoteAddress).toBe(host);
    },
  );

  test("what it sends and ends is heard, and it is answered, half closed as the server allows", async () => {
    const { server, port, told } = await listen("127.0.0.1", { pauseOnConnect: false, allowHalfOpen: true });
    const [client] = (await come(port, 1)) as [Socket];
    open().take(server, 1);
    const [socket] = told as [Socket];
    client.end("ask");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += String(chunk);
    });
    await once(socket, "end");
    expect(heard).toBe("ask");
    socket.end("answer");
    const [answer] = await once(client, "data");
    expect(String(answer)).toBe("answer");
  });

  test("one that has reset its connection before is told of, and ends with its error", async () => {
    const { server, port, told } = await listen("127.0.0.1", { pauseOnConnect: false });
    const [client] = (await come(port, 1)) as [Socket];
    client.resetAndDestroy();
    expect(open().take(server, 1)).toBe(1);
    const [socket] = told as [Socket];
    await new Promise((done) => socket.once("close", done));
    expect(socket.destroyed).toBe(true);
  });

  test("the server's own limit holds", async () => {
    const { server, port, told } = await listen();
    server.maxConnections = 3;
    const dropped = { count: 0 };
    server.on("drop", () => dropped.count++);
    await come(port, 5);
    expect(open().take(server, 10)).toBe(5);
    expect([told.length, dropped.count]).toEqual([3, 2]);
  });

  test("once its listener has closed it, nobody is taken: its descriptor may be another's", async () => {
    const fdOf = (of: Server) => (of as unknown as { readonly _handle: { readonly fd: number } | null })._handle?.fd;
    const next = createServer(() => {});
    closing.push(() => next.close());
    const { server, port, told } = await listen("127.0.0.1", {}, (count) => {
      if (count !== 2) return;
      server.close();
      next.listen();
    });
    const fd = fdOf(server);
    await come(port, 5);
    expect(open().take(server, 10)).toBe(2);
    expect(fdOf(next)).toBe(fd);
    expect(open().take(server, 10)).toBe(0);
    expect(told).toHaveLength(2);
  });

  test("what a listener throws is thrown on, and the others are taken the next time", async () => {
    let isFaulty = true;
    const { server, port, told } = await listen("127.0.0.1", {}, (count) => {
      if (isFaulty && count === 2) throw new Error("of the second");
    });
    await come(port, 5);
    expect(() => open().take(server, 10)).toThrow("of the second");
    isFaulty = false;
    expect(open().take(server, 10)).toBe(3);
    expect(told).toHaveLength(5);
  });

  test("no descriptor is left behind", async () => {
    const { server, port, told } = await listen();
    const before = descriptors();
    const clients = await come(port, 50);
    open().take(server, 20);
    open().take(server, 50);
    expect(told).toHaveLength(50);
    expect(descriptors()).toBe(before + 100);
    const ends = [...clients, ...told].map((socket) => new Promise((done) => socket.once("close", done)));
    for (const socket of [...clients, ...told]) socket.destroy();
    await Promise.all(ends);
    expect(descriptors()).toBe(before);
  });
});

describe("where the system gives none", () => {
  /** What each call says: a descriptor, or an error as a negative number. */
  const play = (answers: readonly number[], onTold: (server: { _handle: unknown }) => void = () => {}) => {
    const errno = new Int32Array(1);
    const seen = { asked: 0, closed: [] as number[], short: 0, told: [] as unknown[] };
    const calls: AcceptCalls = {
      accept4: () => {
        const answer = answers[seen.asked++] ?? -constants.errno.EAGAIN;
        if (answer < 0) errno[0] = -answer;
        return Math.max(answer, -1);
      },
      close: (fd) => {
        seen.closed.push(fd);
        return 0;
      },
    };
    class TCP {
      fd = 7;
      onconnection = (_status: number, client: unknown): void => {
        seen.told.push(client);
        onTold(server);
      };
      // One descriptor of these is no socket of this loop.
      open = (fd: number) => (fd === 13 ? -constants.errno.EBADF : 0);
    }
    const server: { _handle: unknown } = { _handle: new TCP() };
    const accepts = new NativeAccepts(calls, errno, () => seen.short++);
    const take = (): number => accepts.take(server as unknown as Server, 10);
    return { take, server, seen };
  };

  test.each([
    ["nobody waits", [], 0, 0],
    ["one has gone again", [11, -constants.errno.ECONNABORTED, 12], 1, 0],
    ["none for this process", [11, -constants.errno.EMFILE, 12], 1, 1],
    ["none for this machine", [-constants.errno.ENFILE], 0, 1],
    ["no memory", [11, 12, -constants.errno.ENOMEM], 2, 0],
  ])("%s", (_name, answers, told, short) => {
    const { take, seen } = play(answers);
    expect(take()).toBe(told);
    expect(seen).toMatchObject({ short, closed: [] });
    expect(seen.told).toHaveLength(told);
  });

  test("one that Node does not take is closed", () => {
    const { take, seen } = play([11, 13, 12]);
    expect(take()).toBe(3);
    expect(seen.closed).toEqual([13]);
    expect(seen.told).toHaveLength(2);
  });

  test("the system is not asked again once whoever was told has closed the server", () => {
    const { take, seen } = play([11, 12, 13], (server) => {
      if (seen.told.length === 2) server._handle = null;
    });
    expect(take()).toBe(2);
    expect(seen.asked).toBe(2);
  });

  test.each([
    ["of a server that is closed", null],
    ["of a pipe", { fd: 3, onconnection: () => {}, open: () => 0 }],
  ])("it is not asked %s", (_name, handle) => {
    const { take, server, seen } = play([11]);
    server._handle = handle;
    expect(take()).toBe(0);
    expect(seen.asked).toBe(0);
  });
});
