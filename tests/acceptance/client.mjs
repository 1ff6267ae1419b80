// What Medplum's CDS Hooks client makes of this service: discovery, its own buildCdsRequest, call, and what it is told when
// something is wrong. Started by run.py, which gives the address of the service and puts the situations on standard input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { buildCdsRequest, ContentType, MedplumClient, OperationOutcomeError, replaceQueryVariables } from "@medplum/core";

import { resourcesOf, serveFhir } from "./fhir.mjs";

const SERVICES_URL = process.argv[2];
const SERVICE = "bone-modifying-agents";
const situations = JSON.parse(readFileSync(0, "utf8"));
const user = { resourceType: "Practitioner", id: "synthetic-practitioner" };

let passed = 0;
let failed = 0;

async function check(title, test) {
  try {
    await test();
    passed += 1;
    console.log(`ok      ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title}\n        ${String(error.message).replaceAll("\n", "\n        ")}`);
  }
}

/** A Medplum client of the EHR that holds the situation's record; `wire` lists what went over the network. */
async function withEhr(situation, test, pageSize) {
  const fhir = await serveFhir(resourcesOf(situation.request.prefetch), pageSize);
  const wire = [];
  const medplum = new MedplumClient({
    baseUrl: fhir.origin,
    cdsServicesUrl: SERVICES_URL,
    accessToken: fhir.token,
    fetch: async (url, options) => {
      const response = await fetch(url, options);
      wire.push({ url: String(url), headers: new Headers(options?.headers), status: response.status, response });
      return response;
    },
  });
  try {
    await test({ medplum, fhir, wire });
  } finally {
    fhir.close();
  }
}

const discovered = async (medplum, hook) =>
  (await medplum.getCdsServices()).services.find((service) => service.id === SERVICE && service.hook === hook);

const request = async (medplum, situation, change = (service) => service) => {
  const service = await discovered(medplum, situation.request.hook);
  return buildCdsRequest(medplum, user, change(service), situation.request.context);
};

const without = (...keys) => (service) => ({
  ...service,
  prefetch: Object.fromEntries(Object.entries(service.prefetch).filter(([key]) => !keys.includes(key))),
});

/** What Medplum's types call CdsRequestWithAuth; its builder leaves these members to the caller. */
const authorised = (built, fhir, token = fhir.token) => ({
  ...built,
  fhirServer: fhir.base,
  fhirAuthorization: {
    access_token: token,
    token_type: "Bearer",
    expires_in: 300,
    scope: "patient/*.read",
    subject: SERVICE,
    patient: built.context.patientId,
  },
});

const seen = (response) => response.cards.map((card) => `${card.indicator} ${card.source.topic.code}`);

async function refused(call) {
  const error = await call.then(
    (answer) => assert.fail(`answered: ${JSON.stringify(answer).slice(0, 300)}`),
    (thrown) => thrown,
  );
  assert.ok(error instanceof OperationOutcomeError, `no OperationOutcome: ${error.stack}`);
  assert.equal(error.outcome.resourceType, "OperationOutcome");
  assert.ok(error.outcome.issue.every((issue) => issue.severity && issue.code && issue.details.text));
  return error.outcome.issue;
}

// By default a doctor is told by a card: reference clients show a 412 as nothing at all.
const NOT_CHECKED = "warning not-evaluated";

/** The summary of the card that says the order was not checked. */
async function unchecked(call, wire) {
  const response = await call;
  assert.equal(wire.at(-1).status, 200);
  assert.equal(seen(response)[0], NOT_CHECKED);
  return response.cards[0].summary;
}

const dose = situations["zoledronic-acid-dose-above-row"];

await check("discovery: every service has what Medplum's client reads, every template resolves", () =>
  withEhr(dose, async ({ medplum }) => {
    const { services } = await medplum.getCdsServices();
    const found = services.map(({ id, hook }) => `${id} ${hook}`).sort();
    const own = found.filter((each) => each.startsWith(`${SERVICE} `));
    assert.deepEqual(own, [`${SERVICE} order-select`, `${SERVICE} order-sign`]);
    assert.equal(new Set(found).size, found.length);
    // What every EHR sends. Medplum sends null for a template it cannot fill, and null means that nothing is on record.
    const { patientId, userId, draftOrders } = dose.request.context;
    for (const service of services) {
      assert.ok(service.title && service.description && service.usageRequirements);
      assert.ok(Object.keys(service.prefetch).length > 0);
      for (const [key, template] of Object.entries(service.prefetch)) {
        const query = replaceQueryVariables(user, { patientId, userId, draftOrders }, template);
        assert.ok(!/[{}]/.test(query), `${key}: ${query}`);
      }
    }
  }),
);

