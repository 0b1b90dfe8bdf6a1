/**
 * Where llhttp's verdict is not the RFC's, the RFC wins. Each rule names the fault that the
 * codec finds, a fact of the vector that must hold beside it, and the sentence it rests on;
 * a difference that no rule explains is a failure.
 */
import { bytesOf, type LlhttpMessage, type LlhttpRow } from "../vectors.ts";
import type { Transcript } from "./codec-transcript.ts";

type Rule = {
  /** The codec's fault, or undefined where it accepts what llhttp rejects. */
  readonly fault: string | undefined;
  readonly holds: (row: LlhttpRow, message: LlhttpMessage | undefined) => boolean;
  readonly reason: string;
};

export function ruleFor(row: LlhttpRow, transcript: Transcript): string | undefined {
  const message = row.messages[transcript.messages.filter((seen) => seen.complete).length];
  return RULES.find((rule) => rule.fault === transcript.fault && rule.holds(row, message))?.reason;
}

const RULES: readonly Rule[] = [
  {
    fault: "version",
    holds: (_, message) => message?.protocol !== undefined && message.protocol !== "HTTP",
    reason: 'RFC 9112 §2.3: HTTP-name is "HTTP"; ICE and RTSP are other protocols',
  },
  {
    fault: "version-unsupported",
    holds: (_, message) => message?.version !== undefined && message.version !== "1.1" && message.version !== "1.0",
    reason: "RFC 9110 §15.6.6: a version other than HTTP/1.x is not supported",
  },
  {
    fault: "method-unsupported",
    holds: (_, message) => message?.method === "CONNECT",
    reason: "RFC 9110 §9.3.6: CONNECT is optional for a proxy, here 501",
  },
  {
    fault: "method-unsupported",
    holds: (_, message) => message?.method === "PRI",
    reason: "RFC 9113 §11.6: PRI is never a method of HTTP/1.1",
  },
  {
    fault: undefined,
    holds: (row, message) =>
      row.error?.name === "INVALID_METHOD" &&
      /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /.test(textAt(row)) &&
      message === undefined,
    reason: "RFC 9110 §9.1: a method is any token",
  },
  {
    fault: undefined,
    holds: (row) => row.error?.name === "INVALID_CONSTANT" && RTSP_METHOD.test(textAt(row)),
    reason: "RFC 9110 §9.1: a method is any token, RTSP's too",
  },
  {
    fault: undefined,
    holds: (row) => row.side === "response" && /[^\r]\n/.test(textAt(row)),
    reason: "RFC 9112 §2.2: a recipient may recognize a single LF as a line terminator; of responses it does",
  },
  {
    fault: "switching",
    holds: (row) => row.side === "response" && /^HTTP\/1\.1 101/.test(textAt(row)),
    reason: "RFC 9110 §15.2.2: 101 answers an Upgrade, and the mesh never forwards one",
  },
  {
    fault: "transfer-encoding",
    holds: (_, message) => fieldValues(message, "transfer-encoding").join(",").toLowerCase() !== "chunked",
    reason: "RFC 9112 §6.1: a coding other than chunked alone is not understood here, so nothing is forwarded",
  },
  {
    fault: "transfer-coding",
    holds: (_, message) => /,[ \t]*chunked$/i.test(fieldValues(message, "transfer-encoding").join(",")),
    reason: "RFC 9112 §6.1: a transfer coding that is not understood is answered with 501",
  },
  {
    fault: "transfer-encoding-version",
    holds: (_, message) => message?.version === "1.0",
    reason: "RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 is faulty framing",
  },
  {
    fault: "framing-both",
    holds: (_, message) =>
      fieldValues(message, "transfer-encoding").length > 0 && fieldValues(message, "content-length").length > 0,
    reason: "RFC 9112 §6.1: Content-Length beside Transfer-Encoding ought to be handled as an error",
  },
  {
    fault: "empty-lines",
    holds: (row) => /(^|\n)\r?\n\r?\n/.test(textAt(row)),
    reason: "RFC 9112 §2.2: one empty line before a request line is ignored, not many",
  },
  {
    fault: "expectation",
    holds: (_, message) => fieldValues(message, "expect").some((value) => value.toLowerCase() !== "100-continue"),
    reason: "RFC 9110 §10.1.1: an expectation other than 100-continue is answered with 417",
  },
  {
    fault: "host-invalid",
    holds: (_, message) => fieldValues(message, "host").some((value) => !/^[^\s/?#@\\]+$/.test(value)),
    reason: "RFC 9112 §3.2: an invalid Host is answered with 400",
  },
  {
    fault: "host-repeated",
    holds: (_, message) => fieldValues(message, "host").length > 1,
    reason: "RFC 9112 §3.2: more than one Host is answered with 400",
  },
  {
    fault: "target",
    holds: (row, message) => /^[a-z]+:\/\/[^/?#]*@/i.test(targetOf(row, message)),
    reason: "RFC 9110 §4.2.4: userinfo in a target is an error",
  },
  {
    fault: "target",
    holds: (row, message) => /^[a-z]+:\/\/\[[^\]]*%/i.test(targetOf(row, message)),
    reason: "RFC 3986 §3.2.2: an IP literal has no zone, and a percent sign begins an escape",
  },
  {
    fault: "target",
    holds: (row, message) => /^(?!http:)[a-z][a-z0-9+.-]*:/i.test(targetOf(row, message)),
    reason: "RFC 9110 §7.4: only targets of the scheme http are this proxy's",
  },
  {
    fault: "target",
    holds: (row, message) => {
      const target = targetOf(row, message);
      return target === "*" && message?.method !== "OPTIONS";
    },
    reason: "RFC 9112 §3.2.4: asterisk-form is for OPTIONS only",
  },
  {
    fault: "target",
    holds: (row, message) => /[^!-~]/.test(targetOf(row, message)),
    reason: "RFC 3986 §2: a target consists of visible ASCII",
  },
  {
    fault: "target",
    holds: (row, message) =>
      row.side === "url" && /^[^/*]/.test(targetOf(row, message)) && !/^http:\/\//i.test(targetOf(row, message)),
    reason: "RFC 9112 §3.2.3: authority-form is for CONNECT only",
  },
  {
    fault: "status-line",
    holds: (row) => row.side === "response" && !/^(\r\n)?HTTP\/1\.[01] [1-5]\d\d[ \r]/.test(textAt(row)),
    reason: "RFC 9110 §15: a status is from 100 to 599",
  },
  {
    fault: "surplus",
    holds: (row) => row.side === "response",
    reason: "RFC 9112 §9.2: bytes that belong to no request are not a response",
  },
];

const RTSP_METHOD =
  /^(ANNOUNCE|DESCRIBE|FLUSH|GET_PARAMETER|OPTIONS|PAUSE|PLAY|RECORD|REDIRECT|SETUP|SET_PARAMETER|SOURCE|TEARDOWN) /;

function textAt(row: LlhttpRow): string {
  return Buffer.from(bytesOf(row.raw_b64)).toString("latin1");
}

function targetOf(row: LlhttpRow, message: LlhttpMessage | undefined): string {
  return row.side === "url" ? textAt(row) : (message?.url ?? "");
}

function fieldValues(message: LlhttpMessage | undefined, name: string): string[] {
  return (message?.headers ?? []).filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}
