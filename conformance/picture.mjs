// A picture of a page, for the documents: node picture.mjs URL FILE [LOCALE]
//
// docs/console.png and docs/console.ja.png are of the preview (web/preview_test.go), half a minute after its start.
import { chromium } from 'playwright-core';

const [url, path, locale = 'en-US'] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, locale, timezoneId: 'Asia/Tokyo', colorScheme: 'light', reducedMotion: 'reduce' });
await page.goto(url);
await page.waitForSelector('.now .count'); // somebody is being rung
await page.screenshot({ path });
await browser.close();
