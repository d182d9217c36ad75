/** Texts of the first-run page. */
export const start = {
  title: "Send your first trace",
  lead: "Three steps; this page turns live by itself when the first span arrives.",
  key: "Make a key",
  keyHint:
    "It may only send traces into this project. It is shown once, here and in the code below.",
  create: "Create a key",
  keyName: (day: string) => `First trace, ${day}`,
  copyKey: "Copy the key",
  code: "Paste this into your application",
  install: "Install",
  program: "Program",
  copy: "Copy",
  copied: "Copied",
  placeholder: "<your key>",
  anyLanguage:
    "Any other language or instrumentor: point its OTLP exporter at the address below, with the key as a bearer token.",
  endpoint: "OTLP over HTTP",
  watch: "Run it",
  waiting: "Waiting for the first span",
  waitingHint: "Spans appear about a second after they were sent.",
  arrived: "It works: the first trace is here",
  arrivedHint: (name: string) => `“${name}” has just arrived.`,
  already: "This project already receives traces",
  open: "Open the session",
  all: "All sessions",
  names: {
    opentelemetry: "OpenTelemetry",
    openinference: "OpenInference",
    openllmetry: "OpenLLMetry",
    honeyhive: "honeyhive SDK",
  },
} as const;
