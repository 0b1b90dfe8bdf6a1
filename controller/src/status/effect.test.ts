import { expect, test } from "vitest";
import type { Publication } from "../distribution/release.ts";
import { A, B, type Play, settled } from "../test/play.ts";
import { timesToEffect } from "./effect.ts";

function times({ state }: Play, publication: Publication | undefined = state.publication): readonly number[] {
  if (publication === undefined) throw new Error("nothing is published");
  return timesToEffect(publication.release, state, [...state.roster.proxies.values()]);
}

test("counts from the build to each proxy's word", () => {
  const play = settled("web", "orders");
  play.at(100);
  play.publish({ ...B, release: { ...B.release, builtAtMs: 70 } });
  play.at(120);
  play.ack("web");
  play.at(150);
  play.ack("orders");

  expect(times(play)).toEqual([50, 80]);
});

test("counts from when a proxy came, where that is later", () => {
  const play = settled("web");
  play.at(90_000);
  play.connect("orders");
  play.at(90_040);
  play.ack("orders");

  expect(times(play)).toEqual([0, 40]);
});

test("counts what was gone back to from then on", () => {
  const play = settled("web", "orders");
  play.at(60_000);
  play.publish(B);
  play.nack("web", "content");
  play.nack("orders", "content");
  play.at(60_030);
  play.ack("web");
  play.ack("orders");

  expect(play.state.publication?.release.revision).toMatchObject({ name: A.release.revision.name, sequence: 3 });
  expect(times(play)).toEqual([30, 30]);
});
