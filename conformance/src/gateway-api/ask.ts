/** Requests and calls as an application in the mesh makes them: through its own sidecar, by the service's name. */
import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import type { Fields } from "./cases.ts";
import { type Echo, frameMessage } from "./echo.ts";

/** Whoever waits longer has a mesh that hangs. */
const ANSWER_MS = 20_000;

export type Answer = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Fields;
  /** What the application got; undefined where it was not asked. */
  readonly echo: Echo | undefined;
};

export type Asked = {
  /** The sidecar's port for its application. */
  readonly port: number;
  /** Who is asked: `echo`, `echo:8080`. */
  readonly authority: string;
  readonly method: string;
  readonly path: string;
  /** `Host` among them is sent as it is: the sidecar goes by whom is asked. */
  readonly headers: Fields;
};

export function askHttp({ port, authority, method, path, headers }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const host = Object.keys(headers).some((name) => name.toLowerCase() === "host") ? {} : { Host: authority };
    const sent = httpRequest(
      { host: "127.0.0.1", port, method, path: `http://${authority}${path}`, headers: { ...host, ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), echo: parseEcho(text) }),
        );
      },
    );
    sent.setTimeout(ANSWER_MS, () => sent.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
    sent.on("error", reject);
    sent.end();
  });
}

/** A call of gRPC with an empty message; its status comes as HTTP's would: 200 where it is OK. */
export function askGrpc({ port, authority, path, headers }: Omit<Asked, "method">): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      ":authority": authority,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const chunks: Buffer[] = [];
    let fields: Fields = {};
    let trailers: Fields = {};
    stream.setTimeout(ANSWER_MS, () => stream.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
    stream.on("response", (got) => {
      fields = flat(got);
    });
    stream.on("trailers", (got) => {
      trailers = flat(got);
    });
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      session.close();
      const status = trailers["grpc-status"] ?? fields["grpc-status"];
      const echo = parseEcho(Buffer.concat(chunks).subarray(5).toString());
      resolve({ status: status === "0" ? 200 : 500 + Number(status ?? 2), headers: fields, echo });
    });
    stream.end(frameMessage(""));
  });
}

function flat(headers: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(",")]));
}

function parseEcho(text: string): Echo | undefined {
  if (!text.startsWith("{")) return undefined;
  const value = JSON.parse(text) as Partial<Echo>;
  return value.workload === undefined ? undefined : (value as Echo);
}
