/**
 * Which endpoint of several gets the request. A balancer is a row of a table; it picks
 * among those that may be asked, and gives an index or -1 where none may.
 */
import type { Random } from "@regomesh/base";
import type { TrafficSettings } from "@regomesh/protocol";

/** What a balancer asks of endpoint `index`. */
export type Candidates = {
  readonly length: number;
  /** Breaker and connections leave room for a request. */
  isOpen(index: number): boolean;
  /** Requests in flight. */
  load(index: number): number;
};

export type Balancer = (candidates: Candidates, random: Random, turn: number) => number;

export const BALANCERS: Readonly<Record<TrafficSettings["balancer"], Balancer>> = {
  "least-request": pickLeastRequest,
  "round-robin": pickRoundRobin,
  random: pickRandom,
};

/** The less loaded of two drawn at random; where both are closed, the next open one. */
function pickLeastRequest(candidates: Candidates, random: Random): number {
  const { length } = candidates;
  if (length === 0) return -1;
  if (length === 1) return candidates.isOpen(0) ? 0 : -1;
  const first = Math.floor(random() * length);
  const other = Math.floor(random() * (length - 1));
  const second = other >= first ? other + 1 : other;
  const isFirstOpen = candidates.isOpen(first);
  const isSecondOpen = candidates.isOpen(second);
  if (isFirstOpen && isSecondOpen) return candidates.load(second) < candidates.load(first) ? second : first;
  if (isFirstOpen) return first;
  if (isSecondOpen) return second;
  return nextOpen(candidates, first);
}

/** Each in its turn; a closed one's turn falls to the next. */
function pickRoundRobin(candidates: Candidates, _random: Random, turn: number): number {
  return candidates.length === 0 ? -1 : nextOpen(candidates, turn % candidates.length);
}

function pickRandom(candidates: Candidates, random: Random): number {
  return candidates.length === 0 ? -1 : nextOpen(candidates, Math.floor(random() * candidates.length));
}

function nextOpen(candidates: Candidates, start: number): number {
  for (let step = 0; step < candidates.length; step++) {
    const index = (start + step) % candidates.length;
    if (candidates.isOpen(index)) return index;
  }
  return -1;
}
