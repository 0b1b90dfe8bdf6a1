/** Resolves when the parent is gone: its end of our standard input closes, however it went. */
export function followParent(): Promise<void> {
  return new Promise((done) => {
    process.stdin.on("end", () => done());
    process.stdin.on("error", () => done());
    process.stdin.resume();
    // A pipe that is still open must not keep a process alive that has nothing left to do.
    (process.stdin as { unref?: () => void }).unref?.();
  });
}
