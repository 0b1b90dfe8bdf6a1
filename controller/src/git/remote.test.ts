import { expect, test } from "vitest";
import { credentialFor, parsePlace, parsePrefix } from "./remote.ts";

test.each([
  [".", "directory ."],
  ["/srv/policies.git", "directory /srv/policies.git"],
  ["C:policies", "directory C:policies"],
  ["https://git.example/team/policies.git", "https https://git.example/team/policies.git"],
  ["ssh://git@git.example:2222/team/policies", "ssh ssh://git@git.example:2222/team/policies"],
  ["git@git.example:team/policies.git", "ssh ssh://git@git.example/team/policies.git"],
  ["http://127.0.0.1:3000/policies.git", "http http://127.0.0.1:3000/policies.git"],
  ["http://[::1]:3000/policies.git", "http http://[::1]:3000/policies.git"],
  ["http://git.example/policies.git", "fault http:// is read from this machine"],
  ["http://127.0.0.1.example/policies.git", "fault http:// is read from this machine"],
  ["https://user:secret@git.example/policies.git", "fault an address holds no password"],
  ["https://token@git.example/policies.git", "fault an address holds no password"],
  ["file:///srv/policies.git", "fault file:// is not read"],
  ["git://git.example/policies.git", "fault git:// is not read"],
  ["ext::sh -c true", "directory ext::sh -c true"],
  ["ssh://-oProxyCommand=true/x", "fault"],
  ["ssh://git.example/-x", "fault an address has a host and a path"],
  ["https://git.example/a b", "fault that is no address"],
  ["https://git.example/a$(true)", "fault that is no address"],
  ["https://git.example", "fault an address has a host and a path"],
  ["https://git.example/a?b", "fault"],
  ["https://git.example/team-a/../team-b/policies.git", "fault an address has no . or .."],
  ["https://git.example/team-a/%2E%2e/team-b/policies.git", "fault an address has no . or .."],
  ["https://git.example/team-a/x%2f..%2F..%2fteam-b", "fault an address has no . or .."],
  ["https://git.example/team-a/.%2e", "fault an address has no . or .."],
  ["git@git.example:team-a/../team-b/policies", "fault an address has no . or .."],
  ["https://git.example/team..a/.github/..x", "https https://git.example/team..a/.github/..x"],
])("%s", (text, want) => {
  const place = parsePlace(text);
  const got =
    place.kind === "directory"
      ? `directory ${place.path}`
      : place.kind === "remote"
        ? `${place.remote.transport} ${place.remote.url}`
        : `fault ${place.reason}`;
  expect(got.slice(0, want.length)).toBe(want);
  if (place.kind === "fault") expect(place.reason).not.toContain("secret");
});

test.each([
  ["https://git.example", "https://git.example"],
  ["https://git.example/", "https://git.example"],
  ["http://127.0.0.1:3000/", "http://127.0.0.1:3000"],
  ["http://127.0.0.1:3000", "http://127.0.0.1:3000"],
  ["ssh://git@git.example", "ssh://git@git.example"],
  ["git@git.example:shop", "ssh://git@git.example/shop"],
  ["https://git.example/shop", "https://git.example/shop"],
  ["http://git.example", undefined],
  ["https://user:secret@git.example", undefined],
  ["https://git.example/a/../b", undefined],
  ["https://", undefined],
  ["ssh://-oProxyCommand=true", undefined],
  ["shop", undefined],
  ["", undefined],
])("a credential's address %s", (text, want) => {
  expect(parsePrefix(text)).toBe(want);
});

test.each([
  ["https://git.example/x", "host"],
  ["https://git.example/shop/x", "shop"],
  ["https://git.example/shop", "shop"],
  ["https://git.example/shopping", "host"],
  ["https://git.example/shop/cart/x", "cart"],
  ["https://git.example.org/shop", undefined],
  ["https://git.example:8443/shop", undefined],
])("%s is reached with what is nearest above it", (url, want) => {
  const credentials = [
    { prefix: "https://git.example", file: "host" },
    { prefix: "https://git.example/shop/cart/", file: "cart" },
    { prefix: "https://git.example/shop", file: "shop" },
  ];
  expect(credentialFor(url, credentials)).toBe(want);
});
