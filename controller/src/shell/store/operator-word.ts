/**
 * Where an operator's word is kept: what outranks git, or keeps a source as it is. It stands beside what is kept of
 * sources, none of which has these names.
 */
export const WORD_KEYS = { pin: "sources/pin.json", suspended: "sources/suspended.json" } as const;
