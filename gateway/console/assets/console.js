// The live page. The server follows the stream first and loads the store second; each connection's first message is
// the whole state, so reconnecting is loading again. Money stays text, grouped for the eye; it
// becomes a number for the plot alone.

import { arrange, make, write } from "/dom.js";
import { plot, short } from "/plot.js";
import { drawPolicies } from "/policies.js";

const $ = (id) => document.getElementById(id);
const PLOT_SECONDS = 300;
const SILENCE = 15_000;
const GLOW = 1_400;
const TOUCH_PAUSE = 30_000;

const page = {
  user: null,
  asked: { day: "", currency: "", order: "count", key: "" },
  day: "",
  today: "",
  totals: [],
  top: [],
  found: [],
  plot: new Map(),
  state: null,
  offset: 0,
  source: null,
  heard: 0,
  touched: 0,
  since: null,
  frame: 0,
};

// Figures

const grouped = (text) => {
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(String(text)) ?? [, "", "0", ""];
  return (sign ? "−" : "") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
};
const clock = (instant) => new Date(instant).toLocaleTimeString([], { hour12: false });
const plural = (count, one, many) => `${grouped(count)} ${count === 1 ? one : many}`;

// The server

// What the page asks by itself is no use of the session, which ends when nobody is at the page.
async function call(path, body, attended = false) {
  const options = body === undefined ? { headers: attended ? {} : { "tallygate-unattended": "1" } } : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(`/api/v1/${path}`, options);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.detail ?? answer.title), { status: response.status });
  return answer;
}

function follow() {
  page.source?.close();
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(page.asked)) if (value) query.set(name, value);
  if (!page.asked.currency) query.delete("order");
  const source = new EventSource(`/api/v1/events?${query}`);
  page.source = source;
  page.heard = Date.now();
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.addEventListener("turn", follow);
  source.addEventListener("bye", () => show(null));
  source.onerror = () => {
    connection("waiting", "Reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => page.source === source && start(), 2_000);
  };
}

function stop() {
  page.source?.close();
  page.source = null;
}

// What the server says

function take(message) {
  page.heard = Date.now();
  page.offset = message.now - Date.now();
  if (message.whole) {
    if (message.day !== page.day) page.drawn = new Map();
    Object.assign(page, { totals: [], top: [], found: [], plot: new Map() });
  }
  Object.assign(page, { day: message.day, today: message.today });
  for (const part of ["state", "totals", "top", "found"]) if (message[part]) page[part] = message[part];
  for (const second of message.plot ?? []) page.plot.set(second.at, second);
  const oldest = message.now / 1_000 - PLOT_SECONDS - 5;
  for (const at of page.plot.keys()) if (at < oldest) page.plot.delete(at);
  page.frame ||= requestAnimationFrame(draw);
}

// Drawing

function draw() {
  page.frame = 0;
  drawBar();
  drawTotals();
  drawTop();
  drawFound();
}

function connection(state, text) {
  $("connection").dataset.state = state;
  if ($("connection-text").textContent !== text) $("connection-text").textContent = text;
}

function drawBar() {
  const { state } = page;
  if (document.activeElement !== $("day")) $("day").value = page.day;
  $("day-today").setAttribute("aria-pressed", String(page.day === page.today));
  const sound = state?.following && state?.store;
  if (sound) page.since = null;
  else page.since ??= new Date(Date.now() + page.offset);
  if (sound) connection("live", state.loaded ? "Live" : "Live, reading the day");
  else connection("away", "Figures stand still");
  const what = state?.following ? "The store of sums does not answer" : "The stream of daily sums is away";
  notice(sound ? "" : `${what}; the figures may be as old as ${clock(page.since)}. It is being tried again.`);
}

function notice(text) {
  $("notice").hidden = !text;
  if ($("notice").textContent !== text) $("notice").textContent = text;
}

function drawTotals() {
  const place = $("totals");
  const cards = page.totals.map((total) => {
    const id = `total-${total.currency}`;
    const card = document.getElementById(id) ?? make("article", { id, className: "card total" }, [
      make("h3", { textContent: total.currency }), make("strong"), make("p"),
    ]);
    const [, sum, rest] = card.children;
    const keys = total.keys ? ` · ${plural(total.keys, "key", "keys")}` : "";
    write(sum, grouped(total.sum));
    write(rest, plural(total.count, "transaction", "transactions") + keys);
    glow(card, `total ${total.currency}`, total.count);
    return card;
  });
  arrange(place, cards);
  $("totals-empty").hidden = cards.length > 0 || !page.state;
  choices($("currency"), ["", ...page.totals.map((total) => total.currency)], page.asked.currency, "all");
}

