// Journeys through the workbench in headless Chromium, in both languages. Each fails on an error of the console, a report
// of the content security policy, or an axe violation (WCAG 2.0 to 2.2, A and AA). Started by workbench_run.py, which puts
// what it expects on standard input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const given = JSON.parse(readFileSync(0, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const FIRST = "zoledronic-acid-dose-above-row";
const bench = `${given.base}/workbench`;
const browser = await chromium.launch({ executablePath: given.chromium, args: given.arguments });

let passed = 0;
let failed = 0;

/** A page that remembers everything that went wrong on it. */
async function journey(title, test, options = {}) {
  if (!new RegExp(given.only).test(title)) return;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const wrong = [];
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => wrong.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  if (options.javaScriptEnabled !== false) {
    await page.addInitScript(() => {
      window.violated = [];
      addEventListener("securitypolicyviolation", (event) => window.violated.push(event.violatedDirective));
    });
  }
  try {
    await test(page, context);
    if (options.javaScriptEnabled !== false) wrong.push(...(await page.evaluate(() => window.violated)));
    assert.deepEqual(wrong, []);
    passed += 1;
    console.log(`ok      ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title}\n        ${String(error.message).replaceAll("\n", "\n        ")}`);
  }
  await context.close();
}

async function accessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, preload: false }), TAGS);
  const told = found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 150)).slice(0, 3)}`);
  assert.deepEqual(told, []);
}

const settled = async (page) => {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
};
const open = async (page, path, tag = "en") => {
  await page.goto(`${bench}/${path}${path.includes("?") ? "&" : "?"}lang=${tag}`);
  await settled(page);
};
const summaries = (page) => page.locator(".seen .card h3").allTextContents();
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
/** Sentences of another language that nothing marks as such; what a patient's record says stands in quotes. */
const english = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement.closest("[lang=en], code, pre, script, style, textarea, template, .list")) continue;
      const own = node.textContent.replace(/“[^”]*”/g, "");
      if (/(?:\b[a-z]{2,}\b[ ,]+){4}/.test(own)) found.push(own.trim().slice(0, 120));
    }
    return found;
  });

for (const tag of ["en", "zh-CN"]) {
  await journey(`1 ${tag}: choose by typing, fire, accept, and the report counts it`, async (page) => {
    const report = async () => (await (await page.request.get(`${bench}/report.json`)).json()).made;
    const accepted = (made) => made.topics.reduce((sum, topic) => sum + topic.accepted, 0);
    const before = accepted(await report());
    await page.goto(`${given.base}/`);
    await page.waitForURL("**/workbench/try*");
    await open(page, "try", tag);
    await page.click("#choose > summary");
    await page.fill("#filter [name=q]", "zoledronic-acid-dose-above");
    await page.click("#situations li:not([hidden]) a");
    await settled(page);
    assert.equal((await summaries(page)).length, 1);
    await page.click("[data-fire]");
    await page.waitForSelector("[data-card]");
    await accessible(page);
    await page.click("[data-suggestion]");
    await page.waitForFunction(() => document.querySelector(".told").textContent);
    await page.waitForTimeout(1500);
    assert.equal(accepted(await report()), before + 1);
    await open(page, "report", tag);
    await accessible(page);
  });

  await journey(`2 ${tag}: the creatinine slider by its keys agrees with the command`, async (page) => {
    await open(page, `try?situation=${FIRST}`, tag);
    const slider = page.locator("[data-for=k-creatinine]");
    await slider.focus();
    for (const [value, expected] of Object.entries(given.creatinine[tag])) {
      const now = await slider.inputValue();
      const steps = Math.round((Number(value) - Number(now)) / 0.01);
      for (let n = 0; n < Math.abs(steps); n += 1) await page.keyboard.press(steps > 0 ? "ArrowRight" : "ArrowLeft");
      await page.waitForTimeout(300);
      await settled(page);
      assert.deepEqual(await summaries(page), expected, value);
    }
    assert.ok(await slider.evaluate((it) => it === document.activeElement), "the slider keeps the focus");
    await page.waitForTimeout(700);
    await settled(page);
    await page.click("[data-strip=creatinine] summary");
    const strip = await page.textContent("[data-strip=creatinine] .segments");
    for (const stretch of ["0.30 – 0.86", "0.87 – 1.03", "1.04 – 1.29", "1.30 – 1.73"]) assert.ok(strip.includes(stretch));
    await accessible(page);
  });

  await journey(`3 ${tag}: a dose of the table ends the card, and the page says what that does not mean`, async (page) => {
    await open(page, `try?situation=${FIRST}`, tag);
    await page.fill("#k-dose", "3.3");
    await page.waitForSelector(".nocard");
    assert.ok(page.url().includes("k.dose=3.3"));
    await page.reload();
    await page.waitForSelector(".nocard");
    await accessible(page);
  });

  await journey(`6 ${tag}: a file with a script in the name of a drug is inert`, async (page) => {
    await open(page, "try", tag);
    await page.click("#paste > summary");
    const buffer = Buffer.from(given.script);
    await page.setInputFiles("[data-into=text]", { name: "request.json", mimeType: "application/json", buffer });
    await page.waitForFunction(() => document.querySelector("#text").value);
    await page.click("#own button");
    await page.waitForSelector(".seen .card, .nocard");
    await settled(page);
    assert.ok((await page.textContent("#answer")).includes("<script>"));
    assert.equal(await page.locator("#answer script, #answer img").count(), 0);
    await accessible(page);
  });

  await journey(`5 ${tag}: requests that are refused are told what, where and how; nothing of them in the address`, async (page) => {
    for (const [name, text] of Object.entries(given.refused)) {
      await open(page, "try", tag);
      await page.click("#paste > summary");
      await page.fill("#text", text);
      await page.click("#own button");
      await settled(page);
      const shown = page.locator(name === "mark" ? ".seen .card, .nocard" : ".problem");
      assert.ok(await shown.first().isVisible(), name);
      assert.ok(!page.url().includes(given.secret));
      await accessible(page);
    }
  });

  await journey(`9 ${tag}: the crosshair opens the resource`, async (page) => {
    await open(page, `try?situation=${FIRST}`, tag);
    await page.locator(".cross", { hasText: "Observation/weight" }).first().click();
    const opened = page.locator("details.resource[open]");
    assert.equal(await opened.locator("summary code").textContent(), "Observation/weight");
    assert.ok((await opened.locator("pre").textContent()).includes('"29463-7"'));
    await accessible(page);
  });

  await journey(`11 ${tag}: a recording in which one number differs concerns just its situations`, async (page) => {
    await open(page, "compare", tag);
    await page.fill("#recording", given.recording);
    await page.click("main form button");
    await settled(page);
    const names = await page.locator(".diff h3 code").allTextContents();
    assert.deepEqual(names.sort(), given.differing);
    await accessible(page);
  });

  await journey(`12 ${tag}: every page of the knowledge, and no dead link`, async (page) => {
    await open(page, "knowledge", tag);
    await accessible(page);
    const pages = await page.locator("main a").evaluateAll((links) => links.map((link) => link.href));
    const seen = new Set();
    for (const address of pages) {
      await page.goto(address);
      await accessible(page);
      for (const link of await page.locator("a").evaluateAll((all) => all.map((it) => it.href))) {
        if (link.startsWith(bench)) seen.add(link.split("#")[0]);
      }
    }
    for (const link of seen) assert.equal((await page.request.get(link)).status(), 200, link);
  });

  await journey(`13 ${tag}: keyboard, narrow, enlarged, forced colours`, async (page, context) => {
    await open(page, `try?situation=${FIRST}`, tag);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.emulateMedia({ forcedColors: "active" });
    await accessible(page);
    await page.emulateMedia({ forcedColors: "none" });
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      for (const path of given.pages) {
        await open(page, path, tag);
        await page.waitForTimeout(100);
        assert.ok(await fits(page), `${path} at ${width}`);
        if (width !== 320) await accessible(page);
        if (given.pictures && width !== 320) {
          const name = `${path.split("?")[0].replaceAll("/", "-")}-${tag}-${width}.png`;
          await page.screenshot({ path: `${given.pictures}/${name}` });
        }
      }
    }
    await context.clearCookies();
  });

  await journey(`13 ${tag}: without JavaScript`, async (page) => {
    await page.goto(`${bench}/try?situation=${FIRST}&lang=${tag}`);
    await page.fill("#k-dose", "3.3");
    await page.click("#knobs button");
    assert.equal(await page.locator(".nocard").count(), 1);
    assert.ok(await page.locator("[data-strip=creatinine] .segments").count());
    await page.click("#choose > summary");
    await page.fill("#filter [name=q]", "denosumab calcium");
    await page.click("#filter button");
    const found = await page.locator("#situations li").allTextContents();
    assert.ok(found.length > 0 && found.length < 60);
  }, { javaScriptEnabled: false });

  await journey(`14 ${tag}: the export from disk without a network`, async (page, context) => {
    await context.setOffline(true);
    await page.goto(pathToFileURL(`${given.site}/index.html`).href);
    await accessible(page);
    await page.click(`a.button[href="${tag}/try.html"]`);
    await accessible(page);
    await page.click(`a[href="try/${FIRST}.html"]`);
    assert.equal((await summaries(page)).length, 1);
    await accessible(page);
    await page.click(".verdicts a");
    assert.ok(await page.locator("#sign-off").isVisible());
    await page.click("nav.tongue a");
    assert.notEqual(await page.getAttribute("html", "lang"), tag);
  });
}

await journey("4 the language is changed, and situation and numbers stay", async (page) => {
  await open(page, `try?situation=${FIRST}&k.creatinine=1.9`);
  const address = new URL(await page.locator("nav.tongue a").evaluate((link) => link.href));
  assert.equal(address.searchParams.get("k.creatinine"), "1.9");
  await page.click("nav.tongue a");
  await settled(page);
  assert.equal(await page.inputValue("#k-creatinine"), "1.9");
  assert.equal(await page.locator(".card.u-critical").count(), 1);
  assert.deepEqual(await english(page), []);
  for (const path of ["compare", "report", "knowledge"]) {
    await open(page, path, "zh-CN");
    assert.deepEqual(await english(page), [], path);
  }
});

await journey("8 every override is stored once, and no dry run is", async (page) => {
  const numbers = async () => {
    const { made } = await (await page.request.get(`${bench}/report.json`)).json();
    return [made.topics.reduce((sum, topic) => sum + topic.overridden, 0), made.calls.outcomes.cards ?? 0];
  };
  await open(page, `try?situation=${FIRST}`);
  const reasons = await page.locator(".card .over li").count();
  const [overridden, calls] = await numbers();
  for (let n = 1; n <= reasons; n += 1) {
    await page.locator("[data-for=k-weight]").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(200);
    await settled(page);
    await page.click("[data-fire]");
    await page.waitForSelector("[data-card]");
    await page.selectOption("[data-reasons]", { index: n });
    await page.click("[data-override]");
    await page.waitForFunction(() => document.querySelector(".told")?.textContent);
    assert.ok(await page.isDisabled("[data-override]"));
  }
  await page.waitForTimeout(1500);
  assert.deepEqual(await numbers(), [overridden + reasons, calls + reasons]);
});

await journey("10 what was sent, sent again, gives the same cards", async (page) => {
  await open(page, `try?situation=${FIRST}`);
  await page.click("[data-fire]");
  await page.waitForSelector("[data-card]");
  const [sent, received, curl] = await page.locator(".seen pre").allTextContents();
  assert.ok(curl.includes(`${given.base}/cds-services/bone-modifying-agents`));
  const again = await page.request.post(`${given.base}/cds-services/bone-modifying-agents`, {
    data: sent,
    headers: { "Content-Type": "application/json", "Accept-Language": "en" },
  });
  assert.deepEqual(await again.json(), JSON.parse(received));
});

await journey("input to painted", async (page) => {
  await open(page, `try?situation=${FIRST}`);
  await page.locator("[data-for=k-creatinine]").focus();
  const times = [];
  for (let n = 0; n < 10; n += 1) {
    const begun = Date.now();
    await page.keyboard.press("ArrowRight");
    await page.waitForResponse((response) => response.url().endsWith("/try/answer"));
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
    times.push(Date.now() - begun);
    await page.waitForTimeout(700);
  }
  console.log(`        input to painted, ms (120 of them waiting for the next key): ${times.sort((a, b) => a - b).join(" ")}`);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
