/** Times and hashes as people read them: `1.9 µs`, `312 ms`, `4.1 s`, `12 s`, `23h 41m`. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something took. */
export function printTook(ms: number): string {
  if (ms < 0.001) return `${Math.round(ms * 1e6)} ns`;
  if (ms < 1) return `${(ms * 1000).toFixed(1)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  return `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 2 : 1)} s`;
}

/** How long ago something was, or how long it lasts: its two largest units. */
export function printSpan(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return `${Math.floor(whole / HOUR)}h ${Math.floor((whole % HOUR) / MINUTE)}m`;
  return `${Math.floor(whole / DAY)} days`;
}

export function shortHash(hash: string): string {
  return /^[0-9a-f]{40,64}$/.test(hash) ? hash.slice(0, 7) : hash;
}

/** A line's worth of text from elsewhere: nothing that moves a terminal's cursor, or turns what is read round. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, " ");
}

/** To the second, in UTC: as logs have it. */
export function printTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** `namespace/name` of a workload, as the command line names it: `web`, with `--namespace` or without, or `shop/web`. */
export function workloadKey(word: string, namespace = "default"): string {
  return word.includes("/") ? word : `${namespace}/${word}`;
}

/** To so many letters, with dots for what is left out. */
export function cut(text: string, room: number): string {
  const letters = [...text];
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join("")}…`;
}
