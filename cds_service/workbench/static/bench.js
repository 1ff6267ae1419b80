// The workbench in motion: sliders ask for the answer again, Fire makes a real call. Everything else works without.
const root = document.documentElement;
root.classList.add("js");
const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const form = $("#knobs");
const answer = $("#answer");
const words = $("#words")?.dataset;

// A file is read into the field and never sent as a file.
for (const input of all("[data-into]")) {
  input.addEventListener("change", async () => {
    if (input.files[0]) document.getElementById(input.dataset.into).value = await input.files[0].text();
    input.value = "";
  });
}

// Finding a situation by typing.
const filter = $("#filter");
filter?.addEventListener("input", () => {
  const wanted = new FormData(filter);
  const parts = wanted.get("q").toLowerCase().split(/\s+/);
  let shown = 0;
  for (const item of all("#situations li")) {
    const text = (item.textContent + item.firstChild.href).toLowerCase();
    const fits = parts.every((part) => text.includes(part)) &&
      ["topic", "dialect", "language", "service"].every((name) => {
        const value = wanted.get(name);
        return !value || (item.dataset[name === "topic" ? "topics" : name] ?? "").split(" ").includes(value);
      });
    item.hidden = !fits;
    shown += fits;
  }
  $("[data-count]").textContent = `${shown} / ${all("#situations li").length}`;
  $(".none").hidden = shown > 0;
});

const ask = async (path, body, signal) => {
  const response = await fetch(path, { method: "POST", body: new URLSearchParams(body), signal });
  return response.text();
};
const fields = () => {
  const held = new FormData(form);
  held.set("lang", root.lang);
  return held;
};

// What stands on the page is in its address: a shipped name and numbers, never a request of somebody's own.
function remember() {
  const held = fields();
  if (held.has("text") || !held.has("situation")) return;
  const query = new URLSearchParams({ lang: root.lang, situation: held.get("situation") });
  for (const input of all(".knob input[name]")) {
    const moved = Number(input.value) !== Number(input.dataset.was);
    input.closest(".knob").classList.toggle("moved", moved);
    if (moved) query.set(input.name, input.value);
  }
  if (held.get("look") !== "generic") query.set("look", held.get("look"));
  history.replaceState(null, "", `?${query}`);
  for (const link of all("a[data-language], a[data-json]")) {
    query.set("lang", link.dataset.language ?? root.lang);
    link.href = `${link.getAttribute("href").split("?")[0]}?${query}`;
  }
}

let running, waiting, later;
async function update() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  answer.setAttribute("aria-busy", "true");
  try {
    const html = await ask("try/answer", fields(), signal);
    const open = new Set(all("#answer details[open]").map((each) => each.id || each.firstChild.textContent));
    answer.innerHTML = html;
    for (const each of all("#answer details")) if (open.has(each.id || each.firstChild.textContent)) each.open = true;
    remember();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    return;
  }
  answer.removeAttribute("aria-busy");
}

let striping;
async function strips() {
  const held = all("[data-strip]", form ?? document);
  if (!held.length) return;
  striping?.abort();
  striping = new AbortController();
  for (const each of held) if (!each.firstElementChild) each.textContent = words.loading;
  try {
    const made = document.createElement("template");
    made.innerHTML = await ask("try/strips", fields(), striping.signal);
    for (const each of all("[data-strip]", made.content)) {
      const place = held.find((one) => one.dataset.strip === each.dataset.strip);
      if ($("details[open]", place)) $("details", each)?.setAttribute("open", "");
      place?.replaceChildren(...each.childNodes);
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form?.addEventListener("input", ({ target }) => {
  if (target.dataset.for) document.getElementById(target.dataset.for).value = target.value;
  else if (target.type === "number") $("[type=range]", target.closest(".knob")).value = target.value;
  clearTimeout(waiting);
  clearTimeout(later);
  waiting = setTimeout(update, 120);
  if (target.name !== "look") later = setTimeout(strips, 500);
});
form?.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  update();
});

// The crosshair opens the resource it leads to.
const opened = () => {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (place?.tagName === "DETAILS") {
    place.open = true;
    place.scrollIntoView({ block: "nearest" });
  }
};
addEventListener("hashchange", opened);
document.addEventListener("click", (event) => event.target.closest?.(".cross") && setTimeout(opened));

// A real call: the request as it stands goes to the public endpoint, and its answer is drawn by the server.
const block = (title, text) => {
  const details = document.createElement("details");
  details.className = "group";
  const summary = details.appendChild(document.createElement("summary"));
  summary.textContent = title;
  const pre = details.appendChild(document.createElement("pre"));
  pre.tabIndex = 0;
  pre.textContent = text;
  return details;
};
const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};
async function fire(button) {
  const seen = $(".seen");
  const service = `../cds-services/${encodeURIComponent(answer.dataset.service)}`;
  button.disabled = true;
  try {
    const sent = await ask("try/request", fields());
    const begun = performance.now();
    const headers = { "Content-Type": "application/json", "Accept-Language": root.lang };
    const response = await fetch(service, { method: "POST", headers, body: sent });
    const received = await response.text();
    const ms = String(Math.round(performance.now() - begun));
    const told = { lang: root.lang, status: response.status, ms, response: received, service: answer.dataset.service };
    seen.innerHTML = await ask("try/fired", told);
    const curl = `curl -s -H 'Content-Type: application/json' -H 'Accept-Language: ${root.lang}' --data @request.json ${new URL(service, location.href)}`;
    const python = `import urllib.request

headers = {"Content-Type": "application/json", "Accept-Language": "${root.lang}"}
with open("request.json", "rb") as file:
    call = urllib.request.Request("${new URL(service, location.href)}", file.read(), headers)
print(urllib.request.urlopen(call).read().decode("utf-8"))`;
    const shown = [[words.sent, pretty(sent)], [words.received, pretty(received)], [words.curl, curl], [words.python, python]];
    seen.append(...shown.map(([title, text]) => block(title, text)));
    $("h2", seen).scrollIntoView({ block: "nearest" });
  } catch {
    seen.textContent = words.unreachable;
  }
  button.disabled = false;
}
async function tell(card, event) {
  const outcomeTimestamp = new Date().toISOString();
  const feedback = [{ card: card.dataset.card, outcomeTimestamp, ...event }];
  const address = `../cds-services/${encodeURIComponent(answer.dataset.service)}/feedback`;
  const body = JSON.stringify({ feedback });
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  $(".told", card).textContent = response.ok ? words[event.outcome] : words.refused.replace("#", response.status);
  if (response.ok) for (const control of all("button, select", card)) control.disabled = true;
}
document.addEventListener("click", ({ target }) => {
  if (target.matches?.("[data-fire]")) fire(target);
  if (target.matches?.("[data-dry]")) update();
  const card = target.closest?.("[data-card]");
  if (card && target.dataset.suggestion) {
    tell(card, { outcome: "accepted", acceptedSuggestions: [{ id: target.dataset.suggestion }] });
  } else if (card && "override" in target.dataset) {
    const chosen = $("[data-reasons]", card).selectedOptions[0];
    const reason = chosen.value && { overrideReason: { reason: { code: chosen.value, system: chosen.dataset.system } } };
    tell(card, { outcome: "overridden", ...reason });
  }
});

if (form && answer) {
  remember();
  strips();
}
