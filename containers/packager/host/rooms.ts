// Memory that is used again. Fresh memory is paid for page by page when it is first touched, which costs more than
// reading a file into it: readers and codecs work in a few rooms that go from one to the next.

export interface Rooms {
  /** With whatever the last one left in it. */
  take(): Uint8Array<ArrayBuffer>
  /** Nobody may look at it any more. */
  give(room: Uint8Array<ArrayBuffer>): void
}

/** Rooms of one size; no more than `keptAtMost` wait for the next. */
export const openRooms = (sizeBytes: number, keptAtMost: number): Rooms => {
  const free: Uint8Array<ArrayBuffer>[] = []
  return {
    take: () => free.pop() ?? new Uint8Array(sizeBytes),
    give(room) {
      if (free.length < keptAtMost) free.push(room)
    },
  }
}
