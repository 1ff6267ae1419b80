// A FHIR server just large enough for Medplum's client: it reads and searches the resources of one situation, asks for a
// bearer token, and refuses what it does not know, so that a search nobody could answer does not pass as an empty one.
import { createServer } from "node:http";

const TOKEN = "acceptance-token";
const PATH = "/fhir/R4";

const codings = (concepts) => [concepts ?? []].flat().flatMap((concept) => concept.coding ?? []);
const coded = (concepts, value) => value.split(",").some((code) => codings(concepts).some((coding) => coding.code === code));
const patientOf = (resource) => [
  resource.subject?.reference,
  resource.patient?.reference,
  ...(resource.participant ?? []).map((participant) => participant.actor?.reference),
];

// Search parameter -> does the resource match? _sort and _count change the order and the page, not the choice.
const CHOICES = {
  patient: (resource, value) => patientOf(resource).includes(`Patient/${value.replace(/^Patient\//, "")}`),
  category: (resource, value) => coded(resource.category, value),
  code: (resource, value) => coded(resource.code, value),
  status: (resource, value) => value.split(",").includes(resource.status),
  _sort: () => true,
  _count: () => true,
  _page: () => true,
};

const outcome = (code, text) => ({
  resourceType: "OperationOutcome",
  issue: [{ severity: "error", code, details: { text } }],
});

/** All resources of a situation's prefetch, each once. */
export function resourcesOf(prefetch) {
  const all = Object.values(prefetch ?? {})
    .filter(Boolean)
    .flatMap((value) => (value.resourceType === "Bundle" ? (value.entry ?? []).map((entry) => entry.resource) : [value]));
  return [...new Map(all.map((resource) => [`${resource.resourceType}/${resource.id}`, resource])).values()];
}

/** Serve `resources` on a free loopback port, at most `pageSize` of a search in one page. */
export async function serveFhir(resources, pageSize = 1000) {
  const requests = [];
  let base = "";

  function search(type, url) {
    const asked = [...url.searchParams];
    const unknown = asked.map(([name]) => name).filter((name) => !(name in CHOICES));
    if (unknown.length > 0) {
      return [400, outcome("not-supported", `unknown search parameter ${unknown.join(", ")}`)];
    }
    const found = resources.filter(
      (resource) => resource.resourceType === type && asked.every(([name, value]) => CHOICES[name](resource, value)),
    );
    const start = Number(url.searchParams.get("_page") ?? 0) * pageSize;
    const link = [{ relation: "self", url: `${base}/${type}${url.search}` }];
    if (start + pageSize < found.length) {
      const next = new URLSearchParams([...asked.filter(([name]) => name !== "_page"), ["_page", start / pageSize + 1]]);
      link.push({ relation: "next", url: `${base}/${type}?${next}` });
    }
    const entry = found.slice(start, start + pageSize).map((resource) => ({
      fullUrl: `${base}/${resource.resourceType}/${resource.id}`,
      resource,
      search: { mode: "match" },
    }));
    // FHIR knows no empty array: nothing found is no entry.
    const bundle = { resourceType: "Bundle", type: "searchset", total: found.length, link };
    return [200, entry.length > 0 ? { ...bundle, entry } : bundle];
  }

  function answer(method, target, authorization) {
    const url = new URL(target, base);
    const [, type, id] = /^\/fhir\/R4\/(\w+)(?:\/([\w.-]+))?$/.exec(url.pathname) ?? [];
    if (authorization !== `Bearer ${TOKEN}`) {
      return [401, outcome("login", "no or wrong token")];
    }
    if (method !== "GET" || !type) {
      return [404, outcome("not-found", `nothing at ${method} ${url.pathname}`)];
    }
    if (!id) {
      return search(type, url);
    }
    const one = resources.find((resource) => resource.resourceType === type && resource.id === id);
    return one ? [200, one] : [404, outcome("not-found", "no such resource")];
  }

  const server = createServer((request, response) => {
    const [status, body] = answer(request.method, request.url, request.headers.authorization);
    requests.push({ target: request.url, status });
    response.writeHead(status, { "Content-Type": "application/fhir+json" }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  base = `${origin}${PATH}`;
  return {
    origin,
    base,
    token: TOKEN,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
