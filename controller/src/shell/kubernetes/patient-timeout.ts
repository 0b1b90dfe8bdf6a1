/**
 * A time after which something counts as not having come. Where this process was held up itself (a build, a machine
 * with too much to do), its timers fire before what has come meanwhile is read: that is read first.
 */
export class PatientTimeout {
  readonly #timer: NodeJS.Timeout;
  #isCleared = false;

  constructor(action: () => void, ms: number) {
    this.#timer = setTimeout(() => {
      // Between a timer and an immediate Node reads what its sockets have.
      setImmediate(() => setImmediate(() => this.#isCleared || action()));
    }, ms);
  }

  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }
}
