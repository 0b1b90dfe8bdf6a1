/** A browser without a window, as far as the page is measured in it: Chromium's DevTools protocol over its WebSocket. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MS = 60_000;
const ANSWER_MS = 60_000;

/** What DevTools traced: `ph` X is a whole one; times are microseconds, `tdur` those of its thread on a CPU. */
export type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string } };
};

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
};

export class Browser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #lastId = 0;
  #onEvent: (message: Message) => void = () => {};

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id === undefined) return this.#onEvent(message);
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
  }

  /** `program`: the browser's; its windows have that size. */
  static async open(program: string, width: number, height: number): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), "regomesh-browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"];
    const size = `--window-size=${width},${height}`;
    const child = spawn(program, [...flags, size, `--user-data-dir=${folder}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const address = await new Promise<string>((done, fail) => {
      const timer = setTimeout(() => fail(new Error("the browser does not start")), START_MS);
      child.once("error", fail);
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
        const [, found] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? [];
        if (found === undefined) return;
        clearTimeout(timer);
        done(found);
      });
    });
    const socket = new WebSocket(address);
    await new Promise((done, fail) => {
      socket.addEventListener("open", done);
      socket.addEventListener("error", fail);
    });
    return new Browser(child, folder, socket);
  }

  /** Shows an address; gives the session that speaks of it. */
  async show(url: string): Promise<string> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const session = String(sessionId);
    await this.send("Page.enable", {}, session);
    await this.send("Page.navigate", { url }, session);
    return session;
  }

  /** What an expression gives in the page. */
  async evaluate(session: string, expression: string): Promise<unknown> {
    const { result } = await this.send("Runtime.evaluate", { expression, returnByValue: true }, session);
    return (result as { readonly value?: unknown }).value;
  }

  /** A picture of the page, PNG. */
  async picture(session: string): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" }, session);
    return Buffer.from(String(data), "base64");
  }

  /** Everything that its threads do while `work` goes on. */
  async trace(work: () => Promise<void>): Promise<readonly TraceEvent[]> {
    const events: TraceEvent[] = [];
    const complete = new Promise<void>((done) => {
      this.#onEvent = ({ method, params }) => {
        if (method === "Tracing.dataCollected") events.push(...((params?.value ?? []) as TraceEvent[]));
        if (method === "Tracing.tracingComplete") done();
      };
    });
    const traceConfig = { includedCategories: ["toplevel", "devtools.timeline"], excludedCategories: ["*"] };
    await this.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
    await work();
    await this.send("Tracing.end", {});
    await complete;
    return events;
  }

  async send(
    method: string,
    params: Readonly<Record<string, unknown>>,
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId;
    const answer = new Promise<Message>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`the browser does not answer ${method}`)), ANSWER_MS);
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        done(message);
      });
    });
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
