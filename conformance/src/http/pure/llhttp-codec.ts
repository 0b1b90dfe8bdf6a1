/**
 * llhttp's cases against the codec, whole and byte by byte. llhttp is the oracle for what a
 * message consists of; where its verdict is not RFC 9112's, rfc-rules.ts says so by rule.
 */
import type { Outcome } from "../report.ts";
import { bytesOf, type LlhttpMessage, type LlhttpRow } from "../vectors.ts";
import { codecTranscript, type SeenMessage, type Transcript } from "./codec-transcript.ts";
import { ruleFor } from "./rfc-rules.ts";

const HOST_LINE = Uint8Array.from(Buffer.from("Host: svc\r\n"));

export function judgeLlhttp(row: LlhttpRow): Outcome {
  const raw = row.side === "url" ? requestOf(bytesOf(row.raw_b64)) : bytesOf(row.raw_b64);
  const responses = row.side === "response" ? Math.max(row.messages.length, 1) : undefined;
  const { transcript, fed } = readWithHosts(raw, responses);
  const bytewise = codecTranscript(fed, 1, responses);
  const base = { id: row.id, name: row.name };
  if (outcomeText(transcript) !== outcomeText(bytewise)) {
    return { ...base, why: `byte by byte it reads ${JSON.stringify(bytewise)}, whole ${JSON.stringify(transcript)}` };
  }
  const why = row.side === "url" ? judgeTarget(row, transcript) : judgeMessages(row, transcript);
  if (why === undefined) return base;
  const rule = ruleFor(row, transcript);
  return rule === undefined ? { ...base, why } : { ...base, note: rule };
}

/** A fault in a line that is not whole is found early or at the end, by the pieces; it is the same one. */
function outcomeText(transcript: Transcript): string {
  return JSON.stringify([transcript.messages, transcript.fault ?? transcript.atClose]);
}

/** llhttp's requests often lack Host, which HTTP/1.1 demands: it is put in where that is the only fault. */
function readWithHosts(raw: Uint8Array, responses: number | undefined): { transcript: Transcript; fed: Uint8Array } {
  let fed = raw;
  for (;;) {
    const transcript = codecTranscript(fed, fed.length, responses);
    if (transcript.fault !== "host-missing") return { transcript, fed };
    const lineEnd = Buffer.from(fed).indexOf("\r\n", skipEmptyLines(fed, transcript.faultStart)) + 2;
    fed = Uint8Array.from([...fed.subarray(0, lineEnd), ...HOST_LINE, ...fed.subarray(lineEnd)]);
  }
}

function skipEmptyLines(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  return at;
}

function judgeMessages(row: LlhttpRow, transcript: Transcript): string | undefined {
  const { fault, atClose, messages } = transcript;
  const refusal = fault ?? (atClose === "incomplete" ? undefined : atClose);
  if (row.verdict === "reject") {
    return refusal !== undefined || atClose !== undefined ? undefined : "llhttp rejects what the codec accepts";
  }
  if (row.mode === "lenient" && refusal !== undefined) return undefined; // strict is what the codec is
  if (refusal !== undefined && row.verdict !== "upgrade") return `llhttp accepts, the codec says ${refusal}`;
  // Upgrade is ignored (RFC 9110, section 7.8): what follows is no longer what llhttp looked at.
  const count = row.verdict === "upgrade" ? Math.min(1, row.messages.length) : row.messages.length;
  const wanted = row.messages.slice(0, count);
  for (const [index, want] of wanted.entries()) {
    const got = messages[index];
    if (got === undefined) {
      if (!want.headers_complete) continue;
      return `message ${index} is not seen (${refusal ?? "no fault"})`;
    }
    const difference = compare(want, got);
    if (difference !== undefined) return `message ${index}: ${difference}`;
  }
  if (row.verdict !== "upgrade" && messages.length > wanted.length) return `${messages.length} messages are seen`;
  return undefined;
}

function compare(want: LlhttpMessage, got: SeenMessage): string | undefined {
  const pairs: readonly (readonly [what: string, want: unknown, got: unknown])[] = [
    ["method", want.method ?? "", got.method],
    ["target", want.url ?? "", got.target],
    ["reason", want.status ?? "", got.reason],
    ["version", want.version, got.version],
    ["fields", fieldsText(want.headers), fieldsText(withoutAddedHost(want, got))],
    ["content", Buffer.from(want.body_b64, "base64").toString("latin1"), got.content],
    ["trailers", fieldsText(want.trailers ?? []), fieldsText(got.trailers)],
    ["complete", want.complete, got.complete],
  ];
  for (const [what, wanted, gotten] of pairs) {
    if (what === "complete" && got.untilClose) continue;
    if (wanted !== gotten) return `${what} ${JSON.stringify(wanted)} is read as ${JSON.stringify(gotten)}`;
  }
  return undefined;
}

function withoutAddedHost(want: LlhttpMessage, got: SeenMessage): SeenMessage["fields"] {
  const hasHost = want.headers.some(([name]) => name.toLowerCase() === "host");
  return hasHost ? got.fields : got.fields.filter(([name, value]) => !(name === "Host" && value === "svc"));
}

/** llhttp keeps white space at the end of some values, and decodes bytes as UTF-8. */
function fieldsText(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields.map(([name, value]) => `${name}: ${bytesText(value).replace(/[ \t]+$/, "")}`).join("\n");
}

function bytesText(text: string): string {
  return /[^\x00-\xff]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

function requestOf(url: Uint8Array): Uint8Array {
  return Uint8Array.from([...Buffer.from("GET "), ...url, ...Buffer.from(" HTTP/1.1\r\nHost: svc\r\n\r\n")]);
}

function judgeTarget(row: LlhttpRow, transcript: Transcript): string | undefined {
  const [message] = transcript.messages;
  if (row.verdict === "reject") return message === undefined ? undefined : "llhttp rejects what the codec accepts";
  if (message === undefined) return `llhttp accepts, the codec says ${transcript.fault}`;
  const parts = row.messages[0]?.url_parts ?? {};
  const wanted =
    (parts.path ?? "") +
    (parts.query === undefined ? "" : `?${parts.query}`) +
    (parts.fragment === undefined ? "" : `#${parts.fragment}`);
  if (message.path !== wanted) return `path ${JSON.stringify(wanted)} is read as ${JSON.stringify(message.path)}`;
  if (parts.host !== undefined && message.authority !== parts.host)
    return `host ${parts.host} is read as ${message.authority}`;
  return undefined;
}