for (const [name, situation] of Object.entries(situations)) {
  await check(`${name}: ${situation.cards.join(", ") || "no card"}`, () =>
    withEhr(situation, async ({ medplum, fhir, wire }) => {
      const built = await request(medplum, situation);
      assert.equal(built.hook, situation.request.hook);
      assert.ok(!("fhirServer" in built));
      assert.ok(fhir.requests.length > 0 && fhir.requests.every(({ status }) => status === 200));

      const response = await medplum.callCdsService(SERVICE, built);
      assert.deepEqual(seen(response), situation.cards);
      assert.equal(wire.at(-1).headers.get("content-type"), ContentType.JSON);
      assert.equal(wire.at(-1).response.headers.get("content-type"), ContentType.JSON);

      // The record read over Medplum's road says the same as the shipped request that carries it.
      const shipped = await medplum.post(`${SERVICES_URL}/${SERVICE}`, situation.request, ContentType.JSON);
      assert.deepEqual(
        response.cards.map((card) => card.summary),
        shipped.cards.map((card) => card.summary),
      );
    }),
  );
}

await check("a card is what Medplum's types say, and its update replaces the draft", () =>
  withEhr(dose, async ({ medplum }) => {
    const { cards } = await medplum.callCdsService(SERVICE, await request(medplum, dose));
    const draft = dose.request.context.draftOrders.entry[0].resource;
    for (const card of cards) {
      assert.ok(card.uuid && card.summary && card.summary.length <= 140 && card.source.label);
      assert.ok(["info", "warning", "critical"].includes(card.indicator));
      assert.ok((card.suggestions ?? []).every(({ label, actions }) => label && actions.length > 0));
    }
    const [action] = cards[0].suggestions[0].actions;
    assert.equal(action.type, "update");
    assert.ok(action.description);
    const { dosageInstruction: changed, ...kept } = action.resource;
    const { dosageInstruction: ordered, ...order } = draft;
    assert.deepEqual(kept, order);
    assert.notDeepEqual(changed, ordered);
  }),
);

await check("order-select of the same service answers as order-sign", () =>
  withEhr(dose, async ({ medplum }) => {
    const draft = dose.request.context.draftOrders.entry[0].resource;
    const context = { ...dose.request.context, selections: [`${draft.resourceType}/${draft.id}`] };
    const built = await buildCdsRequest(medplum, user, await discovered(medplum, "order-select"), context);
    assert.equal(built.hook, "order-select");
    assert.deepEqual(seen(await medplum.callCdsService(SERVICE, built)), dose.cards);
  }),
);

await check("a body sent as application/fhir+json is answered alike", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const response = await medplum.post(`${SERVICES_URL}/${SERVICE}`, await request(medplum, dose), ContentType.FHIR_JSON);
    assert.equal(wire.at(-1).headers.get("content-type"), ContentType.FHIR_JSON);
    assert.deepEqual(seen(response), dose.cards);
  }),
);

await check("a client that asks for Chinese gets the same cards in Chinese", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const options = { headers: { "Accept-Language": "zh-CN,zh;q=0.9" } };
    const response = await medplum.callCdsService(SERVICE, await request(medplum, dose), options);
    assert.equal(wire.at(-1).response.headers.get("content-language"), "zh-CN");
    assert.deepEqual(seen(response), dose.cards);
    assert.match(response.cards[0].summary, /\p{Script=Han}/u);
  }),
);

await check("any other content type is refused with 415 and an OperationOutcome", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    await refused(medplum.post(`${SERVICES_URL}/${SERVICE}`, "hook=order-sign", ContentType.FORM_URL_ENCODED));
    assert.equal(wire.at(-1).status, 415);
  }),
);

for (const [title, strip] of [
  ["an empty prefetch", (built) => ({ ...built, prefetch: {} })],
  ["no prefetch member", ({ prefetch, ...built }) => built],
]) {
  await check(`${title} and no fhirServer: a card says that the order was not checked, and for want of what`, () =>
    withEhr(dose, async ({ medplum, wire }) => {
      const said = await unchecked(medplum.callCdsService(SERVICE, strip(await request(medplum, dose))), wire);
      for (const key of ["patient", "diagnoses", "laboratory"]) {
        assert.ok(said.includes(key), `${key}: ${said}`);
      }
    }),
  );
}

