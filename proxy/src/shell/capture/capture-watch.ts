/**
 * Whether the rules of capture are in force, as the sidecar finds it out: it calls a port of loopback that nobody
 * listens on, and that the rules lead to its own outbound port, where the call is answered by a word that only this
 * process knows. It needs no right to read the kernel's rules for it.
 */
import { connect } from "node:net";
import type { Log } from "@regomesh/base";
import { CHECK_PORT } from "../../capture/capture-rules.ts";

const CHECK_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 1000;
const TROUBLE = "traffic is not captured: run regomesh capture in its network namespace";

export class CaptureWatch {
  readonly #word: string;
  readonly #addresses: readonly string[];
  readonly #log: Log;
  #isCaptured = false;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** `addresses`: of loopback, those that the sidecar listens on for captured connections. */
  constructor(word: string, addresses: readonly string[], log: Log) {
    this.#word = word;
    this.#addresses = addresses;
    this.#log = log;
  }

  /** As it was found last. */
  get isCaptured(): boolean {
    return this.#isCaptured;
  }

  get troubles(): readonly string[] {
    return this.#isCaptured ? [] : [TROUBLE];
  }

  /** Looks now, and from time to time until `close`. */
  async start(): Promise<void> {
    await this.#look(true);
    this.#timer = setInterval(() => void this.#look(false), CHECK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(isFirst: boolean): Promise<void> {
    const answers = await Promise.all(this.#addresses.map((address) => call(address, this.#word.length)));
    const isCaptured = answers.every((answer) => answer === this.#word);
    if (isCaptured === this.#isCaptured && !(isFirst && !isCaptured)) return;
    this.#isCaptured = isCaptured;
    if (isCaptured) this.#log.log("info", "the workload's traffic is captured", {});
    else this.#log.log("warn", TROUBLE, {});
  }
}

/** What answers at the port: "" where nobody does. */
async function call(host: string, lengthMax: number): Promise<string> {
  return await new Promise((done) => {
    let answer = "";
    const socket = connect({ host, port: CHECK_PORT, timeout: ANSWER_WITHIN_MS });
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      answer += text;
      if (answer.length > lengthMax) socket.destroy();
    });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => done(answer));
  });
}
