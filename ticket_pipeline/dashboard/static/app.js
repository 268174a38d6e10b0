"use strict";
// Addresses hold the state of a page. This script fetches an address instead of loading it, and changes what differs.
const main = () => document.getElementById("main");
const live = document.getElementById("live");
const POLL_MS = 15000;
let etag = null, shownUrl = null, asked = 0;

// --- change only what differs -----------------------------------------------------------------------------------------
function morph(from, to) {
  if (from.isEqualNode(to) && from.value === to.value) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.id || "") !== (to.id || "")) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  const isFocused = from === document.activeElement && "value" in from;
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  if ("value" in from && from.tagName === "INPUT" && !isFocused) from.value = to.value;
  if (from.type === "checkbox") from.checked = to.checked;
  morphChildren(from, to);
  if (from.tagName === "SELECT") from.value = to.value;
}

function morphChildren(from, to) {
  const known = new Map();
  for (const child of from.children) if (child.id) known.set(child.id, child);
  let here = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const same = wanted.id && known.get(wanted.id);
    if (same && same !== here) from.insertBefore(same, here);
    const old = same || here;
    if (old && (same || !old.id || !wanted.id)) {
      here = old.nextSibling;
      morph(old, wanted);
    } else from.insertBefore(wanted, here);
  }
  while (here) {
    const next = here.nextSibling;
    if (!here.classList?.contains("cursor")) here.remove();
    here = next;
  }
}

// --- go to an address -------------------------------------------------------------------------------------------------
async function visit(url, { history: step = null } = {}) {
  const number = ++asked;
  const whole = new URL(url, location);
  if (step) history[`${step}State`](null, "", whole.pathname + whole.search + whole.hash);
  // What a user waits for comes with the first rows; the others follow.
  if (!step && main().querySelector("#overview, [data-more]")) whole.searchParams.set("all", "1");
  whole.hash = "";
  try {
    const known = shownUrl === whole.href && etag ? { "If-None-Match": etag } : {};
    const response = await fetch(whole, { headers: known, cache: "no-store" });
    if (number !== asked) return;
    if (response.status >= 500) return void tell(null);
    if (response.status !== 304) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (number !== asked) return;
      showAges(page);
      document.title = page.title;
      morph(main(), page.getElementById("main"));
      [etag, shownUrl] = [response.headers.get("etag"), whole.href];
    }
    tell(new Date());
    if (step && document.querySelector("[data-more]")) visit(location);
  } catch {
    tell(null);
  }
}

function tell(at) {
  live.classList.toggle("lost", !at);
  live.textContent = at ? `Updated ${at.toLocaleTimeString([], { hour12: false })}` : "No connection; trying again";
}

// --- moments as ages --------------------------------------------------------------------------------------------------
function showAges(root) {
  for (const time of root.querySelectorAll("time")) {
    time.title ||= time.textContent;
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, size]) => Math.abs(seconds) >= size) || [];
    const text = unit ? new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" }).format(Math.trunc(seconds / size), unit) : seconds > 0 ? "in under 1m" : "just now";
    if (time.textContent !== text) time.textContent = text;
  }
}

// --- links, forms and keys --------------------------------------------------------------------------------------------
addEventListener("click", (event) => {
  const link = event.target.closest("main a[href]");
  if (!link || link.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname !== location.pathname || (url.hash && url.search === location.search)) return;
  event.preventDefault();
  visit(url, { history: "push" });
});

let typing = 0;
function submit(form, step) {
  const url = new URL(form.action);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
  visit(url, { history: step });
}
addEventListener("submit", (event) => {
  if (!event.target.closest("main") || event.target.method === "post") return;
  event.preventDefault();
  submit(event.target, "push");
});
addEventListener("input", (event) => {
  if (!event.target.form?.closest("main") || event.target.form.method === "post") return;
  clearTimeout(typing);
  typing = setTimeout(() => submit(event.target.form, "replace"), event.target.type === "search" ? 120 : 0);
});
addEventListener("popstate", () => visit(location));
addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.getElementById("q")) {
    event.preventDefault();
    document.getElementById("q").select();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (step) {
    const names = [...document.querySelectorAll("#overview .name")];
    names[Math.max(0, Math.min(names.length - 1, names.indexOf(document.activeElement) + step))]?.focus();
  }
  if (event.target.matches("svg.chart") && ["ArrowLeft", "ArrowRight", "Home", "End", "Escape"].includes(event.key)) {
    event.preventDefault();
    moveCursor(event.target, event.key);
  }
});

// --- charts: what is drawn at a place, read from the table beside -----------------------------------------------------
function rowsOf(chart) {
  return [...chart.closest("section").querySelectorAll("tr[data-x]")];
}

function moveCursor(chart, key) {
  const rows = rowsOf(chart);
  const now = Number(chart.dataset.at ?? (key === "ArrowLeft" ? rows.length : -1));
  const target = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: rows.length - 1 }[key];
  if (key === "Escape") hideReadout(chart);
  else showReadout(chart, rows, Math.max(0, Math.min(rows.length - 1, target)));
}

function showReadout(chart, rows, number) {
  const row = rows[number], place = Number(row.dataset.x), area = chart.parentElement;
  chart.dataset.at = number;
  let line = chart.querySelector(".cursor");
  if (!line) {
    line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.classList.add("cursor");
    chart.append(line);
  }
  for (const [name, value] of [["x1", `${place * 100}%`], ["x2", `${place * 100}%`], ["y1", 0], ["y2", "100%"]]) line.setAttribute(name, value);
  const names = [...row.closest("table").querySelectorAll("thead th")].map((th) => th.textContent);
  const box = area.querySelector(".readout");
  box.replaceChildren(...[...row.cells].filter((cell) => cell.textContent).map((cell) => {
    const item = document.createElement("span"), value = document.createElement("b");
    value.textContent = cell.textContent;
    item.append(cell.cellIndex ? names[cell.cellIndex] : "", value);
    return item;
  }));
  box.hidden = false;
  box.setAttribute("role", "status");
  const left = chart.getBoundingClientRect().left - area.getBoundingClientRect().left + place * chart.clientWidth;
  const isRight = left + box.offsetWidth + 12 > area.clientWidth;
  box.style.left = `${Math.max(0, isRight ? left - box.offsetWidth - 12 : left + 12)}px`;
}

function hideReadout(chart) {
  chart.querySelector(".cursor")?.remove();
  chart.parentElement.querySelector(".readout").hidden = true;
  delete chart.dataset.at;
}

addEventListener("pointermove", (event) => {
  const chart = event.target.closest?.("svg.chart");
  for (const other of document.querySelectorAll("svg.chart[data-at]")) if (other !== chart && other !== document.activeElement) hideReadout(other);
  if (!chart) return;
  const box = chart.getBoundingClientRect(), place = (event.clientX - box.left) / box.width, rows = rowsOf(chart);
  let nearest = 0;
  rows.forEach((row, number) => {
    if (Math.abs(row.dataset.x - place) < Math.abs(rows[nearest].dataset.x - place)) nearest = number;
  });
  if (rows.length) showReadout(chart, rows, nearest);
});
addEventListener("focusout", (event) => event.target.matches("svg.chart") && hideReadout(event.target));

// --- keep it current --------------------------------------------------------------------------------------------------
showAges(document);
tell(new Date());
setInterval(() => showAges(document), 20000);
setInterval(() => document.hidden || visit(location), POLL_MS);
addEventListener("visibilitychange", () => document.hidden || visit(location));
if (document.querySelector("[data-more]")) visit(location);
