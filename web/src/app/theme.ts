import { createTheme, type MantineColorsTuple, Menu } from "@mantine/core";

const iris: MantineColorsTuple = [
  "#eef1ff",
  "#dbe2fd",
  "#b6c3f8",
  "#8ea2f4",
  "#6b84ee",
  "#4f6ce6",
  "#3f5cdf",
  "#3350cb",
  "#2a44b0",
  "#1f358f",
];
/** Cool greys with one step more between paper and card than Mantine's. */
const dark: MantineColorsTuple = [
  "#e6e8ee",
  "#b4bac7",
  "#98a0b0",
  "#6b7385",
  "#3b4252",
  "#2a303d",
  "#1d222c",
  "#15191f",
  "#101318",
  "#0b0d11",
];

export const theme = createTheme({
  primaryColor: "iris",
  primaryShade: { light: 6, dark: 5 },
  colors: { iris, dark },
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, SFMono-Regular, Menlo, monospace",
  defaultRadius: "sm",
  radius: { xs: "3px", sm: "6px", md: "8px", lg: "12px" },
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  headings: { fontWeight: "600" },
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  // It would be a child of a menu that is no item of it: the first item takes the focus.
  components: { Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }) },
});
