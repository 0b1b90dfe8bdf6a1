/** What a message reader's `next` found; numbers, so that asking allocates nothing. */
export const ReaderEvent = {
  /** All bytes are taken; feed more. */
  needMore: 0,
  /** `reader.head` is whole and settled. Of an interim (1xx) response nothing else follows. */
  head: 1,
  /** bytes[reader.from, reader.to) is content. */
  content: 2,
  /** The message is whole; `reader.trailers` holds its trailer fields. */
  end: 3,
  /** `reader.fault` says what is wrong; the connection must be closed. */
  fault: 4,
} as const;
export type ReaderEvent = (typeof ReaderEvent)[keyof typeof ReaderEvent];
