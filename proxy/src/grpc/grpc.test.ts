/** What heads say of calls of gRPC, and what is said to their clients. */
import { describe, expect, test } from "vitest";
import { rescue } from "../filter/rescue.ts";
import { HeadReader } from "../http1/head-reader.ts";
import { DEFAULT_CODEC_LIMITS } from "../http1/limits.ts";
import { isCall, replaceTimeout, statusIn, timeoutMsOf } from "./call.ts";
import { encodeMessage } from "./message-text.ts";
import { asHttpStatus, grpcStatusOf } from "./status.ts";
import { encodeStatusDetails } from "./status-details.ts";

function headOf(fields: readonly string[], line = "POST /pkg.Service/Method HTTP/1.1") {
  const reader = new HeadReader(line.startsWith("HTTP") ? "response" : "request", DEFAULT_CODEC_LIMITS);
  const bytes = Buffer.from([line, "host: a", ...fields, "", ""].join("\r\n"));
  reader.feed(bytes, 0, bytes.length);
  return reader.head;
}

test.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["Application/GRPC;x=1", true],
  ["application/grpc-web", false],
  ["application/grpc-web+proto", false],
  ["application/grpcx", false],
  ["application/json", false],
])("content of type %s is a call: %s", (type, is) => {
  expect(isCall(headOf([`content-type: ${type}`]))).toBe(is);
  expect(isCall(headOf([`content-type: ${type}`], "GET / HTTP/1.1"))).toBe(false);
});

test.each([
  ["100m", 100],
  ["1S", 1000],
  ["2M", 120_000],
  ["1H", 3_600_000],
  ["1500u", 1.5],
  ["5000000n", 5],
  ["00000100m", 100],
  ["123456789m", undefined],
  ["m", undefined],
  ["1x", undefined],
  ["-1S", undefined],
  ["1.5S", undefined],
])("a timeout of %s is %s ms", (text, ms) => {
  expect(timeoutMsOf(headOf([`grpc-timeout: ${text}`]))).toBe(ms);
});

test.each([
  ["1S", 700.9, "700m"],
  ["1m", 0.2, "1m"],
  ["99999999H", 1e9, "1000000S"],
])("of a timeout of %s, %d ms are left: %s", (text, leftMs, left) => {
  const before = Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\ngrpc-timeout: ${text}\r\nx-b: 1\r\n\r\n`);
  const out = Buffer.alloc(200);
  const end = replaceTimeout(out, before, before.length, leftMs);
  expect(out.toString("latin1", 0, end)).toBe(before.toString("latin1").replace(text, left));
});

test.each([
  ["0", 0],
  ["14", 14],
  ["", -1],
  ["x", -1],
  ["114", -1],
])("a status of %s is %d", (text, status) => {
  expect(statusIn(headOf([`grpc-status: ${text}`], "HTTP/1.1 200 OK"))).toBe(status);
});

test.each([
  ["denied", 403, 7],
  ["default_deny", 403, 7],
  ["denied", 401, 16],
  ["rate_limited", 429, 8],
  ["connect_failed", 503, 14],
  ["no_such_service", 404, 14],
  ["policy_trap", 503, 14],
  ["request_deadline", 504, 4],
  ["upstream_protocol", 502, 14],
  ["bad_request", 400, 13],
  ["internal", 500, 13],
  ["not_implemented", 501, 12],
  ["fields_too_large", 431, 8],
  ["redirected", 302, 2],
] as const)("%s, %d, is %d", (reason, status, code) => {
  expect(grpcStatusOf(status, reason)).toBe(code);
});

describe("statuses of endpoints count as HTTP's do", () => {
  test.each([
    [0, 200],
    [5, 200],
    [7, 200],
    [13, 500],
    [14, 503],
    [4, 504],
    [99, 200],
  ])("%d as %d", (code, status) => expect(asHttpStatus(code)).toBe(status));
});

test("a message is percent-encoded, and has an end", () => {
  expect(encodeMessage("50% of ä\n")).toBe("50%25 of %C3%A4%0A");
  expect(encodeMessage("x".repeat(5000)).length).toBeLessThan(1100);
});

test("details are a google.rpc.Status", () => {
  const details = encodeStatusDetails({
    code: 8,
    message: rescue("rate_limited").message,
    reason: "rate_limited",
    metadata: { decision: "d1" },
    retryAfterSeconds: 300,
  });
  const bytes = Buffer.from(details, "base64");
  const any = (type: string, value: number[]) => {
    const url = [...Buffer.from(`type.googleapis.com/google.rpc.${type}`)];
    const inside = [0x0a, url.length, ...url, 0x12, value.length, ...value];
    return [0x1a, inside.length, ...inside];
  };
  const text = (field: number, value: string) => [(field << 3) | 2, value.length, ...Buffer.from(value)];
  const entry = [...text(1, "decision"), ...text(2, "d1")];
  const info = [...text(1, "RATE_LIMITED"), ...text(2, "regomesh"), 0x1a, entry.length, ...entry];
  expect([...bytes]).toEqual([
    0x08,
    8,
    ...text(2, "too many requests"),
    ...any("ErrorInfo", info),
    ...any("RetryInfo", [0x0a, 3, 0x08, 0xac, 0x02]),
  ]);
});
