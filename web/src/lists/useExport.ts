import { notifications } from "@mantine/notifications";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { saveFile } from "~/content/download";
import { makeVisible } from "~/content/visible";
import { formatCount } from "~/formats/numbers";
import type { Column } from "~/lists/columns";
import { type ExportFormat, exported, MEDIA_TYPES } from "~/lists/export";
import type { ListKind } from "~/lists/kinds";
import type { Question } from "~/lists/question";
import type { Row } from "~/lists/rows";
import { text } from "~/text/en";

export type { ExportFormat };

const words = text.lists.exporting;

export interface Progress {
  readonly done: number;
  readonly total?: number;
}

export interface Exporting {
  /** While an export goes on. */
  readonly progress: Progress | undefined;
  readonly start: (
    format: ExportFormat,
    what: { only?: ReadonlyMap<string, Row>; total?: number | undefined; most?: number },
  ) => Promise<void>;
  readonly cancel: () => void;
}

/** Exports a list, or some rows of it, into a file of the browser. One at a time. */
export function useExport(
  project: Project,
  kind: ListKind,
  question: Question,
  columns: readonly Column[],
): Exporting {
  const [progress, setProgress] = useState<Progress>();
  const stopping = useRef<AbortController>(undefined);
  const cancel = useCallback(() => stopping.current?.abort(), []);
  useEffect(() => cancel, [cancel]);

  const start: Exporting["start"] = async (format, { only, total, most }) => {
    if (progress) return;
    const abort = new AbortController();
    stopping.current = abort;
    const expected = only?.size ?? (total && Math.min(total, most ?? total));
    const tell = (done: number) =>
      setProgress({ done, ...(expected === undefined ? {} : { total: expected }) });
    tell(0);
    try {
      let file = new Blob([], { type: MEDIA_TYPES[format] });
      let done = 0;
      let cut: string | undefined;
      const order = { project, question, columns, format, only, most };
      for await (const chunk of exported(order, abort.signal)) {
        // A browser keeps large blobs on disk: the text of a page is not held longer than needed.
        file = new Blob([file, chunk.text], { type: MEDIA_TYPES[format] });
        done += chunk.count;
        cut = chunk.message ?? cut;
        tell(done);
      }
      saveFile(
        file,
        `${kind.name}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${format}`,
      );
      const missing = only ? only.size - done : 0;
      const counted = `${words.done(`${formatCount(done)} ${kind.noun(done)}`)}.`;
      if (cut === undefined) {
        const rest = missing > 0 ? words.missing(formatCount(missing)) : "";
        notifications.show({ message: `${counted} ${rest}` });
      } else {
        // It stays until it is read: the file does not tell that it ends too early.
        const message = `${counted} ${makeVisible(cut)}`;
        notifications.show({ color: "yellow", title: words.cut, message, autoClose: false });
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        notifications.show({ color: "red", title: words.failed, message });
      }
    } finally {
      setProgress(undefined);
    }
  };
  return { progress, start, cancel };
}