await check("a context without patientId, which makes every prefetch of Medplum null: 400, not an empty record", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const { patientId, ...context } = dose.request.context;
    const built = await buildCdsRequest(medplum, user, await discovered(medplum, "order-sign"), context);
    assert.ok(Object.values(built.prefetch).every((value) => value === null));
    const [issue] = await refused(medplum.callCdsService(SERVICE, built));
    assert.equal(wire.at(-1).status, 400);
    assert.match(issue.expression[0], /patientId/);
  }),
);

await check("the procedures were not read: answered, and a card says what was not evaluated", () =>
  withEhr(dose, async ({ medplum }) => {
    const built = await request(medplum, dose, without("procedures"));
    assert.ok(!("procedures" in built.prefetch));
    const answered = seen(await medplum.callCdsService(SERVICE, built));
    assert.ok(answered.includes(dose.cards[0]), answered.join(", "));
    assert.ok(answered.some((card) => card.endsWith(" not-evaluated")), answered.join(", "));
  }),
);

await check("the conditions were not read: a card says that the order was not checked", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const built = await request(medplum, dose, without("conditions"));
    assert.match(await unchecked(medplum.callCdsService(SERVICE, built), wire), /diagnoses/);
  }),
);

await check("one page of several, which Medplum does not follow, is not taken for the whole record", () =>
  withEhr(
    dose,
    async ({ medplum, wire }) => {
      const built = await request(medplum, dose);
      assert.ok(built.prefetch.conditions.link.some((link) => link.relation === "next"));
      assert.match(await unchecked(medplum.callCdsService(SERVICE, built), wire), /diagnoses.* only partly/);
    },
    1,
  ),
);

for (const [name, situation] of Object.entries(situations)) {
  await check(`${name}: nothing prefetched, everything read from fhirServer with the token`, () =>
    withEhr(situation, async ({ medplum, fhir }) => {
      const built = await request(medplum, situation, (service) => ({ ...service, prefetch: undefined }));
      assert.equal(fhir.requests.length, 0);
      assert.deepEqual(seen(await medplum.callCdsService(SERVICE, authorised(built, fhir))), situation.cards);
      assert.ok(fhir.requests.every(({ status }) => status === 200), JSON.stringify(fhir.requests));
      // What no rule needs is not asked for.
      assert.equal(fhir.requests.length > 0, name !== "nothing-in-scope");
    }),
  );
}

await check("only what the prefetch left out is read", () =>
  withEhr(dose, async ({ medplum, fhir }) => {
    const built = await request(medplum, dose, without("procedures"));
    fhir.requests.length = 0;
    assert.deepEqual(seen(await medplum.callCdsService(SERVICE, authorised(built, fhir))), dose.cards);
    assert.ok(fhir.requests.length > 0);
    assert.ok(fhir.requests.every(({ target }) => /\/Procedure\b/.test(target)), JSON.stringify(fhir.requests));
  }),
);

await check("the pages that Medplum did not follow are read", () =>
  withEhr(
    dose,
    async ({ medplum, fhir }) => {
      const built = await request(medplum, dose);
      assert.deepEqual(seen(await medplum.callCdsService(SERVICE, authorised(built, fhir))), dose.cards);
      assert.ok(fhir.requests.some(({ target, status }) => target.includes("_page=1") && status === 200));
    },
    1,
  ),
);

await check("a token the FHIR server does not take: a card says so, never an answer as if there were no record", () =>
  withEhr(dose, async ({ medplum, fhir, wire }) => {
    const built = await request(medplum, dose, without("conditions"));
    const said = await unchecked(medplum.callCdsService(SERVICE, authorised(built, fhir, "expired")), wire);
    assert.match(said, /diagnoses/);
    assert.ok(!said.includes("expired"));
  }),
);

await check("a context without draftOrders: 400, and the outcome says where", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const built = await request(medplum, dose);
    const { draftOrders, ...context } = built.context;
    const [issue] = await refused(medplum.callCdsService(SERVICE, { ...built, context }));
    assert.equal(wire.at(-1).status, 400);
    assert.match(issue.expression[0], /draftOrders/);
  }),
);

await check("a service that is not there: 404, and the outcome lists those that are", () =>
  withEhr(dose, async ({ medplum, wire }) => {
    const [issue] = await refused(medplum.callCdsService("no-such-service", await request(medplum, dose)));
    assert.equal(wire.at(-1).status, 404);
    assert.ok(issue.details.text.includes(SERVICE));
  }),
);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
