/** What part of a drawing is seen: a point of the screen is `at * scale + (x, y)`. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const LEAST = 0.05;
const MOST = 2;
/** About a drawing that is shown as a whole, in pixels. */
const MARGIN = 24;
/** Smaller than this nothing can be read: a large drawing is shown from its beginning instead. */
const READABLE = 0.65;

/** Shows all of a drawing, as far as one can still read it. */
export function fitted(drawing: Size, screen: Size): Camera {
  const across = (screen.width - 2 * MARGIN) / drawing.width;
  const down = (screen.height - 2 * MARGIN) / drawing.height;
  const scale = Math.min(1, Math.max(READABLE, Math.min(across, down)));
  return {
    scale,
    x: Math.max(MARGIN, (screen.width - drawing.width * scale) / 2),
    y: Math.max(MARGIN, (screen.height - drawing.height * scale) / 2),
  };
}

/** Zoom about a point of the screen; a factor above 1 makes it larger. */
export function zoomedTo(camera: Camera, factor: number, x: number, y: number): Camera {
  const scale = Math.min(MOST, Math.max(LEAST, camera.scale * factor));
  const by = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * by, y: y - (y - camera.y) * by };
}

export function panned(camera: Camera, x: number, y: number): Camera {
  return { ...camera, x: camera.x + x, y: camera.y + y };
}
