/**
 * The geometry of a convolution layer, in numbers: which entries meet. No document, no drawing.
 *
 * A layer is an object as `Conv.to_json` writes it: input_size, kernel_size, stride, dilation, input_dilation (one number
 * per axis), padding (one [low, high] per axis), groups, in_channels, out_channels, batch, bias, flip, weight_layout.
 *
 * Along each spatial axis everything is one equation over boxes of integers,
 *
 *     u*x = s*i + d*k - low        0 <= i < O,  0 <= k < K,  0 <= x < L
 *
 * and each map is a way to solve it: for x (the forward map and dE/dw) or for i (dE/da). A "slot" names the map:
 * "forward" (z), "input" (dE/da), "weight" (dE/dw) or "bias" (dE/db).
 */

/** The tensor whose place the result of a map has. */
export const RESULT = { forward: "delta", input: "a", weight: "w", bias: "b" };
/** The tensors that a map multiplies, in the order in which they are written. */
export const FACTORS = { forward: ["w", "a"], input: ["delta", "w"], weight: ["delta", "a"], bias: ["delta"] };

/** The axes of a layer, each with its sizes L, K, O, its coefficients s, d, u, its paddings and its remainder r. */
export function axesOf(layer) {
  return layer.input_size.map((L, j) => {
    const [K, s, d, u] = [layer.kernel_size[j], layer.stride[j], layer.dilation[j], layer.input_dilation[j]];
    const [low, high] = layer.padding[j];
    const slack = u * (L - 1) + low + high - d * (K - 1);
    const r = slack < 0 ? 0 : slack % s;
    return { L, K, s, d, u, low, high, slack, r, O: Math.floor(slack / s) + 1 };
  });
}

/** Why there is no such layer, in English in the words of symconv's own error; "" if there is one. `text` gives the words. */
export function problemOf(layer, text) {
  const { groups } = layer;
  for (const name of ["in_channels", "out_channels"]) {
    if (layer[name] % groups) return text("problem.groups", { name, channels: layer[name], groups });
  }
  for (const [axis, { L, K, d, u, low, high, slack }] of axesOf(layer).entries()) {
    if (slack >= 0) continue;
    const least = low + high - slack;
    return text("problem.fit", {
      kernel: text(d > 1 ? "problem.kernel.dilated" : "problem.kernel", { size: K, dilation: d }),
      input: text(u > 1 ? "problem.input.dilated" : "problem.input", { size: L, dilation: u }),
      mend: text(least >= 0 ? "problem.pad" : "problem.crop", { count: Math.abs(least) }),
      low, high, axis,
    });
  }
  return "";
}

/** The shapes of the tensors: a, w, b and delta (which is that of z). */
export function shapesOf(layer) {
  const { groups, in_channels: C, out_channels: M, batch: N } = layer;
  const axes = axesOf(layer);
  const channels = layer.weight_layout === "IO" ? [C, M / groups] : [M, C / groups];
  return {
    a: [N, C, ...layer.input_size],
    w: [...channels, ...layer.kernel_size],
    b: [M],
    delta: [N, M, ...axes.map((axis) => axis.O)],
  };
}

/** Every index tuple of a box, the last index fastest. */
export function* tuples(shape) {
  if (shape.length === 0) {
    yield [];
    return;
  }
  const [first, ...rest] = shape;
  for (let at = 0; at < first; at += 1) for (const tail of tuples(rest)) yield [at, ...tail];
}

/** One choice from each list, in every way. */
export function* choices(lists) {
  if (lists.length === 0) {
    yield [];
    return;
  }
  const [first, ...rest] = lists;
  for (const one of first) for (const tail of choices(rest)) yield [one, ...tail];
}

/** v with q*v = m and 0 <= v < size, or null: the one rule that is not trivial. */
export function sift(q, m, size) {
  const v = m / q;
  return Number.isInteger(v) && v >= 0 && v < size ? v : null;
}

/** The triples [i, k, x] of an axis in which the index of the map's result is `at`. */
export function meetings(axis, slot, at) {
  const { L, K, O, s, d, u, low } = axis;
  const found = [];
  if (slot === "input") {
    for (let k = 0; k < K; k += 1) {
      const i = sift(s, u * at + low - d * k, O);
      if (i !== null) found.push([i, k, at]);
    }
    return found;
  }
  const forward = slot === "forward";
  for (let other = 0; other < (forward ? K : O); other += 1) {
    const [i, k] = forward ? [at, other] : [other, at];
    const x = sift(u, s * i + d * k - low, L);
    if (x !== null) found.push([i, k, x]);
  }
  return found;
}

/** Where w keeps tap k on the way from input channel c of its group to output channel o. */
export function weightIndex(layer, o, c, k) {
  const taps = layer.flip ? k.map((tap, j) => layer.kernel_size[j] - 1 - tap) : k;
  if (layer.weight_layout !== "IO") return [o, c, ...taps];
  const [outs, ins] = [layer.out_channels / layer.groups, layer.in_channels / layer.groups];
  return [Math.floor(o / outs) * ins + c, o % outs, ...taps];
}

