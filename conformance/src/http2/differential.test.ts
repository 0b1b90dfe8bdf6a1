/** A part of `npm run conformance:http2 -- --differential`, and how the other side ends things. */
import { constants } from "node:http2";
import { makeRandom } from "@regomesh/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askOurs, askTheirs, makeAsked, openPeers, type Peers } from "./differential.ts";
import { EchoClient } from "./endpoint.ts";

const RUNS = 40;

let peers: Peers;
beforeAll(async () => {
  peers = await openPeers();
});
afterAll(() => peers.close());

test.each([
  ["their client, our server", askOurs],
  ["our client, their server", askTheirs],
])("%s: heads, content and trailers", async (_, ask) => {
  const random = makeRandom(Number(process.env.REGOMESH_HTTP2_SEED ?? 7));
  for (let run = 0; run < RUNS; run++) await ask(peers, makeAsked(random));
});

test("their resets and goaways end our streams", async () => {
  const client = new EchoClient(peers.theirs);
  peers.server.once("stream", (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  expect(await client.ask("/", new Uint8Array(10))).toMatchObject({ end: `reset ${constants.NGHTTP2_INTERNAL_ERROR}` });
  client.close();
});
