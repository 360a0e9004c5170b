// Behaviour shared by all pages. Every part works on `data-` attributes; without scripts the page still works.
const root = document.documentElement;

// Theme: follows the system until someone chooses.
const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const themeChanged = () => document.dispatchEvent(new CustomEvent("themechange"));
dark.addEventListener("change", themeChanged);
function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* lasts for this page only */ }
  themeChanged();
}

const closeDrawer = () => { if (location.hash === "#sidebar") history.back(); };

document.addEventListener("click", (event) => {
  const target = event.target.closest(
    "[data-theme-toggle], [data-dialog], [data-close], [data-fill], [data-dismiss], [data-print], [data-retry], [data-empty]",
  );
  if (target?.matches("[data-theme-toggle]")) toggleTheme();
  if (target?.matches("[data-dialog]")) document.getElementById(target.dataset.dialog)?.showModal();
  if (target?.matches("[data-close]")) target.closest("dialog")?.close();
  if (target?.matches("[data-dismiss]")) target.closest(".alert")?.remove();
  if (target?.matches("[data-print]")) print();
  if (target?.matches("[data-empty]")) document.querySelector(target.dataset.empty).replaceChildren();
  if (target?.matches("[data-retry]")) htmx.trigger(target.closest("[hx-get]"), "retry");
  if (target?.matches("[data-fill]")) fillLogin(target);
  if (event.target.matches("dialog")) event.target.close(); // a click on the backdrop
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

function fillLogin(button) {
  const form = document.querySelector("form[data-login]");
  form.elements.username.value = button.dataset.fill;
  form.elements.password.value = button.dataset.password;
  form.querySelector("[type=submit]").focus();
}

// Keyboard: j/k walk through a list, Enter opens, / goes to the filters, Escape closes.
// A page's own keys: <button data-key="c">.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closeDrawer();
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  }
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  // By place on the keyboard, so that the keys work in the Russian layout too.
  const letter = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
  if (event.key === "/" || event.code === "Slash") {
    const field = document.querySelector(".filters input:not([type=hidden]), .filters select");
    if (field) { event.preventDefault(); field.focus(); }
  } else if (event.code === "Space") {
    const box = document.querySelector("[data-walk] > .current input[type=checkbox]:enabled");
    if (box && !event.target.closest?.("button, summary")) { event.preventDefault(); box.click(); }
  } else if (letter === "j" || letter === "k") {
    step(letter === "j" ? 1 : -1);
  } else if (letter) {
    const button = buttonOf(letter);
    if (!button) return;
    event.preventDefault();
    button.click();
  }
});
function buttonOf(letter) {
  const key = `[data-key="${letter}"]`; // of the current row, else the page's own: never that of some other row
  return currentRow()?.querySelector(key)
    ?? [...document.querySelectorAll(key)].find((one) => !one.closest("[data-walk]"));
}
// A list that is drawn anew right after the step may forget the mark; the focus stays.
function currentRow() {
  const row = document.querySelector("[data-walk] > .current") ?? document.activeElement?.closest("[data-walk] > *");
  row?.classList.add("current");
  return row;
}
function step(by) {
  const rows = [...document.querySelectorAll("[data-walk] > *")];
  if (!rows.length) return;
  const here = rows.indexOf(currentRow());
  const next = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
  rows[here]?.classList.remove("current");
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a.row-link") ?? next.querySelector("a, button"))?.focus({ preventScroll: true });
}

// A row that goes (hx-swap="delete") hands its place on; when the last one has gone, the list is asked for those behind.
document.addEventListener("htmx:beforeSwap", ({ detail: { target, shouldSwap } }) => {
  if (!shouldSwap || !target.matches?.("[data-walk] > .current") || target.tagName === "TR") return;
  const rows = [...document.querySelectorAll("[data-walk] > *")];
  step(rows.at(-1) === target ? -1 : 1);
  if (rows.length === 1) setTimeout(() => htmx.trigger(document.body, "fresh"), 50);
});

// Selects of a filter form send it at once when htmx is not there to do so.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form && !window.htmx) form.requestSubmit();
});