/** The pairs [o, c] of an output channel and an input channel of its group that an entry of a result is about. */
function channelsOf(layer, slot, index) {
  const [outs, ins] = [layer.out_channels / layer.groups, layer.in_channels / layer.groups];
  const range = (n) => Array.from({ length: n }, (_, at) => at);
  if (slot === "forward") return range(ins).map((c) => [index[1], c]);
  if (slot === "input") {
    const group = Math.floor(index[1] / ins);
    return range(outs).map((o) => [group * outs + o, index[1] % ins]);
  }
  if (layer.weight_layout !== "IO") return [[index[0], index[1]]];
  return [[Math.floor(index[0] / ins) * outs + index[1], index[0] % ins]];
}

/**
 * The products whose sum is one entry of a map, each as the indices of its factors: {delta, w, a}, null where the map
 * has no such factor. Sorted as they are written: by delta, then w, then a. The bias that z adds is not among them.
 */
export function contributions(layer, slot, index) {
  const axes = axesOf(layer);
  if (slot === "bias") {
    const [N, , ...positions] = shapesOf(layer).delta;
    return [...tuples([N, ...positions])].map(([n, ...i]) => ({ delta: [n, index[0], ...i], w: null, a: null }));
  }
  let place = index.slice(2);
  if (slot === "weight" && layer.flip) place = place.map((tap, j) => axes[j].K - 1 - tap);
  const along = axes.map((axis, j) => meetings(axis, slot, place[j]));
  const samples = slot === "weight" ? [...Array(layer.batch).keys()] : [index[0]];
  const ins = layer.in_channels / layer.groups;
  const outs = layer.out_channels / layer.groups;
  const found = [];
  for (const [o, c] of channelsOf(layer, slot, index)) {
    const y = Math.floor(o / outs) * ins + c;
    for (const met of choices(along)) {
      const [i, k, x] = [0, 1, 2].map((part) => met.map((triple) => triple[part]));
      for (const n of samples) {
        found.push({
          delta: slot === "forward" ? null : [n, o, ...i],
          w: slot === "weight" ? null : weightIndex(layer, o, c, k),
          a: slot === "input" ? null : [n, y, ...x],
        });
      }
    }
  }
  return found.sort(inWritingOrder);
}

/** By delta, then by w, then by a. */
export function inWritingOrder(one, other) {
  for (const name of ["delta", "w", "a"]) {
    const difference = compareIndices(one[name], other[name]);
    if (difference) return difference;
  }
  return 0;
}

function compareIndices(one, other) {
  for (let at = 0; one && at < one.length; at += 1) if (one[at] !== other[at]) return one[at] - other[at];
  return 0;
}

/**
 * The closed form of a map, a row of the theorem's table: `operand`, dilated by `spread` and padded by [low, high] along
 * each axis, is correlated with `kernel` (rotated by 180 degrees or not), with this stride and dilation. null for the bias.
 */
export function closedForm(layer, slot) {
  const axes = axesOf(layer);
  const over = (rule) => axes.map(rule);
  const reach = ({ d, K }) => d * (K - 1);
  switch (slot) {
    case "forward":
      return {
        operand: "a", kernel: "w", rotated: layer.flip, turned: false, length: over((x) => x.L), taps: over((x) => x.K),
        spread: over((x) => x.u), padding: over((x) => [x.low, x.high]), stride: over((x) => x.s),
        dilation: over((x) => x.d), result: over((x) => x.O),
      };
    case "input":
      return {
        operand: "delta", kernel: "w", rotated: !layer.flip, turned: false, length: over((x) => x.O),
        taps: over((x) => x.K), spread: over((x) => x.s),
        padding: over((x) => [reach(x) - x.low, reach(x) - x.high + x.r]), stride: over((x) => x.u),
        dilation: over((x) => x.d), result: over((x) => x.L),
      };
    case "weight":
      return {
        operand: "a", kernel: "delta", rotated: false, turned: layer.flip, length: over((x) => x.L),
        taps: over((x) => x.O), spread: over((x) => x.u), padding: over((x) => [x.low, x.high - x.r]),
        stride: over((x) => x.d), dilation: over((x) => x.s), result: over((x) => x.K),
      };
    default:
      return null;
  }
}

/** What stands at each place of the dilated and padded operand along an axis: an index of the operand, or null. */
export function places(form, axis) {
  const [low, high] = form.padding[axis];
  const span = form.spread[axis] * (form.length[axis] - 1) + 1;
  return Array.from({ length: Math.max(low + span + high, 0) }, (_, at) =>
    sift(form.spread[axis], at - low, form.length[axis]));
}

/**
 * The window of a closed form for the entry at `place` (its spatial indices): along each axis a list of
 * {at, tap}: the place in the padded operand, and the tap of the kernel that lies there.
 */
export function windowAt(form, place) {
  return place.map((index, j) => {
    const start = form.turned ? form.result[j] - 1 - index : index;
    return Array.from({ length: form.taps[j] }, (_, tap) => ({
      at: form.stride[j] * start + form.dilation[j] * tap,
      tap: form.rotated ? form.taps[j] - 1 - tap : tap,
    }));
  });
}
