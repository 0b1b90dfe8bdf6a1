/** Who gets a stream of which connection: plays of what happens, and what comes of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sharing } from "./sharing.ts";

const limits = { streamsMax: 3, pendingMax: 1 };

type Step =
  | readonly [event: "ask" | "cancel", who: string, then: string]
  | readonly [event: "open" | "ends" | "retires" | "fills" | "empties" | "gone", connection: string, then: string]
  | readonly [event: "fails" | "close", nothing: "", then: string];

const PLAYS: Readonly<Record<string, readonly Step[]>> = {
  "one connection is opened for all who wait, and carries them all": [
    ["ask", "a", "waiting, opens"],
    ["ask", "b", "waiting"],
    ["ask", "c", "waiting"],
    ["open", "1", "a on 1, b on 1, c on 1"],
  ],
  "who waits for a handshake alone counts as one that runs; beyond the queue is refused": [
    ["ask", "a", "waiting, opens"],
    ["ask", "b", "waiting"],
    ["ask", "c", "waiting"],
    ["ask", "d", "waiting"],
    ["ask", "e", "full"],
    ["open", "1", "a on 1, b on 1, c on 1"],
    ["ask", "f", "full"],
    ["ends", "1", "d on 1"],
  ],
  "no one overtakes those who wait": [
    ["ask", "a", "waiting, opens"],
    ["open", "1", "a on 1"],
    ["ask", "b", "1"],
    ["ask", "c", "1"],
    ["ask", "d", "waiting"],
    ["ends", "1", "d on 1"],
  ],
  "a second connection is opened where the first takes no more, and no third": [
    ["ask", "a", "waiting, opens"],
    ["open", "1", "a on 1"],
    ["fills", "1", ""],
    ["ask", "b", "waiting, opens"],
    ["open", "2", "b on 2"],
    ["fills", "2", ""],
    ["ask", "c", "waiting"],
    ["empties", "1", "c on 1"],
  ],
  "one that is retired takes no more, and its streams count until they end": [
    ["ask", "a", "waiting, opens"],
    ["open", "1", "a on 1"],
    ["retires", "1", ""],
    ["ask", "b", "waiting, opens"],
    ["open", "2", "b on 2"],
    ["ask", "c", "2"],
    ["ask", "d", "waiting"],
    ["ends", "1", "d on 2"],
  ],
  "where none could be opened, nobody who waited has one": [
    ["ask", "a", "waiting, opens"],
    ["ask", "b", "waiting"],
    ["fails", "", "fails a, b"],
    ["ask", "c", "waiting, opens"],
  ],
  "where a second one could not be opened, the first is waited for": [
    ["ask", "a", "waiting, opens"],
    ["open", "1", "a on 1"],
    ["fills", "1", ""],
    ["ask", "b", "waiting, opens"],
    ["fails", "", "opens"],
    ["empties", "1", "b on 1"],
  ],
  "who was cancelled gets nothing": [
    ["ask", "a", "waiting, opens"],
    ["cancel", "a", ""],
    ["open", "1", ""],
    ["ask", "b", "1"],
  ],
  "once closed it gives nothing, and hands over who waits": [
    ["ask", "a", "waiting, opens"],
    ["close", "", "hands over a"],
    ["ask", "b", "closed"],
  ],
};

test.each(Object.entries(PLAYS))("%s", (_, steps) => {
  const sharing = new Sharing<{ name: string; mayBegin: boolean }, string>();
  const connections = new Map<string, { name: string; mayBegin: boolean }>();
  const find = (name: string) => {
    const known = connections.get(name) ?? { name, mayBegin: true };
    connections.set(name, known);
    return known;
  };
  const serve = (): string => {
    const given: string[] = [];
    for (let next = sharing.next(limits); next !== undefined; next = sharing.next(limits))
      given.push(`${next.to} on ${next.connection.name}`);
    return given.join(", ");
  };
  const act = (event: Step[0], who: string): string => {
    switch (event) {
      case "ask": {
        const found = sharing.acquire(who, limits);
        if (typeof found !== "string") return found.name;
        return found === "waiting" && sharing.opens(limits) ? "waiting, opens" : found;
      }
      case "cancel":
        sharing.cancel(who);
        return "";
      case "open":
        sharing.opened(find(who));
        return serve();
      case "fills":
        find(who).mayBegin = false;
        return "";
      case "empties":
        find(who).mayBegin = true;
        return serve();
      case "ends":
        sharing.ended(1);
        return serve();
      case "retires":
        sharing.retire(find(who));
        return "";
      case "gone":
        sharing.retire(find(who));
        return serve();
      case "fails": {
        const failed = sharing.failed();
        const told = failed.length > 0 ? `fails ${failed.join(", ")}` : "";
        return [told, sharing.opens(limits) ? "opens" : ""].filter((part) => part !== "").join(", ");
      }
      case "close":
        return `hands over ${sharing.close().join(", ")}`;
    }
  };
  for (const [event, who, then] of steps) expect([event, who, act(event, who)]).toEqual([event, who, then]);
});

test("whatever happens, no more run than may, and none waits while there is room", () => {
  const happening = fc.constantFrom("ask", "open", "end", "fail", "retire", "fill", "empty");
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const sharing = new Sharing<{ mayBegin: boolean; streams: number }, number>();
      const connections: { mayBegin: boolean; streams: number }[] = [];
      let opening = 0;
      let asked = 0;
      const serve = (): void => {
        for (let next = sharing.next(limits); next !== undefined; next = sharing.next(limits))
          next.connection.streams++;
        if (sharing.opens(limits)) opening++;
      };
      for (const what of happenings) {
        const busy = connections.find(({ streams }) => streams > 0);
        if (what === "ask") {
          const found = sharing.acquire(asked++, limits);
          if (typeof found !== "string") found.streams++;
        } else if (what === "open" && opening > 0) {
          opening--;
          const connection = { mayBegin: true, streams: 0 };
          connections.push(connection);
          sharing.opened(connection);
        } else if (what === "fail" && opening > 0) {
          opening--;
          sharing.failed();
        } else if (what === "end" && busy !== undefined) {
          busy.streams--;
          sharing.ended(1);
        } else if (what === "retire" && connections[0] !== undefined) sharing.retire(connections[0]);
        else if (what === "fill" && connections[0] !== undefined) connections[0].mayBegin = false;
        else if (what === "empty" && connections[0] !== undefined) connections[0].mayBegin = true;
        serve();
        const streams = connections.reduce((sum, each) => sum + each.streams, 0);
        expect(sharing.streams).toBe(streams);
        expect(streams).toBeLessThanOrEqual(limits.streamsMax);
        expect(opening).toBeLessThanOrEqual(1);
        if (sharing.waiting > 0 && streams < limits.streamsMax) expect(sharing.next(limits)).toBeUndefined();
      }
    }),
  );
});