function drawTop() {
  const rows = page.top.map((sum, rank) => {
    const name = `top ${sum.currency} ${sum.key}`;
    const row = known(name) ?? remember(name, make("tr", {}, [
      make("td", { className: "number rank" }),
      make("td", {}, [make("button", { type: "button", className: "key-link", textContent: sum.key })]),
      make("td", { textContent: sum.currency }),
      make("td", { className: "number" }), make("td", { className: "number" }), make("td", { className: "number last" }),
    ]));
    const [place, , , money, count, last] = row.children;
    write(place, String(rank + 1));
    figures(money, count, last, sum);
    glow(row, name, sum.count);
    return row;
  });
  arrange($("top"), rows);
  const loading = page.state && !page.state.loaded;
  const pruned = page.state?.pruned ? "There are too many keys to hold; the order is that of the busiest." : "";
  const empty = loading ? "The day's keys are being read." : "No keys yet.";
  write($("top-empty"), rows.length ? pruned : empty);
  $("top-empty").hidden = !page.state || (rows.length > 0 && !pruned);
}

function drawFound() {
  const { key } = page.asked;
  $("found-section").hidden = !key;
  if (!key) return;
  write($("found-title"), key);
  const rows = page.found.map((sum) => {
    const name = `found ${sum.currency} ${sum.key}`;
    const row = known(name) ?? remember(name, make("tr", {}, [
      make("td", { textContent: sum.currency }),
      make("td", { className: "number" }), make("td", { className: "number" }), make("td", { className: "number" }),
    ]));
    const [, money, count, last] = row.children;
    figures(money, count, last, sum);
    glow(row, name, sum.count);
    return row;
  });
  arrange($("found"), rows);
  $("found-empty").hidden = rows.length > 0 || !page.state;
  write($("found-empty"), `No transactions of this key on ${page.day}. Keys are found by their whole text.`);
}

function figures(money, count, last, sum) {
  write(money, grouped(sum.sum));
  write(count, grouped(sum.count));
  write(last, clock(sum.updated_at));
  last.title = sum.updated_at;
}

// Rows are kept by name, so that what moves in the order stays the same row, and what changed can be seen.

page.rows = new Map();
page.drawn = new Map();
const known = (name) => page.rows.get(name);
const remember = (name, row) => {
  if (page.rows.size > 1_000) page.rows.clear();
  page.rows.set(name, row);
  return row;
};

const still = matchMedia("(prefers-reduced-motion: reduce)");
function glow(element, name, count) {
  const before = page.drawn.get(name);
  if (before === count) return;
  if (page.drawn.size > 4_000) page.drawn.clear();
  page.drawn.set(name, count);
  if (before === undefined && !page.settled) return;
  // Under steady traffic most rows change all the time: what glows must stay calm.
  element.glow?.cancel();
  const style = getComputedStyle(document.documentElement);
  const lit = element.tagName === "TR"
    ? { backgroundColor: style.getPropertyValue("--glow") }
    : { boxShadow: `inset 4px 0 0 ${style.getPropertyValue("--bar")}` };
  const unlit = element.tagName === "TR" ? { backgroundColor: "transparent" } : { boxShadow: "inset 4px 0 0 transparent" };
  element.glow = element.animate(still.matches ? [lit, lit] : [lit, unlit], { duration: GLOW, easing: "ease-in" });
}

function choices(select, values, chosen, none) {
  if (chosen && !values.includes(chosen)) values.push(chosen);
  if (values.join() === select.dataset.values) return;
  select.dataset.values = values.join();
  select.replaceChildren(...values.map((value) => make("option", { value, textContent: value || none })));
  select.value = chosen;
}

// The plot

function drawPlots() {
  if (!page.user || document.hidden) return;
  const now = Math.floor((Date.now() + page.offset) / 1_000);
  const currency = page.asked.currency || busiest();
  const seconds = Array.from({ length: PLOT_SECONDS }, (_, back) => page.plot.get(now - PLOT_SECONDS + back));
  const counts = seconds.map((second) => (currency && page.asked.currency ? second?.sums[currency]?.[0] : second?.count) ?? 0);
  const amounts = seconds.map((second) => Number(second?.sums[currency]?.[1] ?? 0));
  const average = (values) => values.slice(-10).reduce((sum, value) => sum + value, 0) / 10;
  write($("rate"), short(average(counts)));
  write($("amount-title"), currency ? `${currency} a second` : "Amount a second");
  write($("amount"), short(average(amounts)));
  plot($("plot-count"), counts, now, "Transactions a second");
  plot($("plot-amount"), amounts, now, `${currency ?? "Amount"} a second`);
}

function busiest() {
  return page.totals.reduce((best, total) => (!best || total.count > best.count ? total : best), null)?.currency;
}

// The appliance

