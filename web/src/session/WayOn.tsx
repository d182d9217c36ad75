/** What to do about a session that is not up to date: try again, or sign in where one is signed out. */
import { Button } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { SignedOut } from "~/api/token";
import { text } from "~/text/en";

interface WayOnProps {
  readonly error: unknown;
  readonly onRetry: () => void;
}

export function WayOn({ error, onRetry }: WayOnProps) {
  const next = useLocation({ select: ({ href }) => href });
  if (error instanceof SignedOut) {
    return (
      <Link to="/sign-in" search={{ next }}>
        {text.signIn.title}
      </Link>
    );
  }
  return (
    <Button size="compact-xs" variant="default" onClick={onRetry}>
      {text.failures.again}
    </Button>
  );
}
