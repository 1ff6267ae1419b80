// HL7's Sandbox in headless Chromium, as its user meets this server. Started by hl7_sandbox_run.py, which puts the addresses
// on standard input. No name of another machine is resolved (the Sandbox asks for services and fonts of its own); a route that
// refused them would have Playwright answer the browser's CORS questions in our place.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { chromium } from "playwright-core";

const given = JSON.parse(readFileSync(0, "utf8"));
const alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
const browser = await chromium.launch({ executablePath: given.chromium, args: [...given.arguments, alone] });
const OURS = [given.service, given.refusing, given.shipped];
let passed = 0;
let failed = 0;

const address = (service, hook) => `${service}/hooks/${hook}/cds-services`;
/** The ids of the services that discovery offers on a hook. */
const offered = async (service, hook) => {
  const { services } = await (await fetch(address(service, hook))).json();
  assert.ok(services.length);
  return services.map((each) => each.id).sort();
};

/** Ask until it is so; what is said when it never is. */
async function until(said, test, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((go) => setTimeout(go, 100))) {
    const found = await test();
    if (found) return found;
  }
  throw new Error(`never: ${said}`);
}

/** A browser with the Sandbox open. `calls`: what was asked of our services and answered; `faults`: what went wrong. */
async function opened(service, fhir, query) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1400 } });
  const page = await context.newPage();
  const calls = [];
  const faults = [];
  const ours = (text) => OURS.some((each) => text.includes(each));
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && ours(message.text() + message.location().url)) faults.push(message.text());
  });
  page.on("requestfailed", (request) => ours(request.url()) && faults.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("requestfinished", async (request) => {
    const found = request.url().match(/\/hooks\/([\w-]+)\/cds-services\/([\w-]+)(\/feedback)?$/);
    if (!found || request.method() !== "POST") return;
    const answer = await request.response();
    calls.push({
      hook: found[1],
      service: found[2],
      feedback: Boolean(found[3]),
      asked: request.postDataJSON(),
      status: answer.status(),
      origin: answer.headers()["access-control-allow-origin"],
      body: await answer.json().catch(() => null),
    });
  });
  await page.goto(`${given.page}/?${new URLSearchParams({ fhirServiceUrl: fhir, patientId: given.patient, ...query })}`);

  /** The newest answer of each service on the hook, once all of them answered about an order that `fits`. */
  const answers = async (hook, fits = () => true) => {
    const all = (await offered(service, hook)).join();
    return until(`${hook} was asked of ${all}`, () => {
      const newest = new Map();
      for (const call of calls) if (call.hook === hook && !call.feedback && fits(order(call))) newest.set(call.service, call);
      return [...newest.keys()].sort().join() === all && [...newest.values()];
    });
  };
  const feedback = (outcome) =>
    until(`feedback: ${outcome}`, () => calls.find((call) => call.feedback && call.asked.feedback[0].outcome === outcome));
  return { page, context, service, calls, faults, answers, feedback };
}

const order = (call) => call.asked.context.draftOrders?.entry[0].resource;
const ofDrug = (draft) => draft?.medicationCodeableConcept?.text === given.drug;

/** The Rx View: the user takes a diagnosis from the list, writes the drug, and takes it from the list. */
async function prescribes({ page, answers }, diagnosis) {
  if (diagnosis) {
    await page.locator("form input[id^=react-select]").fill(diagnosis);
    await page.keyboard.press("Enter");
  }
  await page.locator("input[name=medication-input]").fill(given.drug);
  await page.getByRole("button", { name: given.drug, exact: true }).click();
  return answers("order-select", (draft) => ofDrug(draft) && (!diagnosis || draft.reasonCode?.text === diagnosis));
}

async function journey(title, expectsFault, test, ...how) {
  const user = await opened(...how);
  try {
    await test(user);
    for (const call of user.calls) assert.equal(call.origin, given.page, "CORS: the page may not read the answer");
    if (!expectsFault) assert.deepEqual(user.faults, []);
    passed += 1;
    console.log(`ok      HL7 Sandbox: ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  HL7 Sandbox: ${title}\n        ${String(error.message).replaceAll("\n", "\n        ")}`);
    for (const call of user.calls) console.log(`        ${call.hook} ${call.service}${call.feedback ? " feedback" : ""} ${call.status}`);
    for (const fault of user.faults) console.log(`        ${fault}`);
  }
  if (given.pictures) await user.page.screenshot({ path: `${given.pictures}/${title.replaceAll(/\W+/g, "-")}.png`, fullPage: true });
  await user.context.close();
}

