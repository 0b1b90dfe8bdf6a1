/** What is said of a remote over ssh whose host shows another key than it had, or one that nobody knows. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parsePlace } from "../../git/remote.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import type { MirrorTrouble } from "./fetch-trouble.ts";
import { Mirror } from "./mirror.ts";

/** As OpenSSH 9 says it on standard error before it ends with 255. */
const CHANGED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
Host key for git.example has changed and you have requested strict checking.
Host key verification failed.
`;
const UNKNOWN = `No ED25519 host key is known for git.example and you have requested strict checking.\r
Host key verification failed.\r
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-host-key-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A program named ssh that notes what it is given, says this and fails as ssh does. */
function sayInPlaceOfSsh(text: string): void {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(folder, "said"), text);
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\necho "$@" >'${folder}/given'\ncat '${folder}/said' >&2\nexit 255\n`);
  chmodSync(join(bin, "ssh"), 0o755);
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
}

test.each([
  [
    "another key than the known hosts have",
    CHANGED,
    /: the server shows another key than the known hosts have .*CHANGED/,
  ],
  ["a key that nobody knows", UNKNOWN, /: the server's key is not in the known hosts /],
])("a host with %s is a trouble of its own, and nothing is fetched", async (_, said, sentence) => {
  sayInPlaceOfSsh(said);
  const place = parsePlace("ssh://git@git.example/policies.git");
  if (place.kind !== "remote") throw new Error(place.kind);
  writeFileSync(join(folder, "known_hosts"), "");
  let trouble: MirrorTrouble | undefined;
  let fetched = 0;
  const mirror = await Mirror.open({
    remote: place.remote,
    follow: { kind: "branch", name: "main" },
    state: join(folder, "state"),
    knownHosts: join(folder, "known_hosts"),
    everyMs: 1000,
    bytesMax: 1024 * 1024,
    clock: SYSTEM_CLOCK,
    log: { log: () => {} },
    onFetched: () => {
      fetched++;
    },
    onTrouble: (each) => {
      trouble = each;
    },
    onRewritten: () => {},
  });
  expect([await mirror.fetch(), fetched]).toEqual([false, 0]);
  expect(trouble).toMatchObject({ reason: "host-key", message: expect.stringMatching(sentence) });
});
