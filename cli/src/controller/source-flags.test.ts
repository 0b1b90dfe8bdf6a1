/** What the controller's flags say of repositories. */
import { expect, test } from "vitest";
import { parseCredential, parseRepository } from "./source-flags.ts";

const CREDENTIALS = ["https://git.example=any", "https://git.example/mesh=mesh", "ssh://git@git.example=key"].map(
  (text) => parseCredential(text, "/at"),
);

test.each([
  ["https://git.example/mesh/root.git", {}, { tokenFile: "/at/mesh" }],
  ["https://git.example/other.git", {}, { tokenFile: "/at/any" }],
  ["https://git.example/mesh/root.git", { "git-token-file": "own" }, { tokenFile: "/at/own" }],
  ["ssh://git@git.example/root.git", {}, { sshKey: "/at/key" }],
  ["ssh://git@git.example/root.git", { "git-ssh-key": "own" }, { sshKey: "/at/own" }],
  ["https://elsewhere.example/root.git", {}, {}],
])("%s with %o is reached with %o", (address, flags, wanted) => {
  const { remote } = parseRepository(address, flags, CREDENTIALS, "/at");
  const { tokenFile, sshKey } = remote ?? {};
  expect({ ...(tokenFile && { tokenFile }), ...(sshKey && { sshKey }) }).toEqual(wanted);
});
