/** Responses of the mesh itself, made from a reason: JSON that names reason and decision. */
import type { Fields } from "@regomesh/policy-runtime";
import type { Reason } from "../../filter/reason.ts";
import { rescue } from "../../filter/rescue.ts";
import { FieldEdits, variableOf } from "../../http1/field-edits.ts";
import type { Head } from "../../http1/head.ts";
import { Method } from "../../http1/method.ts";
import { encodeResponse } from "../../http1/own-response.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import type { ClientRequest } from "./client-request.ts";

export type Answer = {
  readonly status: number;
  readonly fields: Fields;
  readonly body: string;
  /** Rule and place of a denial, where the mesh shows them. */
  readonly explanation?: Explanation | undefined;
};

/** Rule and place of a denial, where the mesh shows them. */
export type Explanation = { readonly rule: string; readonly place: string };

export type AnswerOptions = {
  readonly status?: number | undefined;
  readonly fields?: Fields;
  /** Content in place of ours. */
  readonly body?: string | undefined;
  readonly explanation?: Explanation | undefined;
};

/** The mesh's own word on what was decided: no policy has a say in it. */
const DECISION = "x-regomesh-decision";

/** Refuses for `reason`; sets the record accordingly. */
export function refusalAnswer(
  request: ClientRequest,
  reason: Reason,
  detail: string,
  options: AnswerOptions = {},
): Answer {
  const { record, thread } = request;
  const { status, verdict, message } = rescue(reason);
  if (record.decisionId === 0) record.decisionId = thread.ids.next();
  record.verdict = verdict;
  record.reason = reason;
  record.detail = detail;
  const decision = printDecisionId(record.decisionId);
  // Only the workload's own application is told of services, and it asked for this host.
  const host = reason === "no_such_service" ? { host: detail } : {};
  const body =
    options.body ?? `${JSON.stringify({ error: message, reason, ...host, decision, ...options.explanation })}\n`;
  const fields = (options.fields ?? []).filter(([name]) => variableOf(name) !== DECISION);
  const type: Fields = options.body === undefined ? [["content-type", "application/json"]] : [];
  return {
    status: options.status ?? status,
    fields: [...type, ...fields, [DECISION, decision]],
    body,
    explanation: options.explanation,
  };
}

const edits = new FieldEdits();
const encoder = new TextEncoder();
/** What a policy may not say of a response: it would break the message's frame. */
const OURS = new Set([
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "trailer",
  "te",
  "date",
  "x-regomesh-reason",
]);

export type AnswerFacts = {
  readonly keepAlive: boolean;
  readonly wallMs: number;
  /** Said of a failure to a sidecar that asks: why the mesh answers by itself; "": not said. */
  readonly madeBy: Reason | "";
};

/** The fields of a response of the mesh, which hold until the next one's are asked for. */
export function answerFields(answer: Answer, { wallMs, madeBy }: Omit<AnswerFacts, "keepAlive">): FieldEdits {
  edits.clear();
  edits.add("date", httpDate(wallMs));
  if (madeBy !== "") edits.add("x-regomesh-reason", madeBy);
  const hasType = answer.fields.some(([name]) => name.toLowerCase() === "content-type");
  if (!hasType && answer.body !== "") edits.add("content-type", "text/plain; charset=utf-8");
  for (const [name, value] of answer.fields) if (!OURS.has(variableOf(name))) edits.add(name, value);
  return edits;
}

/** The response in HTTP/1.x's bytes, as an answer to the request of `head`. */
export function encodeAnswer(answer: Answer, head: Head, { keepAlive, ...facts }: AnswerFacts): Uint8Array {
  return encodeResponse({
    status: answer.status,
    body: encoder.encode(answer.body),
    fields: answerFields(answer, facts),
    close: !keepAlive,
    sayKeepAlive: head.minor === 0,
    isHead: head.method === Method.head,
  });
}

let dateSecond = 0;
let dateText = "";

/** IMF-fixdate, made once a second. */
function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(wallMs).toUTCString();
  }
  return dateText;
}
