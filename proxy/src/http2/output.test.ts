/** Buffers of what is written: none is larger than a slab, however much content comes at a time. */
import { expect, test } from "vitest";
import { Method } from "../http1/method.ts";
import { LARGE_SLAB_BYTES } from "../message/slab-pool.ts";
import { concat, feed, frame, uint32 } from "../test/http2.ts";
import { Connection } from "./connection.ts";
import { FRAME_BYTES_MOST, FrameType } from "./frame.ts";
import { SettingId } from "./settings.ts";

const BYTES = 1024 * 1024;

test("content goes on in frames that every peer takes, and in buffers that are used again", () => {
  const client = new Connection("client");
  const setting = (id: number, value: number) => Uint8Array.of(0, id, ...uint32(value));
  const settings = [setting(SettingId.initialWindowSize, BYTES * 2), setting(SettingId.maxFrameSize, FRAME_BYTES_MOST)];
  const window = frame(FrameType.windowUpdate, 0, 0, uint32(BYTES * 2));
  feed(client, concat(frame(FrameType.settings, 0, 0, concat(...settings)), window));
  const taken: number[] = [];
  const sent: number[] = [];
  const take = (bytes: number): Uint8Array => {
    taken.push(bytes);
    return new Uint8Array(Math.max(bytes, LARGE_SLAB_BYTES));
  };
  const spill = (): void => {
    sent.push(client.output.end);
    client.output.takeBuffer();
  };
  client.output.use({ take, giveBack: () => {} }, spill);
  const stream = client.open(Method.post);
  client.beginHead();
  client.endHead(stream, false);
  for (let at = 0; at < BYTES; at += LARGE_SLAB_BYTES)
    expect(client.sendContent(stream, new Uint8Array(LARGE_SLAB_BYTES), 0, LARGE_SLAB_BYTES, false)).toBe(
      LARGE_SLAB_BYTES,
    );
  expect(Math.max(...taken)).toBeLessThanOrEqual(LARGE_SLAB_BYTES);
  // Neither in crumbs.
  expect(Math.min(...sent)).toBeGreaterThan(LARGE_SLAB_BYTES / 2);
  expect(sent.reduce((sum, bytes) => sum + bytes, client.output.end)).toBeGreaterThan(BYTES);
});
