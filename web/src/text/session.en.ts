/** Texts of one session: tree, graph, thread, summary, details. */
export const session = {
  title: "Session",
} as const;
