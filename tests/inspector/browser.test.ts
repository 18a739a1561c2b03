/*
 * The page in a real browser: Debian's chromium, driven by playwright-core, which is no dependency. PLAYWRIGHT_CORE is the
 * folder in whose node_modules it is:
 *
 *     npm install --prefix /tmp/playwright playwright-core
 *     PLAYWRIGHT_CORE=/tmp/playwright node --import tsx --test tests/inspector/browser.test.ts
 *
 * With SCREENSHOTS, it writes what it sees into that folder.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { botApi, setWebhookAndListen, updateHandlers, webhook } from "../../mod.ts";
import { inspect } from "../../src/inspector/inspect.ts";
import { freePort, startTestBotApi } from "../../src/testing/mod.ts";

/** As much of playwright-core as is used. */
interface Page {
  goto(url: string): Promise<unknown>;
  on(
    event: "pageerror" | "console" | "request",
    listener: (it: { url?(): string; type?(): string }) => void,
  ): void;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  inputValue(selector: string): Promise<string>;
  waitForSelector(selector: string): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  evaluate<T>(script: string): Promise<T>;
  screenshot(options: { path: string }): Promise<unknown>;
  emulateMedia(options: { colorScheme: "light" | "dark" }): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  close(): Promise<void>;
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
}

interface Context {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    launchPersistentContext(folder: string, options: object): Promise<Context>;
  };
}

const CHROMIUM = "/usr/bin/chromium";
const { PLAYWRIGHT_CORE = "", SCREENSHOTS, CI } = process.env;
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const canRun = PLAYWRIGHT_CORE !== "" && existsSync(CHROMIUM);
if (isNode && CI === "true" && !canRun) {
  throw new Error("The browser test needs Debian's chromium, and PLAYWRIGHT_CORE");
}
const skip = !isNode || !canRun;

