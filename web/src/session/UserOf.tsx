/** Whose session it is, where its spans say so. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Project } from "~/api/control";
import { makeVisible } from "~/content/visible";
import type { Filter } from "~/filters/filter";
import { formatOne } from "~/filters/language";
import { asText, valueAt } from "~/lists/fields";
import { searchPage } from "~/lists/requests";
import classes from "~/session/session.module.css";
import { text } from "~/text/en";

const words = text.session.header;
const FIELD = "user_properties.user_id";
const FIRST = { field: "start_time", order: "asc" } as const;
/** Of the first events: whose session it is, is told early or by all of them. */
const LOOKED_AT = 50;

interface UserOfProps {
  readonly project: Project;
  readonly sessionId: string;
}

export function UserOf({ project, sessionId }: UserOfProps) {
  const { data: users = [] } = useQuery({
    queryKey: ["users", project.id, sessionId],
    queryFn: async ({ signal }) => {
      const search = { filters: [is("session_id", sessionId)], sort: FIRST, limit: LOOKED_AT };
      const projections = ["event_id", FIELD];
      const { rows } = await searchPage(project, { ...search, projections }, signal);
      return [...new Set(rows.map((row) => asText(valueAt(row, FIELD))))].filter(Boolean);
    },
    staleTime: 60_000,
  });
  const [user, ...others] = users;
  if (user === undefined) return null;
  return (
    <div title={users.map(makeVisible).join(", ")}>
      <dt>{words.user}</dt>
      <dd className={classes["user"]}>
        <Link
          className="cut foreign"
          to="/projects/$projectId/events"
          params={{ projectId: project.id }}
          search={{ q: formatOne(is(FIELD, user)) }}
        >
          {makeVisible(user)}
        </Link>
        {others.length > 0 && <span className="quiet">{words.others(others.length)}</span>}
      </dd>
    </div>
  );
}

function is(field: string, value: string): Filter {
  return { field, operator: "is", type: "string", value };
}
