"""The mistakes that the page's lens shows: names of the catalogue, and what the catalogue says of them.

In: nothing.  Out: data for the page.
Never: what a mistake computes: that is in the catalogue, and for the page in page/mistakes.js; tests hold them equal.
"""

from __future__ import annotations

from symconv.auditing.catalogue import Mistake, mistakes
from symconv.auditing.diagnosis import symbol

MAPS = ("input", "weight", "forward")
EVERYWHERE = (*MAPS, "bias")

# The name in the catalogue, and the maps in which the lens shows it; in the order of page/mistakes.js.
LENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("kernel not rotated", ("input",)),
    ("kernel rotated along one axis only", ("input",)),
    ("kernel transposed instead of rotated", ("input",)),
    ("dE/dw reversed", ("weight",)),
    ("delta rotated", ("input", "weight")),
    ("kernel rotated in the forward map", ("forward",)),
    ("delta not dilated by the stride", ("input", "weight")),
    ("stride ignored", ("forward",)),
    ("stride and dilation swapped", MAPS),
    ("divisibility not checked", ("input",)),
    ("padded before dilating", ("input",)),
    ("output_padding missing", ("input",)),
    ("last rows left at zero", ("input",)),
    ("remainder at the wrong end", MAPS),
    ("padding ignored", MAPS),
    ("low and high padding swapped", MAPS),
    ("padding off by one", MAPS),
    ("padding K - 1 instead of d*(K-1) - p", ("input",)),
    ("delta padded by p", ("input",)),
    ("delta not padded", ("input",)),
    ("negative indices not left out", MAPS),
    ("indices wrap around", MAPS),
    ("border of delta left out", ("bias",)),
    ("dilation ignored", MAPS),
    ("dilation forgotten in the padding", ("input",)),
    ("strides of the axes swapped", MAPS),
    ("paddings of the axes swapped", MAPS),
    ("kernel transposed", MAPS),
    ("input and output channels swapped", MAPS),
    ("groups ignored", MAPS),
    ("kernel of one group used for all", MAPS),
    ("input channels interleaved", MAPS),
    ("only one group computed", MAPS),
    ("wrong sign", EVERYWHERE),
    ("divided by the batch size", EVERYWHERE),
    ("mean instead of sum", EVERYWHERE),
    ("multiplied by the stride", EVERYWHERE),
    ("only the last window survives", ("input", "weight")),
    ("only the last tap survives", ("input", "forward")),
    ("last tap left out", MAPS),
    ("last window left out", MAPS),
    ("only the last filter survives", EVERYWHERE),
    ("only the last sample survives", EVERYWHERE),
    ("only the last position survives", ("bias",)),
)


CHINESE = {
    "kernel not rotated": "卷积核未旋转",
    "kernel rotated along one axis only": "卷积核只沿一个轴翻转",
    "kernel transposed instead of rotated": "卷积核被转置而不是旋转",
    "dE/dw reversed": "∂E/∂w 被翻转",
    "delta rotated": "delta 被旋转",
    "kernel rotated in the forward map": "前向时旋转了卷积核",
    "delta not dilated by the stride": "delta 未按步长扩张",
    "stride ignored": "忽略步长",
    "stride and dilation swapped": "步长与扩张互换",
    "divisibility not checked": "未检查整除",
    "padded before dilating": "先填充后扩张",
    "output_padding missing": "缺少 output_padding",
    "last rows left at zero": "最后几行留为零",
    "remainder at the wrong end": "余数放错了一端",
    "padding ignored": "忽略填充",
    "low and high padding swapped": "低端与高端填充互换",
    "padding off by one": "填充差一",
    "padding K - 1 instead of d*(K-1) - p": "填充 K-1 而不是 d*(K-1)-p",
    "delta padded by p": "delta 按 p 填充",
    "delta not padded": "delta 未填充",
    "negative indices not left out": "未排除负下标",
    "indices wrap around": "下标回绕",
    "border of delta left out": "漏掉 delta 的边缘",
    "dilation ignored": "忽略扩张",
    "dilation forgotten in the padding": "填充时忘了扩张",
    "strides of the axes swapped": "两轴的步长互换",
    "paddings of the axes swapped": "两轴的填充互换",
    "kernel transposed": "卷积核被转置",
    "input and output channels swapped": "输入与输出通道互换",
    "groups ignored": "忽略分组",
    "kernel of one group used for all": "各组都用同一组的卷积核",
    "input channels interleaved": "输入通道交错分组",
    "only one group computed": "只算了一组",
    "wrong sign": "符号错误",
    "divided by the batch size": "除以了批大小",
    "mean instead of sum": "求平均而不是求和",
    "multiplied by the stride": "乘了步长",
    "only the last window survives": "只留下最后一个窗口",
    "only the last tap survives": "只留下最后一个抽头",
    "last tap left out": "漏掉最后一个抽头",
    "last window left out": "漏掉最后一个窗口",
    "only the last filter survives": "只留下最后一个滤波器",
    "only the last sample survives": "只留下最后一个样本",
    "only the last position survives": "只留下最后一个位置",
}


def lens_data(flip: str) -> dict[str, dict[str, object]]:
    """What the catalogue says of each mistake, by name: its class, its title, why it is wrong, and how to mend it.

    `flip` is how Python reverses every spatial axis, ``[:, :, ::-1, ::-1]``. The texts are English; a Chinese title
    stands beside them.
    """
    found: dict[str, dict[str, object]] = {}
    for name, slots in LENS:
        mistake = next(m for m in mistakes(slots[0]) if m.name == name)
        found[name] = {"kind": mistake.kind.value, "en": _told(mistake, slots[0], flip), "zh": {"title": CHINESE[name]}}
    return found


def _told(mistake: Mistake, slot: str, flip: str) -> dict[str, str]:
    def filled(text: str) -> str:
        return text.replace("{flip}", flip).replace("{of}", symbol(slot))

    return {"title": mistake.name, "why": filled(mistake.why) + ".", "mend": filled(mistake.mend)}
