/** The whole session in a strip, and the part of it that the timeline shows. */
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Facts } from "~/session/outline/facts";
import { inPieces } from "~/session/outline/pieces";
import { shares } from "~/session/tree/Axis";
import { PIXELS, type Picture, picture } from "~/session/tree/minimap";
import classes from "~/session/tree/tree.module.css";
import { useBrush } from "~/session/tree/useBrush";
import type { Zoom } from "~/session/tree/useZoom";
import { text } from "~/text/en";

const LANES = 14;

interface MinimapProps {
  readonly facts: Facts;
  readonly zoom: Zoom;
  readonly width: number;
}

export function Minimap({ facts, zoom, width }: MinimapProps) {
  const { length } = facts.extents;
  const { range, isWhole } = zoom;
  const canvas = useDrawing(facts, Math.round(width));
  const { brushed, handlers } = useBrush({
    onDone: ({ from, to }) => zoom.set({ from: from * length, to: to * length }),
    grips: (share) => !isWhole && share * length >= range.from && share * length <= range.to,
    onMove: (share) => zoom.move((share * length) / (range.to - range.from)),
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys zoom as well (treeKeys)
    <div
      role="presentation"
      className={classes["minimap"]}
      title={text.session.tree.minimap}
      onDoubleClick={zoom.whole}
      {...handlers}
    >
      <canvas ref={canvas} />
      {!isWhole && (
        <span
          className={classes["window"]}
          style={shares(range.from / length, range.to / length)}
        />
      )}
      {brushed && <span className={classes["brush"]} style={shares(brushed.from, brushed.to)} />}
    </div>
  );
}

function useDrawing(facts: Facts, width: number) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes the colours
  useEffect(() => {
    if (width < 1) return undefined;
    const controller = new AbortController();
    inPieces(picture(facts, width, LANES), controller.signal).then(
      (drawn) => canvas.current && draw(canvas.current, drawn),
      () => undefined, // aborted: the next one is on its way
    );
    return () => controller.abort();
  }, [facts, width, scheme]);
  return canvas;
}

function draw(canvas: HTMLCanvasElement, { width, lanes, pixels }: Picture): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  [canvas.width, canvas.height] = [width, lanes];
  const colours = PIXELS.map((type) => colourOf(canvas, type === "error" ? "bad" : type));
  const image = context.createImageData(width, lanes);
  for (const [at, pixel] of pixels.entries()) {
    const colour = pixel ? colours[pixel - 1] : undefined;
    if (colour) image.data.set(colour, at * 4);
  }
  context.putImageData(image, 0, 0);
}

/** Red, green, blue and opacity of a variable of the page. */
function colourOf(canvas: HTMLCanvasElement, name: string): readonly number[] {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!probe) return [0, 0, 0, 0];
  canvas.style.color = `var(--${name === "pending" ? "quiet" : name})`;
  probe.fillStyle = getComputedStyle(canvas).color;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.subarray(0, 3), 210];
}
