import { describe, expect, test } from "vitest";
import { leadingRequests, parseStrictly } from "./strict-request.ts";

const HEAD = "POST /p HTTP/1.1\r\nHost: a\r\n";

describe("the referee", () => {
  const rows: Record<string, readonly [text: string, kind: "request" | "incomplete" | "violation"]> = {
    "takes a length": [`${HEAD}Content-Length: 2\r\n\r\nab`, "request"],
    "takes chunks": [`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n`, "request"],
    "waits for content": [`${HEAD}Content-Length: 2\r\n\r\na`, "incomplete"],
    "waits for the last chunk": [`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`, "incomplete"],
    "refuses both framings": [`${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`, "violation"],
    "refuses a second Host": [`${HEAD}Host: a\r\n\r\n`, "violation"],
    "refuses a bare LF": [`${HEAD}A: b\nC: d\r\n\r\n`, "violation"],
    "refuses a control character": [`${HEAD}A: \x01\r\n\r\n`, "violation"],
    "refuses a chunk that is too long": [`${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, "violation"],
    "refuses HTTP/2's preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "violation"],
  };
  for (const [name, [text, kind]] of Object.entries(rows)) {
    test(name, () => expect(parseStrictly(text).kind).toBe(kind));
  }

  test("counts whole requests up to the connection's last", () => {
    const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    expect(leadingRequests(get + get + HEAD)).toHaveLength(2);
    expect(leadingRequests(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${get}`)).toHaveLength(1);
  });
});
