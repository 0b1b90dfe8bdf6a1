/** What a disk says when it takes nothing, as people read it: true of the machine, not of what was asked. */

const REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on its disk",
  EDQUOT: "its quota is used up",
  EROFS: "it is read-only",
  EIO: "its disk fails",
};
const DENIALS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "its folder is not there",
  ENOTDIR: "its folder is a file",
  EISDIR: "a folder has its name",
};

/** Whether the disk itself refused: another try may be taken. */
export function isDiskRefusal(error: unknown): boolean {
  return codeOf(error) in REFUSALS;
}

/** The rest of a sentence: why it was not taken. */
export function diskReason(error: unknown): string {
  const code = codeOf(error);
  return REFUSALS[code] ?? DENIALS[code] ?? (code === "" ? String((error as Error).message) : code);
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code ?? "");
}
