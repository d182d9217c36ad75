import { IconListTree, IconPlugConnected, IconSparkles, IconStack2 } from "@tabler/icons-react";
import { Link, useRouter } from "@tanstack/react-router";
import classes from "~/app/Shell.module.css";
import { text } from "~/text/en";

const PAGES = [
  { to: "/projects/$projectId/sessions", icon: IconListTree, label: text.shell.sessions },
  { to: "/projects/$projectId/models", icon: IconSparkles, label: text.shell.models },
  { to: "/projects/$projectId/events", icon: IconStack2, label: text.shell.events },
] as const;

export function Navigation({ projectId }: { readonly projectId: string }) {
  const router = useRouter();
  return (
    <>
      <div className={classes["group"]}>{text.shell.observe}</div>
      {PAGES.map(({ to, icon: Icon, label }) => (
        <Link
          key={to}
          to={to}
          params={{ projectId }}
          className={classes["link"] ?? ""}
          // Who is fast clicks before the router takes his pointer for an intent.
          onPointerDown={() => void router.preloadRoute({ to, params: { projectId } })}
        >
          <Icon size={17} stroke={1.6} aria-hidden />
          {label}
        </Link>
      ))}
      <div className={classes["group"]}>{text.shell.project}</div>
      <Link
        to="/projects/$projectId/start"
        params={{ projectId }}
        className={classes["link"] ?? ""}
      >
        <IconPlugConnected size={17} stroke={1.6} aria-hidden />
        {text.shell.setUp}
      </Link>
    </>
  );
}
