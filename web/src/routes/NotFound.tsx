import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "~/app/states";
import { text } from "~/text/en";

export function NotFound() {
  return (
    <Empty
      title={text.failures.notFound}
      hint={text.failures.notFoundHint}
      action={<ToProjects />}
    />
  );
}

/** The way on from where nothing is. */
export function ToProjects() {
  return (
    <Button component={Link} to="/" variant="default" size="xs">
      {text.failures.home}
    </Button>
  );
}
