"""What the derivation of a layer says: headings, sentences, captions of pictures."""

from __future__ import annotations

from symconv.report.sentences.message import Message

DERIVATION = {
    # --- the document ---
    "title": Message("The gradients of a convolution layer", "卷积层的梯度"),
    "sizes": Message(
        "input ${input}$, kernel ${kernel}$, output ${output}$; {channels}, batch ${batch}$.",
        "输入 ${input}$，卷积核 ${kernel}$，输出 ${output}$；{channels}，批量大小 ${batch}$。",
    ),
    "channels": Message("${ins} -> {outs}$ channels", "通道数 ${ins} -> {outs}$"),
    "channels.groups": Message(
        "${ins} -> {outs}$ channels in ${groups}$ groups", "通道数 ${ins} -> {outs}$，分 ${groups}$ 组"
    ),
    # --- definitions ---
    "definitions": Message("The layer", "层的定义"),
    "column.symbol": Message("symbol", "符号"),
    "column.meaning": Message("meaning", "含义"),
    "column.shape": Message("shape", "形状"),
    "column.axis": Message("axis", "轴"),
    "tensor.a": Message("input: the activations of layer $l-1$", "输入：第 $l-1$ 层的激活值"),
    "tensor.w": Message("kernel, also called filter", "卷积核，也称滤波器"),
    "tensor.b": Message("bias", "偏置"),
    "tensor.z": Message("weighted input of layer $l$", "第 $l$ 层的加权输入"),
    "tensor.delta": Message("error of layer $l$: $dE/dz$", "第 $l$ 层的误差：$dE/dz$"),
    "tensor.E": Message(
        "the error: any differentiable function of the $z$ of layer $l$", "总误差：第 $l$ 层 $z$ 的任意可微函数"
    ),
    "hypotheses": Message(
        "Along each axis: input size $L$, kernel size $K$, stride $s$, dilation $d$ of the kernel, "
        "dilation $u$ of the "
        "input, $p$ zeros before the input and $P$ after it. With $L, K, s, d, u >= 1$ and "
        "$t = u*(L - 1) + p + P - d*(K - 1) >= 0$ there are $O = t div s + 1$ output positions, and $r = t mod s$ "
        "positions are left over at the end.",
        "沿每个轴：输入长度 $L$，卷积核长度 $K$，步长 $s$，卷积核的膨胀率 $d$，输入的膨胀率 $u$，"
        "输入之前补 $p$ 个零，"
        "之后补 $P$ 个零。设 $L, K, s, d, u >= 1$ 且 $t = u*(L - 1) + p + P - d*(K - 1) >= 0$，则输出位置有 "
        "$O = t div s + 1$ 个，末端剩余 $r = t mod s$ 个位置。",
    ),
    "relation": Message(
        "The axis relation: output position $i$ meets input position $x$ under tap $k$ exactly when "
        "$u*x = s*i + d*k - p$, all counted from 0. In the indices of this document:",
        "轴关系：输出位置 $i$ 在核的第 $k$ 个权重之下遇到输入位置 $x$，当且仅当 $u*x = s*i + d*k - p$，"
        "各下标从 0 起计。用本文的下标写出即：",
    ),
    # --- forward ---
    "forward": Message("Forward", "前向传递"),
    "forward.flow": Message(
        "The error flows along the same convolution as the activations: each entry of layer $l$ is "
        "fed by the entries "
        "of layer $l-1$ under the filter.",
        "误差与激活值沿着同一个卷积传递：第 $l$ 层的每个元素由第 $l-1$ 层中位于卷积核之下的元素得到。",
    ),
    "grid.input": Message("layer $l-1$, input ${size}$", "第 $l-1$ 层，输入 ${size}$"),
    "grid.filter": Message("filter ${size}$", "卷积核 ${size}$"),
    "grid.feature_map": Message("layer $l$, feature map ${size}$", "第 $l$ 层，特征图 ${size}$"),
    "grid.bias": Message("{symbol} (bias)", "{symbol}（偏置）"),
    "grid.cropped": Message("cropped", "未画全"),
    "grid.first_channel": Message("first channel", "第一个通道"),
    "grid.cut": Message("axis {axis} at {at}", "轴 {axis} 取位置 {at}"),
    "grid.too_large": Message("too large to draw", "太大，不画出"),
    "legend.E": Message(
        "$E$ is any differentiable function of the weighted inputs of layer $l$; $delta$ is its derivative.",
        "$E$ 是第 $l$ 层加权输入的任意可微函数，$delta$ 是它对加权输入的导数。",
    ),
    "legend.outside": Message(
        "Outside of the input there are zeros: a term counts only where its entry exists.",
        "输入之外都是零：只有相应元素存在时，该项才计入。",
    ),
    "legend.between": Message(
        "Outside of the input and between its entries there are zeros: a term counts only where its entry exists.",
        "输入之外以及输入各元素之间都是零：只有相应元素存在时，该项才计入。",
    ),
    "legend.flip": Message(
        "The kernel is flipped in the forward map: a convolution in the sense of mathematics.",
        "前向传递中卷积核已经翻转，即数学意义上的卷积。",
    ),
    "legend.layout": Message(
        "The weight is laid out as in ConvTranspose: (input channels, output channels / groups, kernel).",
        "权重按转置卷积的方式存放：（输入通道，输出通道 / 组数，卷积核）。",
    ),
    # --- the error of the layer below ---
    "below": Message("The error of the layer below", "第 $l-1$ 层的误差"),
    "below.plan": Message("First the left factor, then the right one.", "先求左边的因子，再求右边的因子。"),
    "below.join": Message("The right factor, and both together", "右边的因子，以及两者合并"),
    # --- gradients ---
    "gradient.input": Message(
        "Input gradient: the error by the activations of layer $l-1$", "输入的梯度：误差对第 $l-1$ 层激活值的偏导数"
    ),
    "gradient.weight": Message("Weight gradient: the error by the weights", "权重的梯度：误差对权重的偏导数"),
    "gradient.bias": Message("Bias gradient: the error by the bias", "偏置的梯度：误差对偏置的偏导数"),
    "entries.long": Message("Its entries have too many terms to be written out.", "它的各元素项数太多，不逐一写出。"),
    "entry.corner": Message("A corner entry:", "角上的元素："),
    "entry.edge": Message("An edge entry:", "边上的元素："),
    "entry.face": Message("A face entry:", "面上的元素："),
    "entry.border": Message("A border entry:", "边界上的元素："),
    "entry.interior": Message("An interior entry:", "内部的元素："),
    "entries.others": Message("The other entries in the same way:", "其余元素同理："),
    "general": Message("For every entry at once:", "对所有元素统一写出："),
    "bias.sum": Message("The sum of $delta$ over batch and positions:", "$delta$ 对批量和所有位置求和："),
    "induction.input": Message(
        "Induction: the sums are those of a correlation of $delta${around} with {kernel}.",
        "归纳：这些和正是 $delta$ {around}与{kernel}作互相关的结果。",
    ),
    "kernel.rotated": Message("the rotated kernel", "旋转 180 度的卷积核"),
    "kernel.plain": Message(
        "the kernel as it is, for the forward map has rotated it already", "卷积核本身（前向传递已将它旋转过）"
    ),
    "induction.weight": Message(
        "Induction: the sums are those of a correlation of the input{around} with $delta$ as the kernel.",
        "归纳：这些和正是输入{around}与作为卷积核的 $delta$ 作互相关的结果。",
    ),
    "induction.weight.rotated": Message(
        "Induction: the sums are those of a correlation of the input{around} with $delta$ as the "
        "kernel, rotated by "
        "180 degrees in the end.",
        "归纳：这些和正是输入{around}与作为卷积核的 $delta$ 作互相关、最后旋转 180 度的结果。",
    ),
    "around.none": Message("", ""),
    "around.between": Message(", with zeros put between its entries,", "（元素之间插零）"),
    "around.around": Message(", with zeros put around its entries,", "（四周补零）"),
    "around.both": Message(", with zeros put between and around its entries,", "（元素之间插零、四周补零）"),
    "around.crop": Message(", cropped,", "（裁剪）"),
    "around.between.crop": Message(", with zeros put between its entries, and cropped,", "（元素之间插零并裁剪）"),
    "around.around.crop": Message(", with zeros put around its entries, and cropped,", "（四周补零并裁剪）"),
    "around.both.crop": Message(
        ", with zeros put between and around its entries, and cropped,", "（元素之间插零、四周补零并裁剪）"
    ),
    "grid.sensitive": Message("sensitive map ${size}${made}", "敏感图 ${size}${made}"),
    "grid.flipped": Message("flipped filter ${size}${how}", "翻转后的卷积核 ${size}${how}"),
    "grid.unflipped": Message("filter ${size}${how}", "卷积核 ${size}${how}"),
    "grid.operand": Message("input ${size}${made}", "输入 ${size}${made}"),
    "grid.delta_filter": Message("$delta$ as the filter ${size}${how}", "以 $delta$ 为卷积核 ${size}${how}"),
    "grid.gradient": Message("gradient of the filter ${size}$: $dE/dw$", "卷积核的梯度 ${size}$：$dE/dw$"),
    "grid.gradient.rotated": Message(
        "gradient of the filter ${size}$: $dE/dw$, rot180", "卷积核的梯度 ${size}$：$dE/dw$，rot180"
    ),
    "made.none": Message("", ""),
    "made.dilated": Message(", dilated to ${size}$", "，膨胀为 ${size}$"),
    "made.padded": Message(", padded to ${size}$", "，补零为 ${size}$"),
    "made.cropped": Message(", cropped to ${size}$", "，裁剪为 ${size}$"),
    "made.dilated.padded": Message(", dilated and padded to ${size}$", "，膨胀并补零为 ${size}$"),
    "made.dilated.cropped": Message(", dilated and cropped to ${size}$", "，膨胀并裁剪为 ${size}$"),
    "made.padded.cropped": Message(", padded and cropped to ${size}$", "，补零并裁剪为 ${size}$"),
    "made.dilated.padded.cropped": Message(
        ", dilated and padded and cropped to ${size}$", "，膨胀、补零并裁剪为 ${size}$"
    ),
    "option.stride": Message(", stride ${value}$", "，步长 ${value}$"),
    "option.dilation": Message(", dilation ${value}$", "，膨胀率 ${value}$"),
    "picture.entry": Message("entry", "元素"),
    "picture.dilation": Message("zero of the dilation", "插入的零（膨胀）"),
    "picture.padding": Message("zero of the padding", "四周补的零"),
    "picture.window": Message(
        "outlined: the entries that meet the kernel at the outlined entry of the result",
        "粗框：得到结果中粗框元素时与卷积核相遇的元素",
    ),
    "convolution.note": Message(
        "($*$ is the convolution of mathematics: it rotates the kernel by itself; corr does not.)",
        "（$*$ 是数学意义上的卷积，它自身会旋转卷积核；corr 是互相关，不旋转。）",
    ),
    # --- update and verdict ---
    "update": Message("Update", "参数更新"),
    "update.rate": Message("Gradient descent with learning rate $eta$:", "学习率为 $eta$ 的梯度下降："),
}
