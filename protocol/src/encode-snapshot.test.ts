import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeControllerMessage } from "./encode-snapshot.ts";
import { ControllerMessage } from "./generated/regomesh/v1/control.ts";

const buffer = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

test("is what the general encoder's message says, whatever is in it", () => {
  const content = fc.record({ body: fc.oneof(buffer(3), buffer(40_000)), encoding: fc.constantFrom(0, 1, 2) });
  const snapshot = fc.record({
    nonce: fc.string(),
    hash: fc.string(),
    body: buffer(300),
    modules: fc.constant([]),
    signature: buffer(64),
    signerPem: fc.string(),
    contents: fc.array(content, { maxLength: 5 }),
    lists: fc.array(fc.record({ base: fc.string(), removed: fc.array(fc.string()), added: fc.array(fc.string()) })),
    moduleParts: fc.array(fc.record({ hash: fc.string(), wasmChunks: buffer(64), dataChunks: buffer(64) })),
  });
  fc.assert(
    fc.property(snapshot, (value) => {
      const message = { message: { $case: "snapshot", value } } as unknown as ControllerMessage;
      const general = ControllerMessage.decode(ControllerMessage.encode(message).finish());
      expect(ControllerMessage.decode(encodeControllerMessage(message))).toEqual(general);
      expect(encodeControllerMessage(message)).toHaveLength(ControllerMessage.encode(message).finish().length);
    }),
    { numRuns: 100 },
  );
  const renew: ControllerMessage = { message: { $case: "renew", value: {} } };
  expect(ControllerMessage.decode(encodeControllerMessage(renew))).toEqual(renew);
});

test("one that cannot be encoded leaves nothing in those that follow", () => {
  const value = {
    nonce: "1",
    hash: "a",
    body: Buffer.from("body"),
    modules: [],
    signature: Buffer.from("sign"),
    signerPem: "pem",
    contents: [],
    lists: [],
    moduleParts: [],
  };
  const encode = (more: object) =>
    encodeControllerMessage({ message: { $case: "snapshot", value: { ...value, ...more } } } as ControllerMessage);
  const before = encode({});
  expect(() => encode({ lists: [undefined] })).toThrow(TypeError);
  expect(encode({})).toEqual(before);
});
