"""What stands in the pictures of a layer: titles, captions, the key to the cells, notes.

A field may hold the name of a tensor, with what stands below it; there is no mathematics between dollar signs.
"""

from __future__ import annotations

from symconv.report.sentences.message import Message

FIGURES = {
    # --- titles ---
    "figure.forward": Message("Forward: the window slides over the input", "前向传递：窗口在输入上滑动"),
    "figure.input": Message(
        "Backward: the rotated filter slides over delta", "反向传递：旋转 180° 的卷积核在 delta 上滑动"
    ),
    "figure.input.flip": Message("Backward: the filter slides over delta", "反向传递：卷积核在 delta 上滑动"),
    "figure.weight": Message(
        "Backward: delta is the filter that slides over the input", "反向传递：以 delta 为卷积核，在输入上滑动"
    ),
    "figure.stride": Message(
        "Stride: delta gets the places back that the stride skipped", "步长：delta 补回步长跳过的位置"
    ),
    "figure.channels": Message(
        "Channels: every delta goes back through its own rotated filters, and adds up",
        "通道：每个 delta 经过它自己的旋转卷积核传回，再相加",
    ),
    "figure.channels.flip": Message(
        "Channels: every delta goes back through its own filters, and adds up",
        "通道：每个 delta 经过它自己的卷积核传回，再相加",
    ),
    # --- captions ---
    "figure.is.input": Message("{symbol}, input {size}", "{symbol}，输入 {size}"),
    "figure.is.filter": Message("{symbol}, filter {size}", "{symbol}，卷积核 {size}"),
    "figure.is.error": Message("{symbol}, error {size}", "{symbol}，误差 {size}"),
    "figure.is.result": Message("{symbol}, {size}", "{symbol}，{size}"),
    "figure.is.rotated": Message("{symbol} rotated by 180°, {size}", "旋转 180° 的 {symbol}，{size}"),
    "figure.is.turned": Message("{symbol} rotated by 180°", "旋转 180° 的 {symbol}"),
    "figure.is.as_filter": Message("{symbol} as the filter, {size}", "以 {symbol} 为卷积核，{size}"),
    "figure.is.at_stride": Message("{symbol} at stride {stride}", "步长为 {stride} 时的 {symbol}"),
    "figure.is.channel": Message("{symbol}, channel {channel}", "{symbol}，通道 {channel}"),
    "figure.made": Message("{how}: {size}", "{how}：{size}"),
    "figure.made.dilated": Message("dilated by {factor}", "按 {factor} 膨胀"),
    "figure.made.padded": Message("padded by {padding}", "补零 {padding}"),
    "figure.made.cropped": Message("padded by {padding} (below 0: cropped)", "补零 {padding}（负数为裁剪）"),
    "figure.option": Message("{name} {value}", "{name} {value}"),
    "figure.step": Message("forward:", "前向："),
    "figure.step.by": Message("take steps of {stride}", "每步走 {stride} 格"),
    "figure.back": Message("backward:", "反向："),
    "figure.back.zeros": Message("put zeros back", "补回零"),
    # --- the equation ---
    "figure.one_more": Message("1 more product", "另外 1 个乘积"),
    "figure.more": Message("{count} more products", "另外 {count} 个乘积"),
    # --- the key ---
    "figure.key.between": Message("zero put between entries (dilation)", "元素之间插入的零（膨胀）"),
    "figure.key.around": Message("zero put around entries (padding)", "四周补的零"),
    "figure.key.unread": Message("read by no window", "没有窗口读到"),
    "figure.key.marked": Message("the window and the entry it gives", "窗口及其给出的元素"),
    # --- notes ---
    "figure.shown": Message("Shown: {what}.", "图中所示：{what}。"),
    "figure.shown.input_channel": Message("the first input channel", "第一个输入通道"),
    "figure.shown.output_channel": Message("the first output channel", "第一个输出通道"),
    "figure.shown.image": Message("the first image", "第一个样本"),
    "figure.shown.channels": Message("the first {count} channels of each side", "输入与输出各前 {count} 个通道"),
    "figure.shown.group": Message("the first group", "第一组"),
    "figure.shown.planes": Message("the planes {planes} along the first axis", "沿第一个轴的平面 {planes}"),
    "figure.shown.planes_of": Message("the planes {planes} along the first axes", "沿前几个轴的平面 {planes}"),
    "figure.shown.plane": Message("{name} at {at}", "{name} 取 {at}"),
    "figure.shown.crop": Message("cropped to what {limit}×{limit} cells can show", "裁剪到 {limit}×{limit} 格以内"),
    "figure.remainder.forward": Message(
        "Remainder r = {rest}: that many places at the high end are left over, and no window reads them.",
        "余数 r = {rest}：末端剩下这么多个位置，没有窗口读到。",
    ),
    "figure.remainder.input": Message(
        "Remainder r = {rest}: that many more zeros at the high end, for the places that no window read.",
        "余数 r = {rest}：末端多补这么多个零，对应没有窗口读到的位置。",
    ),
    "figure.remainder.weight": Message(
        "Remainder r = {rest}: that many places at the high end are cut off, for no window read them.",
        "余数 r = {rest}：末端裁去这么多个位置，因为没有窗口读到。",
    ),
    "figure.places": Message(
        "Places at stride 1: s(O − 1) + 1 + r = {sums}.", "步长为 1 时的位置数：s(O − 1) + 1 + r = {sums}。"
    ),
    "figure.restored": Message(
        "From here on the layer is one with stride 1: see the picture of its input gradient.",
        "此后该层等同于步长为 1 的层：见输入梯度的图。",
    ),
    "figure.nothing_skipped": Message(
        "Stride 1 skips nothing: there is nothing to put back.", "步长 1 不跳过任何位置，无需补回。"
    ),
    # --- for whoever does not see the picture ---
    "figure.told.moving": Message(
        "Three grids of cells, side by side: {boards}. One window and the entry it gives are marked.",
        "并排的三个网格：{boards}。标出了一个窗口及其给出的元素。",
    ),
    "figure.told.board": Message("{name} {rows} by {columns}", "{name} {rows} 行 {columns} 列"),
    "figure.told.window": Message("the window of {entry}", "{entry} 的窗口"),
    "figure.told.stride": Message(
        "Three grids: z at stride 1, {whole}; delta, {kept}; delta with zeros put back, {whole}.",
        "三个网格：步长为 1 时的 z，{whole}；delta，{kept}；补回零的 delta，{whole}。",
    ),
    "figure.told.channels": Message(
        "A row of grids for each of {outputs} output channels: delta, and its rotated filters; below, the gradients of "
        "{inputs} input channels.",
        "{outputs} 个输出通道各占一行网格：delta 及其旋转后的卷积核；下方是 {inputs} 个输入通道的梯度。",
    ),
}
