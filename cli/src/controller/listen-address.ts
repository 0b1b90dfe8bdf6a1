/** An address to listen on, as flags have it. */
import { UsageError } from "../command.ts";

export function parseAddress(text: string, flag: string): string {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError(`${flag} takes HOST:PORT, not ${text}`);
  return text;
}
