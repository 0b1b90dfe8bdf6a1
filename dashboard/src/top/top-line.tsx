/** One line that says how the mesh is; each part leads to its detail, trouble is in its own word. */

import type { Feed } from "../api/feed.ts";
import { printAge, printClock, printRate } from "../format.ts";
import { refusedOf } from "../refused.ts";
import type { Selection } from "../selection.ts";

type Props = {
  readonly feed: Feed;
  readonly nowMs: number;
  readonly onSelect: (selection: Selection) => void;
  readonly onRefused: () => void;
};

export function TopLine({ feed, nowMs, onSelect, onRefused }: Props) {
  const { status, graph } = feed;
  const revision = status?.revision;
  const refused = refusedOf(status);
  return (
    <header class="top">
      <button type="button" class="mesh" onClick={() => onSelect({ kind: "mesh" })}>
        <b>Regomesh</b> {status?.mesh ?? ""}
      </button>
      {revision !== undefined && (
        <button type="button" class="revision" onClick={() => onSelect({ kind: "revision" })}>
          <code>{revision.name.slice(0, 7)}</code> <span class="subject">{revision.subject}</span>{" "}
          <span class="dim">{printAge(nowMs - revision.committedAtMs)} ago</span>
        </button>
      )}
      {revision !== undefined && (
        <button
          type="button"
          class={revision.enforced === revision.proxies ? "force good" : "force bad"}
          onClick={() => onSelect({ kind: "mesh" })}
        >
          in force {revision.enforced} of {revision.proxies}
        </button>
      )}
      {status?.release !== undefined && (
        <button type="button" class="dim" onClick={() => onSelect({ kind: "revision" })}>
          {status.release.stage === "canary" ? "at its canaries" : "watched"}
        </button>
      )}
      {refused !== undefined && (
        <button type="button" class="bad" onClick={() => onSelect({ kind: "revision" })}>
          commit {refused.commit.slice(0, 7)} {refused.isTakenBack === true ? "taken back" : "refused"}
        </button>
      )}
      {status?.pin !== undefined && (
        <button type="button" class="bad" onClick={() => onSelect({ kind: "revision" })}>
          pinned to {status.pin.revision.slice(0, 7)}
        </button>
      )}
      {status?.source.trouble !== undefined && (
        <button type="button" class="bad" onClick={() => onSelect({ kind: "revision" })}>
          source not read
        </button>
      )}
      {status !== undefined && status.warnings.length > 0 && (
        <button type="button" class="bad" onClick={() => onSelect({ kind: "revision" })}>
          {status.warnings.length} {status.warnings.length === 1 ? "warning" : "warnings"}
        </button>
      )}
      {status?.troubles !== undefined && (
        <button type="button" class="bad" onClick={() => onSelect({ kind: "mesh" })}>
          controller in trouble
        </button>
      )}
      <span class="gap" />
      <LinkWord feed={feed} />
      {graph !== undefined && (
        <>
          <button type="button" class="number" onClick={() => onSelect({ kind: "mesh" })}>
            <b>{printRate(graph.requestsPerSecond)}</b> requests/s
          </button>
          <button type="button" class="number" onClick={onRefused}>
            <b>{printRate(graph.refusedPerSecond)}</b> refused/s
          </button>
        </>
      )}
    </header>
  );
}

function LinkWord({ feed: { link } }: { readonly feed: Feed }) {
  if (link.kind === "live") return null;
  if (link.kind === "loading") return <span class="dim">connecting …</span>;
  const since = link.sinceMs === undefined ? "" : ` since ${printClock(link.sinceMs)}`;
  return (
    <span
      class="bad"
      title="The sidecars go on with what they have. Start the controller again: regomesh up, or regomesh controller."
    >
      controller away{since}; what you see is from then
    </span>
  );
}
