import { type RefObject, useEffect, useEffectEvent, useState } from "react";
import { type Camera, fitted, panned, type Size, zoomedTo } from "~/session/graph/camera";

const STRENGTH = 0.003;

export interface CameraState {
  readonly camera: Camera;
  readonly zoomBy: (factor: number) => void;
  readonly fit: () => void;
  readonly pan: (x: number, y: number) => void;
}

/** Where one looks at; the whole drawing until somebody looks elsewhere. */
export function useCamera(
  stage: RefObject<HTMLElement | null>,
  drawing: Size,
  screen: Size,
): CameraState {
  const [chosen, setChosen] = useState<Camera>();
  const camera = chosen ?? fitted(drawing, screen);
  const turned = useEffectEvent((event: WheelEvent) => {
    event.preventDefault();
    const box = stage.current?.getBoundingClientRect();
    if (!box) return;
    if (event.ctrlKey || event.metaKey) {
      const factor = Math.exp(-event.deltaY * STRENGTH);
      setChosen(zoomedTo(camera, factor, event.clientX - box.left, event.clientY - box.top));
    } else {
      setChosen(panned(camera, -event.deltaX, -event.deltaY));
    }
  });
  useEffect(() => {
    const element = stage.current;
    const listen = (event: WheelEvent) => turned(event);
    // Not passive: the page itself must not zoom.
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, [stage]);
  return {
    camera,
    zoomBy: (factor) => setChosen(zoomedTo(camera, factor, screen.width / 2, screen.height / 2)),
    fit: () => setChosen(undefined),
    pan: (x, y) => setChosen(panned(camera, x, y)),
  };
}
