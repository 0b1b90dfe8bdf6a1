/**
 * Drives records through a real proxy. A lane is an inbound port of the proxy with an
 * application of its own behind it; a lane takes one record after the other, so that what
 * the application sees is that record's.
 */
import type { Outcome } from "../report.ts";
import { bytesOf, type LlhttpRow, type WireRow } from "../vectors.ts";
import { exchange } from "./exchange.ts";
import { brokenInvariants } from "./invariants.ts";
import type { RecordingBackend } from "./recording-backend.ts";

export type Lane = { readonly port: number; readonly backend: RecordingBackend };

/** How long is waited, in milliseconds. */
export type Deadlines = { readonly refusalMs: number; readonly nextMs: number };

/** As the vectors have it: of a refusal (README, invariant 4), and of the next request (invariant 3). */
export const AS_DOCUMENTED: Deadlines = { refusalMs: 1000, nextMs: 100 };
/** For what is tried by the ten thousand, beside whatever else the machine does: the next request may be late. */
export const WHILE_BUSY: Deadlines = { refusalMs: 1000, nextMs: 15_000 };
/** For tests, which judge what comes and not how fast, whatever else the machine does. */
export const PATIENT: Deadlines = { refusalMs: 15_000, nextMs: 15_000 };

export async function drive(
  rows: readonly WireRow[],
  lanes: readonly Lane[],
  deadlines: Deadlines,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (lane: Lane) => {
    for (let index = next++; index < rows.length; index = next++)
      outcomes[index] = await judge(rows[index]!, lane, deadlines);
  };
  await Promise.all(lanes.map(work));
  return outcomes;
}

/** The records of llhttp that go over the wire, in the shape of the others. */
export function wireRowsOf(rows: readonly LlhttpRow[]): WireRow[] {
  return rows.flatMap((row) => {
    if (row.bb === null) return [];
    const { raw_b64, must, messages, max_requests } = row.bb;
    return [{ id: row.id, name: row.name, raw_b64, must, max_requests: max_requests ?? Math.max(messages, 1) }];
  });
}

async function judge(row: WireRow, lane: Lane, deadlines: Deadlines): Promise<Outcome> {
  const first = await attempt(row, lane, deadlines);
  // Latency alone may be the machine's doing: once more, then it counts.
  const broken = first.broken.length === 0 && first.lateMs !== undefined ? await attempt(row, lane, deadlines) : first;
  const why = [...broken.broken, ...(broken.lateMs === undefined ? [] : [`the next request took ${broken.lateMs} ms`])];
  return { id: row.id, name: nameOf(row), why: why.length === 0 ? undefined : why.join("; ") };
}

type Attempt = { readonly broken: string[]; readonly lateMs: number | undefined };

async function attempt(row: WireRow, lane: Lane, deadlines: Deadlines): Promise<Attempt> {
  const raw = bytesOf(row.raw_b64);
  lane.backend.take();
  const result = await exchange({ port: lane.port, raw, deadlineMs: deadlines.refusalMs });
  const recording = lane.backend.take();
  const broken = brokenInvariants({ row, raw: Buffer.from(raw).toString("latin1"), exchange: result, recording });
  const sentinel = await sendSentinel(row, lane, deadlines);
  return { broken: [...broken, ...sentinel.broken], lateMs: sentinel.lateMs };
}

async function sendSentinel(row: WireRow, lane: Lane, { refusalMs, nextMs }: Deadlines): Promise<Attempt> {
  const target = `/sentinel/${row.id}`;
  const raw = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: svc\r\n\r\n`);
  const { responses, tookMs } = await exchange({
    port: lane.port,
    raw,
    keepsOpen: true,
    deadlineMs: Math.max(refusalMs, nextMs),
  });
  const { requests, violations, partial } = lane.backend.take();
  const broken: string[] = [];
  if (responses[0]?.body !== `${target}\n`) broken.push(`the next request got ${JSON.stringify(responses[0])}`);
  if (requests.length !== 1 || requests[0]?.target !== target || violations.length > 0) {
    const seen = requests.map((request) => `${request.method} ${request.target}`);
    broken.push(`with the next request the application saw ${JSON.stringify([...seen, ...violations])}`);
  }
  if (partial > 0 && row.must === "reject") broken.push("a part of it was forwarded");
  return { broken, lateMs: tookMs > nextMs ? Math.round(tookMs) : undefined };
}

function nameOf(row: WireRow): string {
  if (row.position !== undefined) return `byte ${row.byte} as ${row.position}`;
  return row.name ?? row.title ?? row.id;
}
