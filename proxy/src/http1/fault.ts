/**
 * What can be wrong with a message, as values: one constant per fault, so that refusing
 * allocates nothing. `status` answers a request; a fault in a response is always 502.
 * After any fault the connection is closed: where the next message begins is unknown.
 */
export type FaultCode =
  | "empty-lines"
  | "request-line"
  | "method"
  | "method-unsupported"
  | "target"
  | "target-long"
  | "version"
  | "version-unsupported"
  | "status-line"
  | "field-name"
  | "field-value"
  | "field-fold"
  | "line-end"
  | "head-long"
  | "fields-many"
  | "host-missing"
  | "host-repeated"
  | "host-invalid"
  | "content-length"
  | "content-length-repeated"
  | "transfer-encoding"
  | "transfer-coding"
  | "transfer-encoding-version"
  | "framing-both"
  | "connection-option"
  | "expectation"
  | "max-forwards"
  | "chunk-size"
  | "chunk-extension"
  | "chunk-end"
  | "trailers-long"
  | "incomplete"
  | "after-close"
  | "surplus"
  | "interim-many"
  | "switching";

export type Fault = { readonly code: FaultCode; readonly status: number; readonly reason: string };

function fault(code: FaultCode, status: number, reason: string): Fault {
  return Object.freeze({ code, status, reason });
}

export const FAULTS: { readonly [C in FaultCode]: Fault } = {
  "empty-lines": fault("empty-lines", 400, "more empty lines before the start line than the limit"),
  "request-line": fault("request-line", 400, "the request line is not method, one space, target, one space, version"),
  method: fault("method", 400, "the method is not a token"),
  "method-unsupported": fault("method-unsupported", 501, "the method is not supported here"),
  target: fault("target", 400, "the request target is invalid"),
  "target-long": fault("target-long", 414, "the request target is longer than the limit"),
  version: fault("version", 400, "the version is not HTTP/1.1 or HTTP/1.0"),
  "version-unsupported": fault("version-unsupported", 505, "the version is not supported here"),
  "status-line": fault("status-line", 400, "the status line is invalid"),
  "field-name": fault("field-name", 400, "a field name is not a token directly before its colon"),
  "field-value": fault("field-value", 400, "a field value holds a control character"),
  "field-fold": fault("field-fold", 400, "a field line begins with white space"),
  "line-end": fault("line-end", 400, "a line does not end with CR LF"),
  "head-long": fault("head-long", 431, "the head is longer than the limit"),
  "fields-many": fault("fields-many", 431, "the head has more fields than the limit"),
  "host-missing": fault("host-missing", 400, "there is no Host field"),
  "host-repeated": fault("host-repeated", 400, "there is more than one Host field"),
  "host-invalid": fault("host-invalid", 400, "the authority is invalid"),
  "content-length": fault("content-length", 400, "Content-Length is not a number that can be held"),
  "content-length-repeated": fault("content-length-repeated", 400, "there is more than one Content-Length"),
  "transfer-encoding": fault("transfer-encoding", 400, "Transfer-Encoding is not exactly chunked"),
  "transfer-coding": fault("transfer-coding", 501, "Transfer-Encoding has codings before chunked"),
  "transfer-encoding-version": fault("transfer-encoding-version", 400, "HTTP/1.0 has no Transfer-Encoding"),
  "framing-both": fault("framing-both", 400, "there are both Content-Length and Transfer-Encoding"),
  "connection-option": fault("connection-option", 400, "Connection names what it may not, or too much"),
  expectation: fault("expectation", 417, "the only expectation is 100-continue"),
  "max-forwards": fault("max-forwards", 400, "Max-Forwards is not a number"),
  "chunk-size": fault("chunk-size", 400, "a chunk size is not a hexadecimal number that can be held"),
  "chunk-extension": fault("chunk-extension", 400, "a chunk extension is invalid or longer than the limit"),
  "chunk-end": fault("chunk-end", 400, "a chunk is not followed by CR LF"),
  "trailers-long": fault("trailers-long", 431, "the trailer section is longer than the limit"),
  incomplete: fault("incomplete", 400, "the connection ended inside a message"),
  "after-close": fault("after-close", 400, "bytes follow a message that was the connection's last"),
  surplus: fault("surplus", 400, "bytes came that no request asked for"),
  "interim-many": fault("interim-many", 400, "more interim responses than the limit"),
  switching: fault("switching", 400, "the upstream switches protocols unasked"),
};
