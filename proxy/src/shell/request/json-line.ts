/**
 * An access record as one line of JSON. What stays the same from one to the next, names and what
 * stands between values, is bytes already: a line is a few copies, and its numbers.
 */
import { asciiBytes } from "../../http1/characters.ts";
import { inside } from "../../record/between.ts";
import type { ByteWriter } from "../../record/byte-writer.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import { LineStart } from "../../record/line-start.ts";
import { type Phrase, phrase } from "../../record/phrase.ts";
import type { ClientRequest } from "./client-request.ts";
import type { RequestRecord, Verdict } from "./request-record.ts";

const SPACE = 0x20;
/** More of a path than anyone reads. */
export const LOGGED_PATH_BYTES_MAX = 2048;

const STARTS = { inbound: new LineStart("inbound"), outbound: new LineStart("outbound") } as const;
const METHOD = phrase('","method":"');
const PATH = phrase('","path":"');
const STATUS = phrase('","status":');
const BYTES_IN = phrase(',"bytesIn":');
const ONLY_BYTES_IN = phrase('"bytesIn":');
const BYTES_OUT = phrase(',"bytesOut":');
const DURATION = phrase(',"durationMs":');
const POLICY = phrase(',"policyUs":');
const VERDICTS: Readonly<Record<Verdict, Phrase>> = {
  allowed: verdictPhrase("allowed"),
  denied: verdictPhrase("denied"),
  limited: verdictPhrase("limited"),
  invalid: verdictPhrase("invalid"),
  broken: verdictPhrase("broken"),
  abandoned: verdictPhrase("abandoned"),
};

function verdictPhrase(verdict: Verdict): Phrase {
  return phrase(`,"verdict":"${verdict}",`);
}

export function writeJsonLine(writer: ByteWriter, request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, thread, exchange, context } = request;
  writer.phrase(STARTS[direction].at(thread.wallMs()));
  writer.raw(record.requestId.bytes, record.requestId.length);
  writer.phrase(METHOD);
  writeTarget(writer, request, PATH);
  writer.phrase(STATUS);
  writer.integer(record.status);
  if (record.grpcStatus >= 0) {
    writer.ascii(',"grpcStatus":');
    writer.integer(record.grpcStatus);
  }
  writer.phrase(VERDICTS[record.verdict]);
  if (record.decisionId !== 0 || record.reason !== "") writeReason(writer, record);
  if (record.shadows.length > 0) writeShadows(writer, record);
  if (record.rules.length > 0) writeTexts(writer, "rules", record.rules);
  const source = direction === "inbound" ? (context.principal ?? "") : (record.inForce?.workload.principal ?? "");
  writer.raw(record.between.of(source, record.service, exchange.endpoint));
  if (exchange.endpoint !== undefined) {
    writer.integer(exchange.tries);
    writer.phrase(BYTES_IN);
  } else writer.phrase(ONLY_BYTES_IN);
  writer.integer(record.bytesIn);
  writer.phrase(BYTES_OUT);
  writer.integer(record.bytesOut);
  writer.phrase(DURATION);
  writer.thousandths(record.durationMs);
  writer.phrase(POLICY);
  writer.thousandths(record.policyMs * 1000);
  writer.raw(endOf(record.inForce?.snapshot.revision.name ?? ""));
}

/** Method and path as they go on, or as they were described where no head was written. */
export function writeTarget(writer: ByteWriter, { exchange, record }: ClientRequest, between: Phrase): void {
  const { head, headEnd } = exchange;
  if (head === undefined) {
    writer.jsonText(record.method);
    writer.phrase(between);
    return void writer.jsonText(record.path);
  }
  const path = writer.jsonUntil(head, 0, headEnd, SPACE) + 1;
  writer.phrase(between);
  writer.jsonUntil(head, path, Math.min(headEnd, path + LOGGED_PATH_BYTES_MAX), SPACE);
}

function writeReason(writer: ByteWriter, record: RequestRecord): void {
  if (record.decisionId !== 0) {
    writer.ascii('"decision":"');
    writer.ascii(printDecisionId(record.decisionId));
    writer.ascii('",');
  }
  if (record.reason === "") return;
  writer.ascii('"reason":"');
  writer.ascii(record.reason);
  writer.ascii('","detail":"');
  writer.jsonText(record.detail);
  writer.ascii('",');
}

function writeShadows(writer: ByteWriter, { shadows }: RequestRecord): void {
  const notes = shadows.map(({ binding, entrypoint, would }) => `${binding} ${entrypoint} would ${would}`);
  writeTexts(writer, "shadow", notes);
}

function writeTexts(writer: ByteWriter, name: string, texts: readonly string[]): void {
  writer.ascii(`"${name}":[`);
  for (const [index, text] of texts.entries()) {
    writer.ascii(index === 0 ? '"' : ',"');
    writer.jsonText(text);
    writer.ascii('"');
  }
  writer.ascii("],");
}

let endName = "";
let end = printEnd("");

/** The revision that decided, and the line's end: the same for as long as no other comes in force. */
function endOf(name: string): Uint8Array {
  if (name !== endName) {
    endName = name;
    end = printEnd(name);
  }
  return end;
}

function printEnd(name: string): Uint8Array {
  return asciiBytes(`,"revision":"${inside(name)}"}\n`);
}
