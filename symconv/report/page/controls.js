/**
 * The sliders of a layer: one for every number, or one for each axis where the axes are not alike.
 */

/** Every slider: the field of the layer, its least and greatest value, and whether it has a value for each axis. */
export const SLIDERS = [
  { field: "input_size", least: 1, most: 12, perAxis: true },
  { field: "kernel_size", least: 1, most: 7, perAxis: true },
  { field: "stride", least: 1, most: 4, perAxis: true },
  { field: "dilation", least: 1, most: 4, perAxis: true },
  { field: "input_dilation", least: 1, most: 3, perAxis: true },
  { field: "low", least: -2, most: 6, perAxis: true },
  { field: "high", least: -2, most: 6, perAxis: true },
  { field: "groups", least: 1, most: 4 },
  { field: "in_channels", least: 1, most: 8 },
  { field: "out_channels", least: 1, most: 8 },
];

const PADDING = { low: 0, high: 1 };

/** The value of a slider: of a field, at an axis. */
export function valueOf(layer, field, axis) {
  if (field in PADDING) return layer.padding[axis][PADDING[field]];
  return Array.isArray(layer[field]) ? layer[field][axis] : layer[field];
}

/** The layer with another value: at one axis, or, where the axes are alike, at all of them. */
export function withValue(layer, field, axis, value, alike) {
  const chosen = (j) => alike || j === axis;
  if (field in PADDING) {
    const padding = layer.padding.map((pair, j) => pair.map((p, end) => (chosen(j) && end === PADDING[field] ? value : p)));
    return { ...layer, padding };
  }
  if (!Array.isArray(layer[field])) return { ...layer, [field]: value };
  return { ...layer, [field]: layer[field].map((old, j) => (chosen(j) ? value : old)) };
}

/** Whether a layer has the same numbers along all its axes. */
export function isAlike(layer) {
  return SLIDERS.filter(({ perAxis }) => perAxis).every(({ field }) =>
    layer.input_size.every((_, axis) => valueOf(layer, field, axis) === valueOf(layer, field, 0)));
}

/** Draws the sliders; `text` gives the words for a key, `alike` says whether one slider stands for all axes. */
export function drawSliders(box, layer, text, alike) {
  const axes = layer.input_size.length;
  const both = axes > 1
    ? `<label class="check"><input type="checkbox" id="alike"${alike ? " checked" : ""}> ${text("alike")}</label>` : "";
  const sliders = SLIDERS.map((slider) => {
    const shown = slider.perAxis && !alike ? axes : 1;
    const inputs = Array.from({ length: shown }, (_, axis) => inputOf(layer, slider, axis, shown > 1, text));
    return `<div class="slider"><span>${text(slider.field)}</span>${inputs.join("")}</div>`;
  });
  box.innerHTML = both + sliders.join("");
}

function inputOf(layer, { field, least, most }, axis, several, text) {
  const value = valueOf(layer, field, axis);
  const name = text(field) + (several ? ` ${text(axis === 0 ? "down" : "across")}` : "");
  return `<output>${value}</output><input type="range" min="${Math.min(least, value)}" max="${Math.max(most, value)}" ` +
    `value="${value}" aria-label="${name}" data-field="${field}" data-axis="${axis}">`;
}

/** The layer as Python writes it, shortest. */
export function spelled(layer) {
  const tuple = (values) => `(${values.join(", ")}${values.length === 1 ? "," : ""})`;
  const same = (values) => new Set(values.map(String)).size === 1;
  const parts = [tuple(layer.input_size), tuple(layer.kernel_size)];
  const options = [["stride", 1], ["padding", 0], ["dilation", 1], ["input_dilation", 1]];
  for (const [name, usual] of options) {
    let values = layer[name];
    if (name === "padding") {
      const single = values.every(([low, high]) => low === high);
      values = single ? values.map(([low]) => low) : values.map(tuple);
      if (!single) { parts.push(`padding=${tuple(values)}`); continue; }
    }
    if (!same(values)) parts.push(`${name}=${tuple(values)}`);
    else if (values[0] !== usual) parts.push(`${name}=${values[0]}`);
  }
  for (const name of ["groups", "in_channels", "out_channels", "batch"]) {
    if (layer[name] !== 1) parts.push(`${name}=${layer[name]}`);
  }
  if (!layer.bias) parts.push("bias=False");
  if (layer.flip) parts.push("flip=True");
  if (layer.weight_layout !== "OI") parts.push(`weight_layout='${layer.weight_layout}'`);
  return `Conv(${parts.join(", ")})`;
}

/** A layer whose axes all have the numbers of the first one. */
export function firstAxisForAll(layer) {
  const alike = Object.entries(layer).map(([name, value]) =>
    [name, Array.isArray(value) ? value.map(() => value[0]) : value]);
  return Object.fromEntries(alike);
}
