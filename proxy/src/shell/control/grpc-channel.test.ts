/** The channel against grpc-js, as the controller has it. */
import { Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { GrpcStatus } from "../../grpc/status.ts";
import { TestAuthority } from "../../test/test-authority.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import type { GrpcError } from "./grpc-error.ts";

const NAME = "controller.test";
const authority = new TestAuthority("cluster.local");
const open: (() => unknown)[] = [];
afterEach(() => {
  for (const close of open.splice(0).reverse()) close();
});

const bytes = (message: Buffer): Buffer => message;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Test/${path}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const METHODS = {
  echo: method("Echo", true, true),
  fail: method("Fail", false, false),
  hang: method("Hang", false, true),
};

/** `onCancelled`: told where a client lets go of `hang`. */
async function serve(
  onCancelled: () => void = () => {},
): Promise<{ readonly address: string; readonly server: Server }> {
  const { keyPem, chainPem } = authority.issue({ uris: ["spiffe://cluster.local/controller"], dnsNames: [NAME] });
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(METHODS as unknown as ServiceDefinition, {
    echo: (call: {
      on(event: string, act: (message: Buffer) => void): void;
      write(message: Buffer): void;
      end(): void;
    }) => {
      call.on("data", (message) => call.write(message));
      call.on("end", () => call.end());
    },
    fail: (_call: unknown, reply: (error: object) => void) =>
      reply({ code: status.PERMISSION_DENIED, details: "not you: ä %" }),
    hang: (call: { on(event: string, act: () => void): void }) => call.on("cancelled", onCancelled),
  });
  const pair = { private_key: Buffer.from(keyPem), cert_chain: Buffer.from(chainPem) };
  const tls = ServerCredentials.createSsl(Buffer.from(authority.bundlePem), [pair], false);
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync("127.0.0.1:0", tls, (error, bound) => (error ? fail(error) : done(bound))),
  );
  open.push(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, server };
}

function channelTo(address: string, serverName = NAME, rootPem = authority.bundlePem): GrpcChannel {
  const channel = new GrpcChannel({ address, serverName, rootPem, keyPem: undefined, chainPem: undefined });
  open.push(() => channel.close());
  return channel;
}

type Ended = { readonly replies: readonly Buffer[]; readonly error: GrpcError | undefined };

function call(channel: GrpcChannel, which: keyof typeof METHODS, messages: readonly Buffer[]): Promise<Ended> {
  return new Promise((done) => {
    const replies: Buffer[] = [];
    const asked = channel.call(METHODS[which], {
      onMessage: (reply: Buffer) => replies.push(Buffer.from(reply)),
      onEnd: (error) => done({ replies, error }),
    });
    for (const message of messages) asked.write(message);
    asked.end();
  });
}

test("messages of any size go both ways, many calls at once", async () => {
  const channel = channelTo((await serve()).address);
  await channel.ready;
  const sizes = [0, 1, 70_000, 3_000_000];
  const ended = await Promise.all(
    [1, 2, 3].map((fill) =>
      call(
        channel,
        "echo",
        sizes.map((size) => Buffer.alloc(size, fill)),
      ),
    ),
  );
  for (const [index, { replies, error }] of ended.entries()) {
    expect([error, replies.map(({ length }) => length)]).toEqual([undefined, sizes]);
    expect(replies.every((reply) => reply.every((byte) => byte === index + 1))).toBe(true);
  }
});

test("a call that fails says how, in the server's words", async () => {
  const channel = channelTo((await serve()).address);
  await channel.ready;
  const { error } = await call(channel, "fail", [Buffer.alloc(1)]);
  expect([error?.code, error?.details]).toEqual([GrpcStatus.permissionDenied, "not you: ä %"]);
  const unknown = await new Promise<GrpcError | undefined>((done) => {
    channel.call({ ...METHODS.fail, path: "/test.Test/None" }, { onMessage: () => {}, onEnd: done }).end();
  });
  expect(unknown?.code).toBe(GrpcStatus.unimplemented);
});

test.each(["that is no message of its kind", "at which who asked throws"])(
  "a reply %s ends its call alone",
  async (which) => {
    const channel = channelTo((await serve()).address);
    await channel.ready;
    const broken = (): never => {
      throw new Error("made on purpose");
    };
    const isUnreadable = which.startsWith("that");
    const method = isUnreadable ? { ...METHODS.echo, responseDeserialize: broken } : METHODS.echo;
    const ended = new Promise<GrpcError | undefined>((done) => {
      channel.call(method, { onMessage: isUnreadable ? () => {} : broken, onEnd: done }).write(Buffer.from("x"));
    });
    const other = call(channel, "echo", [Buffer.alloc(100_000)]);
    expect((await ended)?.code).toBe(GrpcStatus.internal);
    expect((await other).replies.map(({ length }) => length)).toEqual([100_000]);
  },
);

test("a call that is cancelled is, at the other end too", async () => {
  let cancelled: () => void = () => {};
  const heard = new Promise<void>((done) => {
    cancelled = done;
  });
  const channel = channelTo((await serve(() => cancelled())).address);
  await channel.ready;
  const hanging = channel.call(METHODS.hang, { onMessage: () => {}, onEnd: () => expect.unreachable() });
  hanging.write(Buffer.alloc(1));
  hanging.end();
  expect((await call(channel, "echo", [Buffer.from("x")])).replies.map(String)).toEqual(["x"]);
  hanging.cancel();
  await heard;
});

test("the end of the connection is the end of its calls", async () => {
  const { address, server } = await serve();
  const channel = channelTo(address);
  await channel.ready;
  const ended = call(channel, "hang", [Buffer.alloc(1)]);
  await call(channel, "echo", []);
  server.forceShutdown();
  const { error } = await ended;
  expect([GrpcStatus.unavailable, GrpcStatus.cancelled, GrpcStatus.internal]).toContain(error?.code);
  expect((await call(channel, "echo", [])).error?.code).toBe(GrpcStatus.unavailable);
});

test.each([
  ["of another root", NAME, new TestAuthority("other").bundlePem],
  ["of another name", "other.test", authority.bundlePem],
])("a server %s is not spoken to", async (_, name, rootPem) => {
  const { address } = await serve();
  await expect(channelTo(address, name, rootPem).ready).rejects.toMatchObject({ code: GrpcStatus.unavailable });
});
