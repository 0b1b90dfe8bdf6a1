/** Of much that is to be drawn, how much may be by now: a part more with each frame, so that the window answers meanwhile. */
import { useEffect, useState } from "preact/hooks";

/** What is drawn once stays: `wanted` things may come to stand in the room of others. */
export function useRoom(wanted: number, part: number): number {
  const [room, setRoom] = useState(part);
  const isWhole = wanted <= room;
  useEffect(() => {
    if (isWhole) return;
    const frame = requestAnimationFrame(() => setRoom(room + part));
    return () => cancelAnimationFrame(frame);
  }, [isWhole, room, part]);
  return room;
}
