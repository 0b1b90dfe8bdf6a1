/** Traffic between two services over ten minutes, and the last requests that were refused. */
import type { DecisionBody, EdgeBody, HistoryBody } from "@regomesh/controller/api";
import { useEffect, useState } from "preact/hooks";
import { fetchHistory } from "../api/feed.ts";
import { printMs, printPrincipal, printRate } from "../format.ts";
import type { Selection } from "../selection.ts";
import { DecisionLine } from "../strip/decision-line.tsx";
import { Chart } from "./chart.tsx";
import { Row, Rows } from "./rows.tsx";
import { Success } from "./success.tsx";

type Props = {
  readonly edge: EdgeBody;
  readonly decisions: readonly DecisionBody[];
  readonly onSelect: (selection: Selection) => void;
};

const REFUSED_SHOWN = 8;
const NO_HISTORY = { points: [], revisions: [], agreements: [] };

export function EdgePanel({ edge, decisions, onSelect }: Props) {
  const { points, revisions, agreements } = useHistory(edge.id);
  const [from = "", to = ""] = [edge.from, edge.to].map((id) => id.split(".")[0]);
  const refused = decisions
    .filter(({ verdict, service, source }) => verdict !== "allowed" && isOf(service, to) && isFrom(source, from))
    .slice(0, REFUSED_SHOWN);
  return (
    <>
      <h2>
        {from} → {to}
      </h2>
      <p class="dim">{edge.mtls ? "mutual TLS" : "plaintext"}</p>
      {agreements.map(({ protocol, cipher, group, spoken, handshakes }) => (
        <p class="dim" key={`${protocol} ${cipher} ${group} ${spoken}`} title={`${handshakes} handshakes`}>
          {[protocol, cipher, group, spoken].filter((text) => text !== "").join(" · ")}
        </p>
      ))}
      <Rows>
        <Row name="requests">{printRate(edge.requestsPerSecond)}/s</Row>
        <Row name="success">
          <Success share={edge.success} isKnown={edge.state === "ready" && edge.requestsPerSecond > 0} />
        </Row>
        <Row name="p50 · p99">
          {printMs(edge.p50Ms)} · {printMs(edge.p99Ms)}
        </Row>
        <Row name="denied">{printRate(edge.deniedPerSecond)}/s</Row>
        <Row name="limited">{printRate(edge.limitedPerSecond)}/s</Row>
      </Rows>
      <Chart name="requests/s" points={points} value={(p) => p.requestsPerSecond} print={printRate} />
      <Chart name="p99" points={points} value={(p) => p.p99Ms} print={printMs} />
      <Chart
        name="failed and refused/s"
        tone="bad"
        points={points}
        value={(p) => p.failuresPerSecond + p.refusedPerSecond}
        print={printRate}
      />
      <h3>By revision</h3>
      {revisions.length === 0 && <p class="dim">None yet.</p>}
      <Rows>
        {revisions.map(({ epoch, sequence, name, requests, failures, denied, limited }) => (
          <Row key={`${epoch} ${sequence}`} name={name.slice(0, 7)}>
            {requests} requests · {failures} failed · {denied + limited} refused
          </Row>
        ))}
      </Rows>
      <h3>Last refused</h3>
      {refused.length === 0 && <p class="dim">None seen.</p>}
      <ol class="decisions">
        {refused.map((decision) => (
          <DecisionLine key={decision.id} decision={decision} onSelect={onSelect} />
        ))}
      </ol>
    </>
  );
}

/** Points are five seconds long: so often they are asked for, for the edge that is looked at. */
const HISTORY_EVERY_MS = 5000;

function useHistory(edge: string): Omit<HistoryBody, "id"> {
  const [history, setHistory] = useState<Omit<HistoryBody, "id">>(NO_HISTORY);
  useEffect(() => {
    let isOpen = true;
    setHistory(NO_HISTORY);
    const look = () =>
      void fetchHistory(edge)
        .then((found) => isOpen && found !== undefined && setHistory(found))
        .catch(() => undefined);
    look();
    const timer = window.setInterval(look, HISTORY_EVERY_MS);
    return () => {
      isOpen = false;
      window.clearInterval(timer);
    };
  }, [edge]);
  return history;
}

function isOf(service: string, name: string): boolean {
  return service === name || service.startsWith(`${name}.`);
}

function isFrom(source: string, name: string): boolean {
  return printPrincipal(source) === name || isOf(source, name);
}
