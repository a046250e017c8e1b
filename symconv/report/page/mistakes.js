/**
 * The mistakes of the lens: what a wrong implementation computes, term by term. No document, no drawing.
 *
 * As in symconv's audit, a layer is a form that a mistake can change: along each axis the relation x = s*i + d*k - low and
 * what survives of it, which channels and samples meet, and a factor. Each mistake is one change of the form; its name,
 * class, reason and mend are those of symconv's catalogue, which the page carries as data. Tests hold that the changed
 * form is the catalogue's. The catalogue is about layers without input dilation and with a kernel that is not flipped.
 */

import { axesOf } from "./geometry.js";

const range = (n) => Array.from({ length: Math.max(n, 0) }, (_, at) => at);
const reach = ({ d, K }) => d * (K - 1);
const gaps = ({ d, K }) => (d - 1) * (K - 1);

/** The form of the theorem. `labels` are [channel of delta, first and second channel of w, channel of a]. */
export function formOf(layer) {
  const { groups, in_channels: C, out_channels: M, batch: N } = layer;
  const [outs, ins] = [M / groups, C / groups];
  const labels = [];
  for (const o of range(M)) {
    for (const c of range(ins)) labels.push([o, o, c, Math.floor(o / outs) * ins + c]);
  }
  return {
    axes: axesOf(layer).map((axis) => ({ ...axis, keep: "all", turned: [] })),
    labels, samples: range(N).map((n) => [n, n]), groups, N, C, M, outs, ins,
    scale: [1, 1], transposed: [], positions: null, length: null,
  };
}

// --- The vocabulary of changes, as in symconv/auditing/changes.py. ---

const along = (change) => (form) => ({ ...form, axes: form.axes.map((axis) => ({ ...axis, ...change(axis) })) });
const padded = (rule) => along((axis) => ({ low: rule(axis) }));
const turned = (...tensors) => along((axis) => ({ turned: [...axis.turned, ...tensors] }));
const scaled = (factor) => (form) => ({ ...form, scale: factor(form) });
const labelled = (rule) => (form) => ({
  ...form, labels: form.labels.map((label) => rule(form, label)).filter((label) => label !== null),
});
const positioned = (rule) => (form) => ({ ...form, positions: form.axes.map(rule) });
const then = (first, second) => (form) => second(first(form));
const turnedFirst = (tensor) => (form) => {
  const [first, ...rest] = form.axes;
  return rest.length ? { ...form, axes: [{ ...first, turned: [...first.turned, tensor] }, ...rest] } : form;
};
const transposed = (tensor) => (form) =>
  form.axes.length > 1 ? { ...form, transposed: [...form.transposed, tensor] } : form;
const mirrored = (...names) => (form) => ({
  ...form,
  axes: form.axes.map((axis, j) => {
    const source = form.axes[form.axes.length - 1 - j];
    return { ...axis, ...Object.fromEntries(names.map((name) => [name, source[name]])) };
  }),
});

/** w[c, o] where w[o, c] is meant, counted within the group, as far as w reaches. */
function acrossChannels(form, [ofDelta, out, inner, ofA]) {
  const within = out % form.outs;
  return within < form.ins && inner < form.outs ? [ofDelta, out - within + inner, within, ofA] : null;
}

const MAPS = ["input", "weight", "forward"];
const EVERYWHERE = [...MAPS, "bias"];

