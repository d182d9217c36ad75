import { expect, test } from "vitest";
import { fitted, panned, zoomedTo } from "~/session/graph/camera";

test("a small drawing stands in the middle, as large as it is", () => {
  expect(fitted({ width: 100, height: 50 }, { width: 500, height: 300 })).toEqual({
    ...{ scale: 1, x: 200, y: 125 },
  });
});

test("a large drawing is shown from its beginning, and can be read", () => {
  const { scale, x, y } = fitted({ width: 9_000, height: 9_000 }, { width: 500, height: 300 });

  expect(scale).toBeGreaterThan(0.5);
  expect([x, y]).toEqual([24, 24]);
});

test("zooming keeps the point under the pointer", () => {
  const camera = { scale: 1, x: 10, y: 20 };
  const closer = zoomedTo(camera, 2, 110, 120);

  expect((110 - closer.x) / closer.scale).toBe((110 - camera.x) / camera.scale);
  expect((120 - closer.y) / closer.scale).toBe((120 - camera.y) / camera.scale);
});

test("zooming ends somewhere", () => {
  expect(zoomedTo({ scale: 1, x: 0, y: 0 }, 1e9, 0, 0).scale).toBe(2);
  expect(panned({ scale: 1, x: 1, y: 2 }, 3, 4)).toEqual({ scale: 1, x: 4, y: 6 });
});
