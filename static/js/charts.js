// Draws <div class="chart" data-figure="ID of a JSON block"> with plotly, in the theme's colours.
const root = document.documentElement;
const language = root.lang.startsWith("ru") ? "ru" : "en";
const russian = {
  moduleType: "locale", name: "ru",
  dictionary: {},
  format: {
    days: ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
    shortDays: ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
    months: ["январь", "февраль", "март", "апрель", "май", "июнь",
      "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"],
    shortMonths: ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    date: "%d.%m.%Y", decimal: ",", thousands: "\u00a0",
  },
};

let loading;
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = root.dataset.plotly;
    script.onload = () => { window.Plotly.register(russian); resolve(window.Plotly); };
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

// light-dark() resolves only in a used colour, so a probe wears the variable.
function painter() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const paint = (value) => {
    if (typeof value === "string" && value.startsWith("var(--")) {
      probe.style.color = value;
      return getComputedStyle(probe).color;
    }
    if (Array.isArray(value)) return value.map(paint);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, paint(v)]));
    return value;
  };
  return { paint, done: () => probe.remove() };
}

const look = {
  font: { family: "Inter, system-ui, sans-serif", size: 12.5, color: "var(--muted)" },
  margin: { l: 8, r: 8, t: 8, b: 8 }, bargap: 0.34, barcornerradius: 4,
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false, hovermode: "closest",
  hoverlabel: { bgcolor: "var(--raised)", bordercolor: "var(--line)", font: { color: "var(--text)", size: 13 } },
  legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "normal" },
};
const axis = { fixedrange: true, automargin: true, zeroline: false, ticks: "", gridcolor: "var(--line)", linecolor: "var(--line)" };

function dressed(figure) {
  const { paint, done } = painter();
  const layout = paint({
    ...look, ...figure.layout,
    xaxis: { ...axis, showgrid: false, ...figure.layout.xaxis },
    yaxis: { ...axis, nticks: 7, separatethousands: true, exponentformat: "none", ...figure.layout.yaxis },
  });
  const data = paint(figure.data);
  done();
  return { data, layout };
}

const drawn = new Map();
const config = { displayModeBar: false, responsive: true, locale: language };

async function drawOne(element) {
  if (drawn.has(element)) return;
  drawn.set(element, null);
  try {
    const figure = JSON.parse(document.getElementById(element.dataset.figure).textContent);
    const Plotly = await plotly();
    drawn.set(element, figure);
    const { data, layout } = dressed(figure);
    await Plotly.newPlot(element, data, layout, config);
    element.on("plotly_click", (event) => {
      const href = event.points[0].customdata;
      if (typeof href === "string") location.assign(href);
    });
  } catch {
    drawn.delete(element);
    element.replaceChildren(document.getElementById("chart-failed").content.cloneNode(true));
  }
}

/** Draw every chart inside `scope` that is not drawn yet. */
export function draw(scope) {
  for (const element of drawn.keys()) if (!element.isConnected) { window.Plotly?.purge(element); drawn.delete(element); }
  for (const element of scope.querySelectorAll(".chart")) drawOne(element);
}

document.addEventListener("themechange", () => {
  for (const [element, figure] of drawn) {
    if (!figure) continue;
    const { data, layout } = dressed(figure);
    window.Plotly.react(element, data, layout, config);
  }
});
