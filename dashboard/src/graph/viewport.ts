/** Which part of the drawing is seen: moved by dragging, scaled by the wheel around the pointer. */
export type Viewport = { readonly x: number; readonly y: number; readonly scale: number };

const SCALE_MIN = 0.2;
const SCALE_MAX = 3;

/** Smaller, and nothing can be read: a narrow window shows the beginning, and the rest is dragged in. */
const READABLE_MIN = 0.55;

/** What of the window's upper left corner is the search field's, in pixels. */
const SEARCH = { width: 190, height: 52 };

/** All of a drawing of that size in the middle of a window of that size, hardly magnified, and none of it behind the search field. */
export function fit(width: number, height: number, windowWidth: number, windowHeight: number): Viewport {
  if (width === 0 || height === 0) return { x: 0, y: 0, scale: 1 };
  const scale = Math.max(READABLE_MIN, Math.min(1.15, windowWidth / width, windowHeight / height));
  const x = Math.max(0, (windowWidth - width * scale) / 2);
  const y = Math.max(x < SEARCH.width ? SEARCH.height : 0, (windowHeight - height * scale) / 2);
  return { scale, x, y };
}

/** Scaled by `factor`, with the point (px, py) of the window staying where it is. */
export function zoom(view: Viewport, factor: number, px: number, py: number): Viewport {
  const scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio };
}

export function pan(view: Viewport, dx: number, dy: number): Viewport {
  return { ...view, x: view.x + dx, y: view.y + dy };
}
