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

/** A refusal has this long (README, invariant 4). */
const DEADLINE_MS = 1000;
/** The next request has this long (invariant 3). */
const SENTINEL_MS = 100;

export async function drive(rows: readonly WireRow[], lanes: readonly Lane[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (lane: Lane) => {
    for (let index = next++; index < rows.length; index = next++) outcomes[index] = await judge(rows[index]!, lane);
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

async function judge(row: WireRow, lane: Lane): Promise<Outcome> {
  const first = await attempt(row, lane);
  // Latency alone may be the machine's doing: once more, then it counts.
  const broken = first.broken.length === 0 && first.lateMs !== undefined ? await attempt(row, lane) : first;
  const why = [...broken.broken, ...(broken.lateMs === undefined ? [] : [`the next request took ${broken.lateMs} ms`])];
  return { id: row.id, name: nameOf(row), why: why.length === 0 ? undefined : why.join("; ") };
}

async function attempt(row: WireRow, lane: Lane): Promise<{ broken: string[]; lateMs: number | undefined }> {
  const raw = bytesOf(row.raw_b64);
  lane.backend.take();
  const result = await exchange({ port: lane.port, raw, deadlineMs: DEADLINE_MS });
  const recording = lane.backend.take();
  const broken = brokenInvariants({ row, raw: Buffer.from(raw).toString("latin1"), exchange: result, recording });
  const sentinel = await sendSentinel(row, lane);
  return { broken: [...broken, ...sentinel.broken], lateMs: sentinel.lateMs };
}

async function sendSentinel(row: WireRow, lane: Lane): Promise<{ broken: string[]; lateMs: number | undefined }> {
  const target = `/sentinel/${row.id}`;
  const raw = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: svc\r\n\r\n`);
  const { responses, tookMs } = await exchange({ port: lane.port, raw, keepsOpen: true, deadlineMs: DEADLINE_MS });
  const { requests, violations, partial } = lane.backend.take();
  const broken: string[] = [];
  if (responses[0]?.body !== `${target}\n`) broken.push(`the next request got ${JSON.stringify(responses[0])}`);
  if (requests.length !== 1 || requests[0]?.target !== target || violations.length > 0) {
    const seen = requests.map((request) => `${request.method} ${request.target}`);
    broken.push(`with the next request the application saw ${JSON.stringify([...seen, ...violations])}`);
  }
  if (partial > 0 && row.must === "reject") broken.push("a part of it was forwarded");
  return { broken, lateMs: tookMs > SENTINEL_MS ? Math.round(tookMs) : undefined };
}

function nameOf(row: WireRow): string {
  if (row.position !== undefined) return `byte ${row.byte} as ${row.position}`;
  return row.name ?? row.title ?? row.id;
}
