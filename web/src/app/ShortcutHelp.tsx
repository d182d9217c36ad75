import { Group, Kbd, Modal, Stack } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { hideShortcuts, type Shortcut, showShortcuts, useShortcutsShown } from "~/app/shortcuts";
import { text } from "~/text/en";

const SHORTCUTS: readonly Shortcut[] = [
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
];

export function ShortcutHelp() {
  const isShown = useShortcutsShown();
  useHotkeys([["shift+?", showShortcuts]]);
  return (
    <Modal opened={isShown} onClose={hideShortcuts} title={text.keys.title} size="sm">
      <Stack gap={6}>
        {SHORTCUTS.map(({ keys, label }) => (
          <Group key={label} justify="space-between">
            <span>{label}</span>
            <Group gap={4}>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
