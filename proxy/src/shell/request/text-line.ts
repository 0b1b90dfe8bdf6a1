/**
 * An access record as one line for people, with the fields of Envoy's default line in its order, and
 * then those of the mesh; `-` stands for what there is not:
 *
 *   [time] "METHOD TARGET" status reason bytesIn bytesOut durationMs policyUs "requestId" "service"
 *   "endpoint" tries direction verdict "source" decision revision "rules" "detail"
 *
 * Quoted fields are escaped as in JSON, so that nothing that a client sends ends one, or the line.
 */
import type { ByteWriter } from "../../record/byte-writer.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import { phrase } from "../../record/phrase.ts";
import type { ClientRequest } from "./client-request.ts";
import { writeTarget } from "./json-line.ts";

const BLANK = phrase(" ");

export function writeTextLine(writer: ByteWriter, request: ClientRequest, direction: "inbound" | "outbound"): void {
  const { record, exchange, context, thread } = request;
  const { endpoint } = exchange;
  writer.ascii(`[${new Date(thread.wallMs()).toISOString()}] "`);
  writeTarget(writer, request, BLANK);
  writer.ascii(
    `" ${record.status} ${record.reason === "" ? "-" : record.reason} ${record.bytesIn} ${record.bytesOut} `,
  );
  writer.thousandths(record.durationMs);
  writer.ascii(" ");
  writer.thousandths(record.policyMs * 1000);
  writeQuoted(writer, record.requestId.text());
  writeQuoted(writer, record.service);
  writeQuoted(writer, endpoint === undefined ? "" : `${endpoint.address}:${endpoint.port}`);
  writer.ascii(` ${endpoint === undefined ? 0 : exchange.tries} ${direction} ${record.verdict}`);
  writeQuoted(writer, direction === "inbound" ? (context.principal ?? "") : (record.inForce?.workload.principal ?? ""));
  writer.ascii(record.decisionId === 0 ? " - " : ` ${printDecisionId(record.decisionId)} `);
  writer.jsonText(record.inForce?.snapshot.revision.name ?? "-");
  writeQuoted(writer, record.rules.join(", "));
  writeQuoted(writer, record.detail);
  writer.ascii("\n");
}

function writeQuoted(writer: ByteWriter, text: string): void {
  writer.ascii(' "');
  writer.jsonText(text === "" ? "-" : text);
  writer.ascii('"');
}