/** Every mistake of the lens: its name in the catalogue, the maps it is made in, and what it does to the form. */
export const MISTAKES = [
  ["kernel not rotated", ["input"], turned("w")],
  ["kernel rotated along one axis only", ["input"], turnedFirst("w")],
  ["kernel transposed instead of rotated", ["input"], then(transposed("w"), turned("w"))],
  ["dE/dw reversed", ["weight"], turned("w")],
  ["delta rotated", ["input", "weight"], turned("delta")],
  ["kernel rotated in the forward map", ["forward"], turned("w")],
  ["delta not dilated by the stride", ["input", "weight"], along(() => ({ s: 1 }))],
  ["stride ignored", ["forward"], along(() => ({ s: 1 }))],
  ["stride and dilation swapped", MAPS, along(({ s, d }) => ({ s: d, d: s }))],
  ["divisibility not checked", ["input"], along(() => ({ floor: true }))],
  ["padded before dilating", ["input"], padded((x) => reach(x) - x.s * (reach(x) - x.low))],
  ["output_padding missing", ["input"], (form) => ({ ...form, length: form.axes.map((x) => x.L - x.r) })],
  ["last rows left at zero", ["input"], along((x) => ({ skippedInputs: x.r }))],
  ["remainder at the wrong end", MAPS, padded((x) => x.low - x.r)],
  ["padding ignored", MAPS, padded(() => 0)],
  ["low and high padding swapped", MAPS, padded((x) => x.high)],
  ["padding off by one", MAPS, padded((x) => x.low + 1)],
  ["padding K - 1 instead of d*(K-1) - p", ["input"], padded(gaps)],
  ["delta padded by p", ["input"], padded((x) => reach(x) - x.low)],
  ["delta not padded", ["input"], padded(reach)],
  ["negative indices not left out", MAPS, along(() => ({ border: "from the end" }))],
  ["indices wrap around", MAPS, along(() => ({ border: "around" }))],
  ["border of delta left out", ["bias"], positioned((x) => range(x.O).slice(x.low, x.O - x.high))],
  ["dilation ignored", MAPS, along(() => ({ d: 1 }))],
  ["dilation forgotten in the padding", ["input"], padded((x) => x.low + gaps(x))],
  ["strides of the axes swapped", MAPS, mirrored("s")],
  ["paddings of the axes swapped", MAPS, mirrored("low", "high")],
  ["kernel transposed", MAPS, transposed("w")],
  ["input and output channels swapped", MAPS, labelled(acrossChannels)],
  ["groups ignored", MAPS, labelled((f, m) => [m[0], m[1], m[2], m[2]])],
  ["kernel of one group used for all", MAPS, labelled((f, m) => [m[0], m[1] % f.outs, m[2], m[3]])],
  ["input channels interleaved", MAPS,
    labelled((f, m) => [m[0], m[1], m[2], (m[3] % f.ins) * f.groups + Math.floor(m[3] / f.ins)])],
  ["only one group computed", MAPS, labelled((f, m) => (Math.floor(m[0] / f.outs) === 0 ? m : null))],
  ["wrong sign", EVERYWHERE, scaled(() => [-1, 1])],
  ["divided by the batch size", EVERYWHERE, scaled((f) => [1, f.N])],
  ["mean instead of sum", EVERYWHERE, scaled((f) => [1, f.axes.reduce((n, x) => n * x.O, f.N)])],
  ["multiplied by the stride", EVERYWHERE, scaled((f) => [f.axes.reduce((n, x) => n * x.s, 1), 1])],
  ["only the last window survives", ["input", "weight"], along(() => ({ keep: "window" }))],
  ["only the last tap survives", ["input", "forward"], along(() => ({ keep: "tap" }))],
  ["last tap left out", MAPS, along(() => ({ skippedTaps: 1 }))],
  ["last window left out", MAPS, along(() => ({ skippedWindows: 1 }))],
  ["only the last filter survives", EVERYWHERE, labelled((f, m) => (m[0] === f.M - 1 ? m : null))],
  ["only the last sample survives", EVERYWHERE, (f) => ({ ...f, samples: f.samples.filter(([n]) => n === f.N - 1) })],
  ["only the last position survives", ["bias"], positioned((x) => [x.O - 1])],
].map(([name, of, change]) => ({ name, of, change }));

/** Whether the catalogue speaks about a layer: no input dilation, no flipped kernel, the weight as (M, C/groups, *K). */
export function isCovered(layer) {
  return layer.input_dilation.every((u) => u === 1) && !layer.flip && layer.weight_layout !== "IO";
}

/** The triples [i, k, x] that meet along an axis of a form, in the map of a slot. */
export function meets(axis, slot) {
  const found = [];
  for (const x of range(axis.L - (axis.skippedInputs ?? 0))) {
    for (const i of range(axis.O - (axis.skippedWindows ?? 0))) {
      for (const k of range(axis.K - (axis.skippedTaps ?? 0))) if (isMet(axis, x, i, k)) found.push([i, k, x]);
    }
  }
  const ends = { delta: [0, axis.O], w: [1, axis.K], a: [2, axis.L] };
  const kept = surviving(axis, slot, found);
  for (const tensor of axis.turned) {
    const [part, size] = ends[tensor];
    for (const triple of kept) triple[part] = size - 1 - triple[part];
  }
  return kept;
}

function isMet(axis, x, i, k) {
  if (axis.floor) return i === Math.floor((x + axis.low - axis.d * k) / axis.s);
  const read = axis.s * i + axis.d * k - axis.low;
  if (axis.border === "around") return x === ((read % axis.L) + axis.L) % axis.L;
  return x === read || (axis.border === "from the end" && x === read + axis.L);
}

/** What is left of a sum along one axis when each new term replaces the last one. */
function surviving(axis, slot, triples) {
  if (axis.keep === "all") return triples;
  const part = axis.keep === "window" ? 0 : 1;
  if (slot !== "input") {
    const last = (part === 0 ? axis.O : axis.K) - 1;
    return triples.filter((triple) => triple[part] === last);
  }
  const best = new Map();
  for (const triple of triples) best.set(triple[2], Math.max(best.get(triple[2]) ?? -1, triple[part]));
  return triples.filter((triple) => triple[part] === best.get(triple[2]));
}

/** Whether every tensor that is read, and the result, has the sizes that the form reads: exchanged axes are equal. */
export function isComparable(form) {
  return form.transposed.every(() => new Set(form.axes.map((axis) => axis.K)).size === 1);
}
