/**
 * Entries and products as formulas: MathML for the page, LaTeX for whoever copies. Strings in, strings out, no document.
 *
 * `names` is what the page's document calls a, w, b, z, delta and E, `base` its first index; a layer's batch and channel
 * indices are not written where there is one of them, as in symconv's own formulas.
 */

import { shapesOf } from "./geometry.js";

const LAYER_OF = { a: "l-1", z: "l", delta: "l" };
const COMMA = '<mo rspace="0">,</mo>'; // between indices
const LONGEST = 12; // products that are written out
const LONGEST_CHAIN = 4; // products whose chain rule is written out

/** Writes for one layer in one notation. */
export class Formulas {
  constructor(layer, { names, greek, index_base: base }) {
    const shapes = shapesOf(layer);
    this.names = names;
    this.greek = greek;
    this.base = base;
    this.hidden = { a: shapes.a, z: shapes.delta, delta: shapes.delta, w: shapes.w, b: shapes.b };
  }

  /** The indices of an entry that are written, counted from the notation's base. */
  visible(tensor, index, spatialOnly = false) {
    const shape = this.hidden[tensor];
    const channels = tensor === "b" ? 1 : 2;
    return index.filter((_, axis) => axis >= channels || (!spatialOnly && shape[axis] > 1))
      .map((at) => at + this.base);
  }

  /** The letters of a tensor: its symbol, and what stands below it before the indices (w_b, E_d). */
  letters(tensor) {
    const [base, below = ""] = this.names[tensor].split("_");
    return { base, below };
  }

  /** A tensor's symbol as a sign: delta is a Greek letter. */
  glyph(tensor) {
    const { base } = this.letters(tensor);
    return this.greek[base] ?? base;
  }

  /** A tensor as a whole as MathML, without its layer. */
  whole(tensor) {
    const { below } = this.letters(tensor);
    const symbol = `<mi>${this.glyph(tensor)}</mi>`;
    return below ? `<msub>${symbol}<mi>${below}</mi></msub>` : symbol;
  }

  /** An entry as MathML. */
  entry(tensor, index) {
    const { below } = this.letters(tensor);
    const parts = [...(below ? [`<mi>${below}</mi>`] : []), ...this.visible(tensor, index).map((n) => `<mn>${n}</mn>`)];
    const symbol = `<mi>${this.glyph(tensor)}</mi>`;
    const sub = parts.length ? `<mrow>${parts.join(COMMA)}</mrow>` : "";
    const above = { "l-1": "<mrow><mi>l</mi><mo>−</mo><mn>1</mn></mrow>", l: "<mi>l</mi>" }[LAYER_OF[tensor]] ?? "";
    if (sub && above) return `<msubsup>${symbol}${sub}${above}</msubsup>`;
    if (sub) return `<msub>${symbol}${sub}</msub>`;
    return above ? `<msup>${symbol}${above}</msup>` : symbol;
  }

  /** An entry as LaTeX. */
  entryLatex(tensor, index) {
    const { base, below } = this.letters(tensor);
    const symbol = base in this.greek ? `\\${base}` : base.length > 1 ? `\\mathrm{${base}}` : base;
    const above = LAYER_OF[tensor] ? `^{${LAYER_OF[tensor]}}` : "";
    const parts = [...(below ? [below] : []), ...this.visible(tensor, index)];
    return `${symbol}${above}${parts.length ? `_{${parts.join(",")}}` : ""}`;
  }

  /** What a map computes at an index: an entry of z, or the derivative of E by an entry. */
  result(slot, index) {
    if (slot === "forward") return this.entry("z", index);
    return derivative(this.entry("E", []), this.entry({ input: "a", weight: "w", bias: "b" }[slot], index));
  }

  resultLatex(slot, index) {
    if (slot === "forward") return this.entryLatex("z", index);
    const by = this.entryLatex({ input: "a", weight: "w", bias: "b" }[slot], index);
    return `\\frac{\\partial ${this.entryLatex("E", [])}}{\\partial ${by}}`;
  }

  /** The factors of a product, in the order in which they are written. */
  factors(product) {
    return ["delta", "w", "a"].filter((name) => product[name]).map((name) => [name, product[name]]);
  }

  product(product) {
    return this.factors(product).map(([name, index]) => this.entry(name, index)).join("<mo>\u2062</mo>");
  }

  productLatex(product) {
    return this.factors(product).map(([name, index]) => this.entryLatex(name, index)).join(" ");
  }

  /** The equation of an entry: its chain rule where it is short, then the sum of its products, each an element to point at. */
  equation(slot, index, products, bias, perRow) {
    const left = this.result(slot, index);
    const shown = products.slice(0, LONGEST);
    const rows = [];
    if (slot !== "forward" && products.length > 0 && products.length <= LONGEST_CHAIN) {
      const by = this.entry({ input: "a", weight: "w", bias: "b" }[slot], index);
      const chained = shown.map((product, at) => {
        const z = this.entry("z", product.delta);
        return pointed(at, `${derivative(this.entry("E", []), z)}<mo>\u2062</mo>${derivative(z, by)}`);
      });
      rows.push(...inRows(chained, 0, 0, perRow < 4 ? 1 : perRow));
    }
    const last = slot === "forward" && bias ? [this.entry("b", [index[1]])] : [];
    rows.push(...inRows([...shown.map((product, at) => pointed(at, this.product(product))), ...last],
      products.length - shown.length, products.length, perRow));
    const latex = `${this.resultLatex(slot, index)} = ${this.sumLatex(products, last.length ? index : null)}`;
    const table = rows.map(({ sign, body }, at) => row(at === 0 ? left : "", sign, body));
    return { mathml: `<mtable class="sides">${table.join("")}</mtable>`, latex };
  }

  sumLatex(products, biasOf) {
    const written = products.map((product) => this.productLatex(product));
    if (biasOf) written.push(this.entryLatex("b", [biasOf[1]]));
    return written.join(" + ") || "0";
  }
}

/** A partial derivative. */
export function derivative(top, bottom) {
  const d = "<mi>∂</mi>";
  return `<mfrac><mrow>${d}${top}</mrow><mrow>${d}${bottom}</mrow></mfrac>`;
}

/** A coefficient [p, q] as MathML, without its sign. */
export function fraction([p, q]) {
  const size = `<mn>${Math.abs(p)}</mn>`;
  return q === 1 ? size : `<mfrac>${size}<mn>${q}</mn></mfrac>`;
}

/** A formula by itself, with its LaTeX for whoever copies. */
export function math(mathml, latex, display = "block") {
  const source = latex.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<math display="${display}"><semantics><mrow>${mathml}</mrow>` +
    `<annotation encoding="application/x-tex">${source}</annotation></semantics></math>`;
}

const pointed = (at, body) => `<mrow class="term" data-term="${at}">${body}</mrow>`;
const row = (left, sign, body) => `<mtr><mtd>${left}</mtd><mtd><mo>${sign}</mo></mtd><mtd>${body}</mtd></mtr>`;
/** A sum over several rows, the rest of a long one as dots. */
function inRows(parts, missing, count, perRow) {
  if (parts.length === 0) return [{ body: "<mn>0</mn>" }];
  const rows = [];
  for (let at = 0; at < parts.length; at += perRow) {
    rows.push({ sign: at === 0 ? "=" : "+", body: parts.slice(at, at + perRow).join("<mo>+</mo>") });
  }
  if (missing > 0) rows.push({ sign: "+", body: `<mo>⋯</mo><mspace width="1em"/><mtext>(${count})</mtext>` });
  return rows;
}
