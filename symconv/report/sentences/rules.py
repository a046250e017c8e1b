"""The rules of a derivation: their names, what each says, and the side conditions over the integers, by name."""

from __future__ import annotations

from symconv.report.sentences.message import Message

RULES = {
    "rule.CHAIN_RULE": Message("chain rule", "链式法则"),
    "rule.DEFINITION_OF_DELTA": Message("definition of $delta$", "误差的定义"),
    "rule.DIFFERENTIATE": Message("differentiate", "求导"),
    "rule.COLLECT": Message("collect", "合并同类项"),
    "rule.BOUNDS": Message("implied bounds", "隐含的范围"),
    "rule.LABELS": Message("match indices", "下标比较"),
    "rule.CLEAR": Message("clear the divisor", "去分母"),
    "rule.REINDEX": Message("reindex", "换元"),
    "rule.SIFT": Message("sift", "筛选"),
    "rule.RECOGNISE": Message("recognise", "识别"),
    "rule.GENERAL": Message("general formula", "通式"),
    "rule.EXTENT": Message("extent", "范围变换"),
    "rule.INSERT": Message("insert and differentiate", "代入并求导"),
    "rule.ACTIVATION": Message("activation", "激活函数"),
    "rule.UPDATE": Message("gradient descent", "梯度下降"),
    "says.CHAIN_RULE": Message(
        "$dE/da$ is the sum of $dE/dz * dz/da$ over every $z$ that contains $a$; so for $w$ and $b$.",
        "$dE/da$ 等于对所有含有 $a$ 的 $z$ 求 $dE/dz * dz/da$ 之和；对 $w$ 和 $b$ 同理。",
    ),
    "says.DEFINITION_OF_DELTA": Message("$delta = dE/dz$.", "$delta = dE/dz$。"),
    "says.DIFFERENTIATE": Message(
        "$z$ is linear in the entries of $a$, of $w$ and of $b$: the derivative of $w[j]*a[i]$ by $a[x]$ is $w[j]$ "
        "where $i = x$, and 0 elsewhere.",
        "$z$ 关于 $a$、$w$、$b$ 的各元素都是线性的：$w[j]*a[i]$ 对 $a[x]$ 的导数在 $i = x$ 时为 $w[j]$，否则为 0。",
    ),
    "says.BOUNDS": Message(
        "$0 <= x <= L - 1$ holds for every entry of the input, so it need not be asked for.",
        "输入的每个元素都满足 $0 <= x <= L - 1$，不必再作要求。",
    ),
    "says.LABELS": Message(
        "$R*g' + c' = R*g + c$ with $0 <= c, c' <= R - 1$ means $g' = g$ and $c' = c$.",
        "若 $0 <= c, c' <= R - 1$，则 $R*g' + c' = R*g + c$ 即 $g' = g$ 且 $c' = c$。",
    ),
    "says.CLEAR": Message(
        "$m/u = x$ where $u$ divides $m$: this is $m = u*x$.", "当 $u$ 整除 $m$ 时，$m/u = x$ 即 $m = u*x$。"
    ),
    "says.REINDEX": Message(
        "$k -> K - 1 - k$ runs through the same taps, the last one first: this turns the kernel by 180 degrees.",
        "$k -> K - 1 - k$ 取遍同样的权重，只是从最后一个开始：卷积核由此旋转 180 度。",
    ),
    "says.SIFT": Message(
        "$s*i = m$ has the one solution $i = m/s$ if $s$ divides $m$ and $0 <= m/s <= O - 1$, and "
        "none otherwise: this "
        "is what zeros between and around the entries say.",
        "若 $s$ 整除 $m$ 且 $0 <= m/s <= O - 1$，则 $s*i = m$ 有唯一解 $i = m/s$，否则无解："
        "在元素之间插零、在四周补零正是此意。",
    ),
    "says.RECOGNISE": Message(
        "A sum over taps of products of shifted entries is a correlation, read entry by entry.",
        "对各权重求移位元素之积的和，逐元素看即是互相关。",
    ),
    "says.EXTENT": Message(
        "$0 <= m/s <= O - 1$ where $s$ divides $m$ means $0 <= m <= s*(O - 1)$: the length of the dilated array.",
        "当 $s$ 整除 $m$ 时，$0 <= m/s <= O - 1$ 即 $0 <= m <= s*(O - 1)$，也就是膨胀后数组的长度。",
    ),
    "condition.reverse": Message("reverse", "反向"),
    "condition.sift, only": Message("sift, only", "筛选，唯一性"),
    "condition.sift, indeed": Message("sift, indeed", "筛选，存在性"),
    "condition.extent": Message("extent", "范围"),
    "condition.outputs exist": Message("outputs exist", "输出非空"),
    "condition.forward, size": Message("forward, size", "前向，大小"),
    "condition.forward, reads": Message("forward, reads", "前向，读取"),
    "condition.input, size": Message("input, size", "输入，大小"),
    "condition.input, reads": Message("input, reads", "输入，读取"),
    "condition.weight, size": Message("weight, size", "权重，大小"),
    "condition.weight, reads": Message("weight, reads", "权重，读取"),
    "condition.if": Message("if {hypotheses}, then {goal}", "若 {hypotheses}，则 {goal}"),
    "condition.iff": Message(
        "if {hypotheses}, then {goal} if and only if {other}", "若 {hypotheses}，则 {goal} 当且仅当 {other}"
    ),
    "separator;": Message("; ", "；"),
    "separator,": Message(", ", "、"),
    "colon": Message(": ", "："),
    "item": Message("{name}: {text}", "{name}：{text}"),
}
