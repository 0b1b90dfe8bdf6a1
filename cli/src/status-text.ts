/** The status as text: one line for the revision, one for each proxy, and what was refused, with its place. */

import { printRecord } from "@regomesh/base";
import type { ProxyBody, RefusedBody, RevisionBody, ShadowBody, StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import type { Paint } from "./paint.ts";
import { cutProxies } from "./pick-proxies.ts";
import { nameOf, printEffect, stragglersOf } from "./stragglers.ts";
import { type Column, printTable } from "./table.ts";
import { cut, plain, printSpan, printTook, shortHash } from "./units.ts";
import { wrap } from "./wrap.ts";

const FAULTS_SHOWN = 5;

/** `isWide`: workloads with their namespace, proxies with their principal. `columns`: of a terminal. `rowsMax`: proxies at most. */
export function printStatus(
  status: StatusBody,
  paint: Paint,
  { isWide = false, columns = Number.POSITIVE_INFINITY, rowsMax = Number.POSITIVE_INFINITY } = {},
): string {
  const refused = refusedOf(status);
  const lines = [
    ...(status.revision === undefined
      ? [paint.red("no revision yet")]
      : printRevision(status.revision, status, paint, columns)),
    ...printStage(status, paint),
    ...printPin(status, paint),
    ...printSource(status, paint),
    ...printSources(status, paint),
    ...printProxies(status, paint, isWide, rowsMax),
    ...(isWide ? printLinks(status, paint) : []),
    ...status.shadows.map((shadow) => printShadow(shadow, paint)),
    ...printFaults(status, paint),
    ...(refused === undefined ? [] : printRefused(refused, paint)),
    ...(status.troubles ?? []).map(({ message, sinceMs }) =>
      paint.red(`trouble: ${plain(message)} (${printSpan(status.nowMs - sinceMs)})`),
    ),
    ...printHints(status, columns).map((line) => paint.dim(line)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Where it is in force stands on a line of its own in a terminal that has no room beside the commit. */
function printRevision(
  revision: RevisionBody,
  { nowMs }: StatusBody,
  paint: Paint,
  columns: number,
): readonly string[] {
  const { name, subject, source, committedAtMs, enforced, proxies } = revision;
  const force = `in force on ${enforced} of ${proxies}`;
  const took = printEffect(revision);
  const painted = proxies === 0 ? force : enforced === proxies ? paint.green(force) : paint.red(force);
  const age = `${plain(source)}, ${printSpan(nowMs - committedAtMs)} ago`;
  const hash = shortHash(name);
  const room = columns - `revision ${hash} "" (${age})`.length;
  const said = cut(plain(subject), Math.max(12, room));
  const commit = `revision ${paint.bold(hash)} "${said}" (${age})`;
  const fits = [...said].length + `   ${force}${took}`.length <= room;
  return fits ? [`${commit}   ${painted}${took}`] : [commit, `  ${painted}${took}`];
}

/** How far the revision has come, where it has to wait or is watched. */
function printStage({ release, nowMs }: StatusBody, paint: Paint): readonly string[] {
  if (release === undefined) return [];
  const { stage, proxies, taken, bakedAtMs, deadlineMs } = release;
  const [who, then] =
    stage === "canary" ? ["canaries", "then everybody gets it"] : ["proxies", "then it counts as proven"];
  const has = `${taken} of ${proxies} ${who} have it`;
  if (bakedAtMs !== undefined)
    return [
      paint.yellow(
        `release: ${has}, and it is watched for another ${printSpan(bakedAtMs - nowMs)}: ${then} (regomesh promote, or abort)`,
      ),
    ];
  const late =
    deadlineMs === undefined ? "" : `; it is taken back in ${printSpan(deadlineMs - nowMs)} unless they take it`;
  return [paint.yellow(`release: ${has}${late}`)];
}

/** An operator's word that outranks git. */
function printPin({ pin, nowMs }: StatusBody, paint: Paint): readonly string[] {
  if (pin === undefined) return [];
  const { revision, subject, sinceMs } = pin;
  const what = `pinned to ${shortHash(revision)} "${plain(subject)}" for ${printSpan(nowMs - sinceMs)}`;
  return [paint.yellow(`${what}: nothing newer is taken until regomesh rollback --lift`)];
}

/** Sources beside the mesh's own, where something is to be said of them; regomesh source list says all. */
function printSources({ sources }: StatusBody, paint: Paint): readonly string[] {
  const others = sources.filter(({ name }) => name !== "root");
  if (others.length === 0) return [];
  const said = others.map(({ name, inForce, refused, suspended }) => {
    const at = inForce === undefined ? "nothing yet" : shortHash(inForce.id);
    const state =
      suspended !== undefined ? ", suspended" : refused === undefined ? "" : `, ${shortHash(refused.commit)} refused`;
    const text = `${plain(name)} ${at}${state}`;
    return suspended !== undefined || refused !== undefined ? paint.red(text) : text;
  });
  return [`sources: ${said.join(" · ")}`];
}

/** What is wrong with the source as a whole; nothing where all is well. */
function printSource({ source, warnings }: StatusBody, paint: Paint): readonly string[] {
  return [
    ...(source.trouble === undefined ? [] : [paint.red(`source: ${plain(source.trouble)}`)]),
    ...printWarnings(warnings, paint),
  ];
}

/** A decision takes about a microsecond once the engine has optimised it. */
const SLOW_NS = 10_000;

/** What is no fault and yet worth a thought: apart from faults, behind everything. */
function printHints({ source, proxies }: StatusBody, columns: number): readonly string[] {
  const hints = [
    ...(proxies.some(({ policyP50Ns = 0 }) => policyP50Ns > SLOW_NS)
      ? ["POLICY p50 counts from the start, with a clock around each call: the first thousands run unoptimised"]
      : []),
    ...(source.allow.length === 0
      ? [`every path of ${plain(source.name)} may speak for every namespace; the controller's --allow bounds them`]
      : []),
    ...(proxies.some(({ isBypassable, state }) => isBypassable && state !== "never")
      ? [
          "bypassable: a local process can go round a sidecar that HTTP_PROXY leads to; regomesh capture leaves no way round",
        ]
      : []),
  ];
  return hints.length === 0 ? [] : ["", ...hints.flatMap((hint) => wrap(`hint: ${hint}`, columns, "      "))];
}

function printWarnings(warnings: StatusBody["warnings"], paint: Paint): readonly string[] {
  const shown = warnings
    .slice(0, FAULTS_SHOWN)
    .map((warning) => paint.yellow(`warning: ${plain(printRecord(warning))}`));
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more warnings`] : shown;
}

function printProxies(all: StatusBody, paint: Paint, isWide: boolean, rowsMax: number): readonly string[] {
  const [status, left] = cutProxies(all, rowsMax);
  if (status.proxies.length === 0) return [];
  const columns = isWide ? [...COLUMNS, ...WIDE_COLUMNS] : COLUMNS;
  const rows = status.proxies.map((proxy) => toCells(proxy, status, isWide));
  const [header = "", ...lines] = printTable(columns, rows);
  const stragglers = stragglersOf(status);
  return [
    paint.dim(`  ${header}`),
    ...lines.flatMap((line, index) => {
      const proxy = status.proxies[index];
      const cell = rows[index]?.[STATE] ?? "";
      if (proxy === undefined) return [];
      const reasons = stragglers.filter((each) => each.proxy === proxy).map(({ reason }) => `      ${reason}`);
      const budgets = printBudgets(proxy).map((each) => paint.yellow(each));
      const troubles = (proxy.troubles ?? []).map((trouble) => `      trouble: ${plain(trouble)}`);
      const tint = proxy.state === "never" ? paint.dim : paint.red;
      return [
        `  ${line.replace(` ${cell} `, ` ${paintState(cell, proxy, paint)} `)}`,
        ...[...reasons, ...troubles].map((each) => tint(each)),
        ...budgets,
      ];
    }),
    ...(left === 0
      ? []
      : [paint.dim(`  and ${left} more: --limit ${all.proxies.length} shows all, -n, --behind or a word some`)]),
  ];
}

/** No fault: these decisions were made, and took longer than whoever wrote the rule allows. */
function printBudgets({ overBudget = 0 }: ProxyBody): readonly string[] {
  if (overBudget === 0) return [];
  const decisions = overBudget === 1 ? "1 decision" : `${overBudget.toLocaleString("en-US")} decisions`;
  return [`      budget: ${decisions} took more than their rules' metadata say, since it started`];
}

const COLUMNS: readonly Column[] = [
  { name: "WORKLOAD" },
  { name: "REVISION" },
  { name: "STATE" },
  { name: "SVID", isNumber: true },
  { name: "POLICY p50", isNumber: true },
  { name: "REFUSED/s", isNumber: true },
  { name: "" },
];
const WIDE_COLUMNS: readonly Column[] = [{ name: "ADMIN" }, { name: "PRINCIPAL" }];
const STATE = 2;

const LINK_COLUMNS: readonly Column[] = [
  { name: "EDGE" },
  { name: "TLS" },
  { name: "CIPHER" },
  { name: "KEY EXCHANGE" },
  { name: "SPOKEN" },
  { name: "HANDSHAKES", isNumber: true },
];

/** What the ends of edges have agreed on by mutual TLS. */
function printLinks({ links = [] }: StatusBody, paint: Paint): readonly string[] {
  if (links.length === 0) return [];
  const rows = links.map(({ from, to, protocol, cipher, group, spoken, handshakes }) => [
    `${plain(from)} → ${plain(to)}`,
    ...[protocol, cipher, group, spoken].map((text) => (text === "" ? "-" : plain(text))),
    String(handshakes),
  ]);
  const [header = "", ...lines] = printTable(LINK_COLUMNS, rows);
  return [paint.dim(`  ${header}`), ...lines.map((line) => `  ${line}`)];
}

/** What policies could not decide: its requests met 503, and nothing else in the table shows why. */
function printFaults({ faults = [], nowMs }: StatusBody, paint: Paint): readonly string[] {
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ workload, entrypoint, reason, detail, decisions, lastMs }) => {
    const what = detail === "" ? reason : `${reason}, ${detail}`;
    const often = decisions === 1 ? "once" : `${decisions} times`;
    const when = `${often} of late, last ${printSpan(nowMs - lastMs)} ago`;
    return paint.red(`policy fault: ${plain(workload)} ${plain(entrypoint)}: ${plain(what)} (${when})`);
  });
  const more = faults.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more policy faults`] : shown;
}

function printShadow({ binding, entrypoint, decisions, differences, would }: ShadowBody, paint: Paint): string {
  const changes = Object.entries(would).filter(([, count]) => count > 0);
  const list = changes.length === 0 ? "" : ` (${changes.map(([change, count]) => `${change} ${count}`).join(", ")})`;
  const name = `${plain(binding)} ${plain(entrypoint)}`;
  const line = `  in shadow: ${name} would have changed ${differences} of ${decisions} decisions${list}`;
  return differences === 0 ? paint.dim(line) : line;
}

function toCells(proxy: ProxyBody, status: StatusBody, isWide: boolean): readonly string[] {
  const { revision, nowMs } = status;
  const { namespace, workload, instance, svidNotAfterMs, policyP50Ns, refusedPerSecond, isBypassable } = proxy;
  const enforced = proxy.revision === undefined ? "-" : shortHash(proxy.revision);
  const lags = proxy.revision !== undefined && proxy.revision !== revision?.name ? " (lags)" : "";
  const whole = plain(`${namespace}/${workload}${instance === undefined ? "" : ` (${instance.slice(0, 8)})`}`);
  return [
    isWide ? whole : nameOf(proxy, status),
    `${enforced}${lags}`,
    stateCell(proxy, nowMs),
    svidNotAfterMs === undefined ? "-" : printSpan(svidNotAfterMs - nowMs),
    policyP50Ns === undefined ? "-" : `≤${printTook(policyP50Ns / 1e6)}`,
    String(Math.round(refusedPerSecond * 10) / 10),
    isBypassable && proxy.state !== "never" ? "bypassable" : "",
    ...(isWide ? [plain(proxy.admin ?? "-"), plain(proxy.principal)] : []),
  ];
}

/** A proxy that reports and has no snapshot is not ready for anything. */
function stateCell({ state, revision, lastWordMs, isOrphan = false }: ProxyBody, nowMs: number): string {
  const silence = state === "ready" || lastWordMs === undefined ? "" : ` ${printSpan(nowMs - lastWordMs)}`;
  const word = isOrphan ? "orphan" : state === "ready" && revision === undefined ? "no policy" : state;
  return `${word}${silence}`;
}

function paintState(cell: string, { state, revision }: ProxyBody, paint: Paint): string {
  if (state === "ready") return revision === undefined ? paint.yellow(cell) : paint.green(cell);
  return state === "never" ? paint.dim(cell) : paint.red(cell);
}

function printRefused(refused: RefusedBody, paint: Paint): readonly string[] {
  const { source, commit, subject, diagnostics, failedTests, refusals, isTakenBack = refusals.length > 0 } = refused;
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(printRecord);
  const tests = failedTests.map(({ file, row, name, message }) => `${file}:${row}: ${name} fails: ${message}`);
  const [first = "no reason given", ...rest] = [...errors, ...tests].map(plain);
  const more = rest.length > FAULTS_SHOWN ? [`  and ${rest.length - FAULTS_SHOWN} more`] : [];
  const hints = new Set(diagnostics.flatMap(({ hint }) => (hint === undefined ? [] : [plain(hint)])));
  return [
    `${paint.red(isTakenBack ? "commit taken back" : "last refused commit")}${source === "root" ? "" : ` of ${plain(source)}`}: ${shortHash(commit)} "${plain(subject)}" — ${first}`,
    ...rest.slice(0, FAULTS_SHOWN).map((fault) => `  ${fault}`),
    ...more,
    ...[...hints].slice(0, FAULTS_SHOWN).map((hint) => `  hint: ${hint}`),
  ];
}
