/** Numbers as people read them: always with a unit, never more digits than mean something. */

/** `0`, `0.4`, `12`, `3.4k`: requests a second. */
export function printRate(perSecond: number): string {
  if (perSecond <= 0) return "0";
  if (perSecond < 0.05) return "<0.1";
  if (perSecond < 10) return perSecond.toFixed(1);
  if (perSecond < 1000) return perSecond.toFixed(0);
  return `${(perSecond / 1000).toFixed(1)}k`;
}

/** `182 µs`, `4.1 ms`, `1.2 s`; – where unknown. */
export function printMs(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

export function printNs(ns: number | undefined): string {
  return ns === undefined || ns === 0 ? "–" : printMs(ns / 1e6);
}

/** `100 %`, `99.2 %`; below 100 never rounded up to it. */
export function printShare(share: number): string {
  const percent = share * 100;
  if (percent >= 100) return "100 %";
  return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`;
}

/** `12 s`, `5 min`, `3 h`, `2 d`. */
export function printAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `23 h 41 m`: how long something still holds. */
export function printLeft(ms: number): string {
  if (ms <= 0) return "expired";
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `12:04:31`. */
export function printClock(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB", { hour12: false });
}

/** Last part of a SPIFFE ID, or `outside`. */
export function printPrincipal(principal: string): string {
  if (principal === "") return "outside";
  return principal.slice(principal.lastIndexOf("/") + 1);
}

export type Health = "good" | "fair" | "bad";

/** How a share of successes is coloured; the number always stands beside. */
export function healthOf(success: number): Health {
  if (success >= 0.99) return "good";
  return success >= 0.95 ? "fair" : "bad";
}
