/**
 * Runs a policy before requests do. The engine compiles a function when it is called first, and well when it has
 * been called often.
 */
import { type ConnectionContext, type Policy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { EVALUATION_CLOCK } from "@regomesh/policy-runtime/node";
import type { BoundEntrypoint } from "@regomesh/protocol";

const SLAB_BYTES = 4096;

/** What requests look like: whatever a policy reads of a head is there in one of them. */
const HEADS = [
  "GET /regomesh/warm HTTP/1.1\r\nhost: warm\r\nuser-agent: regomesh\r\n\r\n",
  "GET /api/v1/items/7?page=1&sort=name HTTP/1.1\r\nhost: warm.test\r\naccept: application/json\r\nauthorization: Basic d2FybTp3YXJt\r\nx-user: warm\r\nx-tenant: warm\r\nx-role: warm\r\n\r\n",
  "POST /api/v1/orders HTTP/1.1\r\nhost: warm.test\r\ncontent-type: application/json\r\ncontent-length: 2\r\nauthorization: Bearer e30.e30.\r\ncookie: session=warm\r\nx-user: warm\r\n\r\n",
].map((text) => {
  // Longer than the head, as what the proxy hands over.
  const bytes = Buffer.alloc(SLAB_BYTES);
  const length = bytes.write(text, "latin1");
  return { bytes, length, table: toHeadTable(bytes, length) };
});
const CONTEXTS: readonly ConnectionContext[] = [
  ["http", undefined],
  ["https", "spiffe://warm/ns/warm/sa/warm"],
].map(([scheme, principal]) => ({
  scheme: scheme as "http" | "https",
  principal,
  trustDomain: principal === undefined ? undefined : "warm",
  namespace: principal === undefined ? undefined : "warm",
  serviceAccount: principal === undefined ? undefined : "warm",
  sourceAddress: "127.0.0.1",
  sourcePort: 0,
  destinationAddress: "127.0.0.1",
  destinationPort: 0,
  destinationPrincipal: principal,
}));
const NO_ID = new RequestId();

/** What requests ask, and what kind of answer this thread reads of each entrypoint. */
export type Questions = {
  readonly mask: number;
  readonly answers: readonly { readonly bit: number; readonly kind: BoundEntrypoint["kind"] }[];
};

/** Answers are read, too: what does is code that the engine has not seen, and takes as long as what decides. */
function ask(policy: Policy, { mask, answers }: Questions, call: number): void {
  const { bytes, length, table } = HEADS[call % HEADS.length] as (typeof HEADS)[number];
  policy.setConnection(CONTEXTS[call % CONTEXTS.length] as ConnectionContext);
  const decision = policy.decide(bytes, length, table, mask, NO_ID, 0);
  for (const { bit, kind } of answers) decision[kind](bit);
}

const CALLS = 20;
/** No request waits for longer, but for one decision that takes longer by itself. */
const CALLS_US = 1000;

/** A few calls on a thread that serves: what is each thread's own is made, too. */
export function warm(policy: Policy, questions: Questions): void {
  const beganUs = EVALUATION_CLOCK.monoUs();
  for (let call = 0; call < CALLS && EVALUATION_CLOCK.monoUs() - beganUs < CALLS_US; call++)
    ask(policy, questions, call);
}

const SLOW_US = 500;

/** The first round compiles, and on a busy machine one or two may be held up. */
const SLOW_ROUNDS = 4;

/** One decision takes long, whatever the engine makes of its code. */
export function isSlow(policy: Policy, questions: Questions): boolean {
  for (let round = 0; round < SLOW_ROUNDS; round++) {
    const beganUs = EVALUATION_CLOCK.monoUs();
    for (let call = 0; call < HEADS.length; call++) ask(policy, questions, call);
    if (EVALUATION_CLOCK.monoUs() - beganUs <= SLOW_US * HEADS.length) return false;
  }
  return true;
}

const BATCH = 256;
/** A batch ends sooner where decisions take long. */
const BATCH_US = 1000;
/** The engine wants some thousands of calls before it compiles well. */
const CALLS_MIN = 8192;
/** Batches in which nothing became faster. */
const STEADY = 16;
const FASTER = 0.9;
const WARM_US_MAX = 200_000;

/** A start takes so much longer. */
const START_US = 25_000;

/**
 * Of a thread that serves nobody yet: whoever is asked a few times a second would else take minutes until the
 * engine compiles well what it does, and take twice as long for each decision.
 */
export function warmStart(policy: Policy, questions: Questions): void {
  const { monoUs } = EVALUATION_CLOCK;
  const endUs = monoUs() + START_US;
  const warming = new Warming(policy, questions);
  while (monoUs() < endUs && warming.step());
}

/**
 * A revision comes to many sidecars at once, often to several of one machine: those that have it leave the processors to
 * those that do not yet. Requests that come meanwhile make the engine compile, too.
 */
const ASIDE_AFTER_MS = 1000;
/** Between two batches on a thread that serves. */
const ASIDE_PAUSE_MS = 1;
/** Units that a decision between requests may take: 0.2 ms of code that is not optimised yet. */
export const ASIDE_FUEL = 50_000;
/** What takes so long by itself is not worth thousands of calls between requests. */
const ASIDE_US = 30;
/** In the first of them the engine compiles, or other processes have the processor. */
const ASIDE_BATCHES_LEAST = 4;

/**
 * Of a thread that serves: a batch now and then, which holds a request up by a millisecond at most, until requests are
 * answered as fast as they will be. Where many come they do it themselves, and sooner. The engine's code is one for all
 * instances of a module.
 */
export function warmAside(policy: Policy, questions: Questions): void {
  const warming = new Warming(policy, questions);
  let batches = 0;
  const step = (): void => {
    const goesOn = warming.step();
    batches++;
    const isWorth = batches < ASIDE_BATCHES_LEAST || warming.leastUs < ASIDE_US;
    if (goesOn && isWorth) setTimeout(step, ASIDE_PAUSE_MS).unref();
  };
  setTimeout(step, ASIDE_AFTER_MS).unref();
}

/** Asks a policy until it is no longer getting faster: one that answers nobody's requests. */
export class Warming {
  readonly #policy: Policy;
  readonly #questions: Questions;
  #calls = 0;
  #usedUs = 0;
  #leastUs = Number.POSITIVE_INFINITY;
  #steady = 0;

  constructor(policy: Policy, questions: Questions) {
    this.#policy = policy;
    this.#questions = questions;
  }

  /** Of a decision, in the fastest batch. */
  get leastUs(): number {
    return this.#leastUs;
  }

  /** Asks a batch, of about a millisecond at most; false where it was the last one. */
  step(): boolean {
    const { monoUs } = EVALUATION_CLOCK;
    const beganUs = monoUs();
    let us = 0;
    let calls = 0;
    while (calls < BATCH && us < BATCH_US) {
      for (let i = 0; i < HEADS.length * CONTEXTS.length; i++) ask(this.#policy, this.#questions, calls++);
      us = monoUs() - beganUs;
    }
    this.#calls += calls;
    this.#usedUs += us;
    const oneUs = us / calls;
    this.#steady = oneUs < this.#leastUs * FASTER ? 0 : this.#steady + 1;
    this.#leastUs = Math.min(this.#leastUs, oneUs);
    return this.#usedUs < WARM_US_MAX && (this.#calls < CALLS_MIN || this.#steady < STEADY);
  }
}
