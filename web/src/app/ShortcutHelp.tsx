import { Group, Kbd, Modal, Stack, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  hideShortcuts,
  type ShortcutGroup,
  showShortcuts,
  usePageGroups,
  useShortcutsShown,
} from "~/app/shortcuts";
import { text } from "~/text/en";

const ANYWHERE: ShortcutGroup = {
  title: text.keys.anywhere,
  shortcuts: [
    { keys: ["?"], label: text.keys.help },
    { keys: ["/"], label: text.keys.search },
    { keys: ["Esc"], label: text.keys.close },
    { keys: ["j", "↓"], label: text.keys.next },
    { keys: ["k", "↑"], label: text.keys.previous },
    { keys: ["Enter"], label: text.keys.open },
    { keys: ["←"], label: text.keys.fold },
    { keys: ["→"], label: text.keys.unfold },
    { keys: ["Home"], label: text.keys.first },
    { keys: ["End"], label: text.keys.last },
  ],
};

export function ShortcutHelp() {
  const isShown = useShortcutsShown();
  const groups = [ANYWHERE, ...usePageGroups()];
  useHotkeys([["shift+?", showShortcuts]]);
  return (
    <Modal
      opened={isShown}
      onClose={hideShortcuts}
      title={text.keys.title}
      closeButtonProps={{ "aria-label": text.keys.done }}
      size="sm"
    >
      <Stack gap="lg">
        {groups.map((group) => (
          <section key={group.title} aria-label={group.title}>
            <Title order={3} size="xs" className="quiet" mb={6}>
              {group.title}
            </Title>
            <Stack gap={6}>
              {group.shortcuts.map(({ keys, label }) => (
                <Group key={label} justify="space-between" wrap="nowrap">
                  <span>{label}</span>
                  <Group gap={4} wrap="nowrap">
                    {keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </Group>
                </Group>
              ))}
            </Stack>
          </section>
        ))}
      </Stack>
    </Modal>
  );
}
