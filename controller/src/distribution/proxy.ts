/**
 * What the controller knows of one proxy's stream, as a value.
 *
 * hello --> (snapshot sent --> ACK: in force | NACK: refused, the old one stays)*
 *
 * A snapshot is sent when it is wanted and neither in force, nor on its way, nor refused.
 * Answers carry the nonce of what they answer; one that answers nothing is ignored.
 */
import { type Ack, type Hello, type Nack, type NackClass, type NackReason, parseNackReason } from "@regomesh/protocol";

export type Session = {
  readonly hello: Hello;
  /** Hash of the snapshot in force; "" for none. */
  readonly inForce: string;
  /** Modules that the proxy surely holds. */
  readonly held: readonly string[];
  readonly sent: Sent | undefined;
  readonly refused: Refusal | undefined;
  /** Milliseconds from the sending of the snapshot in force to its ACK. */
  readonly ackTookMs: number | undefined;
};

/** A proxy's refusal of a snapshot, as far as it is kept. */
export type Refusal = {
  readonly hash: string;
  readonly class: NackClass;
  readonly reason: NackReason;
  /** `code: message`, with the place before it where that is known. */
  readonly problems: readonly string[];
};

export type Sent = {
  readonly nonce: string;
  readonly hash: string;
  readonly modules: readonly string[];
  readonly atMs: number;
};

/** What is kept of a NACK. */
const PROBLEMS_MAX = 20;
const PROBLEM_LENGTH_MAX = 500;

export function openSession(hello: Hello): Session {
  return {
    hello,
    inForce: hello.holding?.snapshotHash ?? "",
    held: hello.holding?.contentHashes ?? [],
    sent: undefined,
    refused: undefined,
    ackTookMs: undefined,
  };
}

/** A later hello on the same stream tells new listen addresses; it may not become another proxy. */
export function repeatHello(session: Session, hello: Hello): Session | undefined {
  const { workload, namespace, instance } = session.hello;
  if (hello.workload !== workload || hello.namespace !== namespace || hello.instance !== instance) return undefined;
  return { ...session, hello };
}

/** Whether to send it now. While an answer is out nothing is: what is missing depends on the answer. */
export function isWanted(session: Session, hash: string): boolean {
  return session.sent === undefined && hash !== session.inForce && hash !== session.refused?.hash;
}

export function send(session: Session, sent: Sent): Session {
  return { ...session, sent };
}

export function settleAck(session: Session, ack: Ack, nowMs: number): Session {
  const { sent } = session;
  if (sent?.nonce !== ack.nonce) return session;
  return {
    ...session,
    inForce: sent.hash,
    held: ack.holding?.contentHashes ?? sent.modules,
    sent: undefined,
    refused: undefined,
    ackTookMs: nowMs - sent.atMs,
  };
}

export function settleNack(session: Session, nack: Nack): Session {
  const { sent } = session;
  if (sent?.nonce !== nack.nonce || sent.hash !== nack.hash) return session;
  const problems = nack.problems
    .slice(0, PROBLEMS_MAX)
    .map((problem) => printProblem(problem).slice(0, PROBLEM_LENGTH_MAX));
  const refused: Refusal = {
    hash: sent.hash,
    class: nack.class === "content" ? "content" : "local",
    reason: parseNackReason(nack.reason),
    problems,
  };
  return { ...session, sent: undefined, refused };
}

function printProblem({ code, message, file, row, column }: Nack["problems"][number]): string {
  return file === "" ? `${code}: ${message}` : `${file}:${row}:${column}: ${code}: ${message}`;
}
