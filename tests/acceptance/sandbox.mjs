// A page of another origin that calls services as HL7's Sandbox does (tests/test_sandbox_client.py names its source files):
// services are kept by discovery address and id, a hook calls those kept for it, and what a browser does not let the page
// see is not seen. It draws the summary of each card.
import { createServer } from "node:http";

const SCRIPT = `
const kept = new Map();
const add = async (address) => {
  for (const service of (await (await fetch(address)).json()).services) kept.set(address + "/" + service.id, service);
};
const trigger = async (hook, asked) => {
  const place = document.getElementById("cards");
  place.replaceChildren();
  for (const [address, service] of kept) {
    if (service.hook !== hook) continue;
    const prefetch = Object.fromEntries(Object.entries(asked.prefetch).filter(([key]) => key in service.prefetch));
    const body = JSON.stringify({ ...asked, hook, prefetch });
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    for (const card of answer.ok ? (await answer.json()).cards : []) {
      place.appendChild(document.createElement("li")).textContent = card.indicator + ": " + card.summary;
    }
  }
};
window.sandbox = { add, trigger };
`;
const page = (lang) => `<!DOCTYPE html><html lang="${lang}"><meta charset="utf-8"><title>Sandbox</title><link rel="icon" href="data:,">
<main><h1>Sandbox</h1><ul id="cards"></ul></main><script src="script.js"></script></html>`;

/** Serve the page on a free port of this machine. */
export async function serveSandbox() {
  const server = createServer((request, response) => {
    const [type, text] = request.url.endsWith(".js") ? ["text/javascript", SCRIPT] : ["text/html", page(request.url.slice(1))];
    response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
