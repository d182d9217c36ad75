/** A list that somebody turns to: its rows are on their way while its page is not drawn yet. */
import { projectQuery } from "~/api/people";
import { queries } from "~/app/queries";
import type { ListAddress } from "~/lists/address";
import { KINDS, type ListName } from "~/lists/kinds";
import { questionOf } from "~/lists/question";
import { rowsQuery } from "~/lists/rowsQuery";

/** Rows that are there already are not asked for again. Where it fails, the page says why. */
export async function beginList(
  name: ListName,
  projectId: string,
  address: ListAddress,
): Promise<void> {
  const project = await queries.ensureQueryData(projectQuery(projectId));
  const question = questionOf(KINDS[name], address);
  await queries.prefetchInfiniteQuery(rowsQuery(project, question, address.live !== false));
}
