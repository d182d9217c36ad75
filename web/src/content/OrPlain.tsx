import { CatchBoundary } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { writeJson } from "~/api/exactJson";
import classes from "~/content/content.module.css";
import { LongText } from "~/content/LongText";
import { text as words } from "~/text/en";

interface OrPlainProps {
  /** What is shown, as text or as a value. */
  readonly value: unknown;
  readonly children: ReactNode;
}

/** What cannot be drawn is shown as plain text; it breaks nothing around it. */
export function OrPlain({ value, children }: OrPlainProps) {
  return (
    <CatchBoundary
      getResetKey={() => value as string}
      errorComponent={() => <Plain value={value} />}
    >
      {children}
    </CatchBoundary>
  );
}

function Plain({ value }: { readonly value: unknown }) {
  return (
    <div className={`${classes["plain"]} foreign`}>
      <div className="quiet">{words.content.asText}</div>
      <LongText text={asText(value)} />
    </div>
  );
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return writeJson(value, 2);
  } catch {
    // Deeper than the engine writes.
    return words.content.tooDeep;
  }
}
