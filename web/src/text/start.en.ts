/** Texts of the first-run page. */
export const start = {
  title: "Send your first trace",
} as const;
