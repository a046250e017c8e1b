"""What the theorem says: about one layer, and about every layer of a rank."""

from __future__ import annotations

from symconv.report.sentences.message import Message

THEOREM = {
    # --- about one layer ---
    "theorem": Message("Theorem", "定理"),
    "theorem.lead": Message("Theorem.", "定理："),
    "theorem.says": Message(
        "For the layer above, any $E$ that is differentiable in $z$, and $delta = dE/dz$:",
        "对上述的层、任意关于 $z$ 可微的 $E$ 以及 $delta = dE/dz$，有",
    ),
    "theorem.operations": Message(
        "Here pad puts zeros around an array (low:high along an axis, negative numbers crop), dilate "
        "puts zeros between "
        "its entries, rot180 reverses a kernel along every axis, swap exchanges its input and output "
        "channels within "
        "each group, and corr is the plain correlation, without padding.",
        "这里 pad 在数组四周补零（沿轴写作“前:后”，负数表示裁剪），dilate 在元素之间插零，rot180 "
        "将卷积核沿每个轴反转，"
        "swap 在每组内交换输入通道与输出通道，corr 是不补零的互相关。",
    ),
    "proof.lead": Message("Proof.", "证明："),
    "proof.steps": Message(
        "The indexed sums above begin with the chain rule and end, line by line, with the sums that "
        "the right sides mean. "
        "Each line equals the one before it, by one of these rules:",
        "上面的带下标求和式从链式法则出发，逐行变形，最后得到等式右边所表示的求和式。"
        "每一行都由下列规则之一与上一行相等：",
    ),
    "proof.conditions": Message(
        "The rules rest on these facts about integers, with the letters of the axis relation; $D$ is "
        "the divisor, $Q$ the "
        "quotient, $R$ the remainder:",
        "这些规则依赖于下列关于整数的事实，字母与轴关系中相同；$D$ 为除数，$Q$ 为商，$R$ 为余数：",
    ),
    "proof.axes": Message(
        "The axis relation of a layer is the product of those of its axes, so it is enough to see "
        "each axis by itself; "
        "batch and channels are labels, equal on both sides.",
        "层的轴关系是各轴关系之积，因此只需逐轴验证；批量和通道只是标号，两边相同。",
    ),
    "proof.end": Message("$qed$", "$qed$"),
    # --- about every layer ---
    "every.title": Message(
        "Every convolution layer with ${ndim}$ spatial {axes}{flipped}",
        "空间维数为 ${ndim}$ 的所有卷积层{axes}{flipped}",
    ),
    "every.axis": Message("axis", ""),
    "every.axes": Message("axes", ""),
    "every.flipped": Message(" and a flipped kernel", "（卷积核翻转）"),
    "every.plain": Message("", ""),
    "every.hypotheses": Message(
        "Along every axis: stride $s$, dilation $d$, input dilation $u$, input size $L$ and kernel size $K$, all "
        "$>= 1$; paddings $p$ and $P$, any integers; $t = u*(L - 1) + p + P - d*(K - 1) >= 0$, $r = t mod s$, "
        "$O = t div s + 1$. Any batch $N$, groups $G$, and $C$ and $M$ channels in a group.",
        "沿每个轴：步长 $s$、膨胀率 $d$、输入膨胀率 $u$、输入长度 $L$、卷积核长度 $K$ 都 $>= 1$；"
        "补零数 $p$ 与 $P$ 为任意整数；"
        "$t = u*(L - 1) + p + P - d*(K - 1) >= 0$，$r = t mod s$，$O = t div s + 1$。批量大小 $N$、组数 $G$、"
        "每组的通道数 $C$ 与 $M$ 均任意。",
    ),
    "every.ring": Message(
        "$E$ is any differentiable function of $z$; $delta = dE/dz$. Coefficients from any commutative ring.",
        "$E$ 是 $z$ 的任意可微函数，$delta = dE/dz$。系数取自任意交换环。",
    ),
    "claim.forward": Message(
        "The forward map: $a$, dilated by $u$ and padded $(p, P)$, under $w$; stride $s$, dilation $d$",
        "前向映射：$a$ 按 $u$ 膨胀、补零 $(p, P)$，与 $w$ 作互相关；步长 $s$，膨胀率 $d$",
    ),
    "claim.input": Message(
        "$dE/da$: $delta$, dilated by $s$ and padded $(d*(K - 1) - p, d*(K - 1) - P + r)$, under "
        "$w$, rotated by 180 "
        "degrees, channels exchanged; stride $u$, dilation $d$",
        "$dE/da$：$delta$ 按 $s$ 膨胀、补零 $(d*(K - 1) - p, d*(K - 1) - P + r)$，与旋转 180 度、"
        "交换通道的 $w$ 作互相关；"
        "步长 $u$，膨胀率 $d$",
    ),
    "claim.input.flip": Message(
        "$dE/da$: $delta$, dilated by $s$ and padded $(d*(K - 1) - p, d*(K - 1) - P + r)$, under $w$, channels "
        "exchanged; stride $u$, dilation $d$",
        "$dE/da$：$delta$ 按 $s$ 膨胀、补零 $(d*(K - 1) - p, d*(K - 1) - P + r)$，与交换通道的 $w$ 作互相关；"
        "步长 $u$，膨胀率 $d$",
    ),
    "claim.weight": Message(
        "$dE/dw$: $a$, dilated by $u$ and padded $(p, P - r)$, under $delta$, over the batch; stride $d$, dilation $s$",
        "$dE/dw$：$a$ 按 $u$ 膨胀、补零 $(p, P - r)$，与 $delta$ 作互相关，并对批量求和；步长 $d$，膨胀率 $s$",
    ),
    "claim.weight.flip": Message(
        "$dE/dw$: $a$, dilated by $u$ and padded $(p, P - r)$, under $delta$, over the batch; stride "
        "$d$, dilation $s$, "
        "and rotated by 180 degrees",
        "$dE/dw$：$a$ 按 $u$ 膨胀、补零 $(p, P - r)$，与 $delta$ 作互相关，并对批量求和；步长 $d$，膨胀率 $s$，"
        "最后旋转 180 度",
    ),
    "claim.bias": Message(
        "$dE/db$: $delta$, summed over the batch and all positions", "$dE/db$：$delta$ 对批量和所有位置求和"
    ),
    "claim.input.delta": Message(
        "$<v, dE/da>$ by $delta$: the forward map of $v$", "$<v, dE/da>$ 对 $delta$ 求导：$v$ 的前向映射"
    ),
    "claim.input.w": Message(
        "$<v, dE/da>$ by $w$: the weight gradient, with $v$ for $a$",
        "$<v, dE/da>$ 对 $w$ 求导：以 $v$ 代 $a$ 的权重梯度",
    ),
    "claim.weight.delta": Message(
        "$<v, dE/dw>$ by $delta$: the forward map, with $v$ for $w$",
        "$<v, dE/dw>$ 对 $delta$ 求导：以 $v$ 代 $w$ 的前向映射",
    ),
    "claim.weight.a": Message(
        "$<v, dE/dw>$ by $a$: the input gradient, with $v$ for $w$",
        "$<v, dE/dw>$ 对 $a$ 求导：以 $v$ 代 $w$ 的输入梯度",
    ),
    "name.forward": Message("forward", "前向映射"),
    "name.input": Message("input", "输入梯度"),
    "name.weight": Message("weight", "权重梯度"),
    "name.bias": Message("bias", "偏置梯度"),
    "name.input.delta": Message("input.delta", "输入梯度对 $delta$"),
    "name.input.w": Message("input.w", "输入梯度对 $w$"),
    "name.weight.delta": Message("weight.delta", "权重梯度对 $delta$"),
    "name.weight.a": Message("weight.a", "权重梯度对 $a$"),
    "every.conditions": Message(
        "Side conditions over the integers, each with a witness that the checker replays",
        "整数上的附带条件，每一条都有检验器可以重放的证据",
    ),
    "every.instance": Message("For {layer}", "对 {layer}"),
    "every.sizes": Message("axis {axis}: $O = {size}$, $r = {rest}$", "轴 {axis}：$O = {size}$，$r = {rest}$"),
}
