/**
 * Data that says nothing where a policy looks for something: `not x in data.blocked` would
 * then allow everyone. An empty object is a word; nothing at all, or a pointer to what lies
 * elsewhere, is a file that got lost.
 */

/** What Git LFS leaves in a commit in place of a file. */
export function isPointer(text: string): boolean {
  return /^version https:\/\/git-lfs\.github\.com\/spec\//.test(text);
}

/** What git-annex leaves there: a link, or its text. */
function isAnnexed(text: string): boolean {
  return /^\/annex\/objects\/|^(\.\.\/)*\.git\/annex\/objects\//.test(text);
}

/** What to do about it. */
export function wayOutOf(text: string): string {
  if (isPointer(text)) return "commit the data itself: the controller reads what git holds (git lfs migrate export)";
  if (isAnnexed(text)) return "commit the data itself: the controller reads what git holds (git annex unannex)";
  return "write {} where the policy is to have no data";
}

/** Why a data file is void, as a sentence goes on after its name; undefined where it is not. */
export function voidOf(text: string): string | undefined {
  if (isPointer(text)) return "is a pointer of Git LFS, not the data";
  if (isAnnexed(text)) return "is a pointer of git-annex, not the data";
  const content = text
    .replace(/^\ufeff/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*#.*$|\s#.*$/, "").trim())
    .filter((line) => line !== "" && line !== "---" && line !== "...")
    .join("\n")
    .replace(/^--- /, "");
  if (content === "") return text.trim() === "" ? "is empty" : "holds nothing but comments";
  return /^(null|Null|NULL|~)$/.test(content) ? "is null" : undefined;
}
