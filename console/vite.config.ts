import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `headrace up` listens for plain HTTP. */
const SERVICE = "http://127.0.0.1:8642";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../build/console",
    emptyOutDir: true,
    // Inlined assets would need data: in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": SERVICE, "/kafka": SERVICE, "/console/session": SERVICE } },
});
