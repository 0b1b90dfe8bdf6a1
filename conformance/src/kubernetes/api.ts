/** Requests to the API server as a user makes them, and nothing of the controller's own client. */
import { Agent, request } from "node:https";
import type { ApiServer } from "./api-server.ts";

export type Answer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
};

export class Api {
  readonly #server: Pick<ApiServer, "url" | "token" | "caPem">;
  readonly #agent: Agent;

  constructor(server: Pick<ApiServer, "url" | "token" | "caPem">) {
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16, ca: server.caPem });
  }

  /** `body`: sent as JSON, or as what `type` says. */
  async ask(method: string, path: string, body?: unknown, type = "application/json"): Promise<Answer> {
    const { url, token } = this.#server;
    return await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": type }) };
      const asked = request(`${url}${path}`, { method, headers, agent: this.#agent, timeout: 60_000 }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const warning = answer.headers["warning"];
          resolve({
            status: answer.statusCode ?? 0,
            body: parse(text),
            warnings: warning === undefined ? [] : [String(warning)],
          });
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`${method} ${path}: no answer`)));
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Creates it, or throws what the server says. */
  async create(path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.ask("POST", path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${String(answer.body["message"])}`);
    return answer.body;
  }

  /** Applies it under a field manager. */
  async apply(path: string, body: unknown, manager = "test"): Promise<Answer> {
    return await this.ask("PATCH", `${path}?fieldManager=${manager}&force=true`, body, "application/apply-patch+yaml");
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return { message: text };
  }
}
