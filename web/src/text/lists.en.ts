/** Texts of the lists of events. */
export const lists = {
  sessions: "Sessions",
  models: "Model calls",
  events: "All events",
} as const;