describe("the inspector in Chromium", { skip }, () => {
  let context: Context;
  let folder: string;

  before(async () => {
    const { chromium }: Playwright = createRequire(join(PLAYWRIGHT_CORE, "package.json"))("playwright-core");
    folder = mkdtempSync(join(tmpdir(), "telehook-browser-"));
    context = await chromium.launchPersistentContext(folder, {
      executablePath: CHROMIUM,
      headless: true,
      viewport: { width: 1280, height: 720 },
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ],
    });
  });

  after(async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page. Nothing on it may fail, and nothing may be loaded from elsewhere. */
  async function open(url: string): Promise<{ page: Page; problems: unknown[] }> {
    const page = await context.newPage();
    const problems: unknown[] = [];
    page.on("pageerror", (error) => problems.push(error));
    page.on("console", (message) => message.type?.() === "error" && problems.push(message));
    page.on("request", (request) => {
      const asked = request.url?.() ?? "";
      if (!asked.startsWith(new URL(url).origin) && !asked.startsWith("data:")) problems.push(asked);
    });
    await page.goto(url);
    await page.waitForSelector("#connection:has-text('live')");
    return { page, problems };
  }

  it("shows what is sent, how it fails, and how it passes when it is replayed, edited", async () => {
    await using telegram = await startTestBotApi();
    const port = await freePort();
    const path = "/telegram";
    let isOpen = false;
    await using server = await setWebhookAndListen(
      updateHandlers({
        async message({ message: { chat, text = "" } }) {
          if (text === "/price tent") {
            return { method: "sendMessage", chat_id: chat.id, text: "The tent: 120" };
          }
          if (text.startsWith("/price")) {
            const error = new Error("The price list has no such item");
            error.stack = `${error}\n    at priceOf (prices.ts:12:11)\n    at message (bot.ts:31:24)`; // for the pictures
            throw error;
          }
          while (text === "wait" && !isOpen) await new Promise((resolve) => setTimeout(resolve, 10));
          return undefined;
        },
        message_media_group() {},
      }),
      {
        ...{ token: telegram.token, apiRoot: telegram.apiRoot, hostname: "127.0.0.1", port, maxAttempts: 1 },
        ...{
          acknowledgeWithinMs: 50,
          onError: () => {},
          log: false,
          webhook: { url: `http://127.0.0.1:${port}${path}` },
        },
      },
    );
    const api = botApi(telegram.token, { apiRoot: telegram.apiRoot });
    await using inspector = await inspect(server.webhook, { url: server.url, api });
    const { page, problems } = await open(inspector.url);
    await page.waitForSelector("text=No delivery yet");

    // It is seen, with the parts of an album.
    const [anna, ben] = [telegram.user({ first_name: "Anna" }), telegram.user({ first_name: "Ben" })];
    await anna.sends("Hello");
    await page.waitForSelector("tr:has-text('Anna: Hello') .done");
    anna.sendsAlbum([{ photo: true, caption: "The lake" }, { photo: true }, { video: true }]);
    await anna.sends("/price boat");
    await page.waitForSelector("tr.part:has-text('complete: the next update of its chat came')");
    await page.waitForSelector("td.kind[title='message_media_group']:has-text('message album')");

    // It fails.
    await page.waitForSelector("tr:has-text('Anna: /price boat') .parked");
    await page.keyboard.press("Enter"); // the newest
    await page.waitForSelector("#detail pre:has-text('The price list has no such item')");
    await page.waitForSelector("#detail dt:has-text('secret token') + dd:has-text('✓')");
    await page.waitForSelector("tr.part.parked:has-text('Error: The price list has no such item')");
    await page.keyboard.press("c");
    await page.waitForSelector("#notice:has-text('The command is copied')");
    await page.keyboard.press("x");
    await page.waitForSelector("#notice:has-text('The test is copied')");

    // It is edited, replayed, and passes.
    await page.keyboard.press("e");
    const json = await page.inputValue("#detail textarea");
    await page.fill("#detail textarea", json.replace("/price boat", "/price tent"));
    await page.click("text=Replay (Ctrl+Enter)");
    await page.waitForSelector("tr:has-text('Anna: /price tent') .done");
    await page.keyboard.press("Escape"); // the list has room for all columns again
    await page.waitForSelector("tr:has-text('/price tent') .answer:has-text('200')");
    assert.equal((await telegram.nextCall("sendMessage")).params.text, "The tent: 120"); // which nobody waits for

    // What runs, what waits behind it, and a refusal.
    ben.sends("wait");
    await page.waitForSelector("tr:has-text('Ben: wait') .running");
    ben.sends("Are you there?");
    await page.waitForSelector("tr:has-text('Are you there?') .state:has-text('waiting behind #')");
    await fetch(server.url, {
      method: "POST",
      body: "{}",
      headers: { "x-telegram-bot-api-secret-token": "no" },
    });
    await page.click("tr:has-text('Anna: /price boat')");
    await page.waitForSelector("#detail pre");
    await screenshots(page);

    await page.keyboard.press("2");
    await page.waitForSelector(".laneCard li:has-text('running')");
    await page.keyboard.press("3");
    await page.waitForSelector(
      "tr:has-text('401'):has-text('header is missing or wrong'):has-text('127.0.0.1')",
    );
    await page.keyboard.press("5");
    await page.waitForSelector("li:has-text('Subscribed to message')");
    await page.keyboard.press("4");
    await page.click("tr:has-text('/price boat') button:has-text('Discard')");
    await page.waitForSelector("text=Nothing is parked.");
    isOpen = true;
    await page.keyboard.press("1");
    await page.waitForSelector("tr:has-text('Are you there?') .done");
    assert.deepEqual(problems, []);
    await page.close();
  });

  it("is read by keyboard, filtered, and safe from what people write, with 1000 rows", async () => {
    const hook = webhook(() => {}, { secretToken: null });
    await using inspector = await inspect(hook);
    const evil = '<img src=x onerror="document.title=1">';
    for (let id = 1; id <= 1_000; id++) {
      const chat = { id: id % 40 + 1, type: "private", first_name: id === 500 ? evil : "Anna" } as const;
      await hook.receive({
        update_id: id,
        message: { message_id: id, date: 0, chat, text: `Message ${id}` },
      });
    }
    const { page, problems } = await open(inspector.url);
    await page.waitForSelector("tr[data-number='1']");
    assert.equal(await page.evaluate("document.querySelectorAll('tbody tr').length"), 1_000);
    for (const key of ["j", "j", "ArrowDown", "k"]) {
      await page.keyboard.press(key);
      await page.waitForSelector("tr.chosen");
    }
    await page.waitForSelector("#detail h2:has-text('#999')");
    // A further row is drawn at once: no more than that row is.
    const took = await page.evaluate<number>(`(async () => {
      const rows = document.querySelector("tbody");
      const since = performance.now();
      document.querySelector("#filter").dispatchEvent(new Event("input"));
      rows.getBoundingClientRect();
      return performance.now() - since;
    })()`);
    assert.ok(took < 1_000, `all rows took ${took} ms`);
    await page.keyboard.press("/");
    await page.keyboard.type("500");
    await page.waitForSelector("tr:has-text('<img src=x')");
    assert.equal(await page.evaluate("document.querySelectorAll('tbody tr').length"), 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "light");
    for (const width of [640, 1_920]) {
      await page.setViewportSize({ width, height: 600 });
      for (const tab of ["1", "2", "3", "4", "5"]) {
        await page.keyboard.press(tab);
        assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, tab);
      }
    }
    assert.deepEqual(problems, []);
    await page.close();
    await hook.close();
  });

  async function screenshots(page: Page): Promise<void> {
    if (SCREENSHOTS === undefined) return;
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(SCREENSHOTS, `inspector-${colorScheme}.png`) });
    }
  }
});
