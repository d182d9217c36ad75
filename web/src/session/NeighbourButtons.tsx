/** To the session before or after this one, in the list that it was opened from. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Project } from "~/api/control";
import type { SessionAddress } from "~/session/address";
import { useNeighbours } from "~/session/useNeighbours";
import { usePageKeys } from "~/session/usePageKeys";
import { text } from "~/text/en";

const words = text.session.header;

interface NeighbourButtonsProps {
  readonly project: Project;
  readonly sessionId: string;
  readonly address: SessionAddress;
}

export function NeighbourButtons({ project, sessionId, address }: NeighbourButtonsProps) {
  const { previous, next, isListed } = useNeighbours(project, sessionId, address.list);
  const navigate = useNavigate();
  const { view, list } = address;
  const to = (session: string | undefined) => {
    if (session === undefined) return;
    void navigate({
      to: "/projects/$projectId/sessions/$sessionId",
      params: { projectId: project.id, sessionId: session },
      search: { ...(view ? { view } : {}), ...(list ? { list } : {}) },
    });
  };
  usePageKeys(
    new Map([
      ["J", () => to(next)],
      ["K", () => to(previous)],
    ]),
  );
  if (!isListed) return null;
  return (
    <ActionIcon.Group>
      <Step
        label={words.previous}
        hotkey="K"
        isThere={previous !== undefined}
        onGo={() => to(previous)}
      >
        <IconChevronUp size={15} aria-hidden />
      </Step>
      <Step label={words.next} hotkey="J" isThere={next !== undefined} onGo={() => to(next)}>
        <IconChevronDown size={15} aria-hidden />
      </Step>
    </ActionIcon.Group>
  );
}

interface StepProps {
  readonly label: string;
  readonly hotkey: string;
  readonly isThere: boolean;
  readonly onGo: () => void;
  readonly children: ReactNode;
}

/** Not `disabled` at an end: who went there by the button would lose the focus. */
function Step({ label, hotkey, isThere, onGo, children }: StepProps) {
  return (
    <Tooltip label={`${label} (${hotkey})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={label}
        aria-disabled={!isThere}
        data-disabled={!isThere}
        onClick={onGo}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
