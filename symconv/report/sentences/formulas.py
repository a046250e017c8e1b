"""Words that stand inside of formulas and between them: sums, conditions, cases, and why a line follows."""

from __future__ import annotations

from symconv.report.sentences.message import Message

FORMULAS = {
    "sum": Message("{sign} over {indices} of {body}", "{sign}_{{{indices}}} {body}"),
    "conditions": Message("  where {conditions}", "  其中 {conditions}"),
    "where": Message("where", "其中"),
    "divides": Message("{divisor} divides {value}", "{divisor} | {value}"),
    "terms": Message("({count} terms)", "（共 {count} 项）"),
    "case": Message("{value} if {condition}", "当 {condition} 时为 {value}"),
    "case.otherwise": Message("{value} otherwise", "其余情形为 {value}"),
    "cases.if": Message("if", "若"),
    "cases.otherwise": Message("otherwise", "其他"),
    "by_sympy": Message("differentiate: SymPy", "由 SymPy 求导"),
    "where_by_sympy": Message("where, differentiated by SymPy,", "其中由 SymPy 求得的导数为"),
    "reason.below": Message("definition of $delta$, chain rule", "误差的定义，链式法则"),
    "reason.nothing": Message("no $z$ contains this entry", "没有 $z$ 含有该元素"),
    "reason.chain": Message("chain rule", "链式法则"),
    "reason.sympy": Message("differentiated by SymPy", "由 SymPy 求导"),
    "reason.elementwise": Message("elementwise product", "逐元素相乘"),
    "reason.given": Message("the formula to be decided", "待判定的公式"),
    "reason.instance": Message("the theorem, with these numbers", "将这些数代入定理"),
    "word.stride": Message("stride", "步长"),
    "word.dilation": Message("dilation", "膨胀率"),
    "word.groups": Message("groups", "组数"),
    "word.axis": Message("axis", "轴"),
    "word.axes": Message("axes", "轴"),
    "needs": Message("{rule}; needs: {conditions}", "{rule}；需要：{conditions}"),
}
