/**
 * How a proxy leaves without costing a request. Before a port closes, its clients are told:
 * responses end their connections while new ones are still taken, until nobody comes any
 * more. Inbound goes first; outbound serves until inbound is done.
 */
import type { DataPlane, Direction } from "./data-plane.ts";

/** Nobody has connected for this long: whoever picks endpoints has heard that this one goes. */
const QUIET_MS = 250;
/** Idle connections have this long for a request whose response says that they end. */
const IDLE_MS = 500;
/** Clients that keep coming, since they hear of nothing, do not keep the port open for ever. */
const ANNOUNCE_MAX_MS = 2000;
const LOOK_MS = 20;

/** Leaves every port closed; connections that `deadlineMs` did not suffice for are still open then. */
export async function drainPlane(plane: DataPlane, deadlineMs: number): Promise<void> {
  const untilMs = performance.now() + deadlineMs;
  for (const direction of ["inbound", "outbound"] as const) {
    await plane.announceDrain(direction);
    await untilQuiet(plane, direction, untilMs);
    await plane.closePorts(direction);
    while ((await plane.activity(direction)).connections > 0 && performance.now() < untilMs) {
      await sleep(LOOK_MS);
      await plane.closePorts(direction);
    }
  }
}

async function untilQuiet(plane: DataPlane, direction: Direction, untilMs: number): Promise<void> {
  const beganMs = performance.now();
  const latestMs = Math.min(beganMs + ANNOUNCE_MAX_MS, (beganMs + untilMs) / 2);
  let accepted = -1;
  let quietSinceMs = beganMs;
  for (;;) {
    const activity = await plane.activity(direction);
    const nowMs = performance.now();
    if (accepted >= 0 && activity.accepted !== accepted) quietSinceMs = nowMs;
    ({ accepted } = activity);
    const hasHeard = activity.connections === 0 || nowMs - beganMs >= IDLE_MS;
    if ((nowMs - quietSinceMs >= QUIET_MS && hasHeard) || nowMs >= latestMs) return;
    await sleep(LOOK_MS);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
