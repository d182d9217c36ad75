import "~/app/trustedText";
import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "~/app/page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "~/app/App";

// After an upgrade the files of the page that is open are gone: load the new page.
window.addEventListener("vite:preloadError", () => window.location.reload());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