async function drawWay() {
  if (!page.user || document.hidden) return;
  try {
    const status = await call("status");
    const rows = [["way-queue", status.queue_depth], ["way-lag", status.fold_lag], ["way-dead", status.dead_letters]];
    for (const [id, value] of rows) {
      write($(id), value === null ? "–" : grouped(value));
      $(id).classList.toggle("some", id === "way-dead" && value > 0);
    }
    drawWarnings(status.warnings);
    write($("way-dead-age"), status.dead_letters_age ? `the oldest for ${status.dead_letters_age}` : "");
    $("troubles").replaceChildren(...status.troubles.map((text) => make("li", { textContent: text })));
    // Where partners are served, there are policies.
    if (status.roles.includes("gateway")) drawPolicies($("policies"), (await call("policies")).policies);
    write($("release"), `Tallygate ${status.version} · ${status.roles.join(", ")}`);
  } catch (problem) {
    if (problem.status === 401) show(null);
  }
}

// Written only when they change, so that nobody is told the same again each time.
function drawWarnings(warnings) {
  const drawn = JSON.stringify(warnings);
  if ($("warnings").dataset.drawn === drawn) return;
  $("warnings").dataset.drawn = drawn;
  $("warnings").hidden = warnings.length === 0;
  $("warnings").replaceChildren(...warnings.map((text) => make("p", { textContent: `${text.charAt(0).toUpperCase()}${text.slice(1)}.` })));
}

// What people do

function ask(change) {
  Object.assign(page.asked, change);
  if (!page.asked.currency) page.asked.order = "count";
  if (page.asked.day === page.today) page.asked.day = "";
  page.settled = false;
  setTimeout(() => { page.settled = true; }, 500);
  const query = new URLSearchParams(Object.entries(page.asked).filter(([name, value]) => value && value !== "count"));
  history.replaceState(null, "", query.size ? `/?${query}` : "/");
  $("currency").value = page.asked.currency;
  $("order").value = page.asked.order;
  $("order").disabled = !page.asked.currency;
  $("order").title = page.asked.currency ? "" : "Choose a currency to order by sum";
  page.found = [];
  $("key").value = page.asked.key;
  follow();
}

const shifted = (days) => {
  const day = new Date(`${page.day}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
};

function show(session) {
  const user = session?.user ?? null;
  page.user = user;
  $("login").hidden = Boolean(user);
  $("console").hidden = !user;
  if (!user) {
    stop();
    $("name").focus();
    return;
  }
  write($("person"), user);
  $("person").title = `May what ${session.role} may`;
  ask({});
  drawPlots();
  drawWay();
}

async function start(attended = false) {
  try {
    const session = await call("session", undefined, attended);
    page.today = session.today;
    show(session);
  } catch {
    connection("waiting", "Reconnecting");
    setTimeout(start, 2_000, false);
  }
}

async function touch() {
  if (!page.user || Date.now() - page.touched < TOUCH_PAUSE) return;
  page.touched = Date.now();
  const session = await call("session", undefined, true).catch(() => null);
  if (session && !session.user) show(null);
}

$("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  write($("login-problem"), "");
  try {
    const session = await call("login", { name: $("name").value, password: $("password").value });
    $("password").value = "";
    page.today = session.today;
    show(session);
  } catch (problem) {
    const text = problem.message || "The console does not answer";
    write($("login-problem"), text.charAt(0).toUpperCase() + text.slice(1) + ".");
    $("password").select();
  }
});

$("logout").addEventListener("click", async () => {
  stop();
  await call("logout", {}).catch(() => {});
  show(null);
});

$("day").addEventListener("change", () => $("day").value && ask({ day: $("day").value }));
$("day-before").addEventListener("click", () => ask({ day: shifted(-1) }));
$("day-after").addEventListener("click", () => ask({ day: shifted(1) }));
$("day-today").addEventListener("click", () => ask({ day: "" }));
$("currency").addEventListener("change", () => ask({ currency: $("currency").value }));
$("order").addEventListener("change", () => ask({ order: $("order").value }));
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ key: $("key").value.trim() });
});
$("key").addEventListener("search", () => $("key").value || ask({ key: "" }));
$("found-close").addEventListener("click", () => ask({ key: "" }));
$("top").addEventListener("click", (event) => {
  const key = event.target.closest(".key-link")?.textContent;
  if (key) {
    ask({ key });
    scrollTo({ top: 0, behavior: still.matches ? "auto" : "smooth" });
  }
});

for (const act of ["pointerdown", "keydown", "wheel"]) addEventListener(act, touch, { passive: true });
setInterval(drawPlots, 1_000);
setInterval(drawWay, 5_000);
setInterval(() => page.source && Date.now() - page.heard > SILENCE && follow(), 1_000);
document.addEventListener("visibilitychange", () => { drawPlots(); drawWay(); });

for (const [name, value] of new URLSearchParams(location.search)) if (Object.hasOwn(page.asked, name)) page.asked[name] = value;
start(true);