// htmx: a failed request leaves the page as it was and says so: in its own place where a block is still to come.
// What asks by itself every few seconds fails silently; the next answer mends it.
const copyOf = (id) => document.getElementById(id).content.cloneNode(true);
function failed({ detail }) {
  const asked = detail.requestConfig?.triggeringEvent?.type;
  const skeleton = detail.target?.querySelector?.(".skeleton");
  if (skeleton) return skeleton.replaceWith(copyOf("block-failed"));
  if (asked === "fresh" || asked === "retry" || detail.elt?.matches?.("#pulse, #sync-progress")) return;
  document.querySelector(".toasts")?.replaceChildren(copyOf("request-failed"));
}
for (const event of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(event, failed);

// A part that draws itself anew says which drawing it shows, and gets none while nothing has changed.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.dataset.seen) detail.headers["X-Seen"] = detail.elt.dataset.seen;
});
// When it does change, the reader keeps his place: the current row, what is focused, what he has opened and scrolled to.
// A current row that is gone leaves its place to the one behind it, else to the one before.
const places = new Map();
const rowsOf = (part) => [...part.querySelectorAll("[data-walk] > *")];
const linkOf = (row) => row.querySelector("a.row-link, a")?.getAttribute("href");
const opened = (part) => [...part.querySelectorAll("details")].map((one) => [one, one.querySelector("summary")?.textContent]);
document.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig, shouldSwap } }) => {
  if (!shouldSwap || requestConfig.elt !== target || !target.dataset.seen) return;
  const rows = rowsOf(target), here = rows.findIndex((row) => row.matches(".current"));
  places.set(target.id, {
    heirs: here < 0 ? [] : [...rows.slice(here), ...rows.slice(0, here).reverse()].map(linkOf),
    focus: target.contains(document.activeElement) && document.activeElement.getAttribute("href"),
    open: opened(target).filter(([one]) => one.open).map(([, words]) => words),
    left: target.querySelector(".table-wrap")?.scrollLeft,
  });
});
document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  const place = places.get(elt.id);
  if (!place) return;
  places.delete(elt.id);
  for (const [one, words] of opened(elt)) if (place.open.includes(words)) one.open = true;
  const rows = new Map(rowsOf(elt).map((row) => [linkOf(row), row]));
  const row = rows.get(place.heirs.find((link) => link && rows.has(link)));
  row?.classList.add("current");
  if (place.focus) {
    const inside = row && linkOf(row) === place.focus ? row : elt;
    const link = inside.querySelector(`a[href="${CSS.escape(place.focus)}"]`) ?? row?.querySelector("a.row-link, a");
    link?.focus({ preventScroll: true });
  }
  const wrap = elt.querySelector(".table-wrap");
  if (wrap && place.left) wrap.scrollLeft = place.left;
});

// A session that ran out answers with the sign-in page: show it whole, not inside a block.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname !== root.dataset.login) return;
  event.detail.shouldSwap = false;
  location.reload();
});

// Charts: their module and plotly load after the content, and only where there is a chart.
function charts(scope) {
  if (!scope.querySelector?.(".chart")) return;
  import(root.dataset.charts).then((module) => module.draw(scope));
}
const whenIdle = window.requestIdleCallback ?? ((run) => setTimeout(run, 1));
addEventListener("load", () => whenIdle(() => charts(document)));
document.addEventListener("htmx:afterSettle", (event) => charts(event.detail.elt));

// A form that was refused by a redirect and a message shows again what was typed into it. Secrets never stay in the tab.
const TYPED = "typed";
const isTyped = (field) => field.name && !/^(hidden|password|file|submit|button|fieldset|output)$/.test(field.type) && !/token|secret|code/.test(field.name);
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/; // of one drawing alone
const formName = (form) => [form.getAttribute("action") ?? "", ...[...form.elements]
  .filter((one) => one.type === "hidden" && one.name !== "csrfmiddlewaretoken" && !UUID.test(one.value))
  .map((one) => `${one.name}=${one.value}`)].join(" ");
document.addEventListener("submit", ({ target: form, defaultPrevented }) => {
  if (defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
  const fields = [...form.elements].filter(isTyped).map((one) => [one.name, one.type, one.value, one.checked,
    [...(one.selectedOptions ?? [])].map((option) => option.value)]);
  try { sessionStorage.setItem(TYPED, JSON.stringify({ name: formName(form), fields })); } catch { /* it is typed anew then */ }
});
function refill() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(TYPED)); sessionStorage.removeItem(TYPED); } catch { /* nothing is kept */ }
  if (!kept || !document.querySelector(".toasts .alert.bad")) return;
  const form = [...document.querySelectorAll("form")].find((one) => formName(one) === kept.name);
  if (!form) return;
  for (const field of [...form.elements].filter(isTyped)) {
    const place = kept.fields.findIndex(([name, type, value]) => name === field.name && type === field.type
      && (!/^(checkbox|radio)$/.test(type) || value === field.value));
    if (place < 0) continue;
    const [, , value, checked, options] = kept.fields.splice(place, 1)[0];
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
    else if (field.options) for (const option of field.options) option.selected = options.includes(option.value);
    else field.value = value;
  }
  for (let outer = form.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
}
refill();
