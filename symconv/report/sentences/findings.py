"""What a verdict says. Proofs speak English: the English texts are the patterns that their sentences are read by."""

from __future__ import annotations

from symconv.report.sentences.message import Message

FINDINGS = {
    "verdict": Message("Verdict", "结论"),
    "verdict.line": Message("{name}: {status}", "{name}：{status}"),
    "verdict.no_bias": Message("$dE/db$: not computed, the layer has no bias.", "$dE/db$：不计算，该层没有偏置。"),
    "verdict.scope": Message("scope: {scope}, {layer}", "范围：{scope}，{layer}"),
    "verdict.scope.instance": Message(
        "scope: {scope}, {layer}, and so for {instance}", "范围：{scope}，{layer}，因此也包括 {instance}"
    ),
    "scope.shape": Message("shape", "该形状"),
    "scope.every": Message("every shape", "所有形状"),
    "status.PROVED": Message("PROVED", "已证明"),
    "status.PASSED": Message("PASSED", "通过检验"),
    "status.REFUTED": Message("REFUTED", "已否证"),
    "status.UNDECIDED": Message("UNDECIDED", "未能判定"),
    "status.UNSUPPORTED": Message("UNSUPPORTED", "不支持"),
    "verdict.cases": Message("{count} cases agreed exactly, none failed", "{count} 个情形完全一致，没有失败"),
    "verdict.because": Message("because {reason}", "原因：{reason}"),
    "verdict.entry": Message("smallest wrong entry", "最小的错误元素"),
    "verdict.derived": Message("derived", "推导所得"),
    "verdict.closed": Message("closed form", "封闭形式"),
    "verdict.difference": Message("difference", "两者之差"),
    "verdict.no_entry": Message("no such entry", "没有这个元素"),
    "verdict.both": Message("Derived, and the closed form:", "推导所得与封闭形式："),
    # --- names of evidence ---
    "evidence.closed": Message("derived and closed form", "推导所得与封闭形式"),
    "evidence.steps": Message("steps", "各步骤"),
    "evidence.sympy": Message("SymPy entry by entry", "SymPy 逐元素核对"),
    "evidence.error": Message("$E$ without a chain rule", "不用链式法则的 $E$"),
    "evidence.source": Message("lowered source", "生成的代码"),
    "evidence.derivation": Message("derivation", "推导"),
    "evidence.conditions": Message("side conditions", "附带条件"),
    "evidence.checker": Message("checker", "检验器"),
    "evidence.layers": Message("layers", "层"),
    "evidence.smallest": Message("smallest layer", "最小的层"),
    # --- evidence ---
    "found.nothing": Message(
        "part by part: nothing to enumerate, the index notation is the same", "逐部分比较：无需枚举，下标记法完全相同"
    ),
    "found.parts": Message(
        "part by part: {counts} index tuples, the same on both sides", "逐部分比较：{counts} 个下标组，两边相同"
    ),
    "found.entries": Message(
        "entry by entry: {count} entries with {total} monomials, the same on both sides",
        "逐元素比较：{count} 个元素，共 {total} 个单项式，两边相同",
    ),
    "found.steps": Message(
        "{steps}: both sides of each step are the same polynomials", "{steps}：每一步两边都是相同的多项式"
    ),
    "found.sympy": Message(
        "$z$ at {count} positions, differentiated by {entries}: with $delta$ the same polynomials",
        "对 {count} 个位置的 $z$ 关于{entries}求导：代入 $delta$ 后多项式相同",
    ),
    "found.one_entry": Message("1 entry", " 1 个元素"),
    "found.more_entries": Message("{count} entries", "{count} 个元素"),
    "found.error": Message(
        "$E = sum (z - t)^2 / 2$, differentiated by SymPy {which}, {count} of them here: the same "
        "after $delta = z - t$",
        "$E = sum (z - t)^2 / 2$，由 SymPy {which}求导，其中 {count} 个属于这里：代入 $delta = z - t$ 后相同",
    ),
    "found.by_all": Message("by all {count} entries", "对全部 {count} 个元素"),
    "found.by_some": Message("by {some} of {count} entries", "对 {count} 个元素中的 {some} 个"),
    "found.not_done": Message("not done: {reason}", "未做：{reason}"),
    "found.too_many": Message(
        "$z$ has up to {products} products, and {entries} entries are involved: written out up to {most} and {limit}",
        "$z$ 至多有 {products} 个乘积，涉及 {entries} 个元素；只在不超过 {most} 和 {limit} 时写出",
    ),
    "found.source": Message(
        "run on exact polynomials {where}: every entry is the derived polynomial ({count} in all)",
        "{where}以精确多项式运行：每个元素都是推导所得的多项式（共 {count} 个）",
    ),
    "found.here": Message("on this layer", "在该层上"),
    "found.smaller": Message("on the smaller {layer}", "在较小的 {layer} 上"),
    "found.one_step": Message(
        "1 step with symbolic sizes, up to the closed form: the same term",
        "尺寸为符号的 1 步推导，直到封闭形式：同一个项",
    ),
    "found.more_steps": Message(
        "{count} steps with symbolic sizes, up to the closed form: the same term",
        "尺寸为符号的 {count} 步推导，直到封闭形式：同一个项",
    ),
    "found.witnesses": Message(
        "{conditions}: the checker replayed a witness of each", "{conditions}：检验器重放了每一条的证据"
    ),
    "found.none": Message("none", "无"),
    "found.accepted": Message(
        "accepts the certificate, with its own forward map, theorem and rules",
        "以它自己的前向映射、定理和规则接受该证书",
    ),
    "found.layers": Message(
        "{count} small layers with {ndim} axes, each decided exactly", "{count} 个 {ndim} 维的小层，逐一精确判定"
    ),
    "found.smallest": Message("{layer}; it agrees on {count} smaller ones", "{layer}；在 {count} 个更小的层上一致"),
    "found.lacks": Message(
        "the closed form lacks {missing} of {total} terms there, and has {extra} that do not belong",
        "封闭形式在该处的 {total} 项中缺少 {missing} 项，并有 {extra} 项多余",
    ),
    "found.shape": Message(
        "the closed form has shape {size}, but {tensor} has shape {wanted}",
        "封闭形式的形状为 {size}，而 {tensor} 的形状为 {wanted}",
    ),
    "found.surplus": Message(
        "the closed form has shape {size}, but {tensor} has shape {wanted}: this entry does not exist",
        "封闭形式的形状为 {size}，而 {tensor} 的形状为 {wanted}：这个元素不存在",
    ),
    "found.tuples": Message(
        "{count} index tuples are more than the {limit} that are enumerated",
        "{count} 个下标组，超过可枚举的 {limit} 个",
    ),
    "found.bits": Message("an index leaves 62 bits", "有下标超出 62 位"),
    "found.monomials": Message(
        "{count} monomials are more than the {limit} that are written out",
        "{count} 个单项式，超过可写出的 {limit} 个",
    ),
    "found.entries_beyond": Message(
        "{count} entries are more than the {limit} that are written out", "{count} 个元素，超过可写出的 {limit} 个"
    ),
    "found.apart": Message(
        "the formulas do not fall apart, and {total} monomials are more than the {limit} written out",
        "两式不能分解，且 {total} 个单项式超过可写出的 {limit} 个",
    ),
    "found.not_closed": Message("the derivation does not end at the closed form", "推导没有以封闭形式结束"),
    "found.refused": Message("the checker refuses the certificate: {reason}", "检验器拒绝该证书：{reason}"),
}
