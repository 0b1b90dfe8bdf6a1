import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostBuiltin } from "../../src/host-builtins.ts";
import { networkBuiltins } from "../../src/shell/http/builtins.ts";
import { makeAuthority } from "./certificates.ts";
import type { ServerPorts, ServerSetup } from "./server-thread.ts";

const folder = mkdtempSync(join(tmpdir(), "http-send-"));
const socketPath = join(folder, "s.sock");
const authority = makeAuthority(Date.now());
const server = authority.issue("server", [
  { type: 7, ip: "127.0.0.1" },
  { type: 2, value: "orders.example" },
]);
const client = authority.issue("client", []);
let thread: Worker;
let ports: ServerPorts;

beforeAll(async () => {
  const workerData: ServerSetup = { tls: { ...server, ca: authority.ca }, socketPath };
  thread = new Worker(new URL("./server-thread.ts", import.meta.url), { workerData });
  ports = await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
});
afterAll(async () => {
  await thread.terminate();
  rmSync(folder, { recursive: true });
});

type Response = {
  readonly status: string;
  readonly status_code: number;
  readonly body: Readonly<Record<string, unknown>> & unknown;
  readonly raw_body: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly error: { readonly code: string; readonly message: string };
};
type Send = (request: object, nowMs?: number) => Response;

function makeSend(options: Parameters<typeof networkBuiltins>[0] = { nowMs: () => 0 }): Send {
  const send = networkBuiltins(options)["http.send"] as HostBuiltin as (request: object, timeNs: number) => Response;
  return (request, nowMs = 1_700_000_000_000) => send({ method: "get", ...request }, nowMs * 1e6);
}

const send = makeSend();
const at = (path: string) => `http://127.0.0.1:${ports.http}${path}`;
const secure = (path: string) => `https://127.0.0.1:${ports.https}${path}`;

describe("what is sent", () => {
  test("method, header fields and a body as JSON", () => {
    const { body, status, status_code } = send({
      method: "post",
      url: at("/echo?a=1"),
      body: { b: "<1>", a: [1] },
      headers: { "X-Who": "alice" },
    });
    expect([status, status_code]).toEqual(["200 OK", 200]);
    expect(body).toMatchObject({ method: "POST", url: "/echo?a=1", body: '{"a":[1],"b":"\\u003c1\\u003e"}' });
    expect(body["headers"]).toMatchObject({ "x-who": "alice", "content-length": "29" });
  });

  test("raw_body as it is, before body", () => {
    expect(send({ method: "put", url: at("/echo"), body: {}, raw_body: "text" }).body["body"]).toBe("text");
  });

  test("over a socket of the file system", () => {
    const url = `unix://localhost/echo?socket=${encodeURIComponent(socketPath)}&a=1`;
    expect(send({ url }).body).toMatchObject({ url: "/echo?a=1" });
  });
});

describe("what comes back", () => {
  test("bodies by their type, or as the policy wants", () => {
    expect(send({ url: at("/yaml") }).body).toEqual({ a: [1, 2] });
    expect(send({ url: at("/plain") })).toMatchObject({ body: null, raw_body: '{"big": 12345678901234567890}' });
    expect(JSON.stringify(send({ url: at("/plain"), force_json_decode: true }).body)).toBe(
      '{"big":12345678901234567890}',
    );
    expect(send({ url: at("/broken") })).toMatchObject({ body: null, raw_body: "{" });
    const packed = send({ url: at("/packed") });
    expect([packed.body, packed.headers["content-encoding"]]).toEqual([{ packed: true }, undefined]);
  });

  test("fields in lower case, each with all its values; any status", () => {
    expect(send({ url: at("/plain") }).headers).toMatchObject({ "x-many": ["a", "b"], constructor: ["c"] });
    expect(send({ url: at("/not-found") })).toMatchObject({ status: "404 Not Found", status_code: 404 });
  });

  test("a redirect, or what it leads to", () => {
    expect(send({ url: at("/moved") }).status_code).toBe(302);
    const post = { method: "post", raw_body: "x", enable_redirect: true };
    expect(send({ ...post, url: at("/moved") }).body).toMatchObject({ method: "GET", body: "", url: "/echo" });
    expect(send({ ...post, url: at("/kept") }).body).toMatchObject({ method: "POST", body: "x", url: "/echo" });
    expect(() => send({ url: at("/circle"), enable_redirect: true })).toThrow("stopped after 10 redirects");
  });
});

