import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const CONTROL = process.env["HH_CONTROL_URL"] ?? "http://127.0.0.1:8470";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../planes/hh_control/static",
    emptyOutDir: true,
    target: "es2022",
    // A style or an image inside a script or a style sheet would need a weaker content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What a first load may weigh, compressed, a test of the package bounds.
    chunkSizeWarningLimit: 1_000,
  },
  server: { proxy: { "/v1": CONTROL, "/.well-known": CONTROL } },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
