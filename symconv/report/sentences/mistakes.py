"""What the page's lens says of each mistake in Chinese; the English is that of the audit's catalogue.

``{flip}`` stands for the indices that reverse every spatial axis, ``{of}`` for what comes out wrong.
"""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """A mistake in one language: its title, why it is wrong, and how to mend it."""

    title: str
    why: str
    mend: str


ROTATION = {
    "kernel not rotated": Told(
        "卷积核未旋转",
        "卷积核没有旋转 180 度：dE/da 是 delta 与 rot180(w) 的互相关。",
        "使用 w{flip}。",
    ),
    "kernel rotated along one axis only": Told(
        "卷积核只沿一个轴反转",
        "卷积核只沿部分空间轴反转：旋转 180 度要沿所有空间轴反转。",
        "使用 w{flip}。",
    ),
    "kernel transposed instead of rotated": Told(
        "卷积核被转置而不是旋转",
        "卷积核应当旋转 180 度，这里却是转置。",
        "使用 w{flip}，不要转置。",
    ),
    "dE/dw reversed": Told(
        "∂E/∂w 被反转",
        "得到的 dE/dw 旋转了 180 度：该层是互相关，卷积核并不旋转。",
        "使用 dw{flip}，或者从一开始就不旋转。",
    ),
    "delta rotated": Told(
        "delta 被旋转",
        "delta 旋转了 180 度：dE/da 和 dE/dw 都不需要这样做。",
        "直接使用 delta。",
    ),
    "kernel rotated in the forward map": Told(
        "前向映射中旋转了卷积核",
        "前向映射旋转了卷积核：那是数学意义上的卷积，而该层是互相关。",
        "直接使用 w（或者按翻转的卷积核来审核）。",
    ),
}

STRIDE = {
    "delta not dilated by the stride": Told(
        "delta 未按步长膨胀",
        "漏掉了步长：步长为 s 时，delta 中相邻的元素在输入上相距 s 个位置。",
        "在 delta 的元素之间插入 s - 1 个零（或者每隔 s 个位置放一个窗口）。",
    ),
    "stride ignored": Told(
        "忽略步长",
        "漏掉了步长：第 i 个窗口从 s*i - p 开始。",
        "将输出位置乘以步长。",
    ),
    "stride and dilation swapped": Told(
        "步长与膨胀率互换",
        "步长与膨胀率互换了：s 属于 delta 的位置，d 属于卷积核的权重。",
        "求 dE/dw 时，互相关的步长为 d、膨胀率为 s；求 dE/da 时，delta 按 s 膨胀，w 按 d 膨胀。",
    ),
    "divisibility not checked": Told(
        "未检查整除",
        "两个窗口之间的位置也被当成窗口的起点：只有当 s 整除 x + p - d*k 时，x 才与第 i 个窗口相遇。",
        "除非 (x + p - d*k) % s == 0，否则跳过这一对 x 和 k。",
    ),
    "padded before dilating": Told(
        "先补零后膨胀",
        "delta 先补零，再按步长膨胀，补的零因此多了 s 倍。",
        "先膨胀，再补零。",
    ),
    "output_padding missing": Told(
        "缺少 output_padding",
        "缺少最后 r = t mod s 行：步长到不了那里，但 dE/da 的形状与 a 相同。",
        "在末端补 r 个零（即 PyTorch 的 output_padding）。",
    ),
    "last rows left at zero": Told(
        "最后几行留为零",
        "最后 r = t mod s 行都填了零：最后的窗口其实能读到其中一些行。",
        "对全部 L 行计算 da：delta 在末端补 d*(K-1) - p_hi + r 个零。",
    ),
    "remainder at the wrong end": Told(
        "余数放错了一端",
        "步长留下余数 r 时，结果移动了 r 个位置：剩余的行属于末端。",
        "把 r 加到末端的补零数上，即 d*(K-1) - p_hi + r，前端不变（对 dE/dw 则裁剪末端）。",
    ),
}

PADDING = {
    "padding ignored": Told(
        "忽略补零",
        "没有考虑补零：delta 前端的补零数是 d*(K-1) - p，而不是 d*(K-1)。",
        "对 delta 补 d*(K-1) - p 个零，或者把累加所得的结果在前端裁去 p 个元素。",
    ),
    "low and high padding swapped": Told(
        "前端与末端的补零互换",
        "前端与末端的补零数互换了（例如把 SAME_UPPER 当成 SAME_LOWER）：只有两者相等时才对。",
        "delta 前端的补零数是 d*(K-1) - p_lo，末端是 d*(K-1) - p_hi + r。",
    ),
    "padding off by one": Told(
        "补零数差一",
        "补零数差一，结果因此移动了一个位置。",
        "delta 前端的补零数是 d*(K-1) - p_lo。",
    ),
    "padding K - 1 instead of d*(K-1) - p": Told(
        "补零数为 K - 1 而不是 d*(K-1) - p",
        "不论该层的补零数和膨胀率是多少，delta 都只补了 K - 1 个零。",
        "delta 前端补 d*(K-1) - p_lo 个零，末端补 d*(K-1) - p_hi + r 个零。",
    ),
    "delta padded by p": Told(
        "delta 的补零数为 p",
        "delta 补了 p 个零，那是前向映射的补零数；应当是 d*(K-1) - p。",
        "delta 前端补 d*(K-1) - p_lo 个零，末端补 d*(K-1) - p_hi + r 个零。",
    ),
    "delta not padded": Told(
        "delta 未补零",
        "delta 完全没有补零：四周没有一圈零，就丢掉了 dE/da 的边缘。",
        "delta 前端补 d*(K-1) - p_lo 个零，末端补 d*(K-1) - p_hi + r 个零。",
    ),
    "negative indices not left out": Told(
        "未排除负下标",
        "小于零的位置落在所补的零里，却从输入的末端数起，如同 Python 的负下标。",
        "跳过 x < 0 的位置 x，或者在补零后的数组上计算。",
    ),
    "indices wrap around": Told(
        "下标循环",
        "边界成了循环的：落在所补的零里的位置，读写的是输入的另一端。",
        "排除 x < 0 或 x >= L 的位置 x，或者在补零后的数组上计算。",
    ),
    "border of delta left out": Told(
        "漏掉 delta 的边缘",
        "把补的零从 delta 上裁去，可是 delta 并没有补零：z 的边缘同样依赖于 b。",
        "对批量和所有位置求整个 delta 的和。",
    ),
    "dilation ignored": Told(
        "忽略膨胀率",
        "漏掉了膨胀率：第 k 个权重与第一个相距 d*k 个位置。",
        "把卷积核按 d 膨胀（或者相邻权重之间走 d 步）。",
    ),
    "dilation forgotten in the padding": Told(
        "补零时忘了膨胀率",
        "delta 补了 K - 1 - p 个零：膨胀率为 d 时，卷积核跨越 d*(K-1) + 1 个位置。",
        "delta 前端补 d*(K-1) - p_lo 个零。",
    ),
}