describe("failures", () => {
  const faults: Record<string, readonly [request: object, message: string]> = {
    "unknown keys": [{ url: "x", urls: 1, b: 2 }, 'operand 1 invalid request parameters(s): {"b", "urls"}'],
    "a missing URL": [{}, 'operand 1 missing required request parameters(s): {"url"}'],
    "a URL that is none": [{ url: 1 }, '"url" must be a string'],
    "another protocol": [{ url: "ftp://a/" }, 'Get "ftp://a/": unsupported protocol scheme "ftp"'],
    "a timeout without its unit": [{ url: "x", timeout: "5x" }, 'invalid timeout value "5x"'],
    "headers that are no text": [{ url: "x", headers: { a: 1 } }, "invalid type for headers value 1"],
    "force_cache without how long": [
      { url: "x", force_cache: true },
      "'force_cache_duration_seconds' parameter is missing",
    ],
    "retries below none": [{ url: "x", max_retry_attempts: -1 }, "invalid value -1"],
    "a choice that is none": [{ url: "x", raise_error: 1 }, "invalid value for raise_error field"],
    "nobody at the port": [{ url: "http://127.0.0.1:1/" }, "ECONNREFUSED"],
  };

  test.each(Object.entries(faults))("%s", (_, [request, message]) => {
    expect(() => send(request)).toThrow(message);
  });

  test("a peer that is silent", () => {
    expect(() => send({ url: at("/never"), timeout: "50ms" })).toThrow(`Get ${at("/never")}: request timed out`);
  });

  test("as answers, where the policy wants them so", () => {
    const errorOf = (request: object) => send({ raise_error: false, ...request }).error;
    expect(send({ raise_error: false, url: at("/never"), timeout: 50_000_000 })).toMatchObject({
      status_code: 0,
      error: { code: "eval_http_send_network_error", message: expect.stringContaining("context deadline exceeded") },
    });
    expect(errorOf({ url: 1 })).toEqual({
      code: "eval_http_send_internal_error",
      message: 'eval_builtin_error: http.send: "url" must be a string',
    });
    expect(errorOf({ url: "x", b: 1 }).message).toContain("eval_type_error: http.send: operand 1 invalid");
  });

  test("are tried again as often as the policy says", () => {
    expect(() => send({ url: at("/flaky?a"), max_retry_attempts: 1 })).toThrow();
    expect(send({ url: at("/flaky?b"), max_retry_attempts: 2 }).body).toBe(3);
  });
});

describe("TLS", () => {
  test("the server is checked against the authority that the policy names", () => {
    expect(() => send({ url: secure("/echo") })).toThrow(/self-signed|unable to verify|issuer/);
    expect(send({ url: secure("/echo"), tls_ca_cert: authority.ca }).status_code).toBe(200);
    const file = join(folder, "ca.pem");
    writeFileSync(file, authority.ca);
    expect(send({ url: secure("/echo"), tls_ca_cert_file: file, tls_use_system_certs: true }).status_code).toBe(200);
    expect(send({ url: secure("/echo"), tls_insecure_skip_verify: true }).status_code).toBe(200);
    const withEnv = makeSend({ nowMs: () => 0, env: { CA: authority.ca } });
    expect(withEnv({ url: secure("/echo"), tls_ca_cert_env_variable: "CA" }).status_code).toBe(200);
  });

  test("by the name that the policy gives", () => {
    const request = { url: secure("/echo"), tls_ca_cert: authority.ca };
    expect(send({ ...request, tls_server_name: "orders.example" }).status_code).toBe(200);
    expect(() => send({ ...request, tls_server_name: "payments.example" })).toThrow("payments.example");
  });

  test("the client shows the policy's certificate", () => {
    const request = { url: secure("/echo"), tls_ca_cert: authority.ca };
    expect(send({ ...request, tls_client_cert: client.cert, tls_client_key: client.key }).body["client"]).toBe(
      "client",
    );
    expect(send(request).body["client"]).toBeUndefined();
  });
});

describe("what is kept beyond an evaluation", () => {
  const bodies = (path: string, more: object, ...times: readonly number[]) => {
    const own = makeSend();
    const now = Date.now(); // what the server's Date says is later than this by as long as it takes to be asked
    return times.map((afterMs) => own({ url: at(path), ...more }, now + afterMs).body);
  };

  test("nothing without a word of the policy", () => {
    expect(bodies("/aged?0", {}, 0, 0)).toEqual([1, 2]);
  });

  test("with cache, what its fields allow, for as long as they say", () => {
    expect(bodies("/aged?1", { cache: true }, 0, 30_000, 600_000)).toEqual([1, 1, 2]);
    expect(bodies("/count?1", { cache: true }, 0, 0)).toEqual([1, 2]);
    expect(bodies("/flaky?c", { cache: true, max_retry_attempts: 3 }, 0)).toEqual([3]);
  });

  test("with force_cache, anything, for as long as the policy says", () => {
    const forced = { force_cache: true, force_cache_duration_seconds: 100 };
    expect(bodies("/count?2", forced, 0, 99_000, 101_000)).toEqual([1, 1, 2]);
  });

  test("what is too old is asked for by its tag", () => {
    expect(bodies("/tagged?1", { cache: true }, 0, 5000)).toEqual([1, 1]);
  });

  test("requests that differ only in headers to ignore are one", () => {
    const own = makeSend();
    const now = Date.now();
    const ask = (trace: string, ignored: readonly string[]) =>
      own({ url: at("/aged?2"), cache: true, headers: { trace }, cache_ignored_headers: ignored }, now).body;
    expect([ask("a", ["trace"]), ask("b", ["trace"]), ask("c", [])]).toEqual([1, 1, 2]);
  });
});

test("only the hosts that capabilities allow are asked, redirects too", () => {
  const limited = makeSend({ nowMs: () => 0, allowNet: ["127.0.0.1"] });
  expect(limited({ url: at("/echo") }).status_code).toBe(200);
  expect(() => limited({ url: "http://elsewhere.example/" })).toThrow("disallowed host: elsewhere.example");
  expect(() => limited({ url: at("/away"), enable_redirect: true })).toThrow("disallowed host: elsewhere.example");
  const lookup = networkBuiltins({ nowMs: () => 0, allowNet: ["localhost"] })["net.lookup_ip_addr"] as HostBuiltin;
  const addressesOf = lookup as (name: string) => unknown;
  expect(addressesOf("localhost")).toContain("127.0.0.1");
  expect(() => addressesOf("elsewhere.example")).toThrow("disallowed host: elsewhere.example");
});
