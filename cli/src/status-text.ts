/** The status as text: one line for the revision, one for each proxy, and what was refused, with its place. */
import { printRecord } from "@regomesh/base";
import type { ProxyBody, RefusedBody, RevisionBody, ShadowBody, StatusBody } from "@regomesh/controller";
import type { Paint } from "./paint.ts";
import { plain, printSpan, printTook, shortHash } from "./units.ts";

const FAULTS_SHOWN = 5;

/** `isWide`: workloads with their namespace, proxies with their principal. */
export function printStatus(status: StatusBody, paint: Paint, { isWide = false } = {}): string {
  const lines = [
    status.revision === undefined ? paint.red("no revision yet") : printRevision(status.revision, status, paint),
    ...printSource(status, paint),
    ...printProxies(status, paint, isWide),
    ...status.shadows.map((shadow) => printShadow(shadow, paint)),
    ...(status.refused === undefined ? [] : printRefused(status.refused, paint)),
    ...(status.troubles ?? []).map(({ message, sinceMs }) =>
      paint.red(`trouble: ${plain(message)} (${printSpan(status.nowMs - sinceMs)})`),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function printRevision(revision: RevisionBody, { nowMs }: StatusBody, paint: Paint): string {
  const { name, subject, source, committedAtMs, enforced, proxies, ackP99Ms } = revision;
  const force = `in force on ${enforced} of ${proxies}`;
  const took = ackP99Ms === undefined ? "" : `, p99 ${printTook(ackP99Ms)}`;
  const painted = proxies === 0 ? force : enforced === proxies ? paint.green(force) : paint.red(force);
  const age = `${plain(source)}, ${printSpan(nowMs - committedAtMs)} ago`;
  return `revision ${paint.bold(shortHash(name))} "${plain(subject)}" (${age})   ${painted}${took}`;
}

/** What holds for the source as a whole; nothing where all is well and its paths are bounded. */
function printSource({ source, warnings }: StatusBody, paint: Paint): readonly string[] {
  const open = `every path of ${plain(source.name)} may speak for every namespace (the controller's --allow bounds them)`;
  return [
    ...(source.trouble === undefined ? [] : [paint.red(`source: ${plain(source.trouble)}`)]),
    ...printWarnings(warnings, paint),
    ...(source.allow.length === 0 ? [paint.dim(open)] : []),
  ];
}

function printWarnings(warnings: StatusBody["warnings"], paint: Paint): readonly string[] {
  const shown = warnings.slice(0, FAULTS_SHOWN).map((warning) => paint.red(`warning: ${plain(printRecord(warning))}`));
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more warnings`] : shown;
}

function printProxies(status: StatusBody, paint: Paint, isWide: boolean): readonly string[] {
  const rows = status.proxies.map((proxy) => {
    const [workload = "", ...more] = toCells(proxy, status);
    return isWide ? [`${plain(proxy.namespace)}/${workload}`, ...more, plain(proxy.principal)] : [workload, ...more];
  });
  const widths = rows.reduce<readonly number[]>(
    (widest, cells) => cells.map((cell, at) => Math.max(widest[at] ?? 0, cell.length)),
    [],
  );
  return rows.flatMap((cells, index) => {
    const proxy = status.proxies[index];
    if (proxy === undefined) return [];
    const padded = cells.map((cell, at) =>
      isNumber(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    );
    const colored = padded.map((cell, at) => (at === STATE ? paintState(cell, proxy, paint) : cell));
    const troubles = (proxy.troubles ?? []).map((trouble) => `      trouble: ${plain(trouble)}`);
    const faults = [...(proxy.isOrphan ? [ORPHAN] : []), ...printRefusal(proxy, status), ...troubles];
    return [`  ${colored.join("  ").trimEnd()}`, ...faults.map((line) => paint.red(line))];
  });
}

/** What a proxy refuses, and whether that is the revision's fault or its machine's own. */
function printRefusal({ refusal }: ProxyBody, { nowMs }: StatusBody): readonly string[] {
  if (refusal === undefined) return [];
  const { class: kind, revision, problems, attempts, atMs } = refusal;
  const often = attempts === 1 ? "" : `, ${attempts} times`;
  const why =
    kind === "content"
      ? `refuses revision ${shortHash(revision)}`
      : `cannot take revision ${shortHash(revision)}, and tries again (last ${printSpan(nowMs - atMs)} ago${often})`;
  return problems.slice(0, FAULTS_SHOWN).map((problem) => `      ${why}: ${plain(problem)}`);
}

const ORPHAN = "      its workload is not of the mesh, and it runs on with what it had: end it where it runs";

function printShadow({ binding, entrypoint, decisions, differences, would }: ShadowBody, paint: Paint): string {
  const changes = Object.entries(would).filter(([, count]) => count > 0);
  const list = changes.length === 0 ? "" : ` (${changes.map(([change, count]) => `${change} ${count}`).join(", ")})`;
  const name = `${plain(binding)} ${plain(entrypoint)}`;
  const line = `  in shadow: ${name} would have changed ${differences} of ${decisions} decisions${list}`;
  return differences === 0 ? paint.dim(line) : line;
}

const STATE = 2;
/** Columns of numbers, aligned right: policy and refusals. */
const isNumber = (column: number) => column === 4 || column === 5;

/** Its name is enough while it is a workload's only one. */
function nameOf({ workload, namespace, instance }: ProxyBody, { proxies }: StatusBody): string {
  const same = proxies.filter((each) => each.workload === workload && each.namespace === namespace);
  return same.length < 2 || instance === undefined ? workload : `${workload} (${instance.slice(0, 8)})`;
}

function toCells(proxy: ProxyBody, status: StatusBody): readonly string[] {
  const { revision, nowMs } = status;
  const { state, svidNotAfterMs, policyP50Ns, refusedPerSecond, lastWordMs, isBypassable, isOrphan = false } = proxy;
  const enforced = proxy.revision === undefined ? "-" : shortHash(proxy.revision);
  const lags = proxy.revision !== undefined && proxy.revision !== revision?.name ? " (lags)" : "";
  const silence = state === "ready" || lastWordMs === undefined ? "" : ` ${printSpan(nowMs - lastWordMs)}`;
  return [
    plain(nameOf(proxy, status)),
    `${enforced}${lags}`,
    `${isOrphan ? "orphan" : state}${silence}`,
    svidNotAfterMs === undefined ? "no svid" : `svid ${printSpan(svidNotAfterMs - nowMs)}`,
    policyP50Ns === undefined ? "policy -" : `policy ${printTook(policyP50Ns / 1e6)} p50`,
    `${Math.round(refusedPerSecond * 10) / 10} refused/s`,
    isBypassable ? "bypassable" : "",
  ];
}

function paintState(cell: string, { state }: ProxyBody, paint: Paint): string {
  if (state === "ready") return paint.green(cell);
  return state === "never" ? paint.dim(cell) : paint.red(cell);
}

function printRefused(refused: RefusedBody, paint: Paint): readonly string[] {
  const { commit, subject, diagnostics, failedTests, refusals } = refused;
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(printRecord);
  const tests = failedTests.map(({ file, row, name, message }) => `${file}:${row}: ${name} fails: ${message}`);
  const [first = "no reason given", ...rest] = [...errors, ...tests].map(plain);
  const more = rest.length > FAULTS_SHOWN ? [`  and ${rest.length - FAULTS_SHOWN} more`] : [];
  const hints = new Set(diagnostics.flatMap(({ hint }) => (hint === undefined ? [] : [plain(hint)])));
  return [
    `${paint.red(refusals.length === 0 ? "last refused commit" : "commit taken back")}: ${shortHash(commit)} "${plain(subject)}" — ${first}`,
    ...rest.slice(0, FAULTS_SHOWN).map((fault) => `  ${fault}`),
    ...more,
    ...[...hints].slice(0, FAULTS_SHOWN).map((hint) => `  hint: ${hint}`),
  ];
}
