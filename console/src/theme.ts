import { Alert, createTheme, type MantineColorsTuple, Notification } from "@mantine/core";

/** Water under a mill: one hue for what can be acted on, greys for everything else. */
const water: MantineColorsTuple = [
  "#e6f7fa",
  "#d3ecf1",
  "#a8d9e3",
  "#79c4d3",
  "#52b3c6",
  "#38a8bd",
  "#1f97ae",
  "#0b7285",
  "#066374",
  "#004d5b",
];

/** Greys of the dark scheme, with a trace of that hue; from text down to the ground. */
const dark: MantineColorsTuple = [
  "#d5dde1",
  "#b7c3c9",
  "#93a2aa",
  "#6f7f88",
  "#3b474e",
  "#2a343a",
  "#1c2428",
  "#161d20",
  "#11171a",
  "#0c1113",
];

export const theme = createTheme({
  primaryColor: "water",
  primaryShade: 7,
  colors: { water, dark },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace',
  headings: { fontWeight: "650" },
  components: {
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { "aria-label": "Close" } },
    }),
    // The icon carries the colour: coloured words on a tint of the same colour are hard to read.
    Alert: Alert.extend({
      styles: {
        title: { color: "var(--mantine-color-text)" },
        message: { color: "var(--mantine-color-text)" },
      },
    }),
  },
});
