// Bars of the last five minutes, one a second, on a canvas.

export const short = (value) => {
  const [size, unit] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([size]) => Math.abs(value) >= size) ?? [1, ""];
  return String(+(value / size).toPrecision(3)) + unit;
};

function nice(value) {
  if (value <= 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * unit).find((step) => step >= value);
}

export function plot(canvas, values, now, what) {
  const { width, height } = canvas.getBoundingClientRect();
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const flat = values.every((value) => !value);
  const most = nice(Math.max(...values)) || (Math.min(...values) < 0 ? 0 : 1);
  const least = -nice(-Math.min(0, ...values)) || 0;
  const [left, right, top, bottom] = [0, width - 38, 8, height - 18];
  const y = (value) => bottom - ((value - least) / (most - least)) * (bottom - top);
  context.textBaseline = "middle";
  for (const value of flat ? [0] : new Set([most, (most + least) / 2, 0, least])) {
    context.fillStyle = colour("--line");
    context.fillRect(left, Math.round(y(value)), right - left, 1);
    context.fillStyle = colour("--muted");
    context.fillText(short(value), right + 6, y(value));
  }
  context.textBaseline = "alphabetic";
  const step = (right - left) / values.length;
  context.fillStyle = colour("--muted");
  for (let minute = 5; minute >= 1; minute -= 1) {
    const at = right - minute * 60 * step;
    const label = new Date((now - minute * 60) * 1_000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
    if (minute % 2) context.fillText(label, Math.max(left, at), height - 4);
  }
  context.fillStyle = colour("--bar");
  values.forEach((value, at) => {
    if (!value) return;
    const edge = y(value), zero = y(0);
    context.fillRect(left + at * step, Math.min(edge, zero), Math.max(step - 0.4, 0.8), Math.max(Math.abs(edge - zero), 1));
  });
  canvas.setAttribute("aria-label", `${what} over the last five minutes: at most ${short(Math.max(...values))}, in the last second ${short(values.at(-1))}`);
}
