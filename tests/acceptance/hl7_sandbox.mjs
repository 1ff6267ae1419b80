// HL7's Sandbox in headless Chromium, as its user meets this server. Started by hl7_sandbox_run.py, which puts the addresses on
// standard input. What leaves this machine is refused: the Sandbox asks for its own services and fonts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { chromium } from "playwright-core";

const given = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: given.chromium, args: given.arguments });
// How many services of ours each hook has.
const SERVICES = { "patient-view": 1, "order-select": 4, "order-sign": 4 };
const HOOKS = Object.keys(SERVICES);
let passed = 0;
let failed = 0;

/** A browser with the Sandbox open, its services added; `calls` are the answers of the hooks, in their order. */
async function opened(service, fhir, query) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1200 } });
  await context.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort());
  const page = await context.newPage();
  const calls = [];
  page.on("response", async (answer) => {
    const found = answer.url().match(/\/hooks\/([\w-]+)\/cds-services\/([\w-]+)(\/feedback)?$/);
    if (!found || answer.request().method() !== "POST") return;
    const call = { hook: found[1], service: found[2], feedback: Boolean(found[3]), status: answer.status() };
    call.body = await answer.json().catch(() => null);
    calls.push(call);
  });
  const discovery = HOOKS.map((hook) => `${service}/hooks/${hook}/cds-services`).join(",");
  const asked = new URLSearchParams({ fhirServiceUrl: fhir, patientId: given.patient, serviceDiscoveryURL: discovery, ...query });
  await page.goto(`${given.page}/?${asked}`);
  /** The calls of a hook, once every service that has it was asked after what the user did last. */
  const called = async (hook) => {
    const found = () => calls.filter((call) => call.hook === hook && !call.feedback);
    for (let n = 0; n < 200 && new Set(found().map((call) => call.service)).size < SERVICES[hook]; n += 1) await page.waitForTimeout(100);
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(500);
    return found();
  };
  /** The user writes the name of a drug and takes it from the list; what was asked before there was one is forgotten. */
  const chooses = async (drug) => {
    await called("order-select");
    calls.length = 0;
    await page.locator("input[name=medication-input]").fill(drug);
    await page.getByRole("button", { name: drug, exact: true }).click();
    return called("order-select");
  };
  return { page, context, calls, called, chooses };
}

async function meeting(title, test, ...how) {
  const user = await opened(...how);
  try {
    await test(user);
    passed += 1;
    console.log(`ok      Sandbox: ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  Sandbox: ${title}\n        ${String(error.message).replaceAll("\n", "\n        ")}`);
    for (const call of user.calls) console.log(`        ${call.hook} ${call.service} ${call.status} ${topics([call])}`);
  }
  if (given.pictures) await user.page.screenshot({ path: `${given.pictures}/${title.replaceAll(/\W+/g, "-")}.png` });
  await user.context.close();
}

const topics = (calls) => calls.flatMap((call) => call.body?.cards ?? []).map((card) => card.source.topic.code);
/** Every card of the newest answers stands on the page, with all of its sentences and buttons. */
async function shown(page, calls) {
  const newest = new Map(calls.map((call) => [call.service, call]));
  const text = (await page.locator("#root").innerText()).replaceAll(/\s+/g, " ");
  for (const card of [...newest.values()].flatMap((call) => call.body.cards)) {
    assert.ok(text.includes(card.summary), `not shown: ${card.summary}`);
    for (const said of card.suggestions ?? []) assert.ok(text.toLowerCase().includes(said.label.toLowerCase()), said.label);
    for (const line of card.detail.split("\n").filter(Boolean)) {
      const plain = line.replace(/^- /, "").replaceAll(/\*\*|\\(?=[^\w\s])/g, "").replaceAll(/&(lt|gt|amp);/g, (_, it) => ({ lt: "<", gt: ">", amp: "&" })[it]);
      assert.ok(text.includes(plain.replaceAll(/\s+/g, " ").trim()), `not shown: ${plain}`);
    }
  }
}

const CHART = { hook: "patient-view", screen: "patient-view" };
const DRUG = { hook: "order-select", screen: "rx-view" };

await meeting("an opened chart is answered, and its cards are shown", async ({ page, called }) => {
  const calls = await called("patient-view");
  assert.deepEqual(calls.map((call) => call.status).filter((status) => status !== 200), []);
  assert.ok(topics(calls).includes("start-bma"), topics(calls).join());
  await shown(page, calls);
}, given.service, given.whole, CHART);

await meeting("a selected drug is answered, and its card is shown", async ({ page, chooses }) => {
  const calls = await chooses(given.drug);
  assert.deepEqual(calls.map((call) => call.status).filter((status) => status !== 200), []);
  assert.ok(topics(calls).includes("opioid-with-bma"), topics(calls).join());
  await shown(page, calls);
}, given.service, given.whole, DRUG);

await meeting("an order is signed, and a card that is set aside is told", async ({ page, calls, called, chooses }) => {
  await chooses(given.drug);
  await page.getByRole("button", { name: "Rx Sign" }).click();
  await page.getByRole("button", { name: "Sign Order" }).click();
  const signed = await called("order-sign");
  assert.ok(signed.length, "order-sign was not fired");
  assert.deepEqual(signed.map((call) => call.status).filter((status) => status !== 200), []);
  assert.ok(topics(signed).includes("opioid-with-bma"), topics(signed).join());
  await shown(page, signed);
  await page.getByRole("button", { name: "Dismiss", exact: true }).first().click();
  for (let n = 0; n < 100 && !calls.some((call) => call.feedback); n += 1) await page.waitForTimeout(100);
  assert.deepEqual(calls.filter((call) => call.feedback).map((call) => call.status), [200]);
}, given.service, given.whole, DRUG);

await meeting("what could not be read is told on a card", async ({ page, chooses }) => {
  const calls = await chooses(given.drug);
  assert.deepEqual(calls.map((call) => call.status).filter((status) => status !== 200), []);
  assert.ok(topics(calls).includes("not-evaluated"), topics(calls).join());
  await shown(page, calls);
}, given.service, given.failing, DRUG);

await meeting("a 412 is not shown to its user: 'All clear!', so the default is a card", async ({ page, chooses }) => {
  const calls = await chooses(given.drug);
  assert.ok(calls.some((call) => call.status === 412), calls.map((call) => call.status).join());
  assert.ok((await page.locator("#root").innerText()).includes("All clear!"));
}, given.refusing, given.failing, DRUG);

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
