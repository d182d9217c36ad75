/** Comma-separated values by RFC 4180 that no spreadsheet takes for a formula. */

/** What makes a spreadsheet run a cell (OWASP, "CSV Injection"); NUL is skipped by some readers. */
const RUNS = /^[=+\-@\t\r\0]/;
const NEEDS_QUOTES = /[",\r\n]/;
const LINE_END = "\r\n";

export function csvLine(cells: readonly string[]): string {
  return cells.map(csvCell).join(",") + LINE_END;
}

function csvCell(text: string): string {
  const harmless = RUNS.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