LABELS = {
    "strides of the axes swapped": Told(
        "两轴的步长互换",
        "一个空间轴的步长用到了另一个轴上（高与宽互换）。",
        "沿第 j 个空间轴使用 stride[j]。",
    ),
    "paddings of the axes swapped": Told(
        "两轴的补零互换",
        "一个空间轴的补零数用到了另一个轴上（高与宽互换）。",
        "沿第 j 个空间轴使用 padding[j]。",
    ),
    "kernel transposed": Told(
        "卷积核被转置",
        "卷积核（或它的梯度）的空间轴互换了：高与宽颠倒。",
        "保持卷积核空间轴的顺序。",
    ),
    "input and output channels swapped": Told(
        "输入与输出通道互换",
        "卷积核的输入通道与输出通道互换了：应当是 w[o, c]，却用了 w[c, o]。",
        "求 dE/da 时对 w 的第一个轴求和，dw 的下标写作 [o, c]：w 的形状为 (M, C/groups, *K)。",
    ),
    "groups ignored": Told(
        "忽略分组",
        "每个输出通道都与第一组的输入通道相连。",
        "第 g 组的输入通道 c 是 g*(C/groups) + c。",
    ),
    "kernel of one group used for all": Told(
        "各组都用同一组的卷积核",
        "每一组都使用了同一组的卷积核。",
        "第 g 组的卷积核是 w[g*(M/groups) : (g+1)*(M/groups)]。",
    ),
    "input channels interleaved": Told(
        "输入通道交错分组",
        "输入通道轮流分给各组：第 g 组得到的是每隔 groups 个取一个的通道，而不是连续的一段。",
        "把 (C,) 变形为 (groups, C/groups)，而不是 (C/groups, groups)。",
    ),
    "only one group computed": Told(
        "只算了一组",
        "只计算了一组，其余各组都留为零。",
        "对所有组循环。",
    ),
}

SCALE = {
    "wrong sign": Told(
        "符号错误",
        "{of} 的符号反了。",
        "负号留给参数更新，即 w <- w - eta*dE/dw。",
    ),
    "divided by the batch size": Told(
        "除以了批量大小",
        "{of} 对批量取了平均：和的梯度仍是和（要取平均，应当写在误差 E 里）。",
        "对批量求和，不要除以 N。",
    ),
    "mean instead of sum": Told(
        "求平均而不是求和",
        "{of} 应当对批量和位置求和，这里却取了平均。",
        "用求和代替取平均。",
    ),
    "multiplied by the stride": Told(
        "乘了步长",
        "{of} 乘了步长：步长只决定窗口从哪里开始，不是系数。",
        "去掉这个系数。",
    ),
}

ACCUMULATION = {
    "only the last window survives": Told(
        "只留下最后一个窗口",
        "窗口重叠之处，最后一个覆盖了其余的：应当用 `+=`，却用了 `=`。",
        "对输出位置用 += 累加。",
    ),
    "only the last tap survives": Told(
        "只留下最后一个权重的项",
        "与同一个元素相遇的各个权重中，最后一个覆盖了其余的：应当用 `+=`，却用了 `=`。",
        "对卷积核的各个权重用 += 累加。",
    ),
    "last tap left out": Told(
        "漏掉最后一个权重",
        "卷积核的最后一个权重没有参与：循环早结束了一步。",
        "让 k 取遍全部 K 个权重。",
    ),
    "last window left out": Told(
        "漏掉最后一个窗口",
        "最后一个输出位置没有参与：循环早结束了一步。",
        "让 i 取遍 delta 的全部 O = t div s + 1 个位置。",
    ),
    "only the last filter survives": Told(
        "只留下最后一个输出通道",
        "各个输出通道中，有一个覆盖了其余的：应当用 `+=`，却用了 `=`。",
        "对输出通道用 += 累加。",
    ),
    "only the last sample survives": Told(
        "只留下最后一个样本",
        "批量中只有一个样本有贡献：只有 N = 1 时才对。",
        "对批量中的所有样本求和（并让每个样本得到自己的那部分 dE/da）。",
    ),
    "only the last position survives": Told(
        "只留下最后一个位置",
        "各个输出位置中，只有一个对 dE/db 有贡献：应当用 `+=`，却用了 `=`。",
        "对批量和所有位置求 delta 的和：delta.sum(axis=(0, 2, ...))。",
    ),
}

CHINESE = {**ROTATION, **STRIDE, **PADDING, **LABELS, **SCALE, **ACCUMULATION}
