import type { ShortcutGroup } from "~/app/shortcuts";
import { text } from "~/text/en";

const words = text.session.keys;

/** The keys of a session, beside those that work anywhere. */
export const SHORTCUTS: ShortcutGroup = {
  title: words.title,
  shortcuts: [
    { keys: ["e"], label: words.nextError },
    { keys: ["n", "N"], label: words.nextMatch },
    { keys: ["J", "K"], label: words.nextSession },
    { keys: ["]", "["], label: words.nextView },
    { keys: ["f"], label: words.foldAll },
    { keys: ["z"], label: words.zoom },
    { keys: ["+", "−"], label: words.zoomInOut },
    { keys: ["0"], label: words.whole },
    { keys: ["Enter"], label: words.details },
  ],
};