const drawnCard = (page, card) => page.locator(".MuiCard-root").filter({ hasText: card.summary });
const cards = (answers) => answers.flatMap((call) => call.body?.cards ?? []);
const topics = (answers) => cards(answers).map((card) => card.source.topic.code);
const flat = (text) => text.replaceAll(/\s+/g, " ").trim();
/** A line of Markdown as it reads when drawn. */
const drawn = (line) =>
  flat(
    line
      .replace(/^(- |\d+\. |#+ )/, "")
      .replaceAll(/\*\*|\\(?=[^\w\s])/g, "")
      .replaceAll(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]),
  );

/** All answered 200, and each card stands on the page with every sentence and button. */
async function shown({ page }, answers) {
  assert.deepEqual(answers.filter((call) => call.status !== 200).map((call) => call.service), []);
  for (const card of cards(answers)) {
    const text = () => page.locator("#root").innerText().then(flat);
    await until(`shown: ${card.summary}`, async () => (await text()).includes(flat(card.summary)), 10);
    const seen = (await text()).toLowerCase();
    const buttons = (card.suggestions ?? []).map((each) => each.label);
    for (const each of [...(card.detail ?? "").split("\n").filter(Boolean).map(drawn), ...buttons, card.source.label]) {
      assert.ok(seen.includes(flat(each).toLowerCase()), `not shown: ${each}`);
    }
  }
}

const whole = `${given.page}/fhir`;
const denied = `${given.page}/denied`;
const added = (service) => ({ serviceDiscoveryURL: given.hooks.map((hook) => address(service, hook)).join() });
const CHART = { hook: "patient-view", screen: "patient-view" };
const DRUG = { hook: "order-select", screen: "rx-view" };

await journey("its user adds the three addresses by hand, and the opened chart has its cards", false, async (user) => {
  const { page, answers } = user;
  await page.getByText("Synthetic Patient").waitFor();
  for (const hook of given.hooks) {
    await page.locator("header button").last().click();
    await page.getByText("Add CDS Services").click();
    await page.locator("input[name=discovery-endpoint-input]").fill(address(given.service, hook));
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("input[name=discovery-endpoint-input]").waitFor({ state: "detached" });
  }
  const found = await answers("patient-view");
  assert.ok(topics(found).includes("start-bma"), topics(found).join());
  await shown(user, found);
}, given.service, whole, CHART);

await journey("a diagnosis and a drug are chosen, and the order has its card", false, async (user) => {
  await user.answers("order-select");
  const found = await prescribes(user, "Secondary malignant neoplasm of bone");
  assert.ok(topics(found).includes("opioid-with-bma"), topics(found).join());
  await shown(user, found);
}, given.service, whole, { ...DRUG, ...added(given.service) });

await journey("the order is signed; a card set aside with a reason is told", false, async (user) => {
  const { page, answers, feedback } = user;
  await user.answers("order-select");
  await prescribes(user);
  await page.getByRole("button", { name: "Rx Sign" }).click();
  await page.getByRole("button", { name: "Sign Order" }).click();
  const found = await answers("order-sign", ofDrug);
  assert.ok(topics(found).includes("opioid-with-bma"), topics(found).join());
  await shown(user, found);
  const card = cards(found).find((each) => each.source.topic.code === "opioid-with-bma");
  await drawnCard(page, card).getByRole("button", { name: "select dismiss reason" }).click();
  await page.getByRole("menuitem").first().click();
  const told = await feedback("overridden");
  assert.equal(told.status, 200);
  const [event] = told.asked.feedback;
  assert.ok(cards(user.calls).some((each) => each.uuid === event.card));
  assert.ok(card.overrideReasons.some((reason) => reason.code === event.overrideReason.reason.code));
  await page.getByText(card.summary).waitFor({ state: "detached" });
}, given.service, whole, { ...DRUG, ...added(given.service) });

await journey("a button of a card is pressed, and that is told", false, async (user) => {
  const found = await user.answers("patient-view");
  const card = cards(found).find((each) => each.suggestions?.length);
  assert.ok(card, "no card has a button");
  await drawnCard(user.page, card).getByRole("button", { name: card.suggestions[0].label, exact: true }).click();
  const told = await user.feedback("accepted");
  assert.equal(told.status, 200);
  assert.ok(cards(user.calls).some((each) => each.uuid === told.asked.feedback[0].card));
}, given.service, whole, { ...CHART, ...added(given.service) });

await journey("diagnoses may not be read: the doctor sees that the order was not checked", false, async (user) => {
  await user.answers("order-select");
  const found = await prescribes(user);
  assert.ok(topics(found).includes("not-evaluated"), topics(found).join());
  assert.ok(cards(found).some((card) => card.summary.startsWith("Not checked")), cards(found).map((card) => card.summary).join());
  await shown(user, found);
}, given.service, denied, { ...DRUG, ...added(given.service) });

// Why a card is the default.
await journey("with missing_data: refuse the same doctor reads 'All clear!'", true, async (user) => {
  await user.answers("order-select");
  const found = await prescribes(user);
  assert.ok(found.some((call) => call.status === 412), found.map((call) => call.status).join());
  await user.page.getByText("All clear!").waitFor();
}, given.refusing, denied, { ...DRUG, ...added(given.refusing) });

await journey("as shipped an info card is said once: asked again by a click, the Sandbox draws warnings alone", false, async (user) => {
  const info = (found) => cards(found).filter((card) => card.indicator === "info").length;
  await user.answers("patient-view");
  const first = user.calls.slice(0, 1);
  assert.ok(info(first) && info(first) < cards(first).length);
  await until("asked again, the info cards are gone", async () => {
    await user.page.getByRole("button", { name: "Patient View" }).click();
    return !info(await user.answers("patient-view"));
  });
  await shown(user, await user.answers("patient-view"));
}, given.shipped, whole, { ...CHART, serviceDiscoveryURL: address(given.shipped, "patient-view") });

await browser.close();
console.log(`HL7 Sandbox: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
