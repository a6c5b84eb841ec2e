import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The server to talk to while developing: npm run dev.
const server = process.env.KADEN_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist/app', // beside dist/placeholder.html, which is committed
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome111', 'firefox115', 'safari16.4'],
  },
  server: { proxy: { '/api': server, '/login': server, '/logout': server } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
