/**
 * The application of the tests: it says what it got, over HTTP/1.1 on one port and as a call of gRPC
 * (whose message is that same text) on another. Runs as a process of its own, and ends with its parent.
 */
import { createServer } from "node:http";
import { createServer as createH2cServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { parseDuration } from "@regomesh/base";

/** What the application got, in its own words. */
export type Echo = {
  readonly workload: string;
  readonly namespace: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** Names in lower case; of a field that came twice both values, joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
};

/** A request's field of this name says what fields the response shall have: `a:1,b:2`. As upstream's application has it. */
const SET_HEADER = "x-echo-set-header";

/** A message of gRPC: a byte that says that it is not compressed, its length, and its bytes. */
export function frameMessage(text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

function serve(workload: string, namespace: string, httpPort: number, grpcPort: number): void {
  const print = (method: string, path: string, host: string, headers: IncomingHttpHeaders): string => {
    const fields = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(",")]);
    return JSON.stringify({ workload, namespace, method, path, host, headers: Object.fromEntries(fields) });
  };
  const http = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    const { method = "", url = "", headersDistinct: all, headers } = request;
    const joined = Object.fromEntries(Object.entries(all).map(([name, values = []]) => [name, values.join(",")]));
    for (const field of joined[SET_HEADER]?.split(",") ?? []) {
      const [name = "", value = ""] = field.split(":");
      response.setHeader(name, value);
    }
    const delayMs = parseDuration(new URL(url, "http://echo").searchParams.get("delay") ?? "0s") ?? 0;
    setTimeout(() => response.end(print(method, url, headers.host ?? "", joined)), delayMs);
  });
  const grpc = createH2cServer();
  grpc.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.resume();
    stream.on("error", () => {});
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      const { ":method": method = "", ":path": path = "", ":authority": host = "", ...fields } = headers;
      stream.end(frameMessage(print(method, path, host, fields)));
    });
  });
  grpc.listen(grpcPort, "127.0.0.1", () =>
    http.listen(httpPort, "127.0.0.1", () => console.log(JSON.stringify({ ready: true }))),
  );
  process.stdin.resume().on("end", () => process.exit(0));
}

const [, file, workload, namespace, httpPort, grpcPort] = process.argv;
if (file === import.meta.filename && workload !== undefined && namespace !== undefined)
  serve(workload, namespace, Number(httpPort), Number(grpcPort));
