/** A client and a server of @grpc/grpc-js, with two sidecars between them. */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { openGrpcMesh } from "./mesh.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const asIs = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/t.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const ECHO = {
  Unary: method("Unary", false, false),
  Many: method("Many", false, true),
  Sum: method("Sum", true, false),
  Both: method("Both", true, true),
  Never: method("Never", false, false),
} satisfies ServiceDefinition;

async function openEcho(): Promise<{ readonly client: Client; readonly cancelled: Promise<void> }> {
  const mesh = await openGrpcMesh();
  open.push({ close: () => mesh[Symbol.asyncDispose]() });
  const server = new Server();
  open.push({ close: () => server.forceShutdown() });
  let hear = (): void => {};
  const cancelled = new Promise<void>((done) => {
    hear = done;
  });
  server.addService(ECHO, {
    Unary: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => done(null, call.request),
    Many: (call: { request: Buffer; write(value: Buffer): void; end(): void }) => {
      for (let i = 0; i < 5; i++) call.write(call.request);
      call.end();
    },
    Sum: (call: AsyncIterable<Buffer>, done: (error: null, value: Buffer) => void) => {
      void (async () => {
        const parts: Buffer[] = [];
        for await (const part of call) parts.push(part);
        done(null, Buffer.concat(parts));
      })();
    },
    Both: (call: NodeJS.ReadWriteStream) =>
      void call.on("data", (part: Buffer) => call.write(part)).on("end", () => call.end()),
    Never: (call: { on(event: "cancelled", hear: () => void): void }) => call.on("cancelled", () => hear()),
  } as never);
  await new Promise<void>((done, fail) => {
    const bind = (error: Error | null): void => (error === null ? done() : fail(error));
    server.bindAsync(`127.0.0.1:${mesh.application}`, ServerCredentials.createInsecure(), bind);
  });
  const client = new Client(`127.0.0.1:${mesh.port}`, credentials.createInsecure());
  open.push(client);
  return { client, cancelled };
}

test("every kind of call passes, and so do cancels and deadlines", async () => {
  const { client, cancelled } = await openEcho();
  const ask = Buffer.from("hello");
  const args = [asIs, asIs] as const;
  const unary = await new Promise<Buffer | undefined>((done, fail) =>
    client.makeUnaryRequest("/t.Echo/Unary", ...args, ask, (error, value) => (error ? fail(error) : done(value))),
  );
  expect(String(unary)).toBe("hello");
  const many: string[] = [];
  for await (const part of client.makeServerStreamRequest("/t.Echo/Many", ...args, ask)) many.push(String(part));
  expect(many).toEqual(Array.from({ length: 5 }, () => "hello"));
  const sum = await new Promise<Buffer | undefined>((done, fail) => {
    const call = client.makeClientStreamRequest("/t.Echo/Sum", ...args, (error, value) =>
      error ? fail(error) : done(value),
    );
    for (const part of ["a", "b", "c"]) call.write(Buffer.from(part));
    call.end();
  });
  expect(String(sum)).toBe("abc");
  const both = client.makeBidiStreamRequest("/t.Echo/Both", ...args);
  const said: string[] = [];
  for (const part of ["x", "y"]) {
    both.write(Buffer.from(part));
    said.push(await new Promise<string>((done) => both.once("data", (value: Buffer) => done(String(value)))));
  }
  both.end();
  expect(said).toEqual(["x", "y"]);
  await new Promise((done) => both.on("status", done).resume());
  const never = (deadlineMs: number | undefined) => {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    let end: (code: number | undefined) => void = () => {};
    const code = new Promise<number | undefined>((done) => {
      end = done;
    });
    const call = client.makeUnaryRequest("/t.Echo/Never", ...args, ask, new Metadata(), options, (error) =>
      end(error?.code),
    );
    return { call, code };
  };
  expect(await never(200).code).toBe(status.DEADLINE_EXCEEDED);
  await cancelled;
  const left = never(undefined);
  left.call.cancel();
  expect(await left.code).toBe(status.CANCELLED);
});
